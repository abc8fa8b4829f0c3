/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guests/linux/brig/engine/attach.h"
#include "guests/linux/brig/engine/clock.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/relay.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/lib/tame.h"

#define CONNECT_MS 10000 /* for another who revives its supervisor just now */

static volatile sig_atomic_t asked_to_stop;
static volatile sig_atomic_t resized;

static void on_signal(int number)
{
	if (number == SIGWINCH) {
		resized = 1;
	} else {
		asked_to_stop = number;
	}
}

static int set_keys(struct attach *a, const char *keys)
{
	const json_t *request = container_request(a->c);
	a->key_count = parse_keys(
		keys != NULL ? keys : request_text(request, "detach_keys", ATTACH_KEYS), a->keys);
	return a->key_count < 0 ? -1 : 0;
}

int attach_prepare(struct attach *a, const struct container *c, bool input, const char *keys)
{
	const json_t *request = container_request(c);
	*a = (struct attach){.c = c,
			     .socket = -1,
			     .input = input && request_flag(request, "interactive"),
			     .tty = request_flag(request, "tty")};
	return set_keys(a, keys);
}

int attach_prepare_exec(struct attach *a, const struct container *c, bool input, const char *keys)
{
	*a = (struct attach){.c = c, .socket = -1, .input = input, .tty = true, .alone = true};
	return set_keys(a, keys);
}

/* -- To the container ---------------------------------------------------------------- */

struct session {
	struct attach *a;
	bool raw; /* this terminal is the container's now */
	bool reading;
	bool left;   /* by the keys */
	int matched; /* of them */
	struct relay_message held;
	size_t held_size; /* what the supervisor did not take yet, or 0 */
};

