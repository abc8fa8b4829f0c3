/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: nodes are made by name in a folder that was opened in the root, never by a path. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/rootfs.h"
#include "guests/linux/brig/lib/sys.h"

#define NOBODY 65534U /* who is not mapped; the kernel's default for its overflowuid */

static const struct spec_device defaults[] = {
	{"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0},    {"/dev/zero", S_IFCHR, 1, 5, 0666, 0, 0},
	{"/dev/full", S_IFCHR, 1, 7, 0666, 0, 0},    {"/dev/random", S_IFCHR, 1, 8, 0666, 0, 0},
	{"/dev/urandom", S_IFCHR, 1, 9, 0666, 0, 0}, {"/dev/tty", S_IFCHR, 5, 0, 0666, 0, 0},
};

/* What is there already is right if it is this very device; nothing else is touched. */
static int check_existing(int folder, const char *name, const struct spec_device *device)
{
	struct stat status;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return err_set(errno, "make device %s", device->path);
	}
	bool same = (status.st_mode & S_IFMT) == device->type &&
		    (device->type == S_IFIFO ||
		     status.st_rdev == makedev(device->major, device->minor));
	return same ? 0 : err_set(EEXIST, "make device %s", device->path);
}

static int make_node(int folder, const char *name, const struct spec_device *device)
{
	dev_t number = device->type == S_IFIFO ? 0 : makedev(device->major, device->minor);
	if (mknodat(folder, name, device->type | device->mode, number) < 0) {
		return errno == EEXIST ? check_existing(folder, name, device)
				       : err_set(errno, "make device %s", device->path);
	}
	fd_auto node = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	if (node < 0 || fstat(node, &status) < 0 || status.st_rdev != number) {
		return err_set(EAGAIN, "device %s was replaced", device->path);
	}
	/* mknod() applied the umask; AT_EMPTY_PATH changes the opened node and no other. */
	if (fchownat(node, "", device->uid, device->gid, AT_EMPTY_PATH) < 0) {
		return err_set(errno, "set the owner of %s", device->path);
	}
	if ((status.st_mode & 07777) != device->mode &&
	    fchmodat(AT_FDCWD, mem_format("/proc/self/fd/%d", node), device->mode, 0) < 0) {
		return err_set(errno, "set the mode of %s", device->path);
	}
	return 0;
}

/* In a user namespace nobody makes nodes: the host's own is bound there. */
static int bind_node(struct container *c, const struct spec_device *device)
{
	fd_auto source = sys_open_tree(AT_FDCWD, device->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat status;
	if (source < 0 || fstat(source, &status) < 0) {
		return err_set(errno, "bind device %s", device->path);
	}
	if ((status.st_mode & S_IFMT) != device->type ||
	    status.st_rdev != makedev(device->major, device->minor)) {
		return err_set(0, "device %s of the host is another one", device->path);
	}
	fd_auto target = mount_target(c, device->path, false);
	/* Where the host's root is mapped, this would be the host's node to change. */
	if (target < 0 ||
	    (status.st_uid != NOBODY && mount_change(source, MOUNT_ATTR_RDONLY, 0, 0, false) < 0)) {
		return -1;
	}
	return sys_move_mount(source, target) < 0 ? err_set(errno, "bind device %s", device->path)
						  : 0;
}

static int make_device(struct container *c, const struct spec_device *device)
{
	if ((c->has_user_namespace || c->nested) && device->type != S_IFIFO) {
		return bind_node(c, device);
	}
	const char *name;
	fd_auto folder = io_make_parent(c->root, device->path, 0755, &name);
	return folder < 0 ? -1 : make_node(folder, name, device);
}

static bool is_given(const struct spec *spec, const char *path)
{
	for (uint32_t i = 0; i < spec->device_count; i++) {
		if (strcmp(spec->devices[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

static int make_link(int dev, const char *name, const char *target)
{
	if (symlinkat(target, dev, name) < 0 && errno != EEXIST) {
		return err_set(errno, "make link /dev/%s", name);
	}
	return 0;
}

static int make_links(int dev)
{
	if (make_link(dev, "fd", "/proc/self/fd") < 0 ||
	    make_link(dev, "stdin", "/proc/self/fd/0") < 0 ||
	    make_link(dev, "stdout", "/proc/self/fd/1") < 0 ||
	    make_link(dev, "stderr", "/proc/self/fd/2") < 0 ||
	    (access("/proc/kcore", F_OK) == 0 && make_link(dev, "core", "/proc/kcore") < 0)) {
		return -1;
	}
	/* /dev/ptmx of the host's would give the host's terminals. */
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT) {
		return err_set(errno, "remove /dev/ptmx");
	}
	return make_link(dev, "ptmx", "pts/ptmx");
}

/* A /dev that is bound from the host is the host's: nothing is made in it. */
static bool dev_is_bound(const struct spec *spec)
{
	for (uint32_t i = 0; i < spec->mount_count; i++) {
		if (strcmp(spec->mounts[i].destination, "/dev") == 0 && spec->mounts[i].bind) {
			return true;
		}
	}
	return false;
}

int dev_make_all(struct container *c)
{
	if (dev_is_bound(c->spec)) {
		return 0;
	}
	int dev = io_open_beneath(c->root, "dev", O_RDONLY | O_DIRECTORY);
	if (dev == -ENOENT) {
		dev = io_make_dirs(c->root, "dev", 0755);
	}
	if (dev < 0) {
		return err_set(dev == -1 ? 0 : -dev, "/dev must be an ordinary folder");
	}
	fd_auto folder = dev;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (!is_given(c->spec, defaults[i].path) && make_device(c, &defaults[i]) < 0) {
			return -1;
		}
	}
	for (uint32_t i = 0; i < c->spec->device_count; i++) {
		if (strcmp(c->spec->devices[i].path, "/dev/ptmx") != 0 &&
		    make_device(c, &c->spec->devices[i]) < 0) {
			return -1;
		}
	}
	return make_links(folder);
}

static bool is_null(int fd)
{
	struct stat status;
	return fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	       status.st_rdev == makedev(1, 3);
}

int dev_own_null(int root)
{
	const uint64_t how = O_NOFOLLOW | O_NOCTTY;
	for (int fd = 0; fd < 3; fd++) {
		if (!is_null(fd)) {
			continue;
		}
		fd_auto seen = io_open_in(root, "dev/null", O_PATH | O_NOFOLLOW, 0);
		uint64_t mode = (uint64_t)fcntl(fd, F_GETFL) & O_ACCMODE;
		if (seen >= 0 && !is_null(seen)) {
			return err_set(0, "/dev/null of the container is not the null device");
		}
		fd_auto own = seen < 0 ? -1 : io_open_in(root, "dev/null", how | mode, 0);
		if (own < 0 && err_number() == EACCES) {
			continue; /* bound from the host, who lets nobody have it; nor change it */
		}
		if (own < 0) {
			return err_within("open /dev/null of the container");
		}
		if (!is_null(own) || dup2(own, fd) < 0) {
			return err_set(0, "/dev/null of the container was swapped");
		}
	}
	return 0;
}
