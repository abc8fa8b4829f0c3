/* Counting semaphores. A unit given goes straight to the most urgent waiter. */
#ifndef KEEL_SEM_H
#define KEEL_SEM_H

#include <stdint.h>

#include "guests/rtos/keel/sched.h"

struct sem {
	struct waitq waiters; /* not empty only while count is 0 */
	uint32_t count;
	uint32_t limit;
};

void sem_init(struct sem *sem, uint32_t count, uint32_t limit);

/*
 * KEEL_TIMEOUT after `span` ticks, KEEL_BUSY at once with KEEL_NO_WAIT, which
 * is the only span allowed in an interrupt handler.
 */
int sem_take(struct sem *sem, uint64_t span);

/* Any context. KEEL_OVERFLOW at the limit. */
int sem_give(struct sem *sem);

#endif
