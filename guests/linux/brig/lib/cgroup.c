/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>

#include "guests/linux/brig/lib/cgroup_plan.h"
#include "guests/linux/brig/lib/cgroup_systemd.h"
#include "guests/linux/brig/lib/devices_bpf.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/log.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/users.h"

#define MOUNT_UNIFIED "/sys/fs/cgroup"
#define MOUNT_HYBRID  "/sys/fs/cgroup/unified"

/* How long processes that were killed, or a freeze, may take. */
#define SETTLE_MS   10000
#define DEPTH_LIMIT 32U

static bool is_cgroup2(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

enum cgroup_mode cgroup_detect(const char **mount)
{
	*mount = NULL;
	if (is_cgroup2(MOUNT_UNIFIED)) {
		*mount = MOUNT_UNIFIED;
		return CGROUP_UNIFIED;
	}
	if (is_cgroup2(MOUNT_HYBRID)) {
		*mount = MOUNT_HYBRID;
		return CGROUP_HYBRID;
	}
	return CGROUP_NONE;
}

/* The group of version 2 that a process is in. */
static const char *group_of(const char *proc_file)
{
	char *lines = io_peek(AT_FDCWD, proc_file);
	char *own = lines == NULL                   ? NULL
		    : strncmp(lines, "0::", 3) == 0 ? lines + 3
						    : strstr(lines, "\n0::");
	if (own == NULL) {
		return "/";
	}
	own += *own == '\n' ? 4 : 0;
	own[strcspn(own, "\n")] = '\0';
	return own;
}

/* A path whose parts are names, as the folders below the hierarchy have them. */
static int check_path(const char *path)
{
	for (const char *at = path; *at != '\0';) {
		at += *at == '/';
		size_t length = strcspn(at, "/");
		if ((length == 2 && strncmp(at, "..", 2) == 0) || length > 255) {
			return err_set(0, "cgroupsPath: \"%.128s\" has \"..\" or too long a part",
				       path);
		}
		at += length;
	}
	return 0;
}

int cgroup_check(const struct cgroup *cgroup, const struct json *resources)
{
	const char *asked = cgroup_asks(resources);
	if (asked == NULL || cgroup->mode == CGROUP_UNIFIED) {
		return 0;
	}
	/* What no version 2 has is a reason of its own. */
	struct cgroup_writes *writes = mem_get(sizeof(*writes));
	if (cgroup_plan_writes(resources, writes) < 0) {
		return -1;
	}
	return err_set(0,
		       "linux.resources.%s: needs cgroup version 2, which this host does not have "
		       "with its controllers",
		       asked);
}

int cgroup_disable(struct cgroup *cgroup, const struct json *resources)
{
	const char *asked = cgroup_asks(resources);
	if (asked != NULL) {
		return err_set(0, "linux.resources.%s: --cgroup-manager is \"disabled\"", asked);
	}
	cgroup->path = NULL;
	cgroup->systemd = false;
	cgroup->disabled = true;
	return 0;
}

int cgroup_plan(struct cgroup *cgroup, const struct spec *spec, const char *id, bool systemd,
		bool rootless)
{
	const char *path = spec->cgroups_path;
	const char *asked = cgroup_asks(spec->resources);
	*cgroup = (struct cgroup){.dir = -1};
	cgroup->mode = cgroup_detect(&cgroup->mount);
	cgroup->rootless = rootless;
	cgroup->optional = rootless && asked == NULL && !systemd;
	if (cgroup_check(cgroup, spec->resources) < 0) {
		return -1;
	}
	if (systemd) {
		cgroup->systemd = true;
		return cgroup_systemd_plan(cgroup, spec, id);
	}
	if (cgroup->mode == CGROUP_NONE) {
		return 0;
	}
	if (path != NULL && check_path(path) < 0) {
		return -1;
	}
	if (path == NULL || *path == '\0') {
		path = mem_format("/%s", id);
	}
	if (rootless) {
		const char *own = group_of("/proc/self/cgroup");
		path = mem_format("%s%s%s", strcmp(own, "/") == 0 ? "" : own,
				  *path == '/' ? "" : "/", path);
	}
	cgroup->path = *path == '/' ? path : mem_format("/%s", path);
	(void)getrandom(&cgroup->mark, sizeof(cgroup->mark), 0);
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (list += strspn(list, " \n"); *list != '\0'; list += strspn(list, " \n")) {
		size_t next = strcspn(list, " \n");
		if (next == length && strncmp(list, word, length) == 0) {
			return true;
		}
		list += next;
	}
	return false;
}

/* "+name" for each controller that the folder offers and does not pass on yet. */
static int enable_controllers(int dir)
{
	char *offered = io_peek(dir, "cgroup.controllers");
	char *passed = io_peek(dir, "cgroup.subtree_control");
	if (offered == NULL || passed == NULL || strcmp(offered, passed) == 0) {
		return 0;
	}
	char *rest = NULL;
	for (char *name = strtok_r(offered, " \n", &rest); name != NULL;
	     name = strtok_r(NULL, " \n", &rest)) {
		/* One at a time: one that cannot be had (cpu with realtime tasks) is not all. */
		if (!has_word(passed, name)) {
			(void)io_write_at(dir, "cgroup.subtree_control", mem_format("+%s", name));
		}
	}
	err_clear();
	return 0;
}

static int make_group(const struct cgroup *cgroup, bool *existed)
{
	int dir = open(cgroup->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *at = cgroup->path;
	while (dir >= 0) {
		at += strspn(at, "/");
		size_t length = strcspn(at, "/");
		if (length == 0) {
			return dir;
		}
		enable_controllers(dir);
		const char *name = mem_copy(at, length);
		*existed = mkdirat(dir, name, 0755) < 0;
		if (*existed && errno != EEXIST) {
			break;
		}
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int error = errno;
		close(dir);
		errno = error;
		dir = next;
		at += length;
	}
	int error = errno;
	if (dir >= 0) {
		close(dir);
	}
	return err_set(error, "make cgroup %s%s", cgroup->mount, cgroup->path);
}

static bool has_processes(int dir)
{
	const char *events = io_peek(dir, "cgroup.events");
	return events != NULL && strstr(events, "populated 1") != NULL;
}

/* A group that was there already: true, with an error, where a container cannot be born into it. */
static bool is_in_use(const struct cgroup *cgroup)
{
	if (has_processes(cgroup->dir)) {
		err_set(EBUSY, "cgroup %s has processes of another's", cgroup->path);
		return true;
	}
	const char *frozen = io_peek(cgroup->dir, "cgroup.freeze");
	if (frozen != NULL && frozen[0] == '1') {
		err_set(0, "container's cgroup %s is unexpectedly frozen", cgroup->path);
		return true;
	}
	return false;
}

static int filter_devices(const struct cgroup *cgroup, const struct spec *spec)
{
	const struct spec_device_rule *rules = spec->device_rules;
	uint32_t count = spec->device_rule_count;
	bool asked = count > 0;
	if (!asked) {
		rules = devices_default_rules(spec->devices, spec->device_count, &count);
	}
	if (devices_bpf_attach(cgroup->dir, rules, count, false) == 0) {
		return 0;
	}
	/* Who is not root loads no filter; nor does he make or own a device. As runc has it. */
	if (cgroup->rootless && err_number() == EPERM) {
		return 0;
	}
	if (asked) {
		return -1;
	}
	err_within("the container runs without one");
	log_warning();
	err_clear();
	return 0;
}

static uint64_t inode_of(int dir)
{
	struct stat status;
	return fstat(dir, &status) < 0 ? 0 : status.st_ino;
}

/* One that no user namespace's root can write; an ordinary user has no such. */
static const char *owner_mark(void)
{
	return geteuid() == 0 && users_are_all() ? "trusted.brig.owner" : "user.brig.owner";
}

/*
 * A group that is left over may be had by the next one of that cgroupsPath, before its container is
 * deleted: its folder says whose it is now, from Linux 5.7 on.
 */
static bool is_anothers(const struct cgroup *cgroup)
{
	uint64_t mark;
	if (cgroup->systemd) {
		return cgroup->inode != inode_of(cgroup->dir);
	}
	return fgetxattr(cgroup->dir, owner_mark(), &mark, sizeof(mark)) == sizeof(mark) &&
	       mark != cgroup->mark;
}

static bool is_writable_inside(const struct cgroup *cgroup, const struct spec *spec)
{
	bool own = (spec_new_namespaces(spec) & CLONE_NEWCGROUP) != 0;
	for (uint32_t i = 0; own && cgroup->mode == CGROUP_UNIFIED && i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		if (mount->type != NULL && strncmp(mount->type, "cgroup", 6) == 0 &&
		    strcmp(mount->destination, MOUNT_UNIFIED) == 0) {
			return (mount->set & MOUNT_ATTR_RDONLY) == 0;
		}
	}
	return false;
}

/* The machine's user that the container's process is; -1 where config.json does not tell. */
static uid_t user_outside(const struct spec *spec)
{
	uid_t uid = spec->process.uid;
	for (uint32_t i = 0; i < spec->uids.count; i++) {
		const struct spec_map *map = &spec->uids.map[i];
		if (uid >= map->container && uid - map->container < map->size) {
			return map->host + uid - map->container;
		}
	}
	return spec_has_namespace(spec, CLONE_NEWUSER) ? (uid_t)-1 : uid;
}

/*
 * A group that is the root of its cgroup namespace, and is mounted writable there, is its user's
 * (OCI runtime-spec, config-linux.md, cgroup ownership): the folder, and the files that the kernel
 * names, not the limits.
 */
static int give_to_user(const struct cgroup *cgroup, const struct spec *spec)
{
	uid_t user = user_outside(spec);
	if (!is_writable_inside(cgroup, spec) || user == geteuid() || user == (uid_t)-1) {
		return 0;
	}
	char *files = io_peek(AT_FDCWD, "/sys/kernel/cgroup/delegate");
	char *rest = files != NULL
			     ? files
			     : mem_format("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
	const char *file = "";
	do {
		if (fchownat(cgroup->dir, file, user, (gid_t)-1,
			     AT_SYMLINK_NOFOLLOW | (*file == '\0' ? AT_EMPTY_PATH : 0)) < 0 &&
		    errno != ENOENT && !(cgroup->rootless && errno == EPERM)) {
			return err_set(errno, "give cgroup %s to its user", cgroup->path);
		}
	} while ((file = strsep(&rest, "\n")) != NULL && *file != '\0');
	return 0;
}

int cgroup_create(struct cgroup *cgroup, const struct spec *spec, const char *id, pid_t pid)
{
	bool existed = false;
	if (cgroup->systemd && cgroup_systemd_start(cgroup, spec, id, pid) < 0) {
		return -1;
	}
	if (cgroup->path == NULL) {
		return spec->device_rule_count == 0 || cgroup->rootless || cgroup->disabled
			       ? 0
			       : err_set(0, "linux.resources.devices: needs cgroup version 2");
	}
	/* A scope is there already, but systemd passes not all controllers on (hugetlb). */
	cgroup->dir = make_group(cgroup, &existed);
	if (cgroup->dir < 0) {
		int error = err_number();
		if (!cgroup->optional || (error != EACCES && error != EPERM && error != EROFS)) {
			return -1;
		}
		cgroup->path = NULL;
		err_clear();
		return 0;
	}
	if (existed && !cgroup->systemd && is_in_use(cgroup)) {
		close(cgroup->dir);
		cgroup->dir = -1;
		return -1;
	}
	if (cgroup->systemd) {
		cgroup->inode = inode_of(cgroup->dir);
	} else {
		(void)fsetxattr(cgroup->dir, owner_mark(), &cgroup->mark, sizeof(cgroup->mark), 0);
	}
	if (cgroup_set(cgroup, spec->resources) < 0 || give_to_user(cgroup, spec) < 0) {
		return -1;
	}
	return filter_devices(cgroup, spec);
}

void cgroup_find(struct cgroup *cgroup)
{
	cgroup->path = group_of("/proc/self/cgroup");
}

int cgroup_enter(const struct cgroup *cgroup)
{
	if (cgroup->scope == NULL || io_write_at(cgroup->dir, "cgroup.procs", "0") == 0) {
		return 0;
	}
	return err_number() == EACCES ? cgroup_systemd_attach(cgroup, getpid()) : -1;
}

void cgroup_open(struct cgroup *cgroup)
{
	cgroup->dir = -1;
	cgroup->mode = cgroup_detect(&cgroup->mount);
	cgroup->systemd = cgroup->scope != NULL;
	if (cgroup->path != NULL && cgroup->mount != NULL) {
		cgroup->dir = open(mem_format("%s%s", cgroup->mount, cgroup->path),
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (cgroup->dir >= 0 && is_anothers(cgroup)) {
		close(cgroup->dir);
		cgroup->dir = -1;
	}
	/* systemd removes a scope by itself, with its last process; another may have its name. */
	if (cgroup->dir < 0) {
		cgroup->scope = NULL;
	}
}

int cgroup_update(const struct cgroup *cgroup, const struct json *resources)
{
	if (cgroup->scope != NULL && resources != NULL &&
	    (cgroup_check_memory(cgroup->dir, resources) < 0 ||
	     cgroup_systemd_update(cgroup, resources) < 0)) {
		return -1;
	}
	return cgroup_set(cgroup, resources);
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid)
{
	return cgroup->dir < 0 ? 0
			       : io_write_at(cgroup->dir, "cgroup.procs", mem_format("%d", pid));
}

/* Wait until cgroup.events says so; the kernel reports each change by POLLPRI. */
static int wait_event(int dir, const char *line)
{
	fd_auto fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		char text[256];
		struct timespec now;
		ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
		if (length < 0) {
			return errno == ENODEV || errno == ENOENT ? 0
								  : err_set(errno, "cgroup.events");
		}
		text[length] = '\0';
		if (strstr(text, line) != NULL) {
			return 0;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		int64_t passed = (now.tv_sec - start.tv_sec) * 1000 +
				 (now.tv_nsec - start.tv_nsec) / 1000000;
		if (passed > SETTLE_MS) {
			return err_set(ETIMEDOUT, "wait for \"%s\" of the cgroup", line);
		}
		struct pollfd change = {.fd = fd, .events = POLLPRI};
		poll(&change, 1, 100);
	}
}

int cgroup_freeze(const struct cgroup *cgroup, bool freeze)
{
	if (cgroup->dir < 0) {
		return err_set(0, "the container has no cgroup of version 2 to freeze");
	}
	if (io_write_at(cgroup->dir, "cgroup.freeze", freeze ? "1" : "0") < 0) {
		return -1;
	}
	return wait_event(cgroup->dir, freeze ? "frozen 1" : "frozen 0");
}

bool cgroup_frozen(const struct cgroup *cgroup)
{
	const char *events = cgroup->dir < 0 ? NULL : io_peek(cgroup->dir, "cgroup.events");
	return events != NULL && strstr(events, "frozen 1") != NULL;
}

struct pid_list {
	pid_t *pid;
	size_t count;
	size_t room;
};

static void add_pids(struct pid_list *list, int dir)
{
	char *text = io_peek(dir, "cgroup.procs");
	char *rest = NULL;
	for (char *line = text == NULL ? NULL : strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (list->count + 1 >= list->room) {
			size_t room = list->room == 0 ? 64 : list->room * 2;
			pid_t *more = mem_get(room * sizeof(*more));
			if (list->count > 0) {
				memcpy(more, list->pid, list->count * sizeof(*more));
			}
			list->pid = more;
			list->room = room;
		}
		list->pid[list->count++] = (pid_t)strtol(line, NULL, 10);
	}
}

typedef int visit_fn(int parent, const char *name, int dir, void *context);

/* Each group below, the deepest first. */
static int walk(int dir, unsigned int depth, visit_fn *visit, void *context)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	int result = 0;
	const struct dirent *entry;
	while (stream != NULL && result == 0 && (entry = readdir(stream)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.') {
			continue;
		}
		fd_auto sub =
			openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0) {
			continue;
		}
		if (depth > 0) {
			result = walk(sub, depth - 1, visit, context);
		}
		if (result == 0) {
			result = visit(dir, entry->d_name, sub, context);
		}
	}
	if (stream != NULL) {
		closedir(stream);
	}
	return result;
}

static int visit_pids(int parent, const char *name, int dir, void *context)
{
	(void)parent;
	(void)name;
	add_pids(context, dir);
	return 0;
}

pid_t *cgroup_pids(const struct cgroup *cgroup, size_t *count)
{
	struct pid_list list = {0};
	if (cgroup->dir >= 0) {
		add_pids(&list, cgroup->dir);
		walk(cgroup->dir, DEPTH_LIMIT, visit_pids, &list);
	}
	*count = list.count;
	if (list.pid == NULL) {
		list.pid = mem_get(sizeof(*list.pid));
	}
	return list.pid;
}

int cgroup_kill(const struct cgroup *cgroup, int signal)
{
	if (cgroup->dir < 0) {
		return 0;
	}
	/* cgroup.kill (Linux 5.14) reaches also what is being forked right now. */
	if (signal == SIGKILL && io_write_at(cgroup->dir, "cgroup.kill", "1") == 0) {
		return 0;
	}
	err_clear();
	size_t count;
	const pid_t *pids = cgroup_pids(cgroup, &count);
	for (size_t i = 0; i < count; i++) {
		if (kill(pids[i], signal) < 0 && errno != ESRCH) {
			return err_set(errno, "send signal %d to process %d", signal, pids[i]);
		}
	}
	return 0;
}

static int visit_remove(int parent, const char *name, int dir, void *context)
{
	(void)dir;
	(void)context;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		return err_set(errno, "remove cgroup %s", name);
	}
	return 0;
}

int cgroup_remove(const struct cgroup *cgroup)
{
	if (cgroup->scope != NULL) {
		cgroup_systemd_stop(cgroup);
	}
	if (cgroup->dir < 0) {
		return 0;
	}
	const char *path = mem_format("%s%s", cgroup->mount, cgroup->path);
	/* The usual case: no group below, and its last process is reaped. */
	if (rmdir(path) == 0 || errno == ENOENT) {
		return 0;
	}
	if (wait_event(cgroup->dir, "populated 0") < 0 ||
	    walk(cgroup->dir, DEPTH_LIMIT, visit_remove, NULL) < 0) {
		return -1;
	}
	if (rmdir(path) < 0 && errno != ENOENT) {
		return err_set(errno, "remove cgroup %s", path);
	}
	return 0;
}
