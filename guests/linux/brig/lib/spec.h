/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json of an OCI bundle as plain structs: all of it is checked here, before anything
 * is done with it. Names and meanings are the OCI runtime specification's (config.md,
 * config-linux.md, 1.2). Lists are NULL-terminated or have a count; memory is the arena's.
 */
#ifndef BRIG_SPEC_H
#define BRIG_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/json.h"
#include "guests/linux/brig/lib/spec_types.h"

/* config.json and its like may be this long (bytes). */
#define SPEC_LIMIT (16U << 20)

struct spec {
	const struct json *json;
	const char *version;
	const char *hostname;
	const char *domainname;
	const char *root_path;
	bool root_readonly;
	bool has_process;
	struct spec_process process;
	struct spec_mount *mounts;
	struct spec_namespace *namespaces;
	struct spec_device *devices;
	struct spec_device_rule *device_rules;
	struct spec_sysctl *sysctls;
	uint32_t mount_count;
	uint32_t namespace_count;
	uint32_t device_count;
	uint32_t device_rule_count;
	uint32_t sysctl_count;
	struct spec_hooks hooks[HOOK_KINDS];
	struct spec_maps uids;
	struct spec_maps gids;
	char **masked;
	char **readonly;
	const char *cgroups_path;
	const char *mount_label;
	uint64_t root_propagation; /* MS_*, with MS_REC or not; 0: not given */
	bool has_personality;
	uint64_t personality;
	const char *time_offsets;     /* lines for /proc/PID/timens_offsets, or NULL */
	const struct json *resources; /* as checked by spec, read again by cgroup */
	const struct json *seccomp;
	const struct json *annotations;
};

/* The whole of config.json; NULL with the failure recorded. `name` is for messages. */
struct spec *spec_parse(const char *text, size_t length, const char *name);

/* One process object, for exec. */
int spec_parse_process(const struct json *json, struct spec_process *process);

/* Parts, each on its own for the two above and for tests. */
int spec_parse_linux(const struct json *json, struct spec *spec);
int spec_parse_maps(const struct json *json, const char *key, struct spec_maps *maps);
int spec_parse_mount(const struct json *json, struct spec_mount *mount);
/* The `devices` of a resources object. */
int spec_parse_rules(const struct json *resources, struct spec_device_rule **rules,
		     uint32_t *count);
extern const char *const spec_hook_names[HOOK_KINDS];
int spec_parse_hooks(const struct json *json, struct spec *spec);

bool spec_has_namespace(const struct spec *spec, int flag);
/* The path of a namespace to join, or NULL. */
const char *spec_namespace_path(const struct spec *spec, int flag);
/* CLONE_NEW* of all those that are to be new. */
uint64_t spec_new_namespaces(const struct spec *spec);

/* Add a capability by its name (CAP_CHOWN) to one of the sets; or to those that are unknown. */
void spec_cap_add(struct spec_caps *caps, uint64_t *set, const char *name);
/* A resource limit's number by its name (RLIMIT_NOFILE), or -1. */
int spec_rlimit_number(const char *name);
const char *spec_rlimit_name(int number);

#endif
