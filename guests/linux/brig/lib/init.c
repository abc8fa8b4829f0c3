/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/hooks.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/rootfs.h"
#include "guests/linux/brig/lib/sync.h"
#include "guests/linux/brig/lib/sys.h"

static int open_joined(const struct container *c, int *fds)
{
	for (uint32_t i = 0; i < c->spec->namespace_count; i++) {
		const struct spec_namespace *ns = &c->spec->namespaces[i];
		uint64_t before = c->joined | CLONE_NEWUSER | CLONE_NEWPID;
		bool ours = ns->path != NULL && ((uint64_t)ns->flag & before) == 0;
		fds[i] = ours ? ns_open(ns->path, ns->flag) : -1;
		if (ours && fds[i] < 0) {
			return -1;
		}
	}
	return 0;
}

/* All are opened before the first is joined: a path is the host's, not the container's. */
static int join_namespaces(const struct container *c)
{
	int *fds = mem_get((c->spec->namespace_count + 1) * sizeof(*fds));
	if (open_joined(c, fds) < 0) {
		return -1;
	}
	for (uint32_t i = 0; i < c->spec->namespace_count; i++) {
		if (fds[i] >= 0 && setns(fds[i], c->spec->namespaces[i].flag) < 0) {
			return err_set(errno, "join namespace %s", c->spec->namespaces[i].path);
		}
	}
	return 0;
}

/* A time namespace is entered by being born in it, or by setns() into one's own children's. */
static int enter_time(const struct container *c)
{
	if ((spec_new_namespaces(c->spec) & CLONE_NEWTIME) == 0) {
		return 0;
	}
	if (unshare(CLONE_NEWTIME) < 0) {
		return err_set(errno, "make a time namespace");
	}
	if (c->spec->time_offsets != NULL &&
	    io_write_at(AT_FDCWD, "/proc/self/timens_offsets", c->spec->time_offsets) < 0) {
		return -1;
	}
	fd_auto fd = ns_open("/proc/self/ns/time_for_children", CLONE_NEWTIME);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0) {
		return err_set(errno, "enter the time namespace");
	}
	return 0;
}

