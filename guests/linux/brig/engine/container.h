/* SPDX-License-Identifier: Apache-2.0 */
/* A container of the engine's: its folder in the store, what was asked of it, how it is. */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

#define CONTAINER_ID_SIZE 33

struct container {
	char id[CONTAINER_ID_SIZE];
	json_t *record; /* id, name, image, created, request, layers; update and rename change it */
};

/* How it is now; only the holder of its lock writes this. */
struct container_state {
	char status[16];              /* created, running, restarting, exited */
	char health[16];              /* "", starting, healthy, unhealthy */
	pid_t pid;                    /* of its first process, 0 when it does not run */
	unsigned long long pid_start; /* of that process, in /proc/PID/stat's ticks */
	int exit_code;
	unsigned int restarts;
	long long started; /* seconds since 1970, 0 is never */
	long long finished;
};

const char *container_path(const struct container *c, const char *file);
/* Make one of a checked request; the image is unpacked here. 0 or -1 with a fault. */
int container_make(const json_t *request, struct container *c);
/* By its name, its id or the beginning of that; -1 with a fault. */
int container_find(const char *name, struct container *c);
/* By the whole of its id, looking at no other; -1 with a fault. */
int container_open(const char *id, struct container *c);
/* All of them, oldest first, ended by one with an empty id; never freed. */
struct container *container_list(void);
const char *container_name(const struct container *c);
const json_t *container_request(const struct container *c);

void container_load_state(const struct container *c, struct container_state *state);
int container_save_state(const struct container *c, const struct container_state *state);
/* Have it to oneself, as its supervisor does, until this is closed; -1 with errno: EWOULDBLOCK
 * while another has it, ENOENT once it is removed. */
int container_lock(const struct container *c);
/* When the process began, in ticks, or 0 when there is none: it tells a pid from its reuse. */
unsigned long long container_pid_start(pid_t pid);
/* The number that the runtime left in this file of its folder, or 0. */
pid_t container_read_pid(const struct container *c, const char *file);
bool container_runs(const struct container_state *state);
/* By its state: neither running nor about to. */
bool container_ended(const struct container *c);

/* Its root file system, put together and taken apart; doing either twice is no error. */
int container_mount(const struct container *c);
void container_unmount(const struct container *c);
int container_remove(const struct container *c);

#endif
