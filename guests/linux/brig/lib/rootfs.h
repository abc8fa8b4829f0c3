/* SPDX-License-Identifier: Apache-2.0 */
/* The container's root: its mount, what is in /dev, and the step into it. */
#ifndef BRIG_ROOTFS_H
#define BRIG_ROOTFS_H

#include "guests/linux/brig/lib/container.h"

/*
 * Ahead, in the caller's mount namespace: the tree of the root, where a user namespace needs it;
 * or the place that it is put, where the container has no mount namespace.
 */
int rootfs_prepare(struct container *c);
/* Where the container mounts: attach the root and open it (c->root). */
int rootfs_attach(struct container *c);
/*
 * pivot_root, or with c->no_pivot a move and chroot; the host's mounts are gone after it. Without
 * a mount namespace of the container's a chroot, which only keeps in who has no CAP_SYS_CHROOT.
 */
int rootfs_enter(struct container *c);

/* dev.c: device nodes and links of the default set and of linux.devices. */
int dev_make_all(struct container *c);
/*
 * Where a standard stream is /dev/null, the container's own takes its place: with the host's, its
 * owner would have the mode of the host's to change.
 */
int dev_own_null(int root);

/* terminal.c: a terminal of the container's devpts on fds 0 to 2 and on /dev/console. */
int terminal_open(int root, const struct spec_process *process, int *slave);
int terminal_console(struct container *c, int slave);
/* Make the slave this process's controlling terminal and its standard streams. */
int terminal_take(int slave);
/* Send a terminal's master over a console socket, as runc does. */
int terminal_send(int socket, int master);
/* Receive a master through the sync line and copy between it and fds 0 and 1. */
int terminal_raw(void);
void terminal_restore(void);
void terminal_resize(int master);

#endif
