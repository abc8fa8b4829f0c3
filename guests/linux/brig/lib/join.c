/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container that runs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guests/linux/brig/lib/affinity.h"
#include "guests/linux/brig/lib/create.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/rootfs.h"
#include "guests/linux/brig/lib/sock.h"
#include "guests/linux/brig/lib/sync.h"
#include "guests/linux/brig/lib/sys.h"

static bool same_namespace(pid_t pid, const char *name)
{
	struct stat theirs;
	struct stat ours;
	return stat(mem_format("/proc/%d/ns/%s", pid, name), &theirs) == 0 &&
	       stat(mem_format("/proc/self/ns/%s", name), &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* CLONE_NEW* of those namespaces of a process that this one is not in. */
static uint64_t other_namespaces(pid_t pid)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} table[] = {
		{"mnt", CLONE_NEWNS},        {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},
		{"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID},   {"user", CLONE_NEWUSER},
		{"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
	};
	uint64_t flags = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		flags |= same_namespace(pid, table[i].name) ? 0 : table[i].flag;
	}
	return flags;
}

/* In the new process: the root and /proc of the container, then what create does too. */
static int enter(struct container *c, struct spec_process *process, int *master, const char **file)
{
	int slave;
	if (c->root >= 0 && (fchdir(c->root) < 0 || chroot(".") < 0)) {
		return err_set(errno, "enter the container's root");
	}
	if (c->root < 0) {
		c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	c->proc = process_needs_proc(process) ? mount_new("proc", NULL, NULL, 0) : -1;
	if (c->proc < 0 && process_needs_proc(process)) {
		err_clear();
		c->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (process->terminal) {
		*master = terminal_open(c->root, process, &slave);
		if (*master < 0 || terminal_take(slave) < 0) {
			return -1;
		}
		if (c->console >= 0) {
			if (terminal_send(c->console, *master) < 0) {
				return -1;
			}
			close(*master);
			*master = -1;
		}
	}
	if (dev_own_null(c->root) < 0 || process_home(process) < 0 ||
	    process_limits(c, process) < 0 || process_close(c, *master) < 0 ||
	    process_confine(c, process) < 0) {
		return -1;
	}
	*file = process_find(process);
	return *file == NULL ? -1 : 0;
}

static int join_rest(const struct container *c, int pidfd)
{
	if (c->join != 0 && setns(pidfd, (int)c->join) < 0) {
		return err_set(errno, "join the container's namespaces");
	}
	if (c->cgroup_ns >= 0 && setns(c->cgroup_ns, CLONE_NEWCGROUP) < 0) {
		return err_set(errno, "join the container's cgroup namespace");
	}
	return 0;
}

static void run(struct container *c, struct spec_process *process, int pidfd)
{
	int master = -1;
	const char *file = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (c->seccomp.notify) {
		c->self = ns_self();
	}
	for (int number = 1; number < 65; number++) {
		signal(number, SIG_DFL);
	}
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	if (setsid() < 0) {
		err_set(errno, "start a session");
	} else if (process_keyring(c) < 0) {
		;
	} else if (join_rest(c, pidfd) < 0) {
		;
	} else if (c->has_user_namespace && ns_become_root(process->uid, process->gid) < 0) {
		;
	} else if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
		   enter(c, process, &master, &file) == 0 &&
		   sync_send(c->sync, SYNC_READY, master) == 0 &&
		   sync_expect(c->sync, SYNC_START, NULL) == 0) {
		prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		process_exec(c, process, file);
	}
	sync_send_error(c->sync);
	_exit(err_number() == ENOENT ? 127 : 126);
}

/*
 * What the one in the middle joins: what a child has to be born into. With a user namespace all
 * at once, by the runtime's rights, as before its exec the container's process is closed to the
 * root of its own user namespace; but a listener wants a number of the host's procfs, and where
 * cgroups are mounted with nsdelegate, a child is not born into a group of another namespace's.
 */
static int choose_namespaces(struct container *c, uint64_t *flags)
{
	bool whole = c->has_user_namespace && !c->seccomp.notify;
	*flags = c->join & (CLONE_NEWPID | CLONE_NEWUSER);
	if (whole && (c->join & CLONE_NEWCGROUP) != 0) {
		c->cgroup_ns = ns_open(mem_format("/proc/%d/ns/cgroup", c->pid), CLONE_NEWCGROUP);
		if (c->cgroup_ns < 0) {
			return -1;
		}
	}
	if (whole) {
		*flags = c->join & ~(uint64_t)CLONE_NEWCGROUP;
		c->join = 0;
	}
	c->join &= ~*flags;
	return 0;
}

static void middle(struct container *c, struct spec_process *process, int pidfd, int report)
{
	pid_t child = -1;
	uint64_t flags;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (c->has_user_namespace && process_raise_limits(0, process) < 0) {
		;
	} else if ((c->rootless || c->nested) && cgroup_enter(&c->cgroup) < 0) {
		;
	} else if (choose_namespaces(c, &flags) < 0) {
		;
	} else if (flags != 0 && setns(pidfd, (int)flags) < 0) {
		err_set(errno, "join the container's namespaces");
	} else {
		child = ns_clone(0, c->cgroup.dir, 1);
		if (child == 0) {
			close(report);
			run(c, process, pidfd);
		}
		if (child < 0) {
			err_set(errno, "start a process in the container");
		}
	}
	if (child < 0) {
		sync_send_error(c->sync);
	}
	_exit(write(report, &child, sizeof(child)) == sizeof(child) ? 0 : 1);
}

static pid_t start(struct container *c, struct spec_process *process, int pidfd, int line)
{
	int report[2];
	pid_t child = -1;
	if (pipe2(report, O_CLOEXEC) < 0) {
		return err_set(errno, "make a pipe");
	}
	pid_t between = fork();
	if (between == 0) {
		c->sync = line;
		close(report[0]);
		middle(c, process, pidfd, report[1]);
	}
	close(report[1]);
	close(line);
	if (between < 0 || read(report[0], &child, sizeof(child)) != sizeof(child)) {
		child = -1;
	}
	close(report[0]);
	if (between > 0) {
		waitpid(between, NULL, 0);
	}
	if (child < 0) {
		sync_expect(c->sync, SYNC_READY, NULL);
	}
	return child;
}

/*
 * The container's group, or with processes in groups below it that of its first process:
 * a group that has passed controllers on takes no process itself.
 */
static int find_group(struct state *state, const struct join_options *options)
{
	if (state->cgroup.dir < 0) {
		return -1;
	}
	if (options->cgroup != NULL) {
		const char *below = options->cgroup + strspn(options->cgroup, "/");
		int fd = *below == '\0' ? fcntl(state->cgroup.dir, F_DUPFD_CLOEXEC, 3)
					: io_open_beneath(state->cgroup.dir, below,
							  O_RDONLY | O_DIRECTORY);
		return fd >= 0 ? fd : err_set(-fd, "bad sub cgroup path %s", options->cgroup);
	}
	const char *passed = io_peek(state->cgroup.dir, "cgroup.subtree_control");
	if (passed == NULL || *passed == '\0' || *passed == '\n') {
		return fcntl(state->cgroup.dir, F_DUPFD_CLOEXEC, 3);
	}
	char *lines = io_peek(AT_FDCWD, mem_format("/proc/%d/cgroup", state->pid));
	const char *own = lines == NULL ? NULL : strstr(lines, "0::/");
	if (own == NULL) {
		return fcntl(state->cgroup.dir, F_DUPFD_CLOEXEC, 3);
	}
	const char *path =
		mem_format("%s%.*s", state->cgroup.mount, (int)strcspn(own + 3, "\n"), own + 3);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int prepare(struct container *c, struct state *state, const struct spec *spec,
		   const struct spec_process *process, const struct join_options *options)
{
	*c = (struct container){
		.id = state->id,
		.bundle = state->bundle,
		.spec = (struct spec *)spec,
		.seccomp_listener = -1,
		.state_dir = -1,
		.fifo = -1,
		.sync = -1,
		.root = -1,
		.proc = -1,
		.null = -1,
		.console = -1,
		.cgroup_ns = -1,
		.no_new_keyring = true,
		.preserve_fds = options->preserve_fds,
		.cgroup.dir = -1,
		.rootless = geteuid() != 0,
		.nested = ns_is_nested_root(),
		.pid = state->pid,
	};
	c->join = other_namespaces(state->pid);
	if (!spec_has_namespace(spec, CLONE_NEWNS)) {
		/* Nor does exec join one that the process has made since: its root is the host's. */
		c->join &= ~(uint64_t)CLONE_NEWNS;
		const char *root = mem_format("/proc/%d/root", state->pid);
		c->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (c->root < 0) {
			return err_set(errno, "open the container's root");
		}
	}
	c->has_user_namespace = (c->join & CLONE_NEWUSER) != 0;
	if (filter_compile(spec->seccomp, &c->seccomp) < 0) {
		return -1;
	}
	if (c->seccomp.notify) {
		c->seccomp_listener = sock_connect(c->seccomp.listener_path, SOCK_STREAM);
		if (c->seccomp_listener < 0) {
			return -1;
		}
	}
	if (options->console_socket != NULL) {
		if (!process->terminal) {
			return err_set(0, "--console-socket: the process has no terminal");
		}
		c->console = sock_connect(options->console_socket, SOCK_STREAM);
		if (c->console < 0) {
			return -1;
		}
	}
	if (state->cgroup.dir >= 0) {
		c->cgroup.dir = find_group(state, options);
		c->cgroup.scope = state->cgroup.scope;
		if (c->cgroup.dir < 0) {
			return err_within("find the container's cgroup");
		}
	}
	return 0;
}

pid_t join_start(struct state *state, const struct spec *spec, struct spec_process *process,
		 const struct join_options *options, int *master)
{
	struct container c;
	int line;
	*master = -1;
	fd_auto pidfd = state_open_process(state);
	if (pidfd < 0 || prepare(&c, state, spec, process, options) < 0 ||
	    sync_pair(&c.sync, &line) < 0) {
		return -1;
	}
	if (process->cpus_initial != NULL && affinity_set(0, process->cpus_initial) < 0) {
		return -1;
	}
	pid_t pid = start(&c, process, pidfd, line);
	if (pid < 0) {
		return -1;
	}
	bool ready = sync_expect(c.sync, SYNC_READY, master) == 0;
	if (ready && c.has_user_namespace) {
		process_give_pipes(ns_outer_uid(pid, process->uid));
	}
	if (!ready || (options->pid_file != NULL && create_write_pid(options->pid_file, pid) < 0) ||
	    sync_send(c.sync, SYNC_START, -1) < 0 || sync_receive(c.sync, NULL) != SYNC_CLOSED) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	return pid;
}
