/* SPDX-License-Identifier: Apache-2.0 */
/* run, create, start, attach: what sets something going. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/attach.h"
#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/request.h"

static json_t *read_request(int argc, char **argv)
{
	int rest;
	json_t *request = request_from_options(argc, argv, &rest);
	if (request == NULL) {
		fault_in("%s", argv[0]);
		return NULL;
	}
	if (argv[rest] == NULL) {
		fault_set(0, "%s: needs an IMAGE", argv[0]);
		return NULL;
	}
	json_object_set_new(request, "image", json_string(argv[rest]));
	if (argv[rest + 1] != NULL) {
		json_object_set_new(request, "command", json_array());
	}
	for (int i = rest + 1; argv[i] != NULL; i++) {
		json_array_append_new(json_object_get(request, "command"), json_string(argv[i]));
	}
	return request_expand(request) < 0 || request_check(request) < 0 ? NULL : request;
}

/* Started with these streams as its own; an exit code. */
static int start_attached(struct attach *a)
{
	int supervisor;
	if (attach_pair(a, &supervisor) < 0 || control_start(a->c, supervisor) < 0) {
		return command_fail() + 124;
	}
	close(supervisor);
	return attach_follow(a);
}

/* Made, and its id told where that is asked for; -1 with a fault. */
static int make(const json_t *request, struct container *c)
{
	const char *path = request_text(request, "cidfile", NULL);
	fd_auto file =
		path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (path != NULL && file < 0) {
		return fault_set(errno, "cidfile %s", path);
	}
	if (container_make(request, c) < 0) {
		if (path != NULL) {
			unlink(path);
		}
		return -1;
	}
	return path == NULL || file_write_all(file, c->id, strlen(c->id))
		       ? 0
		       : fault_set(errno, "cidfile %s", path);
}

int command_run(int argc, char **argv)
{
	struct container c;
	json_t *request = read_request(argc, argv);
	if (request == NULL || make(request, &c) < 0) {
		return command_fail() + 124;
	}
	if (request_flag(request, "detach")) {
		if (control_start(&c, -1) < 0) {
			return command_fail() + 124;
		}
		puts(c.id);
		return 0;
	}
	struct attach here;
	if (attach_prepare(&here, &c, true, NULL) < 0) {
		return command_fail() + 124;
	}
	return start_attached(&here);
}

int command_create(int argc, char **argv)
{
	struct container c;
	json_t *request = read_request(argc, argv);
	if (request == NULL || make(request, &c) < 0) {
		return command_fail();
	}
	puts(c.id);
	return 0;
}

static int start_one(const struct container *c, const void *how)
{
	(void)how;
	return control_start(c, -1);
}

int command_start(int argc, char **argv)
{
	struct container c;
	struct attach here;
	bool both = command_either(&argc, argv, "-ai", "-ia");
	bool input = command_either(&argc, argv, "-i", "--interactive") || both;
	bool attached = command_either(&argc, argv, "-a", "--attach") || input;
	const char *keys = command_value(&argc, argv, "--detach-keys");
	if (!attached) {
		return command_each(argc, argv, start_one, NULL);
	}
	if (command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0 ||
	    attach_prepare(&here, &c, input, keys) < 0) {
		return command_fail();
	}
	return start_attached(&here);
}

int command_attach(int argc, char **argv)
{
	struct container c;
	struct attach here;
	bool input = !command_flag(&argc, argv, "--no-stdin");
	const char *keys = command_value(&argc, argv, "--detach-keys");
	if (command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0 ||
	    attach_prepare(&here, &c, input, keys) < 0) {
		return command_fail();
	}
	if (container_ended(&c)) {
		fault_set(0, "attach: %s does not run", argv[1]);
		return command_fail();
	}
	int code = attach_connect(&here) < 0 ? -1 : attach_follow(&here);
	return code < 0 ? command_fail() : code;
}
