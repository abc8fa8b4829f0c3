/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/lib/create.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/rootfs.h"

static int signals = -1;

void supervise_prepare(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reap everything, as this process may be a subreaper; true once `pid` is among it. */
static bool reap(pid_t pid, int *status)
{
	int one;
	pid_t ended;
	while ((ended = waitpid(-1, &one, WNOHANG)) > 0) {
		if (ended == pid) {
			*status = status_of(one);
			return true;
		}
	}
	return ended < 0 && errno == ECHILD;
}

static bool handle_signal(pid_t pid, int master, int *status)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof(info)) != sizeof(info)) {
		return false;
	}
	switch (info.ssi_signo) {
	case SIGCHLD:
		return reap(pid, status);
	case SIGWINCH:
		if (master >= 0) {
			terminal_resize(master);
		}
		return false;
	case SIGPIPE:
	case SIGURG:
	case SIGTTOU:
	case SIGTTIN:
		return false;
	default:
		kill(pid, (int)info.ssi_signo);
		return false;
	}
}

/* Carry what there is from one to the other; false at its end. */
static bool carry(int from, int to)
{
	char bytes[4096];
	ssize_t got = read(from, bytes, sizeof(bytes));
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return true;
	}
	return got > 0 && io_write_all(to, bytes, (size_t)got) == 0;
}

static void drain(int master)
{
	struct pollfd wait = {.fd = master, .events = POLLIN};
	while (poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN) != 0 && carry(master, 1)) {}
}

int supervise(pid_t pid, int master, const struct notify *notify)
{
	sigset_t all;
	int status = 255;
	sigfillset(&all);
	signals = signalfd(-1, &all, SFD_CLOEXEC);
	if (signals < 0) {
		return err_set(errno, "make a signal descriptor");
	}
	if (master >= 0) {
		terminal_resize(master);
		terminal_raw();
	}
	/* Whatever ended before the signals were read. */
	bool ended = reap(pid, &status);
	struct pollfd fds[4] = {
		{.fd = signals, .events = POLLIN},
		{.fd = master, .events = POLLIN},
		{.fd = master >= 0 ? 0 : -1, .events = POLLIN},
		{.fd = notify != NULL ? notify->own : -1, .events = POLLIN},
	};
	while (!ended) {
		if (poll(fds, 4, -1) < 0 && errno != EINTR) {
			break;
		}
		if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !carry(master, 1)) {
			fds[1].fd = -1;
		}
		if ((fds[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !carry(0, master)) {
			fds[2].fd = -1;
		}
		/* This process is the one to watch: it goes on as long as the container. */
		if ((fds[3].revents & POLLIN) != 0) {
			notify_pass(notify, getpid());
		}
		if ((fds[0].revents & POLLIN) != 0) {
			ended = handle_signal(pid, master, &status);
		}
	}
	if (master >= 0) {
		drain(master);
		terminal_restore();
	}
	err_clear();
	return status;
}
