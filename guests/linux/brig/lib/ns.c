/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/sys.h"
#include "guests/linux/brig/lib/users.h"

static const char *map_text(const struct spec_maps *maps)
{
	const char *text = "";
	for (uint32_t i = 0; i < maps->count; i++) {
		const struct spec_map *map = &maps->map[i];
		text = mem_format("%s%u %u %u\n", text, map->container, map->host, map->size);
	}
	return text;
}

/* newuidmap PID CONTAINER HOST SIZE ..., which may use what /etc/subuid grants. */
static int run_helper(const char *program, pid_t pid, const struct spec_maps *maps)
{
	char **args = mem_get((maps->count * 3 + 3) * sizeof(*args));
	size_t n = 0;
	args[n++] = (char *)program;
	args[n++] = mem_format("%d", pid);
	for (uint32_t i = 0; i < maps->count; i++) {
		args[n++] = mem_format("%u", maps->map[i].container);
		args[n++] = mem_format("%u", maps->map[i].host);
		args[n++] = mem_format("%u", maps->map[i].size);
	}
	pid_t child = fork();
	if (child == 0) {
		execvp(program, args);
		_exit(127);
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		return err_set(errno, "run %s", program);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		return err_set(0, "%s failed (status %d)", program,
			       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
	return 0;
}

static int write_map(int proc, pid_t pid, const char *file, const char *helper,
		     const struct spec_maps *maps)
{
	if (io_write_at(proc, file, map_text(maps)) == 0) {
		return 0;
	}
	if (geteuid() == 0 || err_number() != EPERM) {
		return -1;
	}
	return run_helper(helper, pid, maps);
}

int ns_write_maps(pid_t pid, const struct spec_maps *uids, const struct spec_maps *gids)
{
	fd_auto proc = open(mem_format("/proc/%d", pid), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0) {
		return err_set(errno, "open /proc/%d", pid);
	}
	if (geteuid() != 0 && gids->count == 1 && gids->map[0].size == 1 &&
	    io_write_at(proc, "setgroups", "deny") < 0) {
		return -1;
	}
	if (write_map(proc, pid, "gid_map", "newgidmap", gids) < 0 ||
	    write_map(proc, pid, "uid_map", "newuidmap", uids) < 0) {
		return err_within("map users");
	}
	return 0;
}

int ns_user_with_maps(const struct spec_maps *uids, const struct spec_maps *gids)
{
	pid_t child = ns_clone(CLONE_NEWUSER, -1, 0);
	if (child == 0) {
		for (;;) {
			pause();
		}
	}
	if (child < 0) {
		return err_set(errno, "make a user namespace");
	}
	int fd = -1;
	if (ns_write_maps(child, uids, gids) == 0) {
		fd = open(mem_format("/proc/%d/ns/user", child), O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err_set(errno, "open the user namespace");
		}
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return fd;
}

bool ns_is_nested_root(void)
{
	return geteuid() == 0 && !users_are_all();
}

uid_t ns_outer_uid(pid_t pid, uid_t uid)
{
	char *at = io_peek(AT_FDCWD, mem_format("/proc/%d/uid_map", pid));
	while (at != NULL && *at != '\0') {
		unsigned long inner = strtoul(at, &at, 10);
		unsigned long outer = strtoul(at, &at, 10);
		unsigned long size = strtoul(at, &at, 10);
		if (uid >= inner && uid - inner < size) {
			return (uid_t)(outer + uid - inner);
		}
		at += *at == '\n';
	}
	return (uid_t)-1;
}

int ns_open(const char *path, int flag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return err_set(errno, "open namespace %s", path);
	}
	int type = ioctl(fd, NS_GET_NSTYPE);
	if (type != flag) {
		close(fd);
		return err_set(0, "%s is not a namespace of this kind", path);
	}
	return fd;
}

pid_t ns_clone(uint64_t flags, int cgroup_dir, int sibling)
{
	struct clone_args args = {
		.flags = flags | (sibling ? CLONE_PARENT : 0) |
			 (cgroup_dir >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = sibling ? 0 : SIGCHLD,
		.cgroup = cgroup_dir >= 0 ? (uint64_t)cgroup_dir : 0,
	};
	return sys_clone3(&args);
}

pid_t ns_self(void)
{
	char text[16];
	ssize_t length = readlink("/proc/self", text, sizeof(text) - 1);
	if (length <= 0) {
		return 0;
	}
	text[length] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

int ns_become_root(uid_t uid, gid_t gid)
{
	int group = setresgid(0, 0, 0);
	if (group < 0 && errno == EINVAL) {
		group = setresgid(gid, gid, gid);
	}
	int user = setresuid(0, 0, 0);
	if (user < 0 && errno == EINVAL) {
		user = setresuid(uid, uid, uid);
	}
	return group < 0 || user < 0 ? err_set(errno, "become root of the user namespace") : 0;
}
