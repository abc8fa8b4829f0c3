/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guests/linux/brig/engine/clock.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/relay.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/spaces.h"

#define TICK_MS      100
#define LEAVE_MS     30000
#define LAST_READS   64 /* more than a terminal's or the pipes' buffers hold */
#define PACE_MS      10
#define PACE_BYTES   (100 << 10) /* in that time: 10 MiB a second */
#define END_OF_INPUT 4           /* what a terminal takes for it: Ctrl-D */

static bool flag(const struct relay *r, const char *name)
{
	return request_flag(container_request(r->c), name);
}

/* -- Sockets in the container's folder ------------------------------------------ */

/* Through the folder's descriptor: its path may be longer than an address. */
static int open_socket(const struct container *c, const char *name, int type,
		       int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	fd_auto folder = open(container_path(c, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, name);
	if (folder < 0 || fd < 0 ||
	    use(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int why = errno;
		file_close(&fd);
		errno = why;
		return -1;
	}
	return fd;
}

static int listen_at(const struct container *c, const char *name, int type)
{
	unlink(container_path(c, name));
	int fd = open_socket(c, name, type | SOCK_NONBLOCK, bind);
	if (fd < 0 || chmod(container_path(c, name), 0600) < 0 || listen(fd, 16) < 0) {
		fault_set(errno, "make the socket %s", container_path(c, name));
		file_close(&fd);
		return -1;
	}
	return fd;
}

int relay_connect(const struct container *c)
{
	int fd = open_socket(c, "attach", SOCK_SEQPACKET, connect);
	return fd < 0 ? fault_set(errno, "attach to %s", container_name(c)) : fd;
}

/*
 * The other end's close is told as ECONNRESET when it left something unread there, such as what
 * was typed last, and before what it had still sent: the kernel looks for an error first.
 */
ssize_t relay_receive(int socket, struct relay_message *message, int flags)
{
	ssize_t got = recv(socket, message, sizeof(*message), flags);
	return got < 0 && errno == ECONNRESET ? recv(socket, message, sizeof(*message), flags)
					      : got;
}

/* Half closed it tells this from a client that died; what it still wrote is read first. */
int relay_leave(int *socket)
{
	static struct relay_message rest;
	int result = 0;
	ssize_t got;
	struct pollfd wait = {.fd = *socket, .events = POLLIN};
	(void)shutdown(*socket, SHUT_WR);
	while (poll(&wait, 1, LEAVE_MS) > 0 && (got = relay_receive(*socket, &rest, 0)) > 0) {
		if (rest.kind == RELAY_FAULT) {
			result = fault_set(0, "%.*s", (int)got - 1, rest.data);
		}
	}
	file_close(socket);
	return result;
}

int relay_listen_console(const struct container *c, const char *name)
{
	return listen_at(c, name, SOCK_STREAM);
}

/* -- Opening ---------------------------------------------------------------------- */

/* Open for reading and writing: the pipe has a reader while the supervisor is away. */
static int open_fifo(const struct container *c, const char *name)
{
	const char *path = container_path(c, name);
	if (mkfifo(path, 0600) < 0 && errno != EEXIST) {
		return fault_set(errno, "make the fifo %s", path);
	}
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		/* /dev/stdout is opened again by name, by whatever user it runs as. */
		(void)fchmod(fd, 0622);
	}
	return fd < 0 ? fault_set(errno, "open the fifo %s", path) : fd;
}

static void set_up(struct relay *r, const struct container *c, int client)
{
	r->c = c;
	r->terminal = r->in = r->listener = r->out[0] = r->out[1] = -1;
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		r->clients[i] = -1;
	}
	r->clients[0] = client;
}

void relay_open_alone(struct relay *r, const struct container *c, bool input, int client)
{
	set_up(r, c, client);
	r->hears = input;
	r->alone = true;
	r->log.fd = -1;
}

