/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/mount.h"

#include <errno.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/resolve.h"
#include "guests/linux/brig/lib/sys.h"

/* What engines (lxcfs and others) lay over single files of procfs. */
static const char *const over_proc[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/net/dev",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
	NULL,
};

int mount_change(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool all)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation,
	};
	if ((set & MOUNT_ATTR__ATIME) != 0) {
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	}
	if (set == 0 && clear == 0 && propagation == 0) {
		return 0;
	}
	if (sys_mount_setattr(fd, all ? AT_RECURSIVE : 0, &attr) < 0) {
		return err_set(errno, "set mount attributes");
	}
	return 0;
}

/* The kernel's own words about a file system that it would not make. */
static int fs_fault(int fs, const char *what, const char *type)
{
	char text[256];
	int error = errno;
	ssize_t length = read(fs, text, sizeof(text) - 1);
	if (length > 2) {
		text[length] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return err_set(error, "%s %s: %s", what, type, text + 2);
	}
	return err_set(error, "%s %s", what, type);
}

static int fs_option(int fs, char *option, const char *type)
{
	char *value = strchr(option, '=');
	if (value != NULL) {
		*value++ = '\0';
	}
	unsigned int command = value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
	if (sys_fsconfig(fs, command, option, value) < 0) {
		err_set(0, "%s%s%s", option, value == NULL ? "" : "=", value == NULL ? "" : value);
		return fs_fault(fs, mem_format("option %s for", err_text()), type);
	}
	return 0;
}

/* Commas part the options, but not between quotes (SELinux) or after a backslash (overlay). */
static int fs_options(int fs, const char *data, const char *type)
{
	while (data != NULL && *data != '\0') {
		bool quoted = false;
		size_t length = 0;
		while (data[length] != '\0' && (quoted || data[length] != ',')) {
			quoted ^= data[length] == '"';
			length += data[length] == '\\' && data[length + 1] != '\0' ? 2 : 1;
		}
		if (length > 0 && fs_option(fs, mem_copy(data, length), type) < 0) {
			return -1;
		}
		data += length + (data[length] == ',');
	}
	return 0;
}

int mount_new(const char *type, const char *source, const char *data, uint64_t attributes)
{
	fd_auto fs = sys_fsopen(type);
	if (fs < 0) {
		return err_set(errno, "file system %s", type);
	}
	if (source != NULL && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source) < 0) {
		return fs_fault(fs, mem_format("source %s for", source), type);
	}
	if (fs_options(fs, data, type) < 0) {
		return -1;
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0) {
		return fs_fault(fs, "create file system", type);
	}
	int fd = sys_fsmount(fs, (unsigned int)attributes);
	return fd < 0 ? fs_fault(fs, "mount", type) : fd;
}

int mount_copy_onto(int fd, int target, bool recursive)
{
	fd_auto copy = sys_open_tree(fd, "",
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
					     (recursive ? AT_RECURSIVE : 0U));
	if (copy < 0) {
		return err_set(errno, "copy a mount");
	}
	return sys_move_mount(copy, target) < 0 ? err_set(errno, "move a mount") : 0;
}

static int idmap(int fd, const struct container *c, const struct spec_mount *mount)
{
	const struct spec_maps *uids = mount->uids.count > 0 ? &mount->uids : &c->spec->uids;
	const struct spec_maps *gids = mount->gids.count > 0 ? &mount->gids : &c->spec->gids;
	if (uids->count == 0 || gids->count == 0) {
		return err_set(0, "idmap: neither the mount nor the container has mappings");
	}
	fd_auto user = ns_user_with_maps(uids, gids);
	if (user < 0) {
		return -1;
	}
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user};
	if (sys_mount_setattr(fd, mount->idmap_all ? AT_RECURSIVE : 0, &attr) < 0) {
		return err_set(errno, "idmap");
	}
	return 0;
}

static const char *bind_source(const struct container *c, const struct spec_mount *mount)
{
	return *mount->source == '/' ? mount->source
				     : mem_format("%s/%s", c->bundle, mount->source);
}

