/* SPDX-License-Identifier: Apache-2.0 */
/* The container's control group, version 2. */
#ifndef BRIG_CGROUP_H
#define BRIG_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/spec.h"

enum cgroup_mode {
	CGROUP_NONE,   /* no version 2 hierarchy at all */
	CGROUP_HYBRID, /* one without controllers, beside version 1 */
	CGROUP_UNIFIED,
};

struct cgroup {
	enum cgroup_mode mode;
	const char *mount; /* where the hierarchy is mounted, NULL for none */
	const char *path;  /* below it, with a leading slash; NULL: the container has none */
	int dir;           /* the group's folder, or -1 */
	bool systemd;      /* made by systemd as a scope */
	const char *scope;
	bool rootless; /* of an ordinary user, who need not have one ... */
	bool optional; /* ... and does without where none can be made, as no limit is asked for */
};

/* What this machine has. */
enum cgroup_mode cgroup_detect(const char **mount);
/* Choose the path: cgroupsPath, or one by the container's name. Makes nothing. */
int cgroup_plan(struct cgroup *cgroup, const struct spec *spec, const char *id, bool systemd,
		bool rootless);
/* Make the group, enable controllers above it and write the limits; opens `dir`. */
int cgroup_create(struct cgroup *cgroup, const struct spec *spec, const char *id, pid_t pid);
/* Open an existing one by its path; dir stays -1 where it is gone. */
void cgroup_open(struct cgroup *cgroup);
/* Write limits (the resources object) into the group. */
int cgroup_set(const struct cgroup *cgroup, const struct json *resources);
/* Whether resources ask for anything that needs a controller: its name, or NULL. */
const char *cgroup_asks(const struct json *resources);
/* Give the group to the container's root user, where it is mounted writable in it. */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid);
int cgroup_attach(const struct cgroup *cgroup, pid_t pid);
int cgroup_freeze(const struct cgroup *cgroup, bool freeze);
bool cgroup_frozen(const struct cgroup *cgroup);
/* Send a signal to every process of the group and the groups below it. */
int cgroup_kill(const struct cgroup *cgroup, int signal);
/* The processes of the group and the groups below: arena memory, 0 at the end. */
pid_t *cgroup_pids(const struct cgroup *cgroup, size_t *count);
/* Remove the group and those below it, once no process is left. */
int cgroup_remove(const struct cgroup *cgroup);

/* Device access by eBPF, devices_bpf.c. An empty list of rules allows everything. */
int devices_bpf_attach(int cgroup_dir, const struct spec_device_rule *rules, uint32_t count,
		       bool replace);

#endif
