/* SPDX-License-Identifier: Apache-2.0 */
/* The container's control group, version 2. */
#ifndef BRIG_CGROUP_H
#define BRIG_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
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
	const char *slice; /* where that is to be ... */
	const char *unit;  /* ... and its name; */
	const char *scope; /* the same, once it is there */
	uint64_t inode;    /* of a scope's folder: tells it from a later one of the same name */
	uint64_t mark;     /* of its folder, where systemd did not make it, for the same */
	bool rootless;     /* of an ordinary user, who need not have one ... */
	bool optional; /* ... and does without where none can be made, as no limit is asked for */
	bool disabled; /* by the caller: none is made, device rules have no effect */
};

/* What this machine has. */
enum cgroup_mode cgroup_detect(const char **mount);
/* Choose the path: cgroupsPath, or one by the container's name. Makes nothing. */
int cgroup_plan(struct cgroup *cgroup, const struct spec *spec, const char *id, bool systemd,
		bool rootless);
/* With --cgroup-manager=disabled; a limit is refused. */
int cgroup_disable(struct cgroup *cgroup, const struct json *resources);
/* Refuse limits on a machine that has no controllers of version 2, with the reason. */
int cgroup_check(const struct cgroup *cgroup, const struct json *resources);
/*
 * Make the group, enable controllers above it and write the limits; opens `dir`. Of systemd it
 * is made around a process.
 */
int cgroup_create(struct cgroup *cgroup, const struct spec *spec, const char *id, pid_t pid);
/* Set the path to that of the group that this process is in. */
void cgroup_find(struct cgroup *cgroup);
/*
 * Let this process be in a scope by itself, as one of an ordinary user's may not be born into
 * it from a group that is not below his own.
 */
int cgroup_enter(const struct cgroup *cgroup);
/* Open an existing one by its path; dir stays -1 where it is gone, or is another's now. */
void cgroup_open(struct cgroup *cgroup);
/* Give a group that exists other limits. */
int cgroup_update(const struct cgroup *cgroup, const struct json *resources);
/* Write limits (the resources object) into the group. */
int cgroup_set(const struct cgroup *cgroup, const struct json *resources);
/* Whether resources ask for anything that needs a controller: its name, or NULL. */
const char *cgroup_asks(const struct json *resources);
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
