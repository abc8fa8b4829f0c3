/* SPDX-License-Identifier: Apache-2.0 */
/* A container as one run of the program sees it; the parts are filled by who makes them. */
#ifndef BRIG_CONTAINER_H
#define BRIG_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "guests/linux/brig/lib/cgroup.h"
#include "guests/linux/brig/lib/filter.h"
#include "guests/linux/brig/lib/spec.h"

struct container {
	const char *id;
	const char *bundle; /* absolute */
	const char *rootfs; /* absolute, on the host */
	struct spec *spec;
	struct cgroup cgroup;
	struct filter seccomp;
	int seccomp_listener; /* connected to listenerPath, or -1 */
	int state_dir;
	int fifo;      /* start: read by the container's process, or -1 when started at once */
	int sync;      /* this process's end of the line to the other one */
	int root;      /* the root file system's mount, O_PATH; -1 before it is made */
	int place;     /* without a mount namespace: where the root is mounted, O_PATH */
	int proc;      /* a procfs that nobody can mount over, O_PATH; or -1 */
	int null;      /* the host's /dev/null, O_PATH */
	int console;   /* connected to the console socket, or -1 */
	int cgroup_ns; /* exec: the container's cgroup namespace, to be joined last; or -1 */
	uint64_t
		joined; /* create: of those with a path, what was joined before the user namespace */
	uint64_t join;  /* exec: CLONE_NEW* of the namespaces to join */
	bool no_pivot;
	bool no_new_keyring;
	bool has_user_namespace;
	bool rootless;
	bool nested; /* root of a user namespace that exists already: rootless podman */
	unsigned int preserve_fds;
	pid_t pid;  /* in the caller's namespace, 0 before it is there */
	pid_t self; /* in a process for the container: its own number in the caller's namespace */
};

/* Whether the container's processes have their own user namespace, new or joined. */
static inline bool container_in_user_namespace(const struct container *c)
{
	return c->has_user_namespace;
}

#endif