/* The mapped root of the user namespace is who sets the container up. */
static int become_root(const struct container *c)
{
	if (!c->has_user_namespace) {
		return 0;
	}
	if (ns_become_root(c->spec->process.uid, c->spec->process.gid) < 0) {
		return -1;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/* Made by the mapped root, or the root of its /dev/mqueue would be nobody's. */
static int enter_ipc(const struct container *c)
{
	bool is_new = (spec_new_namespaces(c->spec) & CLONE_NEWIPC) != 0;
	if (c->has_user_namespace && is_new && unshare(CLONE_NEWIPC) < 0) {
		return err_set(errno, "make an ipc namespace");
	}
	return 0;
}

static int set_names(const struct container *c)
{
	const char *host = c->spec->hostname;
	const char *domain = c->spec->domainname;
	if (host != NULL && *host != '\0' && sethostname(host, strlen(host)) < 0) {
		return err_set(errno, "set hostname %s", host);
	}
	if (domain != NULL && *domain != '\0' && setdomainname(domain, strlen(domain)) < 0) {
		return err_set(errno, "set domainname %s", domain);
	}
	return 0;
}

/*
 * A procfs of our own, mounted nowhere, that no mount of the container's can cover
 * (CVE-2025-52881). Where a user namespace may not make one, the host's is as good before
 * the root is entered.
 */
static int open_proc(struct container *c)
{
	struct statfs fs;
	/* Its end costs the kernel a grace period, so only where something is written to it. */
	if (c->spec->sysctl_count == 0 && !process_needs_proc(&c->spec->process)) {
		return 0;
	}
	c->proc = mount_new("proc", NULL, NULL, 0);
	if (c->proc < 0) {
		c->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (c->proc < 0 || fstatfs(c->proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		return err_set(errno, "open procfs");
	}
	err_clear();
	return 0;
}

static int write_sysctls(const struct container *c)
{
	for (uint32_t i = 0; i < c->spec->sysctl_count; i++) {
		const struct spec_sysctl *sysctl = &c->spec->sysctls[i];
		const char *path = mem_format("sys/%s", sysctl->key);
		fd_auto fd = io_open_same(c->proc, path, O_WRONLY);
		if (fd < 0) {
			return err_within("sysctl %s", sysctl->key);
		}
		if (write(fd, sysctl->value, strlen(sysctl->value)) < 0) {
			return err_set(errno, "sysctl %s: write \"%.64s\"", sysctl->key,
				       sysctl->value);
		}
	}
	return 0;
}

static int build_root(struct container *c)
{
	umask(0);
	/* Of this namespace, so that mounts can be copied from it. */
	c->null = open("/dev/null", O_PATH | O_CLOEXEC);
	if (c->null < 0) {
		return err_set(errno, "open /dev/null");
	}
	if (rootfs_attach(c) < 0 || open_proc(c) < 0) {
		return -1;
	}
	return mount_all(c) < 0 || dev_make_all(c) < 0 ? -1 : 0;
}

static int run_hooks(struct container *c)
{
	bool runtime = c->spec->hooks[HOOK_PRESTART].count > 0 ||
		       c->spec->hooks[HOOK_CREATE_RUNTIME].count > 0;
	if (runtime && (sync_send(c->sync, SYNC_HOOKS, -1) < 0 ||
			sync_expect(c->sync, SYNC_GO_ON, NULL) < 0)) {
		return -1;
	}
	return hooks_run(c, HOOK_CREATE_CONTAINER, "creating");
}

static int open_console(struct container *c, int *master)
{
	int slave;
	*master = -1;
	if (!c->spec->process.terminal) {
		return 0;
	}
	*master = terminal_open(c->root, &c->spec->process, &slave);
	if (*master < 0 || terminal_console(c, slave) < 0 || terminal_take(slave) < 0) {
		return -1;
	}
	if (c->console >= 0) {
		int result = terminal_send(c->console, *master);
		close(*master);
		*master = -1;
		return result;
	}
	return 0;
}

/* Until `start` writes into the FIFO, or closed the last end of it unwritten. */
static int wait_for_start(const struct container *c)
{
	char byte;
	ssize_t got;
	do {
		got = read(c->fifo, &byte, 1);
	} while (got < 0 && errno == EINTR);
	return got == 1 ? 0 : err_set(errno, "wait for start");
}

static int set_up(struct container *c)
{
	if (c->has_user_namespace && sync_expect(c->sync, SYNC_MAPPED, NULL) < 0) {
		return -1;
	}
	if (setsid() < 0) {
		return err_set(errno, "start a session");
	}
	if (join_namespaces(c) < 0 || become_root(c) < 0 || process_keyring(c) < 0 ||
	    enter_ipc(c) < 0 || enter_time(c) < 0 || set_names(c) < 0 || build_root(c) < 0) {
		return -1;
	}
	return run_hooks(c);
}

/* What fails here, the process's own chdir() says better. */
static void make_cwd(const struct container *c)
{
	int fd = io_make_dirs(c->root, c->spec->process.cwd, 0755);
	if (fd >= 0) {
		close(fd);
	}
	err_clear();
}

static int enter(struct container *c, int *master, const char **file)
{
	struct spec_process *process = &c->spec->process;
	make_cwd(c);
	if (open_console(c, master) < 0 || dev_own_null(c->root) < 0 || mount_masks(c) < 0 ||
	    mount_finish(c) < 0 || write_sysctls(c) < 0 || rootfs_enter(c) < 0 ||
	    process_home(process) < 0 || process_limits(c, process) < 0 ||
	    process_close(c, *master) < 0 || process_confine(c, process) < 0) {
		return -1;
	}
	*file = process_find(process);
	return *file == NULL ? -1 : 0;
}

static int finish(struct container *c, int master, const char *file)
{
	/*
	 * The runtime may end as soon as it has told us to start; if it ends before, the line
	 * says so. So its death is no signal any more from here on.
	 */
	if (c->fifo >= 0) {
		prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	}
	if (sync_send(c->sync, SYNC_READY, master) < 0) {
		return -1;
	}
	if (c->fifo >= 0) {
		if (sync_expect(c->sync, SYNC_START, NULL) < 0) {
			return -1;
		}
		close(c->sync);
		c->sync = -1;
		if (wait_for_start(c) < 0) {
			return -1;
		}
		close(c->fifo);
	} else if (sync_expect(c->sync, SYNC_START, NULL) < 0) {
		return -1;
	}
	/* Before any filter, which need not know it. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	/* A hook that the container's own files run gets no more than its process. */
	bool hooks = c->spec->hooks[HOOK_START_CONTAINER].count > 0;
	if (hooks && (process_filter(c) < 0 || hooks_run(c, HOOK_START_CONTAINER, "created") < 0)) {
		return -1;
	}
	return process_exec(c, &c->spec->process, file);
}

static void reset_signals(void)
{
	sigset_t empty;
	for (int number = 1; number < 65; number++) {
		signal(number, SIG_DFL);
	}
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
}

/* The runtime that waits; after `start` there is none, and the container's log has to have it. */
static void tell(const struct container *c)
{
	if (c->sync >= 0) {
		sync_send_error(c->sync);
		return;
	}
	const char *line = mem_format("%s\n", err_text());
	(void)io_write_all(2, line, strlen(line));
}

void init_run(struct container *c)
{
	int master = -1;
	const char *file = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/*
	 * /proc/PID of this process is closed to what it will share the namespace with. An
	 * ordinary user's runtime is kept out by that too, so it has to map users first; nobody
	 * else is in that user namespace yet.
	 */
	if (!c->rootless || spec_namespace_path(c->spec, CLONE_NEWUSER) != NULL) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	if (c->seccomp.notify) {
		c->self = ns_self();
	}
	reset_signals();
	err_clear();
	/* The lock on the container is the runtime's; it must not live on in here. */
	close(c->state_dir);
	c->state_dir = -1;
	if (set_up(c) < 0 || enter(c, &master, &file) < 0 || finish(c, master, file) < 0) {
		tell(c);
	}
	_exit(err_number() == ENOENT ? 127 : 126);
}
