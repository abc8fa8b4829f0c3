/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) out of a container. With $NOTIFY_SOCKET in the environment of create or run, the
 * container gets a socket of its own, /run/notify/notify.sock, in a read-only mount of the folder
 * ROOT/ID/notify. What it says there is passed to the caller's socket as far as it is a word of
 * its own state; MAINPID is said by the runtime, which knows the number on this side.
 */
#ifndef BRIG_NOTIFY_H
#define BRIG_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/container.h"

struct notify {
	int own;  /* the container sends to it; -1: there is none */
	int host; /* the caller's */
};

/* Make the folder, and the mount and the variable in c->spec, where $NOTIFY_SOCKET is set. */
int notify_prepare(struct container *c);
/* Open both sockets where the container's state folder has one and $NOTIFY_SOCKET is set. */
int notify_open(struct notify *notify, int state_dir);
/*
 * Pass on one message that came in. True once it said READY=1, after which `main_pid` was
 * named as the process to watch.
 */
bool notify_pass(const struct notify *notify, pid_t main_pid);
/*
 * Pass on until READY=1 was said or the process ended; then wait until the caller has read
 * it, as a sender that is gone may not be believed.
 */
void notify_wait(const struct notify *notify, pid_t pid);

#endif
