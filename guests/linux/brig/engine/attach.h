/* SPDX-License-Identifier: Apache-2.0 */
/* This terminal, or these streams, as those of a container. */
#ifndef ENGINE_ATTACH_H
#define ENGINE_ATTACH_H

#include <stdbool.h>

#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/parse.h"

#define ATTACH_KEYS "ctrl-p,ctrl-q" /* unless others are given */

struct attach {
	const struct container *c;
	int socket;            /* the supervisor's other end */
	bool input;            /* it may read from here */
	bool tty;              /* and has a terminal */
	bool alone;            /* of a process beside the container's own: an exec's */
	char keys[PARSE_KEYS]; /* with these, typed in a row, this terminal leaves it */
	int key_count;
};

/* How to be attached: with its input or without, and the keys to leave ("ctrl-p,ctrl-q", "" for
 * none, NULL for those). 0, or -1 with a fault. */
int attach_prepare(struct attach *a, const struct container *c, bool input, const char *keys);
/* The same for a terminal of exec's. */
int attach_prepare_exec(struct attach *a, const struct container *c, bool input, const char *keys);
/* Both ends of a new attachment, which the supervisor is started with; -1 with a fault. */
int attach_pair(struct attach *a, int *supervisor);
/* To one that runs; -1 with a fault. */
int attach_connect(struct attach *a);
/* Until it has ended for good (its exit code) or is left (0); -1 with a fault. SIGINT and
 * SIGTERM stop the container, asked twice at once; with an exec's process, they end this. */
int attach_follow(struct attach *a);

#endif
