/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
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

/* What was typed, and the terminal did not take yet: nothing else waits for that. */
static struct {
	char bytes[4096];
	size_t used;
	size_t at;
} typed;

static bool take_typed(void)
{
	ssize_t got = read(0, typed.bytes, sizeof(typed.bytes));
	typed.at = 0;
	typed.used = got > 0 ? (size_t)got : 0;
	return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static void pass_typed(int master)
{
	ssize_t put = write(master, typed.bytes + typed.at, typed.used - typed.at);
	if (put > 0) {
		typed.at += (size_t)put;
	} else if (errno != EAGAIN && errno != EINTR) {
		typed.at = typed.used; /* nothing has it open */
	}
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
		fcntl(master, F_SETFL, O_NONBLOCK);
	}
	bool reading = master >= 0;
	/* Whatever ended before the signals were read. */
	bool ended = reap(pid, &status);
	struct pollfd fds[4] = {
		{.fd = signals, .events = POLLIN},
		{.fd = master, .events = POLLIN},
		{.fd = -1, .events = POLLIN},
		{.fd = notify != NULL ? notify->own : -1, .events = POLLIN},
	};
	while (!ended) {
		bool pending = typed.at < typed.used;
		fds[1].events = pending ? POLLIN | POLLOUT : POLLIN;
		fds[2].fd = reading && !pending ? 0 : -1;
		if (poll(fds, 4, -1) < 0 && errno != EINTR) {
			break;
		}
		if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !carry(master, 1)) {
			fds[1].fd = -1;
		}
		if ((fds[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !take_typed()) {
			reading = false;
		}
		if (typed.at < typed.used) {
			pass_typed(master);
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
