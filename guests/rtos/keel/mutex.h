/*
 * Mutexes with priority inheritance: an owner runs at the priority of the most
 * urgent task that waits for anything it holds, through chains of owners, for
 * exactly as long as that task waits.
 */
#ifndef KEEL_MUTEX_H
#define KEEL_MUTEX_H

#include <stdint.h>

#include "guests/rtos/keel/sched.h"

struct mutex {
	struct task *owner;   /* NULL: free */
	struct list held;     /* in owner->held */
	struct waitq waiters; /* empty while free */
};

void mutex_init(struct mutex *m);

/*
 * Not from interrupt handlers. KEEL_DEADLOCK if waiting would close a cycle
 * (locking twice is the shortest), KEEL_TIMEOUT, KEEL_BUSY as sem_take().
 */
int mutex_lock(struct mutex *m, uint64_t span);

/* KEEL_PERM if the caller is not the owner. */
int mutex_unlock(struct mutex *m);

/*
 * Recompute the effective priority of `task` and of those it waits for in
 * turn. Interrupts masked.
 */
void mutex_propagate(struct task *task);

#endif
