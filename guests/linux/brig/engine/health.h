/* SPDX-License-Identifier: Apache-2.0 */
/* A command run in the container now and then, which says whether it is well. */
#ifndef ENGINE_HEALTH_H
#define ENGINE_HEALTH_H

#include "guests/linux/brig/engine/container.h"

struct health {
	const struct container *c;
	const char *command; /* for sh -c; NULL where there is none */
	int64_t interval;    /* milliseconds, as all here */
	int64_t timeout;
	int64_t grace; /* after its start: failures do not count, while it was never well */
	int64_t began; /* when it was first looked at, or 0 */
	unsigned int retries;
	unsigned int failures; /* in a row */
	pid_t pid;             /* of the one that runs, or 0 */
	int64_t next;          /* when to start one, or to end the one that runs */
};

int health_open(struct health *h, const struct container *c);
/* It starts again: state becomes "starting", or "" where nothing is checked. */
void health_reset(struct health *h, char state[16]);
/* Start, reap or end a check; true when state changed. */
bool health_tick(struct health *h, int64_t now, char state[16]);
/* The state after a check that ended well or not. */
const char *health_judge(struct health *h, bool well, const char *before);

#endif