static void flush(struct session *s)
{
	if (s->held_size > 0 &&
	    (send(s->a->socket, &s->held, s->held_size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	     (errno != EAGAIN && errno != EINTR && errno != ENOBUFS))) {
		s->held_size = 0; /* a lost connection is seen where it is read from */
	}
}

static void tell_size(int socket)
{
	struct relay_message message = {.kind = RELAY_SIZE};
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		memcpy(message.data, &size, sizeof(size));
		(void)send(socket, &message, 1 + sizeof(size), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* Keys of an unfinished row are held back until the next one tells. */
static void take_typed(struct session *s, const char *data, size_t length)
{
	const struct attach *a = s->a;
	size_t used = 0;
	for (size_t i = 0; i < length && !s->left; i++) {
		if (s->raw && a->key_count > 0 && data[i] == a->keys[s->matched]) {
			s->left = ++s->matched == a->key_count;
			continue;
		}
		memcpy(s->held.data + used, a->keys, (size_t)s->matched);
		used += (size_t)s->matched;
		s->matched = s->raw && a->key_count > 0 && data[i] == a->keys[0];
		if (s->matched == 0) {
			s->held.data[used++] = data[i];
		}
	}
	s->held.kind = RELAY_INPUT;
	s->held_size = used > 0 ? used + 1 : 0;
}

static void take_input(struct session *s)
{
	char data[RELAY_DATA - PARSE_KEYS];
	ssize_t got = read(STDIN_FILENO, data, sizeof(data));
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (got <= 0) {
		s->reading = false;
		s->held.kind = RELAY_INPUT_END;
		s->held_size = 1;
	} else {
		take_typed(s, data, (size_t)got);
	}
	flush(s);
}

/* -- From the container ---------------------------------------------------------------- */

enum {
	GOES_ON = -1,
	FAILED = -2, /* with a fault */
	LOST = -3
}; /* in place of an exit code */

/* The exit code once it has ended. */
static int take_output(struct session *s)
{
	struct relay_message message;
	int code;
	ssize_t got = relay_receive(s->a->socket, &message, 0);
	if (got < 1) {
		return got < 0 && errno == EINTR ? GOES_ON : LOST;
	}
	size_t length = (size_t)got - 1;
	if (message.kind == RELAY_FULL) {
		return fault_set(0, "%s has %d attached already", container_name(s->a->c),
				 RELAY_CLIENTS) -
		       1;
	}
	if (message.kind == RELAY_FAULT) {
		return fault_set(0, "%.*s", (int)length, message.data) - 1;
	}
	if (message.kind == RELAY_EXIT && length == sizeof(code)) {
		memcpy(&code, message.data, sizeof(code));
		return code;
	}
	int fd = message.kind == RELAY_STDERR ? STDERR_FILENO : STDOUT_FILENO;
	if (!s->raw && isatty(fd)) {
		tame_text(message.data, length);
	}
	(void)file_write_all(fd, message.data, length);
	return GOES_ON;
}

/* -- Both ---------------------------------------------------------------------------- */

static struct termios before;

static void make_raw(struct session *s)
{
	struct termios raw;
	if (s->a->input && s->a->tty && tcgetattr(STDIN_FILENO, &before) == 0) {
		raw = before;
		cfmakeraw(&raw);
		s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
}

/* In a process of its own, as its output goes on meanwhile; asked again, it is killed. */
static pid_t stop(const struct container *c, pid_t before_it)
{
	pid_t pid = fork();
	if (pid == 0) {
		(void)control_stop(c, before_it > 0 ? "1ms" : NULL);
		_exit(0);
	}
	return pid > 0 ? pid : before_it;
}

/* The container's own supervisor was killed: by another, or what is known of the end. */
static int come_back(struct attach *a)
{
	struct container_state state;
	file_close(&a->socket);
	if (a->alone) {
		return container_ended(a->c)
			       ? RUN_EXIT_UNKNOWN /* and it did not wait for who does not read */
			       : fault_set(0, "what kept the terminal was killed") - 1;
	}
	if (!container_ended(a->c) && attach_connect(a) == 0) {
		return GOES_ON;
	}
	container_load_state(a->c, &state);
	return strcmp(state.status, "exited") == 0 ? state.exit_code : RUN_EXIT_UNKNOWN;
}

static void set_signals(sigset_t *waiting, bool alone)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGWINCH, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;
	sigemptyset(&blocked);
	for (size_t i = 0; i < (alone ? 4 : 3); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, waiting); /* they come while it waits only */
}

/* The exit code of one that ends with its client. */
static int serve_signals(struct session *s, pid_t *stopping)
{
	if (resized) {
		resized = 0;
		tell_size(s->a->socket);
	}
	if (asked_to_stop && s->a->alone) {
		return 128 + asked_to_stop;
	}
	if (asked_to_stop) {
		asked_to_stop = 0;
		*stopping = stop(s->a->c, *stopping);
	}
	return GOES_ON;
}

static int leave(struct session *s)
{
	const char *name = container_name(s->a->c);
	if (s->a->alone) {
		(void)relay_leave(&s->a->socket);
		fprintf(stderr, "\r\nbrig: it runs on in %s\r\n", name);
	} else {
		fprintf(stderr, "\r\nbrig: %s runs on (brig attach %s)\r\n", name, name);
	}
	return 0;
}

/* Its exit code, or 0 when it is left. */
static int pass(struct session *s)
{
	pid_t stopping = 0;
	sigset_t waiting;
	int code = GOES_ON;
	set_signals(&waiting, s->a->alone);
	while (code == GOES_ON) {
		struct pollfd polls[2] = {
			{.fd = s->a->socket,
			 .events = (short)(POLLIN | (s->held_size > 0 ? POLLOUT : 0))},
			{.fd = s->reading && s->held_size == 0 ? STDIN_FILENO : -1,
			 .events = POLLIN}};
		int ready = ppoll(polls, 2, NULL, &waiting);
		code = serve_signals(s, &stopping);
		if (ready <= 0 || code != GOES_ON) {
			continue;
		}
		flush(s);
		if (polls[1].revents != 0) {
			take_input(s);
		}
		if (s->left) {
			return leave(s);
		}
		if ((polls[0].revents & ~POLLOUT) != 0) {
			code = take_output(s);
			code = code == LOST ? come_back(s->a) : code;
		}
	}
	return code == FAILED ? -1 : code;
}

int attach_pair(struct attach *a, int *supervisor)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return fault_set(errno, "make a socket pair");
	}
	a->socket = ends[0];
	*supervisor = ends[1];
	tell_size(a->socket);
	return 0;
}

int attach_connect(struct attach *a)
{
	int64_t give_up = clock_ms() + CONNECT_MS;
	do {
		control_revive(a->c);
		a->socket = relay_connect(a->c);
	} while (a->socket < 0 && !container_ended(a->c) && clock_ms() < give_up &&
		 usleep(20000) == 0);
	if (a->socket < 0) {
		return -1;
	}
	tell_size(a->socket);
	return 0;
}

int attach_follow(struct attach *a)
{
	static struct session s;
	s = (struct session){.a = a, .reading = a->input};
	make_raw(&s);
	int code = pass(&s);
	if (s.raw) {
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	file_close(&a->socket);
	return code;
}