int relay_open(struct relay *r, const struct container *c, int client)
{
	int64_t limit = LOG_SIZE_DEFAULT;
	const char *size = request_text(container_request(c), "log_size", NULL);
	set_up(r, c, client);
	r->hears = flag(r, "interactive");
	r->stays = flag(r, "detach"); /* another may come to say more */
	if (size != NULL && parse_size(size, &limit) < 0) {
		return -1;
	}
	r->out[0] = open_fifo(c, "out");
	r->out[1] = r->out[0] < 0 ? -1 : open_fifo(c, "err");
	r->listener = r->out[1] < 0 ? -1 : listen_at(c, "attach", SOCK_SEQPACKET);
	return r->listener < 0 ? -1 : log_open(&r->log, container_path(c, "log"), limit);
}

int relay_stdin(struct relay *r)
{
	int ends[2];
	if (!r->hears || flag(r, "tty")) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return null < 0 ? fault_set(errno, "open /dev/null") : null;
	}
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0) {
		return fault_set(errno, "make a pipe");
	}
	r->in = ends[1];
	return ends[0];
}

int relay_take_console(struct relay *r, int console)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char name[64];
	struct iovec part = {.iov_base = name, .iov_len = sizeof(name)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	fd_auto from = accept4(console, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (from < 0 || recvmsg(from, &message, MSG_CMSG_CLOEXEC) < 0) {
		return fault_set(errno, "take the terminal of %s", container_name(r->c));
	}
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int))) {
		return fault_set(0, "the runtime sent no terminal of %s", container_name(r->c));
	}
	memcpy(&r->terminal, CMSG_DATA(header), sizeof(int));
	r->in = r->hears ? r->terminal : -1;
	r->hung = false;
	return fcntl(r->terminal, F_SETFL, O_NONBLOCK) < 0 ? fault_set(errno, "set the terminal")
							   : 0;
}

/* -- To those who are attached ---------------------------------------------------- */

static void close_input(struct relay *r)
{
	if (r->in != r->terminal) {
		file_close(&r->in);
	}
	r->in = -1;
	r->input_at = r->input_used = 0;
	r->input_ends = false;
}

/* What was read from those who are gone is passed on first. */
static void end_input(struct relay *r)
{
	if (r->in < 0 || r->stays) {
		return;
	}
	if (r->in == r->terminal) {
		r->input.data[0] = END_OF_INPUT;
		r->input_used = 1;
		r->input_at = 0;
	} else if (r->input_at < r->input_used) {
		r->input_ends = true;
	} else {
		close_input(r);
	}
}

/* Closed one way only: who leaves does so, who dies cannot. */
static bool has_left(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLRDHUP};
	return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP)) == POLLRDHUP;
}

static void drop(struct relay *r, int client)
{
	int left = 0;
	r->lost = r->alone && !has_left(r->clients[client]);
	file_close(&r->clients[client]);
	r->owed[client] = false;
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		left += r->clients[i] >= 0;
	}
	/* A terminal can be left and come back to; a pipe ends with the last who writes. */
	if (left == 0 && r->in != r->terminal) {
		end_input(r);
	}
}

static bool is_owed(const struct relay *r)
{
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		if (r->owed[i]) {
			return true;
		}
	}
	return false;
}

static void give(struct relay *r, int client)
{
	ssize_t sent =
		send(r->clients[client], &r->output, r->output_size, MSG_DONTWAIT | MSG_NOSIGNAL);
	r->owed[client] = sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR);
	if (sent < 0 && !r->owed[client]) {
		drop(r, client);
	}
}

static void give_all(struct relay *r, enum relay_kind kind, size_t length)
{
	r->output.kind = (char)kind;
	r->output_size = length + 1;
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		if (r->clients[i] >= 0) {
			give(r, i);
		}
	}
}

/* -- From the container ------------------------------------------------------------ */

/* Up to a message's worth at a time: a flood on one does not starve the rest. */
static bool pump(struct relay *r, int fd, int stream)
{
	ssize_t got = fd < 0 || is_owed(r) ? 0 : read(fd, r->output.data, RELAY_DATA);
	if (got > 0) {
		size_t logged = r->log.path == NULL
					? 0
					: log_add(&r->log, stream, r->output.data, (size_t)got);
		r->passed += logged > (size_t)got ? logged : (size_t)got;
		give_all(r, stream == 0 ? RELAY_STDOUT : RELAY_STDERR, (size_t)got);
	}
	if (fd >= 0 && fd == r->terminal) {
		r->hung = got < 0 && errno == EIO;
	}
	return got > 0;
}

