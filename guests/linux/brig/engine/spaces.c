/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/spaces.h"

#define OTHER        "container:"
#define OTHER_LENGTH (sizeof(OTHER) - 1)

struct space {
	const char *key;  /* of a request */
	const char *type; /* of config.json, and in /proc/PID/ns */
	bool other;       /* it may be another container's */
};

static const struct space spaces[] = {
	{"pid", "pid", true},
	{"ipc", "ipc", true},
	{"uts", "uts", false},
	{"cgroupns", "cgroup", false},
};

#define COUNT (sizeof(spaces) / sizeof(spaces[0]))

/* "" where it has one of its own. */
static const char *wanted(const json_t *request, const char *key)
{
	const char *text = request_text(request, key, "");
	bool own = strcmp(text, "private") == 0 ||
		   (strcmp(key, "ipc") == 0 && strcmp(text, "shareable") == 0);
	return own ? "" : text;
}

bool spaces_is_host(const json_t *request, const char *kind)
{
	return strcmp(wanted(request, kind), "host") == 0;
}

bool spaces_shares_pids(const json_t *request)
{
	return *wanted(request, "pid") != '\0';
}

static int check(const json_t *request, const struct space *space)
{
	const char *text = wanted(request, space->key);
	bool other = space->other && strncmp(text, OTHER, OTHER_LENGTH) == 0 &&
		     text[OTHER_LENGTH] != '\0';
	return *text == '\0' || strcmp(text, "host") == 0 || other
		       ? 0
		       : fault_set(0, "%s: \"%.40s\" is not private%s or host", space->key, text,
				   space->other ? ", " OTHER "NAME" : "");
}

int spaces_check(const json_t *request)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (check(request, &spaces[i]) < 0) {
			return -1;
		}
	}
	const char *users = request_text(request, "userns", "host");
	if (strcmp(users, "host") != 0) {
		return fault_set(0, "userns: \"%.40s\" is not host, which all containers have",
				 users);
	}
	if (spaces_is_host(request, "uts") && (request_text(request, "hostname", NULL) != NULL ||
					       request_text(request, "domainname", NULL) != NULL)) {
		return fault_set(0, "hostname: with uts host it would be this machine's");
	}
	return 0;
}

const char *spaces_of(const char *container, const char *name)
{
	struct container other;
	struct container_state state;
	if (container_find(container, &other) < 0) {
		return NULL;
	}
	container_load_state(&other, &state);
	if (!container_runs(&state)) {
		fault_set(0, "%s of %s: it does not run", name, container);
		return NULL;
	}
	return file_text("/proc/%d/ns/%s", (int)state.pid, name);
}

static int add(json_t *list, const json_t *request, const struct space *space)
{
	const char *text = wanted(request, space->key);
	if (strcmp(text, "host") == 0) {
		return 0;
	}
	if (*text == '\0') {
		return json_array_append_new(list, json_pack("{s:s}", "type", space->type));
	}
	const char *path = spaces_of(text + OTHER_LENGTH, space->type);
	return path == NULL ? fault_in("%s", space->key)
			    : json_array_append_new(list, json_pack("{s:s, s:s}", "type",
								    space->type, "path", path));
}

json_t *spaces_list(const json_t *request, const char *netns)
{
	json_t *list = json_pack("[{s:s}]", "type", "mount");
	bool unified = limits_has_unified_cgroups();
	for (size_t i = 0; i < COUNT; i++) {
		bool there = unified || strcmp(spaces[i].type, "cgroup") != 0;
		if (there && add(list, request, &spaces[i]) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	if (netns != NULL) {
		json_array_append_new(list,
				      json_pack("{s:s, s:s}", "type", "network", "path", netns));
	}
	return list;
}
