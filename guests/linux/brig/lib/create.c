/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guests/linux/brig/lib/affinity.h"
#include "guests/linux/brig/lib/cgroup_systemd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/hooks.h"
#include "guests/linux/brig/lib/init.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/rootfs.h"
#include "guests/linux/brig/lib/sock.h"
#include "guests/linux/brig/lib/sync.h"
#include "guests/linux/brig/lib/sys.h"

static int set_paths(struct container *c, const struct create_options *options)
{
	char path[PATH_MAX];
	if (realpath(options->bundle, path) == NULL) {
		return err_set(errno, "bundle %s", options->bundle);
	}
	c->bundle = mem_copy(path, strlen(path));
	return 0;
}

static int set_rootfs(struct container *c)
{
	char path[PATH_MAX];
	const char *given = c->spec->root_path;
	const char *full = *given == '/' ? given : mem_format("%s/%s", c->bundle, given);
	struct stat status;
	/* The bundle's last name itself, not where a link there leads (hostile.md C15). */
	if (lstat(full, &status) == 0 && S_ISLNK(status.st_mode)) {
		return err_set(ELOOP, "root.path %s", full);
	}
	if (realpath(full, path) == NULL) {
		return err_set(errno, "root.path %s", full);
	}
	c->rootfs = mem_copy(path, strlen(path));
	return 0;
}

static char *read_config(struct container *c, const struct create_options *options, size_t *length)
{
	const char *name = options->config != NULL ? options->config : "config.json";
	const char *path = *name == '/' ? name : mem_format("%s/%s", c->bundle, name);
	char *text = io_read_file(AT_FDCWD, path, SPEC_LIMIT, length);
	if (text != NULL) {
		c->spec = spec_parse(text, *length, path);
	}
	return c->spec == NULL ? NULL : text;
}

static int check_process(const struct container *c, const struct create_options *options)
{
	if (!c->spec->has_process) {
		return err_set(0, "config.json: process: is missing");
	}
	bool terminal = c->spec->process.terminal;
	bool detached = !options->start || options->detach;
	if (terminal && detached && options->console_socket == NULL) {
		return err_set(0, "process.terminal: needs --console-socket, as nobody stays to "
				  "carry the terminal");
	}
	if (!terminal && options->console_socket != NULL) {
		return err_set(0, "--console-socket: process.terminal is false");
	}
	return 0;
}

/* All that can be refused is refused here, before anything is made. */
static int prepare(struct container *c, const struct create_options *options)
{
	c->has_user_namespace = spec_has_namespace(c->spec, CLONE_NEWUSER);
	c->rootless = geteuid() != 0;
	c->nested = ns_is_nested_root();
	c->preserve_fds = options->preserve_fds;
	c->no_pivot = options->no_pivot;
	c->no_new_keyring = options->no_new_keyring;
	const char *listen = getenv("LISTEN_FDS");
	uint64_t count;
	if (listen != NULL && io_parse_u64(listen, &count) && count > 0 && count < 1024) {
		c->preserve_fds += (unsigned int)count;
		process_set_env(&c->spec->process, mem_format("LISTEN_FDS=%s", listen));
		process_set_env(&c->spec->process, "LISTEN_PID=1");
	}
	if (set_rootfs(c) < 0 || check_process(c, options) < 0 ||
	    cgroup_plan(&c->cgroup, c->spec, c->id, options->systemd_cgroup,
			c->rootless || c->nested) < 0 ||
	    (options->no_cgroup && cgroup_disable(&c->cgroup, c->spec->resources) < 0) ||
	    filter_compile(c->spec->seccomp, &c->seccomp) < 0) {
		return -1;
	}
	process_fit_caps(&c->spec->process, c->has_user_namespace, true);
	if (c->rootless && !c->has_user_namespace) {
		return err_set(0, "a user that is not root needs a user namespace in config.json");
	}
	if (c->seccomp.notify) {
		c->seccomp_listener = sock_connect(c->seccomp.listener_path, SOCK_STREAM);
		if (c->seccomp_listener < 0) {
			return err_within("seccomp listener");
		}
	}
	if (options->console_socket != NULL) {
		c->console = sock_connect(options->console_socket, SOCK_STREAM);
		if (c->console < 0) {
			return err_within("console socket");
		}
	}
	return 0;
}