static bool pump_all(struct relay *r)
{
	bool any = pump(r, r->out[0], 0);
	any = pump(r, r->out[1], 1) || any;
	return pump(r, r->terminal, 0) || any;
}

static bool is_watched(const struct relay *r)
{
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		if (r->clients[i] >= 0) {
			return true;
		}
	}
	return false;
}

/*
 * Where nobody waits for it, output is read so often and so much of it only: what a container
 * writes, in lines of one byte or by one system call each, costs this process little beside what
 * it costs the container, which waits at a full pipe, and the disk no more than that a second.
 */
static void pump_paced(struct relay *r)
{
	if (is_watched(r)) {
		(void)pump_all(r);
		return;
	}
	if (clock_ms() < r->next) {
		return;
	}
	r->passed = 0;
	while (pump_all(r) && r->passed < PACE_BYTES) {}
	if (r->passed > 0) {
		size_t more = r->passed / PACE_BYTES; /* of a few bytes there may be many lines */
		r->next = clock_ms() + PACE_MS * (int64_t)(1 + more);
	}
}

/* How long output is let alone, in ms, or 0. */
static int pause_left(const struct relay *r)
{
	int64_t left = is_watched(r) ? 0 : r->next - clock_ms();
	return left > 0 ? (int)left : 0;
}

/* -- To the container -------------------------------------------------------------- */

static bool is_pending(const struct relay *r)
{
	return r->in >= 0 && r->input_at < r->input_used;
}

static void pass_input(struct relay *r)
{
	ssize_t put = write(r->in, r->input.data + r->input_at, r->input_used - r->input_at);
	if (put > 0) {
		r->input_at += (size_t)put;
	} else if (r->in == r->terminal && errno == EIO) {
		r->input_at = r->input_used; /* nothing has it open */
	} else if (errno != EAGAIN && errno != EINTR) {
		close_input(r); /* it reads no more */
	}
	if (r->input_ends && !is_pending(r)) {
		close_input(r);
	}
}

static void hear(struct relay *r, int client)
{
	ssize_t got = relay_receive(r->clients[client], &r->input, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0) {
		drop(r, client);
	} else if (r->input.kind == RELAY_INPUT && r->in >= 0) {
		r->input_at = 0;
		r->input_used = (size_t)got - 1;
	} else if (r->input.kind == RELAY_INPUT_END) {
		end_input(r);
	} else if (r->input.kind == RELAY_SIZE && got == 1 + sizeof(struct winsize) &&
		   r->terminal >= 0) {
		(void)ioctl(r->terminal, TIOCSWINSZ, r->input.data);
	}
}

static void welcome(struct relay *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	for (int i = 0; fd >= 0 && i < RELAY_CLIENTS; i++) {
		if (r->clients[i] < 0) {
			r->clients[i] = fd;
			return;
		}
	}
	static const char full = RELAY_FULL;
	(void)send(fd, &full, sizeof(full), MSG_DONTWAIT | MSG_NOSIGNAL);
	file_close(&fd);
}

/* -- One turn ---------------------------------------------------------------------- */

enum place {
	PLACE_PROCESS,
	PLACE_LISTENER,
	PLACE_INPUT,
	PLACE_OUTPUT, /* two fifos and the terminal */
	PLACE_CLIENTS = PLACE_OUTPUT + 3,
	PLACES = PLACE_CLIENTS + RELAY_CLIENTS,
};

/* An entry that waits for nothing would still be told of a hang-up, again and again. */
static struct pollfd waiting(int fd, int events)
{
	return (struct pollfd){.fd = events != 0 ? fd : -1, .events = (short)events};
}

static void fill(const struct relay *r, struct pollfd *polls, int pidfd, bool paused)
{
	int output = paused || is_owed(r) ? 0 : POLLIN;
	int hearing = is_pending(r) ? 0 : POLLIN;
	int going = r->alone ? POLLRDHUP : 0;
	polls[PLACE_PROCESS] = waiting(pidfd, POLLIN);
	polls[PLACE_LISTENER] = waiting(r->listener, POLLIN);
	polls[PLACE_INPUT] = waiting(r->in, is_pending(r) ? POLLOUT : 0);
	polls[PLACE_OUTPUT] = waiting(r->out[0], output);
	polls[PLACE_OUTPUT + 1] = waiting(r->out[1], output);
	polls[PLACE_OUTPUT + 2] = waiting(r->terminal, r->hung ? 0 : output);
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		polls[PLACE_CLIENTS + i] =
			waiting(r->clients[i], hearing | going | (r->owed[i] ? POLLOUT : 0));
	}
}

