/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a config.json, as spec.h's functions fill them. */
#ifndef BRIG_SPEC_TYPES_H
#define BRIG_SPEC_TYPES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct spec_rlimit {
	int resource;
	uint64_t hard;
	uint64_t soft;
};

/* Bit n is capability n. */
struct spec_caps {
	bool given;
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
	const char *unknown; /* names that are no capability's, as far as they fit; or NULL */
};

struct spec_scheduler {
	bool given;
	uint32_t policy;
	int32_t nice;
	uint32_t priority;
	uint64_t flags;
	uint64_t runtime; /* ns, as deadline and period */
	uint64_t deadline;
	uint64_t period;
};

struct spec_process {
	bool terminal;
	bool no_new_privileges;
	bool has_umask;
	bool has_oom;
	uint32_t columns;
	uint32_t rows;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	gid_t *groups;
	uint32_t group_count;
	uint32_t rlimit_count;
	struct spec_rlimit *rlimits;
	int32_t oom_score_adj;
	int32_t io_priority; /* as ioprio_set() takes it, -1: not given */
	char **args;
	char **env;
	const char *cwd;
	struct spec_caps caps;
	struct spec_scheduler scheduler;
	const char *apparmor;
	const char *selinux;
	const char *cpus_initial; /* execCPUAffinity, NULL: not given */
	const char *cpus_final;
};

struct spec_map {
	uint32_t container;
	uint32_t host;
	uint32_t size;
};

struct spec_maps {
	struct spec_map *map;
	uint32_t count;
};

struct spec_mount {
	const char *destination;
	const char *type; /* of the file system; NULL for a bind mount */
	const char *source;
	const char *data; /* what is left for the file system, commas between */
	char **options;
	uint64_t set; /* MOUNT_ATTR_* to set and clear, of this mount only ... */
	uint64_t clear;
	uint64_t all_set; /* ... and of all mounts below too */
	uint64_t all_clear;
	uint64_t propagation; /* MS_SHARED and so on, 0: as it is */
	bool propagation_all;
	bool bind;
	bool recursive;
	bool copy_up;
	bool idmap;
	bool idmap_all;
	bool remount;
	struct spec_maps uids; /* of an idmapped mount; none: the container's */
	struct spec_maps gids;
	int fd; /* the mount, detached, where the runtime made it ahead; or -1 */
};

struct spec_namespace {
	int flag;         /* CLONE_NEW* */
	const char *path; /* to join; NULL: a new one */
};

struct spec_device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK or S_IFIFO */
	uint32_t major;
	uint32_t minor;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct spec_device_rule {
	bool allow;
	char type;     /* a, b or c */
	int64_t major; /* -1: any */
	int64_t minor;
	uint32_t access; /* BPF_DEVCG_ACC_* */
};

struct spec_hook {
	const char *path;
	char **args;
	char **env;
	int64_t timeout; /* s, 0: none */
};

enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS,
};

struct spec_hooks {
	struct spec_hook *hook;
	uint32_t count;
};

struct spec_sysctl {
	const char *key;
	const char *value;
};

#endif
