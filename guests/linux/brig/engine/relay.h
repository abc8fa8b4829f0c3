/* SPDX-License-Identifier: Apache-2.0 */
/* What goes between a container's standard streams or terminal, its log, and those who are
 * attached to it. Nobody who is attached loses a byte: while one of them does not read, the
 * container's output waits. */
#ifndef ENGINE_RELAY_H
#define ENGINE_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/log.h"

#define RELAY_CLIENTS 8     /* attached at once; more are turned away */
#define RELAY_DATA    16384 /* bytes of a message, its kind not counted, at most */

/* A message on an attachment's socket (SOCK_SEQPACKET): its kind in a byte, then data. */
enum relay_kind {
	RELAY_STDOUT = 'o', /* it wrote this; a terminal's output is stdout */
	RELAY_STDERR = 'e',
	RELAY_EXIT = 'x',      /* it has ended for good: an int, the exit code. The last message */
	RELAY_FULL = 'f',      /* so many are attached already. The only message */
	RELAY_FAULT = '!',     /* it was not started: why, as text. The only message */
	RELAY_INPUT = 'i',     /* for it to read */
	RELAY_INPUT_END = 'z', /* and nothing more */
	RELAY_SIZE = 'w',      /* of the terminal: a struct winsize */
};

struct relay_message {
	char kind;
	char data[RELAY_DATA];
};

struct relay {
	const struct container *c;
	struct log_writer log; /* with no path there is none */
	bool hears;            /* it has an input... */
	bool stays;            /* ...which does not end with the last who is attached */
	bool alone;            /* one is attached, from the beginning, who may leave it... */
	bool lost;             /* ...or went without a word */
	int out[2];            /* fifos: its stdout and stderr, which outlive this process */
	int terminal;          /* its terminal's other side, or -1 */
	int in;                /* what it reads comes from here: the terminal, a pipe, or -1 */
	int listener;
	int64_t next;  /* ms: when output is read again that nobody waits for */
	size_t passed; /* bytes of it since then */
	bool hung;     /* nothing has the terminal open at the moment */
	int clients[RELAY_CLIENTS];
	bool owed[RELAY_CLIENTS]; /* this one did not take `output` yet */
	struct relay_message output;
	size_t output_size;
	struct relay_message input;
	size_t input_used; /* of input.data, and how much of it is passed on */
	size_t input_at;
	bool input_ends;
};

/* With a client that is attached from the beginning, or -1; 0, or -1 with a fault. */
int relay_open(struct relay *r, const struct container *c, int client);
/* Of a terminal with one client, and with neither a log nor others who could attach. */
void relay_open_alone(struct relay *r, const struct container *c, bool input, int client);
/* For a new life: what its stdin shall be, for the caller to close; -1 with a fault. */
int relay_stdin(struct relay *r);
/* A socket of this name in its folder that the runtime sends the terminal to; -1 with a fault. */
int relay_listen_console(const struct container *c, const char *name);
/* Take the terminal that was sent; -1 with a fault. */
int relay_take_console(struct relay *r, int console);
/* Pass on what is there, after waiting for it for at most so many ms (-1: for ever); true when
 * the process of this pidfd has ended. */
bool relay_turn(struct relay *r, int pidfd, int timeout);
/* Pass on the rest of what it wrote; who does not read it is left behind once `hurry` says so. */
void relay_finish(struct relay *r, bool (*hurry)(void));
/* Take the terminal away, which SIGHUP tells those who have it. */
void relay_hang_up(struct relay *r);
/* Before its end is known: the log is whole, and nobody attaches any more. */
void relay_shut(struct relay *r);
/* Tell all who are attached. */
void relay_close(struct relay *r, int exit_code, bool (*hurry)(void));
/* The same, when there is nothing to come. */
void relay_fail(struct relay *r, const char *why, bool (*hurry)(void));

/* Attach to a container that has a supervisor; a socket, or -1 with a fault. */
int relay_connect(const struct container *c);
/* recv() of a message, and of what was sent before the other end went. */
ssize_t relay_receive(int socket, struct relay_message *message, int flags);
/* As the one client of a terminal, leave it to itself and close the socket; -1 with a fault when
 * nothing was started. */
int relay_leave(int *socket);

#endif
