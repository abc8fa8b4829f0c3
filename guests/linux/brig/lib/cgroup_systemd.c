/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's own busctl speaks D-Bus for us: no static library of Debian's does. */
#include "guests/linux/brig/lib/cgroup_systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

#define MANAGER                                                                                    \
	"org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define WAIT_STEPS 500 /* of 10 ms, until the scope is there */

static int run_busctl(const char *const *args)
{
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, 1);
		execvp("busctl", (char *const *)args);
		_exit(127);
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		return err_set(errno, "run busctl");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		return err_set(0, "systemd cgroup driver: busctl failed (status %d)",
			       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
	return 0;
}

/* "a-b.slice" lies in "a.slice": /a.slice/a-b.slice. */
static const char *slice_path(const char *slice)
{
	const char *path = "";
	if (strcmp(slice, "-.slice") == 0) {
		return path;
	}
	for (const char *c = slice; *c != '\0'; c++) {
		if (*c == '-') {
			path = mem_format("%s/%.*s.slice", path, (int)(c - slice), slice);
		}
	}
	return mem_format("%s/%s", path, slice);
}

int cgroup_systemd_plan(struct cgroup *cgroup, const char *path, const char *id)
{
	struct stat status;
	const char *slice = "system.slice";
	const char *prefix = "brig";
	const char *name = id;
	if (stat("/run/systemd/system", &status) < 0) {
		return err_set(0, "--systemd-cgroup: systemd does not run on this host");
	}
	if (cgroup->mode != CGROUP_UNIFIED) {
		return err_set(0, "--systemd-cgroup: needs cgroup version 2");
	}
	if (path != NULL && *path != '\0') {
		const char *first = strchr(path, ':');
		const char *second = first == NULL ? NULL : strchr(first + 1, ':');
		if (second == NULL || strchr(second + 1, ':') != NULL) {
			return err_set(0, "cgroupsPath: \"%.128s\" is not slice:prefix:name", path);
		}
		if (first > path) {
			slice = mem_copy(path, (size_t)(first - path));
		}
		prefix = mem_copy(first + 1, (size_t)(second - first - 1));
		name = second + 1;
	}
	size_t length = strlen(slice);
	if (strchr(slice, '/') != NULL || strchr(name, '/') != NULL || length < 7 ||
	    strcmp(slice + length - 6, ".slice") != 0) {
		return err_set(0, "cgroupsPath: \"%.128s\" names no slice", path);
	}
	cgroup->systemd = true;
	cgroup->scope = *prefix == '\0' ? mem_format("%s.scope", name)
					: mem_format("%s-%s.scope", prefix, name);
	cgroup->path = mem_format("%s/%s", slice_path(slice), cgroup->scope);
	return 0;
}

int cgroup_systemd_start(struct cgroup *cgroup, const char *id, pid_t pid)
{
	const char *end = strrchr(cgroup->path, '/');
	const char *start = end;
	while (start > cgroup->path && start[-1] != '/') {
		start--;
	}
	const char *slice = end > cgroup->path ? mem_copy(start, (size_t)(end - start)) : "-.slice";
	const char *args[] = {"busctl",
			      "call",
			      MANAGER,
			      "StartTransientUnit",
			      "ssa(sv)a(sa(sv))",
			      cgroup->scope,
			      "replace",
			      "5",
			      "Description",
			      "s",
			      mem_format("brig container %s", id),
			      "Slice",
			      "s",
			      slice,
			      "Delegate",
			      "b",
			      "true",
			      "DefaultDependencies",
			      "b",
			      "false",
			      "PIDs",
			      "au",
			      "1",
			      mem_format("%d", pid),
			      "0",
			      NULL};
	if (run_busctl(args) < 0) {
		return -1;
	}
	const char *procs = mem_format("%s%s/cgroup.procs", cgroup->mount, cgroup->path);
	const char *wanted = mem_format("%d\n", pid);
	for (int i = 0; i < WAIT_STEPS; i++) {
		const char *text = io_peek(AT_FDCWD, procs);
		if (text != NULL && strstr(text, wanted) != NULL) {
			return 0;
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return err_set(ETIMEDOUT, "wait for systemd's %s", cgroup->scope);
}

void cgroup_systemd_stop(const struct cgroup *cgroup)
{
	const char *args[] = {"busctl", "call",        MANAGER,   "StopUnit",
			      "ss",     cgroup->scope, "replace", NULL};
	if (run_busctl(args) < 0) {
		err_clear(); /* it ends by itself with its last process */
	}
}
