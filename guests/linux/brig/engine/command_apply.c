/* SPDX-License-Identifier: Apache-2.0 */
/* apply: make what runs be what a pod file declares. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/pod.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/store.h"

/* The same request of the same image: nothing to do. */
static bool is_current(const struct container *c, const json_t *request)
{
	struct image image;
	if (!json_equal(container_request(c), request)) {
		return false;
	}
	return store_find(request_text(request, "image", ""), &image) == 0 &&
	       strcmp(image.manifest.digest, request_text(c->record, "digest", "")) == 0;
}

static bool declares(const json_t *pod, const char *name)
{
	size_t at;
	const json_t *one;
	json_array_foreach(json_object_get(pod, "containers"), at, one)
	{
		if (strcmp(request_text(one, "name", ""), name) == 0) {
			return true;
		}
	}
	return false;
}

static int remove_undeclared(const json_t *pod)
{
	const char *prefix = file_text("%s-", request_text(pod, "name", ""));
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		const char *name = container_name(c);
		bool mine = strncmp(name, prefix, strlen(prefix)) == 0 &&
			    strcmp(request_text(container_request(c), "name", ""), name) == 0;
		if (!mine || declares(pod, name)) {
			continue;
		}
		if (control_remove(c, NULL) < 0) {
			return -1;
		}
		printf("%s removed\n", name);
	}
	return 0;
}

/* One with a health check is waited for until it is well, or has failed. */
static int wait_until_well(const char *name)
{
	struct container c;
	struct container_state state;
	if (container_find(name, &c) < 0) {
		return -1;
	}
	do {
		container_load_state(&c, &state);
		if (container_ended(&c) || strcmp(state.health, "unhealthy") == 0) {
			return fault_set(0, "%s, on which others depend, is %s", name,
					 state.health[0] != '\0' ? state.health : state.status);
		}
		usleep(50000);
	} while (strcmp(state.health, "starting") == 0);
	return 0;
}

static int wait_for_others(const json_t *request)
{
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, "depends_on"), at, one)
	{
		if (wait_until_well(json_string_value(one)) < 0) {
			return -1;
		}
	}
	return 0;
}

static int apply_one(const json_t *request)
{
	struct container c;
	const char *name = request_text(request, "name", "");
	const char *did = "started";
	bool there = container_find(name, &c) == 0 && strcmp(container_name(&c), name) == 0;
	if (there && is_current(&c, request)) {
		if (!container_ended(&c)) {
			printf("%s unchanged\n", name);
			return 0;
		}
	} else {
		if (there && control_remove(&c, NULL) < 0) {
			return -1;
		}
		did = there ? "replaced" : "created";
		if (container_make(request, &c) < 0) {
			return -1;
		}
	}
	if (wait_for_others(request) < 0 || control_start(&c, -1) < 0) {
		return -1;
	}
	printf("%s %s\n", name, did);
	return 0;
}

int command_apply(int argc, char **argv)
{
	size_t at;
	const json_t *one;
	const char *path = command_value(&argc, argv, "-f");
	if (path == NULL && command_operands(argc, argv, 1) < 0) {
		return command_fail();
	}
	path = path != NULL ? path : argv[1];
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL) {
		fault_set(errno, "open %s", path);
		return command_fail();
	}
	json_t *pod = pod_read(file, path);
	if (pod == NULL || remove_undeclared(pod) < 0) {
		return command_fail();
	}
	json_array_foreach(json_object_get(pod, "containers"), at, one)
	{
		if (apply_one(one) < 0) {
			fault_in("apply %s", path);
			return command_fail();
		}
		fflush(stdout);
	}
	return 0;
}
