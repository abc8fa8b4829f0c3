/* SPDX-License-Identifier: Apache-2.0 */
/* Making containers, and processes in them: the runtime's side. */
#ifndef BRIG_CREATE_H
#define BRIG_CREATE_H

#include "guests/linux/brig/lib/container.h"
#include "guests/linux/brig/lib/notify.h"
#include "guests/linux/brig/lib/state.h"

struct create_options {
	const char *id;
	const char *bundle;
	const char *config; /* file name in the bundle, or NULL for config.json */
	const char *console_socket;
	const char *pid_file;
	unsigned int preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	bool systemd_cgroup;
	bool no_cgroup; /* the container stays in the caller's; nothing is limited */
	bool start;     /* run: exec at once, without waiting for `start` */
	bool detach;    /* with start: do not wait for its end */
	bool keep;      /* run: leave the stopped container */
};

/* What a caller that stays with the container goes on with. */
struct created {
	int master; /* the terminal's, where no console socket takes it; or -1 */
	struct notify notify;
};

/*
 * Make a container up to "created", or "running" with options->start. On failure nothing
 * of it is left. Its lock is given back in any case.
 */
int create_container(struct container *c, const struct create_options *options,
		     struct created *created);

/* Write a process's number to a file, in one step. */
int create_write_pid(const char *path, pid_t pid);

/* Remove all that belongs to a container: processes, cgroup, state; runs poststop hooks. */
int create_destroy(struct state *state);

struct join_options {
	const char *console_socket;
	const char *pid_file;
	const char *cgroup; /* below the container's, or NULL */
	unsigned int preserve_fds;
	bool ignore_paused;
};

/*
 * Start one more process in a running container. Returns its number, or -1.
 */
pid_t join_start(struct state *state, const struct spec *spec, struct spec_process *process,
		 const struct join_options *options, int *master);

/*
 * Wait for a process of ours, pass signals on, carry a terminal's bytes. Returns an exit
 * status as a shell has it: 128 + signal where a signal ended it. `notify`: pass on what it
 * says of itself; or NULL.
 */
int supervise(pid_t pid, int master, const struct notify *notify);
/* Block what supervise() will read, before the process starts. */
void supervise_prepare(void);

#endif
