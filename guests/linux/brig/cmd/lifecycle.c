/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, delete, pause and resume. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/hooks.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/signals.h"
#include "guests/linux/brig/lib/sys.h"

static const struct cmd_option none[] = {{0}};

static int run_poststart(struct state *state)
{
	size_t length;
	const char *text = io_read_file(state->dir, "config.json", SPEC_LIMIT, &length);
	/* Only a file that has the word can have the hooks. */
	if (text == NULL || strstr(text, "poststart") == NULL) {
		return text == NULL ? -1 : 0;
	}
	struct container c = {.id = state->id,
			      .bundle = state->bundle,
			      .pid = state->pid,
			      .spec = spec_parse(text, length, "config.json")};
	return c.spec == NULL ? -1 : hooks_run(&c, HOOK_POSTSTART, "running");
}

static int start(const char *id)
{
	struct state state;
	struct notify notify;
	if (state_load(&state, id, true) < 0) {
		return -1;
	}
	enum state_status status = state_status(&state);
	if (status != STATUS_CREATED) {
		return err_set(0, "cannot start a container that is %s: %s", state_names[status],
			       status == STATUS_STOPPED ? "container has stopped" : id);
	}
	if (notify_open(&notify, state.dir) < 0) {
		return -1;
	}
	fd_auto fifo = openat(state.dir, "start", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0 || write(fifo, "s", 1) != 1) {
		return err_set(errno, "tell the container's process to start");
	}
	unlinkat(state.dir, "start", 0);
	if (run_poststart(&state) < 0) {
		/* The container ends and is removed (runtime.md, lifecycle 9, 12 and 13). */
		const char *text = mem_format("%s", err_text());
		create_destroy(&state);
		return err_set(0, "%s", text);
	}
	/* Without the lock: whoever has to end a container that never gets ready needs it. */
	close(state.dir);
	notify_wait(&notify, state.pid);
	return 0;
}

int cmd_start(int argc, char **argv)
{
	if (cmd_parse(argc, argv, none, 1) < 0 || start(argv[0]) < 0) {
		return cmd_fail();
	}
	return 0;
}

static int send_signal(struct state *state, int number, bool all)
{
	if (all) {
		if (cgroup_kill(&state->cgroup, number) < 0) {
			return -1;
		}
		if (state->cgroup.dir >= 0) {
			return 0;
		}
	}
	fd_auto pidfd = state_open_process(state);
	if (pidfd < 0) {
		return -1;
	}
	if (sys_pidfd_send_signal(pidfd, number) < 0) {
		return errno == ESRCH ? err_set(0, "container not running")
				      : err_set(errno, "send signal %d", number);
	}
	return 0;
}

int cmd_kill(int argc, char **argv)
{
	struct state state;
	bool all = false;
	const struct cmd_option options[] = {{.name = "all", .letter = 'a', .flag = &all}, {0}};
	int count = cmd_parse(argc, argv, options, -1);
	if (count > 2) {
		err_set(0, "kill: needs a container and at most one signal");
	}
	if (count < 1 || count > 2) {
		return cmd_fail();
	}
	int number = count == 2 ? signals_number(argv[1]) : SIGTERM;
	if (number < 0) {
		err_set(0, "unknown signal \"%.32s\"", argv[1]);
		return cmd_fail();
	}
	if (state_load(&state, argv[0], false) < 0 || send_signal(&state, number, all) < 0) {
		return cmd_fail();
	}
	return 0;
}

static int delete_one(const char *id, bool force)
{
	struct state state;
	if (force && state_check_id(id) == 0 && !state_exists(id)) {
		return 0;
	}
	if (state_load(&state, id, true) < 0) {
		return -1;
	}
	enum state_status status = state_status(&state);
	if (!force && (status == STATUS_RUNNING || status == STATUS_PAUSED)) {
		return err_set(0, "cannot delete container %s that is not stopped: %s", id,
			       state_names[status]);
	}
	return create_destroy(&state);
}

int cmd_delete(int argc, char **argv)
{
	bool force = false;
	int failed = 0;
	const struct cmd_option options[] = {{.name = "force", .letter = 'f', .flag = &force}, {0}};
	int count = cmd_parse(argc, argv, options, -1);
	if (count < 0) {
		return cmd_fail();
	}
	for (int i = 0; i < count; i++) {
		if (delete_one(argv[i], force) < 0) {
			failed = cmd_fail();
		}
	}
	return failed;
}

static int freeze(int argc, char **argv, bool on)
{
	struct state state;
	if (cmd_parse(argc, argv, none, 1) < 0 || state_load(&state, argv[0], true) < 0) {
		return cmd_fail();
	}
	enum state_status status = state_status(&state);
	bool fits = on ? status == STATUS_RUNNING || status == STATUS_CREATED
		       : status == STATUS_PAUSED ||
				    (status == STATUS_CREATED && cgroup_frozen(&state.cgroup));
	if (!fits) {
		err_set(0,
			on ? "container not running: it is %s" : "container not paused: it is %s",
			state_names[status]);
		return cmd_fail();
	}
	return cgroup_freeze(&state.cgroup, on) < 0 ? cmd_fail() : 0;
}

int cmd_pause(int argc, char **argv)
{
	return freeze(argc, argv, true);
}

int cmd_resume(int argc, char **argv)
{
	return freeze(argc, argv, false);
}
