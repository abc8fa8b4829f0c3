/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/rootfs.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/state.h"
#include "guests/linux/brig/lib/sys.h"

static int copy_tree(const struct container *c)
{
	int fd = sys_open_tree(AT_FDCWD, c->rootfs,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0) {
		return err_set(errno, "open the root filesystem %s", c->rootfs);
	}
	struct stat status;
	if (fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode)) {
		close(fd);
		return err_set(ENOTDIR, "root filesystem %s", c->rootfs);
	}
	return fd;
}

/*
 * Without a mount namespace the container's mounts are the runtime's own, where anybody may look
 * for them. So its root is put in the container's state folder, and not on the bundle's path:
 * whatever becomes of this run, `delete` knows what it may unmount.
 */
static int make_place(struct container *c)
{
	if (mkdirat(c->state_dir, STATE_MOUNT, 0700) < 0) {
		return err_set(errno, "make a place for the root filesystem");
	}
	c->place = openat(c->state_dir, STATE_MOUNT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->place < 0 ? err_set(errno, "open the place of the root filesystem") : 0;
}

int rootfs_prepare(struct container *c)
{
	c->root = -1;
	c->place = -1;
	if (!spec_has_namespace(c->spec, CLONE_NEWNS)) {
		return make_place(c);
	}
	if (c->has_user_namespace && !c->rootless) {
		c->root = copy_tree(c);
		return c->root < 0 ? -1 : 0;
	}
	return 0;
}

/* The path is the folder, or lies below it. The root itself is no folder here. */
static bool is_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The fifth field of a line of mountinfo, or NULL; a space in a name is written as \040. */
static const char *mount_point(const char *line)
{
	for (int field = 1; field < 5 && line != NULL; field++) {
		line = strchr(line, ' ');
		line += line != NULL;
	}
	return line == NULL ? NULL : mem_copy(line, strcspn(line, " "));
}

/*
 * The mount point that a path lies on is made private: pivot_root() wants it, and with
 * shared propagation the root would otherwise appear on the host.
 */
static int privatize_parent(const char *path)
{
	char *lines = io_read_file(AT_FDCWD, "/proc/self/mountinfo", 1U << 26, NULL);
	char *rest = NULL;
	const char *best = "/";
	for (char *line = lines == NULL ? NULL : strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *point = mount_point(line);
		if (point == NULL) {
			continue;
		}
		if (strlen(point) > strlen(best) && is_in(path, point)) {
			best = point;
		}
	}
	if (mount(NULL, best, NULL, MS_PRIVATE, NULL) < 0) {
		return err_set(errno, "make %s private", best);
	}
	return 0;
}

/*
 * Where the root is put until pivot_root(): on its own path where hooks look for the
 * container's mounts below that. Otherwise over "/" itself, which is there whatever becomes
 * of the path meanwhile, and which a user namespace's root may always reach.
 */
static int open_place(const struct container *c, bool on_path)
{
	const struct spec_hooks *hooks = c->spec->hooks;
	bool seen = hooks[HOOK_PRESTART].count > 0 || hooks[HOOK_CREATE_RUNTIME].count > 0 ||
		    hooks[HOOK_CREATE_CONTAINER].count > 0;
	int place = -1;
	if (on_path || seen) {
		place = open(c->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (place < 0 && !on_path) {
		place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return place < 0 ? err_set(errno, "open %s", c->rootfs) : place;
}

static int attach_inherited(struct container *c)
{
	c->root = copy_tree(c);
	if (c->root < 0) {
		return -1;
	}
	if (sys_move_mount(c->root, c->place) < 0) {
		return err_set(errno, "mount the root filesystem %s", c->rootfs);
	}
	/* A mount on a shared one becomes shared itself. */
	return mount_change(c->root, 0, 0, MS_PRIVATE, true);
}

int rootfs_attach(struct container *c)
{
	if (!spec_has_namespace(c->spec, CLONE_NEWNS)) {
		return attach_inherited(c);
	}
	uint64_t flags = c->spec->root_propagation;
	bool shared = (flags & MS_SHARED) != 0;
	bool slave = (flags & MS_SLAVE) != 0; /* of the host's mount, as asked for */
	/* Nothing that happens in here goes to the host, unless config.json asks for it. */
	if (mount(NULL, "/", NULL, shared ? flags | MS_REC : MS_SLAVE | MS_REC, NULL) < 0) {
		return err_set(errno, "set the propagation of /");
	}
	if (shared && privatize_parent(c->rootfs) < 0) {
		return -1;
	}
	if (c->root < 0) {
		c->root = copy_tree(c);
	}
	if (c->root < 0 ||
	    mount_change(c->root, 0, 0, shared ? MS_PRIVATE : MS_SLAVE, !shared) < 0 ||
	    (!slave && mount_change(c->root, 0, 0, MS_PRIVATE, false) < 0)) {
		return -1;
	}
	if (mount_copy_host(c) < 0) {
		return -1;
	}
	fd_auto place = open_place(c, shared || c->no_pivot);
	if (place < 0) {
		return -1;
	}
	if (sys_move_mount(c->root, place) < 0) {
		return err_set(errno, "mount the root filesystem %s", c->rootfs);
	}
	return 0;
}

static int pivot(void)
{
	fd_auto old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0) {
		return err_set(errno, "open /");
	}
	if (sys_pivot_root(".", ".") < 0) {
		return err_set(errno, "pivot_root");
	}
	/* "." would still be the new root, whose mounts keep the propagation they were given. */
	if (fchdir(old) < 0) {
		return err_set(errno, "enter the old root");
	}
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0) {
		return err_set(errno, "set the propagation of the old root");
	}
	if (umount2(".", MNT_DETACH) < 0) {
		return err_set(errno, "unmount the old root");
	}
	return 0;
}

static int change_root(void)
{
	return chroot(".") < 0 ? err_set(errno, "chroot") : 0;
}

static int hide(const char *point)
{
	if (umount2(point, MNT_DETACH) == 0) {
		return 0;
	}
	/* One of a parent user namespace's cannot be taken away. */
	if ((errno == EINVAL || errno == EPERM) && mount("tmpfs", point, "tmpfs", 0, NULL) == 0) {
		return 0;
	}
	return err_set(errno, "hide the host's %s", point);
}

/*
 * The host's procfs and sysfs lie behind the root then, out of reach, but the kernel would give
 * whole ones to a user namespace of the container's because of them.
 */
static int hide_host(const char *rootfs)
{
	char *lines = io_read_file(AT_FDCWD, "/proc/self/mountinfo", 1U << 26, NULL);
	char *rest = NULL;
	if (lines == NULL) {
		return -1;
	}
	for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *type = strstr(line, " - ");
		const char *point = mount_point(line);
		bool whole = type != NULL && (strncmp(type, " - proc ", 8) == 0 ||
					      strncmp(type, " - sysfs ", 9) == 0);
		if (whole && point != NULL && !is_in(point, rootfs) && hide(point) < 0) {
			return -1;
		}
	}
	return 0;
}

static int move(struct container *c)
{
	if (hide_host(c->rootfs) < 0) {
		return -1;
	}
	if (fchdir(c->root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0) {
		return err_set(errno, "move the root filesystem to /");
	}
	return change_root();
}

int rootfs_enter(struct container *c)
{
	if (fchdir(c->root) < 0) {
		return err_set(errno, "enter the root filesystem");
	}
	bool own = spec_has_namespace(c->spec, CLONE_NEWNS);
	if ((!own ? change_root() : c->no_pivot ? move(c) : pivot()) < 0) {
		return -1;
	}
	if (chdir("/") < 0) {
		return err_set(errno, "enter /");
	}
	uint64_t flags = c->spec->root_propagation;
	if (flags != 0 && mount(NULL, "/", NULL, flags, NULL) < 0) {
		return err_set(errno, "set the propagation of the root filesystem");
	}
	return 0;
}
