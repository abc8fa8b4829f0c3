/* SPDX-License-Identifier: Apache-2.0 */
/* The line between the runtime and a container's process that it is setting up. */
#ifndef BRIG_SYNC_H
#define BRIG_SYNC_H

enum sync_type {
	SYNC_CLOSED, /* the other end is gone: after an exec, or a death */
	SYNC_MAPPED, /* to the container: user mappings are written */
	SYNC_HOOKS,  /* from it: namespaces and mounts are there; run the runtime's hooks */
	SYNC_GO_ON,  /* to it: they have run */
	SYNC_READY,  /* from it: all is done but the exec; with the terminal's master, if any */
	SYNC_START,  /* to it: exec */
	SYNC_ERROR,  /* from it: what failed */
};

int sync_pair(int *ours, int *theirs);
int sync_send(int line, enum sync_type type, int fd);
/* Send what err.h recorded. */
void sync_send_error(int line);
/*
 * The next message. A descriptor that came along is put in `*fd` (-1: none). SYNC_ERROR
 * records its text (err.h). Failing itself counts as SYNC_CLOSED.
 */
enum sync_type sync_receive(int line, int *fd);
/* Receive and insist on one type; anything else is recorded, as "the process ended" at least. */
int sync_expect(int line, enum sync_type type, int *fd);

#endif