/*
 * A user namespace comes last; the bundle's paths are those of the runtime's mounts; and a
 * cgroup namespace may forbid to be born into the container's group.
 */
#define NOT_EARLY (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP)

/*
 * Join a namespace that the runtime may join: one that belongs to the host, which nobody from
 * a user namespace may, or to a user namespace of the runtime's. The others are left.
 */
static int join_early(struct container *c, const struct spec_namespace *ns)
{
	fd_auto fd = ns_open(ns->path, ns->flag);
	if (fd < 0) {
		return err_number() == EACCES || err_number() == EPERM ? 0 : -1;
	}
	if (setns(fd, ns->flag) < 0) {
		return errno == EPERM ? 0 : err_set(errno, "join namespace %s", ns->path);
	}
	c->joined |= (uint64_t)ns->flag;
	return 0;
}

static int join_now(const struct container *c, int flag)
{
	const char *path = spec_namespace_path(c->spec, flag);
	if (path == NULL || (c->joined & (uint64_t)flag) != 0) {
		return 0;
	}
	fd_auto fd = ns_open(path, flag);
	if (fd < 0) {
		return -1;
	}
	return setns(fd, flag) < 0 ? err_set(errno, "join namespace %s", path) : 0;
}

/* The process in the middle joins what its child is to be born into, or could not join later. */
static int join_outer(struct container *c)
{
	for (uint32_t i = 0; i < c->spec->namespace_count; i++) {
		const struct spec_namespace *ns = &c->spec->namespaces[i];
		if (ns->path != NULL && (ns->flag & NOT_EARLY) == 0 && join_early(c, ns) < 0) {
			return -1;
		}
	}
	err_clear();
	return join_now(c, CLONE_NEWUSER) < 0 || join_now(c, CLONE_NEWPID) < 0 ? -1 : 0;
}

static pid_t clone_init(struct container *c, int line, int sibling)
{
	/* Those that init.c enters by itself. */
	uint64_t later = CLONE_NEWTIME | (c->has_user_namespace ? CLONE_NEWIPC : 0);
	uint64_t flags = spec_new_namespaces(c->spec) & ~later;
	pid_t pid = ns_clone(flags, c->cgroup.dir, sibling);
	if (pid == 0) {
		c->sync = line;
		init_run(c);
	}
	return pid < 0 ? err_set(errno, "start the container's process") : pid;
}

/* Wait for the scope, which what is born in here is then born into. */
static int wait_for_scope(struct container *c, int scope)
{
	char byte;
	if (!c->cgroup.systemd) {
		return 0;
	}
	if (read(scope, &byte, 1) != 1) {
		cgroup_systemd_outlive(&c->cgroup);
		return err_set(0, "the runtime has ended");
	}
	cgroup_find(&c->cgroup);
	return 0;
}

static void run_middle(struct container *c, int line, int scope, int report)
{
	pid_t child = -1;
	if (wait_for_scope(c, scope) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		child = join_outer(c) < 0 ? -1 : clone_init(c, line, 1);
	}
	if (child < 0) {
		sync_send_error(line);
	}
	_exit(write(report, &child, sizeof(child)) == sizeof(child) ? 0 : 1);
}

/* Have systemd put the process in the middle into a scope. */
static int make_scope(struct container *c, pid_t middle, int scope)
{
	if (!c->cgroup.systemd) {
		return 0;
	}
	if (cgroup_create(&c->cgroup, c->spec, c->id, middle) < 0) {
		return -1;
	}
	return write(scope, "s", 1) == 1 ? 0 : err_set(errno, "tell of the scope");
}

