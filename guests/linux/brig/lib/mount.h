/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by descriptor: made detached, then moved to a place that was opened in the root. */
#ifndef BRIG_MOUNT_H
#define BRIG_MOUNT_H

#include "guests/linux/brig/lib/container.h"

/* Make the sources of bind and idmapped mounts ahead, in the caller's mount namespace. */
int mount_prepare(struct container *c);
/* Copy what is to be bound of all that is below "/", before the container's root is put there. */
int mount_copy_host(struct container *c);
/* All of config.json's mounts, in order. */
int mount_all(struct container *c);
/* A file system of this type, detached. `data` is its options with commas between. */
int mount_new(const char *type, const char *source, const char *data, uint64_t attributes);
/* Set attributes of a mount (MOUNT_ATTR_*); all: of those below too. */
int mount_change(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool all);
/* Mount a detached mount (or a copy of what `fd` is, by open_tree) on an opened place. */
int mount_copy_onto(int fd, int target, bool recursive);
/* A target below the root, made as folder or empty file where it is missing. */
int mount_target(struct container *c, const char *destination, bool is_folder);
/* linux.maskedPaths and linux.readonlyPaths. */
int mount_masks(struct container *c);
/* Attributes that had to wait until everything was in place. */
int mount_finish(struct container *c);

/* mount_cgroup.c: what a mount of type cgroup is on this machine. */
int mount_cgroup(struct container *c, const struct spec_mount *mount);

/* copyup.c: copy what is below one folder into another, without following links. */
int copyup(int from, int to);

#endif
