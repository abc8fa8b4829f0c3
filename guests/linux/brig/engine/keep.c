/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/keep.h"
#include "guests/linux/brig/engine/relay.h"
#include "guests/linux/brig/engine/run.h"

static const struct container *kept;

/* A client that does not read holds up nobody's end. */
static bool has_ended(void)
{
	return container_ended(kept);
}

/* The first free one: its lock is the place, its name that of the files beside it. */
static int take_place(const struct container *c, const char **name)
{
	for (int i = 0; i < KEEP_MAX; i++) {
		*name = file_text("exec-%d", i);
		int fd = file_lock(container_path(c, *name), false);
		if (fd >= 0 || errno != EWOULDBLOCK) {
			return fd >= 0 ? fd : fault_set(errno, "lock %s", *name);
		}
	}
	return fault_set(0, "%s has %d terminals of exec already", container_name(c), KEEP_MAX);
}

/* Started, with its terminal in the relay: the process's number, or -1 with a fault. */
static pid_t bring_up(struct relay *r, const json_t *process, const char *name)
{
	const struct container *c = r->c;
	const char *file = container_path(c, file_text("%s.json", name));
	const char *socket = file_text("%s.console", name);
	const char *number = file_text("%s.pid", name);
	fd_auto console = relay_listen_console(c, socket);
	if (console < 0 || file_json_write(file, process) < 0) {
		return -1;
	}
	int result =
		run_oci("exec", "--detach", "--process", file, "--console-socket",
			container_path(c, socket), "--pid-file", container_path(c, number), c->id);
	pid_t pid = result < 0 ? -1 : container_read_pid(c, number);
	unlink(file);
	unlink(container_path(c, socket));
	unlink(container_path(c, number));
	if (result < 0) {
		return -1;
	}
	if (pid <= 0) {
		return fault_set(0, "read the pid of what was started in %s", container_name(c));
	}
	return relay_take_console(r, console) < 0 ? -1 : pid;
}

/*
 * Whose client dies is hung up on, as by sshd: nothing attaches to it again, so that it would be
 * there for ever, one for each connection that was lost. Docker lets it run on (moby issue 14391
 * says why for run, from which one can come back).
 */
static int watch(struct relay *r, pid_t pid)
{
	int status = 0;
	fd_auto pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	while (pidfd >= 0 && !relay_turn(r, pidfd, -1)) {
		if (r->lost) {
			relay_hang_up(r);
		}
	}
	/* At once: until then the container's pid namespace cannot end. */
	bool known = waitpid(pid, &status, 0) == pid;
	relay_finish(r, has_ended);
	return known ? run_exit_code(status) : RUN_EXIT_UNKNOWN;
}

static void keep(const struct container *c, const json_t *process, bool input, int client)
{
	static struct relay r;
	const char *name;
	kept = c;
	relay_open_alone(&r, c, input, client);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int place = take_place(c, &name);
	pid_t pid = place < 0 ? -1 : bring_up(&r, process, name);
	if (pid < 0) {
		relay_fail(&r, fault_text(), has_ended);
	} else {
		relay_close(&r, watch(&r, pid), has_ended);
	}
}

/* Nothing of the client's comes with it but its own end of the socket. */
static void become_keeper(int client)
{
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (dup3(client, 3, O_CLOEXEC) < 0) {
		(void)fcntl(3, F_SETFD, FD_CLOEXEC); /* it is 3 */
	}
	close_range(4, ~0U, 0);
	(void)chdir("/");
}

int keep_start(const struct container *c, const json_t *process, bool input, int keeper)
{
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() != 0) {
			_exit(0);
		}
		become_keeper(keeper);
		keep(c, process, input, 3);
		_exit(0);
	}
	close(keeper);
	if (pid < 0) {
		return fault_set(errno, "start a keeper of the terminal");
	}
	(void)waitpid(pid, NULL, 0);
	return 0;
}
