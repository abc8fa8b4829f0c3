/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of type cgroup: the one hierarchy of version 2, or a folder with those of version 1. */
#include "guests/linux/brig/lib/mount.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/sys.h"

static int place(struct container *c, const struct spec_mount *mount, int fd)
{
	fd_auto target = mount_target(c, mount->destination, true);
	if (target < 0) {
		return -1;
	}
	if (mount_change(fd, mount->set, 0, 0, false) < 0) {
		return -1;
	}
	if (sys_move_mount(fd, target) < 0) {
		return err_set(errno, "mount");
	}
	return mount_change(fd, 0, 0, mount->propagation, mount->propagation_all);
}

static int bind_path(const char *path)
{
	int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? err_set(errno, "bind %s", path) : fd;
}

static int mount_unified(struct container *c, const struct spec_mount *mount)
{
	fd_auto fd = mount_new("cgroup2", "cgroup", NULL, 0);
	if (fd < 0) {
		/* Not in a cgroup namespace of its own user namespace: only its own group. */
		bool own = c->cgroup.path != NULL && err_number() == EPERM;
		fd = bind_path(own ? mem_format("%s%s", c->cgroup.mount, c->cgroup.path)
				   : c->cgroup.mount);
	}
	return fd < 0 ? -1 : place(c, mount, fd);
}

/* One hierarchy of version 1: a line "N:controllers:/path" of /proc/self/cgroup. */
static int mount_hierarchy(struct container *c, int folder, char *controllers, const char *path)
{
	const char *name = strncmp(controllers, "name=", 5) == 0 ? controllers + 5 : controllers;
	const char *host = mem_format("/sys/fs/cgroup/%s", name);
	bool own = spec_has_namespace(c->spec, CLONE_NEWCGROUP);
	fd_auto fd = own ? mount_new("cgroup", "cgroup", controllers, 0) : -1;
	if (fd < 0) {
		fd = bind_path(strcmp(path, "/") == 0 ? host : mem_format("%s%s", host, path));
	}
	if (fd < 0) {
		return 0; /* a hierarchy that is not mounted on the host either */
	}
	if (mkdirat(folder, name, 0755) < 0) {
		return err_set(errno, "make folder %s", name);
	}
	fd_auto target = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
	if (target < 0 || mount_change(fd, set, 0, 0, false) < 0) {
		return err_set(errno, "hierarchy %s", name);
	}
	return sys_move_mount(fd, target) < 0 ? err_set(errno, "mount %s", name) : 0;
}

static int mount_hierarchies(struct container *c, int folder)
{
	char *lines = io_read_file(AT_FDCWD, "/proc/self/cgroup", 1U << 16, NULL);
	char *rest = NULL;
	if (lines == NULL) {
		return -1;
	}
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *controllers = strchr(line, ':');
		char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
		if (path == NULL || path == controllers + 1) {
			continue; /* the one of version 2 */
		}
		*path++ = '\0';
		if (mount_hierarchy(c, folder, controllers + 1, path) < 0) {
			return -1;
		}
	}
	return 0;
}

int mount_cgroup(struct container *c, const struct spec_mount *mount)
{
	if (c->cgroup.mode == CGROUP_UNIFIED) {
		return mount_unified(c, mount);
	}
	struct spec_mount tmpfs = *mount;
	fd_auto fd = mount_new("tmpfs", "cgroup", "mode=755", 0);
	tmpfs.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (fd < 0 || place(c, &tmpfs, fd) < 0) {
		return -1;
	}
	fd_auto folder = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return err_set(errno, "open %s", mount->destination);
	}
	if (mount_hierarchies(c, folder) < 0) {
		return -1;
	}
	return mount_change(fd, mount->set & MOUNT_ATTR_RDONLY, 0, 0, false);
}