static pid_t clone_through(struct container *c, int line)
{
	int report[2];
	int scope[2];
	pid_t child = -1;
	if (pipe2(report, O_CLOEXEC) < 0 || pipe2(scope, O_CLOEXEC) < 0) {
		return err_set(errno, "make a pipe");
	}
	pid_t middle = fork();
	if (middle == 0) {
		close(scope[1]);
		run_middle(c, line, scope[0], report[1]);
	}
	close(report[1]);
	close(scope[0]);
	int made = middle < 0 ? err_set(errno, "start the container's process")
			      : make_scope(c, middle, scope[1]);
	if (made < 0 && middle > 0) {
		kill(middle, SIGKILL);
	}
	close(scope[1]);
	/* The number is of the middle's own view: it is in this process's pid namespace. */
	if (made == 0 && read(report[0], &child, sizeof(child)) != sizeof(child)) {
		err_set(errno, "start the container's process");
		child = -1;
	}
	close(report[0]);
	if (middle > 0) {
		waitpid(middle, NULL, 0);
	}
	if (made == 0 && child < 0) {
		close(line);
		sync_expect(c->sync, SYNC_READY, NULL);
	}
	return child;
}

static bool needs_middle(const struct spec *spec)
{
	bool joins = false;
	for (uint32_t i = 0; i < spec->namespace_count; i++) {
		joins |=
			spec->namespaces[i].path != NULL && spec->namespaces[i].flag != CLONE_NEWNS;
	}
	return spec_namespace_path(spec, CLONE_NEWPID) != NULL ||
	       (joins && spec_has_namespace(spec, CLONE_NEWUSER));
}

static int start_init(struct container *c)
{
	int line;
	const struct spec *spec = c->spec;
	if (sync_pair(&c->sync, &line) < 0) {
		return -1;
	}
	c->pid = c->cgroup.systemd || needs_middle(spec) ? clone_through(c, line)
							 : clone_init(c, line, 0);
	if (c->pid < 0) {
		c->pid = 0;
		return -1;
	}
	close(line);
	return 0;
}

static int set_up_init(struct container *c, int *master)
{
	bool hooks = c->spec->hooks[HOOK_PRESTART].count > 0 ||
		     c->spec->hooks[HOOK_CREATE_RUNTIME].count > 0;
	if (c->has_user_namespace) {
		bool is_new = spec_namespace_path(c->spec, CLONE_NEWUSER) == NULL;
		if (is_new && ns_write_maps(c->pid, &c->spec->uids, &c->spec->gids) < 0) {
			return -1;
		}
		if (process_raise_limits(c->pid, &c->spec->process) < 0 ||
		    sync_send(c->sync, SYNC_MAPPED, -1) < 0) {
			return -1;
		}
	}
	if (hooks && (sync_expect(c->sync, SYNC_HOOKS, NULL) < 0 ||
		      hooks_run(c, HOOK_PRESTART, "creating") < 0 ||
		      hooks_run(c, HOOK_CREATE_RUNTIME, "creating") < 0 ||
		      sync_send(c->sync, SYNC_GO_ON, -1) < 0)) {
		return -1;
	}
	if (sync_expect(c->sync, SYNC_READY, master) < 0) {
		return -1;
	}
	if (c->has_user_namespace) {
		/* A pipe of a user who is not in there can be given from here alone. */
		process_give_pipes(ns_outer_uid(c->pid, c->spec->process.uid));
	}
	return 0;
}

int create_write_pid(const char *path, pid_t pid)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash == NULL ? "." : mem_copy(path, (size_t)(slash - path) + 1);
	const char *text = mem_format("%d", pid);
	fd_auto dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return err_set(errno, "write pid file %s", path);
	}
	if (io_replace(dir, slash == NULL ? path : slash + 1, text, strlen(text), 0644) < 0) {
		return err_within("write pid file %s", path);
	}
	return 0;
}

static int release(struct container *c, const struct create_options *options)
{
	if (sync_send(c->sync, SYNC_START, -1) < 0) {
		return -1;
	}
	if (!options->start) {
		return 0;
	}
	/* The line closes at the exec; before it, what failed may still come. */
	enum sync_type type = sync_receive(c->sync, NULL);
	if (type != SYNC_CLOSED) {
		return type == SYNC_ERROR ? -1 : err_set(0, "unexpected message");
	}
	return 0;
}

