/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container between one run of the program and the next: a folder
 * ROOT/ID with
 *	state.json	written in one step, so always whole
 *	config.json	as it was at create
 *	start		a FIFO that the container's process reads until `start` writes to it
 *	root		where the root is mounted of a container without a mount namespace
 * Whoever changes a container holds flock() on the folder.
 */
#ifndef BRIG_STATE_H
#define BRIG_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/container.h"

#define STATE_OCI_VERSION "1.2.0"
#define STATE_MOUNT       "root"

enum state_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

struct state {
	const char *id;
	const char *bundle;
	const char *rootfs;
	const char *created; /* RFC 3339, UTC */
	const char *owner;
	const struct json *annotations;
	pid_t pid;           /* 0: not yet there */
	uint64_t start_time; /* of that process, in ticks since boot: tells it from a later one */
	struct cgroup cgroup;
	int dir;    /* the container's folder */
	bool empty; /* a create died before it wrote anything */
};

extern const char *const state_names[];

/* Use this folder (--root) from now on; made at the first create. */
void state_set_root(const char *path);
const char *state_root(void);
/* The default: /run/brig, or in XDG_RUNTIME_DIR for a user that is not root. */
const char *state_default_root(void);

/* A name that is one plain file name of letters, digits and _+-. that is not hidden. */
int state_check_id(const char *id);
/* Make the folder and lock it; fails where the container exists. */
int state_make(const char *id);
/* Write state.json of a container that is being made. */
int state_save(const struct container *c);
/* Open a container: its folder, state.json and cgroup. `lock`: wait for whoever changes it. */
int state_load(struct state *state, const char *id, bool lock);
bool state_exists(const char *id);
enum state_status state_status(struct state *state);
/* A descriptor of the container's first process, or -1 with ESRCH where it is gone. */
int state_open_process(const struct state *state);
/* Remove the folder. */
int state_remove(const struct state *state);
int state_remove_id(const char *id);
/* Ticks since boot at which a process started, 0 where it is gone or a zombie. */
uint64_t state_process_time(pid_t pid);
/* All names below the root in order, NULL at the end. */
char **state_list(void);

/* The OCI state object as hooks read it; `pid` as they see the container's process, 0: none. */
char *state_json(const struct container *c, const char *status, pid_t pid, size_t *length);
/* The container process state, as a seccomp listener gets it. */
char *state_process_json(const struct container *c, const char *metadata, size_t *length);

#endif