static int open_bind(const struct container *c, const struct spec_mount *mount)
{
	const char *source = bind_source(c, mount);
	int fd = sys_open_tree(AT_FDCWD, source,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				       (mount->recursive ? AT_RECURSIVE : 0U));
	return fd < 0 ? err_set(errno, "bind %s", source) : fd;
}

int mount_prepare(struct container *c)
{
	for (uint32_t i = 0; i < c->spec->mount_count; i++) {
		struct spec_mount *mount = &c->spec->mounts[i];
		bool ahead = mount->idmap || (c->has_user_namespace && !c->rootless);
		if (!mount->bind || !ahead) {
			continue;
		}
		mount->fd = open_bind(c, mount);
		if (mount->fd < 0) {
			return err_within("mount %s", mount->destination);
		}
		if (mount->idmap && idmap(mount->fd, c, mount) < 0) {
			return err_within("mount %s", mount->destination);
		}
		/* What the container mounts below it is not for the host to see. */
		if ((c->spec->root_propagation & MS_SHARED) == 0 &&
		    mount_change(mount->fd, 0, 0, MS_SLAVE, true) < 0) {
			return -1;
		}
	}
	return 0;
}

int mount_copy_host(struct container *c)
{
	struct stat root;
	struct stat source;
	if (stat("/", &root) < 0) {
		return err_set(errno, "look at /");
	}
	for (uint32_t i = 0; i < c->spec->mount_count; i++) {
		struct spec_mount *mount = &c->spec->mounts[i];
		if (!mount->bind || mount->remount || mount->fd >= 0 ||
		    stat(bind_source(c, mount), &source) < 0 || source.st_dev != root.st_dev ||
		    source.st_ino != root.st_ino) {
			continue;
		}
		mount->fd = open_bind(c, mount);
		if (mount->fd < 0) {
			return err_within("mount %s", mount->destination);
		}
	}
	return 0;
}

/* A place on procfs is the container's to read about itself, and not to be covered. */
static int check_target(int target, const char *destination, const char *type)
{
	struct statfs fs;
	struct stat status;
	if (fstatfs(target, &fs) < 0 || fstat(target, &status) < 0) {
		return err_set(errno, "look at %s", destination);
	}
	if (fs.f_type != PROC_SUPER_MAGIC) {
		return 0;
	}
	if (type != NULL && strcmp(type, "proc") == 0) {
		return 0;
	}
	for (const char *const *name = over_proc; *name != NULL; name++) {
		if (strcmp(*name, destination) == 0) {
			return 0;
		}
	}
	return err_set(0, "%s is inside /proc, where nothing may be mounted", destination);
}