static int make_state(struct container *c, const char *text, size_t length, bool start)
{
	c->state_dir = state_make(c->id);
	if (c->state_dir < 0) {
		return -1;
	}
	if (state_save(c) < 0 || io_replace(c->state_dir, "config.json", text, length, 0600) < 0) {
		return -1;
	}
	if (start) {
		return 0;
	}
	/* Open for both, so that it neither blocks nor ends while nobody else has it. */
	if (mkfifoat(c->state_dir, "start", 0600) < 0) {
		return err_set(errno, "make FIFO");
	}
	c->fifo = openat(c->state_dir, "start", O_RDWR | O_CLOEXEC);
	return c->fifo < 0 ? err_set(errno, "open FIFO") : 0;
}

static int build(struct container *c, const struct create_options *options, struct created *created)
{
	if (!c->cgroup.systemd && cgroup_create(&c->cgroup, c->spec, c->id, 0) < 0) {
		return -1;
	}
	if (notify_prepare(c) < 0 ||
	    (options->start && notify_open(&created->notify, c->state_dir) < 0) ||
	    rootfs_prepare(c) < 0 || mount_prepare(c) < 0) {
		return -1;
	}
	const struct spec_process *process = &c->spec->process;
	if (process->cpus_initial != NULL && affinity_set(0, process->cpus_initial) < 0) {
		return -1;
	}
	if (start_init(c) < 0 || set_up_init(c, &created->master) < 0 || state_save(c) < 0) {
		return -1;
	}
	if (options->pid_file != NULL && create_write_pid(options->pid_file, c->pid) < 0) {
		return -1;
	}
	if (release(c, options) < 0) {
		return -1;
	}
	return options->start ? hooks_run(c, HOOK_POSTSTART, "running") : 0;
}

/* What was made so far goes again; the failure that led here stays the one recorded. */
static void unmake(struct container *c)
{
	const char *text = mem_format("%s", err_text());
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		cgroup_kill(&c->cgroup, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->state_dir >= 0) {
		hooks_run(c, HOOK_POSTSTOP, "stopped");
		cgroup_remove(&c->cgroup);
		state_remove_id(c->id);
	}
	err_set(0, "%s", text);
}

int create_container(struct container *c, const struct create_options *options,
		     struct created *created)
{
	size_t length;
	*c = (struct container){
		.id = options->id,
		.seccomp_listener = -1,
		.state_dir = -1,
		.fifo = -1,
		.sync = -1,
		.root = -1,
		.proc = -1,
		.null = -1,
		.console = -1,
		.cgroup.dir = -1,
	};
	*created = (struct created){.master = -1, .notify = {.own = -1, .host = -1}};
	if (state_check_id(options->id) < 0 || set_paths(c, options) < 0) {
		return -1;
	}
	if (state_exists(options->id)) {
		return err_set(0, "container with given ID already exists: %s", options->id);
	}
	const char *text = read_config(c, options, &length);
	if (text == NULL || prepare(c, options) < 0) {
		return -1;
	}
	if (make_state(c, text, length, options->start) < 0 || build(c, options, created) < 0) {
		unmake(c);
		return -1;
	}
	close(c->state_dir);
	c->state_dir = -1;
	return 0;
}

static struct spec *read_spec(const struct state *state)
{
	size_t length;
	const char *text = io_read_file(state->dir, "config.json", SPEC_LIMIT, &length);
	return text == NULL ? NULL : spec_parse(text, length, "config.json");
}

int create_destroy(struct state *state)
{
	fd_auto pidfd = state_open_process(state);
	if (pidfd >= 0) {
		cgroup_kill(&state->cgroup, SIGKILL);
		sys_pidfd_send_signal(pidfd, SIGKILL);
	} else if (state->cgroup.dir >= 0) {
		cgroup_kill(&state->cgroup, SIGKILL);
	}
	err_clear();
	if (pidfd >= 0) {
		struct pollfd wait = {.fd = pidfd, .events = POLLIN};
		poll(&wait, 1, 10000);
	}
	if (cgroup_remove(&state->cgroup) < 0) {
		return -1;
	}
	struct container c = {.id = state->id,
			      .bundle = state->bundle,
			      .spec = state->empty ? NULL : read_spec(state)};
	if (state_remove(state) < 0) {
		return -1;
	}
	if (c.spec != NULL) {
		hooks_run(&c, HOOK_POSTSTOP, "stopped");
	}
	err_clear();
	return 0;
}
