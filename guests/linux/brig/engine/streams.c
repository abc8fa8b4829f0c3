/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/streams.h"
#include "guests/linux/brig/lib/tame.h"

/* Ends of pipes by the stream that they stand for, or -1. */
struct streams {
	int ours[3];
	int theirs[3];
	char typed[4096]; /* and not passed on yet */
	size_t used;
	size_t at;
};

static pid_t child;

static void on_signal(int number)
{
	kill(child, number);
}

static int make_pipe(int *from, int *to)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return fault_set(errno, "make a pipe");
	}
	*from = ends[0];
	*to = ends[1];
	return 0;
}

static int open_streams(struct streams *s, bool input)
{
	bool out = isatty(STDOUT_FILENO);
	bool err = isatty(STDERR_FILENO);
	if (isatty(STDIN_FILENO) && !input) {
		s->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} else if (isatty(STDIN_FILENO) && (make_pipe(&s->theirs[0], &s->ours[0]) < 0 ||
					    fcntl(s->ours[0], F_SETFL, O_NONBLOCK) < 0)) {
		return -1;
	}
	if (out && make_pipe(&s->ours[1], &s->theirs[1]) < 0) {
		return -1;
	}
	/* One for both, as what comes on them has an order. */
	if (err && out) {
		s->theirs[2] = fcntl(s->theirs[1], F_DUPFD_CLOEXEC, 3);
	} else if (err && make_pipe(&s->ours[2], &s->theirs[2]) < 0) {
		return -1;
	}
	return 0;
}

static void become(const struct streams *s, const char *const line[])
{
	static const int numbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE};
	for (int i = 0; i < 5; i++) {
		signal(numbers[i], SIG_DFL);
	}
	for (int fd = 0; fd < 3; fd++) {
		if (s->theirs[fd] >= 0 && dup2(s->theirs[fd], fd) < 0) {
			_exit(RUN_EXIT_NEVER);
		}
	}
	execvp(line[0], (char *const *)line);
	_exit(RUN_EXIT_NEVER);
}

/* Whether there was anything. */
static bool pass_output(struct streams *s, int fd)
{
	char text[16384];
	ssize_t got = s->ours[fd] < 0 ? -1 : read(s->ours[fd], text, sizeof(text));
	if (got == 0) {
		file_close(&s->ours[fd]);
	}
	if (got > 0) {
		tame_text(text, (size_t)got);
		(void)file_write_all(fd, text, (size_t)got);
	}
	return got > 0;
}

static void pass_typed(struct streams *s)
{
	if (s->at == s->used) {
		ssize_t got = read(STDIN_FILENO, s->typed, sizeof(s->typed));
		if (got <= 0 && errno != EINTR) {
			file_close(&s->ours[0]);
		}
		s->used = got > 0 ? (size_t)got : 0;
		s->at = 0;
	}
	ssize_t put = s->at < s->used ? write(s->ours[0], s->typed + s->at, s->used - s->at) : 0;
	if (put < 0 && errno != EAGAIN && errno != EINTR) {
		file_close(&s->ours[0]);
	}
	s->at += put > 0 ? (size_t)put : 0;
}

static void pass(struct streams *s, int pidfd)
{
	bool ended = false;
	while (!ended) {
		bool held = s->at < s->used;
		struct pollfd polls[4] = {
			{.fd = pidfd, .events = POLLIN},
			{.fd = s->ours[1], .events = POLLIN},
			{.fd = s->ours[2], .events = POLLIN},
			{.fd = s->ours[0] < 0 ? -1 : (held ? s->ours[0] : STDIN_FILENO),
			 .events = held ? POLLOUT : POLLIN},
		};
		if (poll(polls, 4, -1) < 0) {
			continue;
		}
		ended = polls[0].revents != 0;
		for (int fd = 1; fd < 3; fd++) {
			if (polls[fd].revents != 0) {
				(void)pass_output(s, fd);
			}
		}
		if (polls[3].revents != 0) {
			pass_typed(s);
		}
	}
	/* What is left in the container may keep them open. */
	for (int fd = 1; fd < 3; fd++) {
		if (s->ours[fd] >= 0 && fcntl(s->ours[fd], F_SETFL, O_NONBLOCK) == 0) {
			for (int i = 0; i < 64 && pass_output(s, fd); i++) {}
		}
	}
}

int streams_run(const char *const line[], bool input)
{
	int status;
	struct streams s = {.ours = {-1, -1, -1}, .theirs = {-1, -1, -1}};
	if (!isatty(STDIN_FILENO) && !isatty(STDOUT_FILENO) && !isatty(STDERR_FILENO)) {
		execvp(line[0], (char *const *)line);
		return fault_set(errno, "run %s", line[0]);
	}
	if (open_streams(&s, input) < 0) {
		return -1;
	}
	/* Its own terminal's interrupts come to both; the others are passed on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	child = fork();
	if (child == 0) {
		become(&s, line);
	}
	fd_auto pidfd = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
	if (pidfd < 0) {
		return fault_set(errno, "run %s", line[0]);
	}
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	for (int fd = 0; fd < 3; fd++) {
		file_close(&s.theirs[fd]);
	}
	pass(&s, pidfd);
	return waitpid(child, &status, 0) < 0 ? fault_set(errno, "wait for %s", line[0])
					      : run_exit_code(status);
}