int mount_target(struct container *c, const char *destination, bool is_folder)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int fd;
	do {
		fd = (int)syscall(SYS_openat2, c->root, destination, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN);
	if (fd >= 0) {
		return fd;
	}
	if (errno != ENOENT) {
		return err_set(errno, "open %s in the root filesystem", destination);
	}
	/* A symlink may name what is not there yet: /etc/resolv.conf in /run, say. */
	destination = resolve_in(c->root, destination);
	if (destination == NULL) {
		return -1;
	}
	if (is_folder) {
		return io_make_dirs(c->root, destination, 0755);
	}
	const char *last;
	fd_auto folder = io_make_parent(c->root, destination, 0755, &last);
	if (folder < 0) {
		return -1;
	}
	/* Not opened: what another container puts there meanwhile may be a FIFO, or a device. */
	if (mknodat(folder, last, S_IFREG | 0644, 0) < 0 && errno != EEXIST) {
		return err_set(errno, "create %s in the root filesystem", destination);
	}
	fd = openat(folder, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(errno, "open %s in the root filesystem", destination) : fd;
}

static bool has_option(const char *data, const char *name)
{
	size_t length = strlen(name);
	for (; *data != '\0'; data += strcspn(data, ","), data += *data == ',') {
		if (strncmp(data, name, length) == 0 && data[length] == '=') {
			return true;
		}
	}
	return false;
}

/*
 * A tmpfs over a folder looks like it, unless config.json says how. One that gets the folder's
 * files gets its owner too.
 */
static const char *with_look(struct container *c, const struct spec_mount *mount, const char *data)
{
	struct stat status;
	fd_auto folder = io_open_in(c->root, mount->destination, O_PATH | O_DIRECTORY, 0);
	err_clear();
	if (folder < 0 || fstat(folder, &status) < 0) {
		return data;
	}
	if (!has_option(data, "mode")) {
		data = mem_format("mode=%o%s%s", status.st_mode & 07777, *data != '\0' ? "," : "",
				  data);
	}
	if (mount->copy_up && !has_option(data, "uid") && !has_option(data, "gid")) {
		data = mem_format("uid=%u,gid=%u,%s", status.st_uid, status.st_gid, data);
	}
	return data;
}

static int open_mount(struct container *c, const struct spec_mount *mount)
{
	if (mount->bind) {
		return mount->fd >= 0 ? mount->fd : open_bind(c, mount);
	}
	const char *type = mount->type != NULL ? mount->type : "none";
	const char *data = mount->data;
	if (strcmp(type, "tmpfs") == 0) {
		data = with_look(c, mount, data);
	}
	bool labelled = strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0 &&
			access("/sys/fs/selinux", F_OK) == 0;
	if (c->spec->mount_label != NULL && *c->spec->mount_label != '\0' && labelled) {
		data = mem_format("%s%scontext=\"%s\"", data, *data != '\0' ? "," : "",
				  c->spec->mount_label);
	}
	/* tmpfs is filled first, the others are read-only as a whole, as mount(2) makes them. */
	if ((mount->set & MOUNT_ATTR_RDONLY) != 0 && strcmp(type, "tmpfs") != 0) {
		data = mem_format("ro%s%s", *data != '\0' ? "," : "", data);
	}
	/* Without a source mount(8) and df(1) would say "none". */
	const char *source = mount->source != NULL && *mount->source != '\0' ? mount->source : type;
	int fd = mount_new(type, source, data, 0);
	if (fd < 0 && (err_number() == EPERM || err_number() == EBUSY) &&
	    strcmp(type, "sysfs") == 0) {
		/* A network namespace that is not this user namespace's: the host's view, bound. */
		fd = sys_open_tree(AT_FDCWD, "/sys",
				   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	}
	return fd;
}

static bool is_folder(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Attributes after the move: inside a user namespace some can be set only on the way. */
static int set_attributes(int fd, const struct spec_mount *mount)
{
	uint64_t now = mount->set;
	if (strcmp(mount->destination, "/dev") == 0 && !mount->bind) {
		now &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	uint64_t clear = mount->clear & ~now;
	if (!mount->bind) {
		clear = 0; /* a new mount has nothing to clear */
	}
	if (mount_change(fd, now, clear, 0, false) < 0 ||
	    mount_change(fd, mount->all_set, mount->all_clear, 0, true) < 0) {
		return -1;
	}
	return 0;
}

/* procfs and sysfs only onto a real folder of the root filesystem. */
static int target_of(struct container *c, const struct spec_mount *mount, int fd)
{
	if (mount->type != NULL &&
	    (strcmp(mount->type, "proc") == 0 || strcmp(mount->type, "sysfs") == 0)) {
		int target = io_open_beneath(c->root, mount->destination + 1, O_PATH);
		if (target >= 0) {
			return target;
		}
		if (target != -ENOENT) {
			return err_set(-target, "%s must be mounted on ordinary directory",
				       mount->destination);
		}
	}
	return mount_target(c, mount->destination, is_folder(fd));
}

static int mount_one(struct container *c, const struct spec_mount *mount)
{
	if (mount->type != NULL && strcmp(mount->type, "cgroup") == 0) {
		return mount_cgroup(c, mount);
	}
	fd_auto fd = open_mount(c, mount);
	if (fd < 0) {
		return -1;
	}
	fd_auto target = target_of(c, mount, fd);
	if (target < 0 || check_target(target, mount->destination, mount->type) < 0) {
		return -1;
	}
	if (mount->copy_up && mount->type != NULL && strcmp(mount->type, "tmpfs") == 0) {
		fd_auto from = io_open_in(c->root, mount->destination, O_RDONLY | O_DIRECTORY, 0);
		if (from < 0 || copyup(from, fd) < 0) {
			return -1;
		}
	}
	if (set_attributes(fd, mount) < 0) {
		return -1;
	}
	if (sys_move_mount(fd, target) < 0) {
		/* The kernel's EINVAL says less, and engines explain ENOTDIR to their users. */
		bool alike = is_folder(fd) == is_folder(target);
		return err_set(errno == EINVAL && !alike ? ENOTDIR : errno, "mount");
	}
	return mount_change(fd, 0, 0, mount->propagation, mount->propagation_all);
}

static int remount(struct container *c, const struct spec_mount *mount)
{
	fd_auto target = io_open_in(c->root, mount->destination, O_PATH, 0);
	if (target < 0) {
		return -1;
	}
	return mount_change(target, mount->set, mount->clear & ~mount->set, mount->propagation,
			    mount->recursive);
}

int mount_all(struct container *c)
{
	for (uint32_t i = 0; i < c->spec->mount_count; i++) {
		const struct spec_mount *mount = &c->spec->mounts[i];
		if ((mount->remount ? remount(c, mount) : mount_one(c, mount)) < 0) {
			return err_within("mount %s on %s",
					  mount->source != NULL ? mount->source : mount->type,
					  mount->destination);
		}
	}
	return 0;
}

int mount_finish(struct container *c)
{
	for (uint32_t i = 0; i < c->spec->mount_count; i++) {
		const struct spec_mount *mount = &c->spec->mounts[i];
		if (strcmp(mount->destination, "/dev") != 0 || mount->bind ||
		    (mount->set & MOUNT_ATTR_RDONLY) == 0) {
			continue;
		}
		fd_auto dev = io_open_in(c->root, "/dev", O_PATH, 0);
		if (dev < 0 || mount_change(dev, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) {
			return err_within("make /dev read-only");
		}
	}
	if (c->spec->root_readonly && mount_change(c->root, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) {
		return err_within("make the root filesystem read-only");
	}
	return 0;
}

static int copy_readonly(int fd, int target)
{
	fd_auto copy = sys_open_tree(
		fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (copy < 0) {
		return err_set(errno, "copy the mount");
	}
	if (mount_change(copy, MOUNT_ATTR_RDONLY, 0, 0, true) < 0) {
		return -1;
	}
	return sys_move_mount(copy, target) < 0 ? err_set(errno, "mount") : 0;
}

static int make_readonly(struct container *c, const char *path)
{
	fd_auto target = io_open_in(c->root, path, O_PATH, 0);
	if (target < 0) {
		return err_number() == ENOENT ? 0 : -1;
	}
	return copy_readonly(target, target);
}

static int check_null(int fd)
{
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) ||
	    status.st_rdev != makedev(1, 3)) {
		return err_set(0, "/dev/null of the host is not the null device");
	}
	return 0;
}

static int mask(struct container *c, const char *path)
{
	fd_auto target = io_open_in(c->root, path, O_PATH, 0);
	if (target < 0) {
		return err_number() == ENOENT || err_number() == ENOTDIR ? 0 : -1;
	}
	/* Read-only, as its mode and owner are the host's; who may write to a device still may. */
	if (!is_folder(target)) {
		return check_null(c->null) < 0 ? -1 : copy_readonly(c->null, target);
	}
	fd_auto empty = mount_new("tmpfs", "tmpfs", "ro", MOUNT_ATTR_RDONLY);
	if (empty < 0) {
		return -1;
	}
	return sys_move_mount(empty, target) < 0 ? err_set(errno, "mount") : 0;
}

int mount_masks(struct container *c)
{
	for (char **path = c->spec->readonly; path != NULL && *path != NULL; path++) {
		if (make_readonly(c, *path) < 0) {
			return err_within("make %s read-only", *path);
		}
	}
	for (char **path = c->spec->masked; path != NULL && *path != NULL; path++) {
		if (mask(c, *path) < 0) {
			return err_within("mask %s", *path);
		}
	}
	err_clear();
	return 0;
}