static void serve_clients(struct relay *r, const struct pollfd *polls)
{
	for (int i = 0; i < RELAY_CLIENTS; i++) {
		short what = polls[PLACE_CLIENTS + i].revents;
		if (r->owed[i] && what != 0) {
			give(r, i);
		}
		if (r->clients[i] >= 0 && (what & ~POLLOUT) != 0 && !is_pending(r)) {
			hear(r, i);
		}
	}
}

/* It is gone, and what it typed before is not taken: what has the terminal does not read. */
static void see_off(struct relay *r, const struct pollfd *polls)
{
	bool gone = (polls[PLACE_CLIENTS].revents & (POLLRDHUP | POLLHUP)) != 0;
	if (r->alone && gone && r->clients[0] >= 0 && is_pending(r) &&
	    polls[PLACE_INPUT].revents == 0) {
		drop(r, 0);
	}
}

bool relay_turn(struct relay *r, int pidfd, int timeout)
{
	struct pollfd polls[PLACES];
	int pause = pause_left(r);
	fill(r, polls, pidfd, pause > 0);
	if (pause > 0 && (timeout < 0 || timeout > pause)) {
		timeout = pause;
	}
	if (r->hung && (timeout < 0 || timeout > TICK_MS)) {
		timeout = TICK_MS;
	}
	if (poll(polls, PLACES, timeout) < 0) {
		return false;
	}
	serve_clients(r, polls);
	if (polls[PLACE_INPUT].revents != 0 && r->in >= 0) {
		pass_input(r);
	}
	see_off(r, polls);
	if (polls[PLACE_LISTENER].revents != 0) {
		welcome(r);
	}
	pump_paced(r);
	return polls[PLACE_PROCESS].revents != 0;
}

/* -- The end ----------------------------------------------------------------------- */

static void settle(struct relay *r, bool (*hurry)(void))
{
	while (is_owed(r)) {
		for (int i = 0; hurry() && i < RELAY_CLIENTS; i++) {
			if (r->owed[i]) {
				drop(r, i);
			}
		}
		struct pollfd polls[RELAY_CLIENTS];
		for (int i = 0; i < RELAY_CLIENTS; i++) {
			polls[i] = waiting(r->clients[i], r->owed[i] ? POLLOUT : 0);
		}
		(void)poll(polls, RELAY_CLIENTS, TICK_MS);
		for (int i = 0; i < RELAY_CLIENTS; i++) {
			if (r->owed[i] && polls[i].revents != 0) {
				give(r, i);
			}
		}
	}
}

void relay_finish(struct relay *r, bool (*hurry)(void))
{
	/* What stays behind may open an exec's terminal again, or has the pipes still, and writes. */
	bool others = r->alone || spaces_shares_pids(container_request(r->c));
	int left = others ? LAST_READS : -1;
	do {
		settle(r, hurry);
	} while (pump_all(r) && --left != 0);
	settle(r, hurry);
	relay_hang_up(r);
}

void relay_hang_up(struct relay *r)
{
	close_input(r);
	file_close(&r->terminal);
	r->hung = false;
	r->lost = false;
}

static void say_last(struct relay *r, enum relay_kind kind, size_t length, bool (*hurry)(void))
{
	give_all(r, kind, length);
	settle(r, hurry);
}

void relay_shut(struct relay *r)
{
	file_close(&r->listener);
	log_close(&r->log);
}

void relay_close(struct relay *r, int exit_code, bool (*hurry)(void))
{
	memcpy(r->output.data, &exit_code, sizeof(exit_code));
	say_last(r, RELAY_EXIT, sizeof(exit_code), hurry);
}

void relay_fail(struct relay *r, const char *why, bool (*hurry)(void))
{
	size_t length = strnlen(why, RELAY_DATA);
	memcpy(r->output.data, why, length);
	say_last(r, RELAY_FAULT, length, hurry);
}
