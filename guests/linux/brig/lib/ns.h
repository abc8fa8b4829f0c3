/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: user mappings, and processes that start inside. */
#ifndef BRIG_NS_H
#define BRIG_NS_H

#include <stdint.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/spec.h"

/* A user namespace that exists only to carry these mappings, as a descriptor. */
int ns_user_with_maps(const struct spec_maps *uids, const struct spec_maps *gids);
/*
 * Write a process's mappings: directly where this process may, else through newuidmap and
 * newgidmap. With one mapping of the caller's own id, supplementary groups are given up.
 */
int ns_write_maps(pid_t pid, const struct spec_maps *uids, const struct spec_maps *gids);
/* Whether this is a user namespace's own root, with the rights of who made it on the host. */
bool ns_is_nested_root(void);
/* What a user of that process's namespace is in this one, or -1. */
uid_t ns_outer_uid(pid_t pid, uid_t uid);
/* Open a namespace's file and check that it is one of this kind (CLONE_NEW*). */
int ns_open(const char *path, int flag);
/*
 * fork() with new namespaces (CLONE_NEW*), into a cgroup where cgroup_dir >= 0. With
 * `sibling`, the child's parent is the caller's parent. Returns as fork() does.
 */
pid_t ns_clone(uint64_t flags, int cgroup_dir, int sibling);
/*
 * Be root of the user namespace that this process is in; where that has no root, the user and
 * group that are mapped instead.
 */
int ns_become_root(uid_t uid, gid_t gid);
/* This process's number in the pid namespace of the /proc that it sees, or 0. */
pid_t ns_self(void);

#endif
