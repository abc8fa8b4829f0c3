/* The one way in which a kernel object makes its caller wait. */
#ifndef KEEL_WAIT_H
#define KEEL_WAIT_H

#include "guests/rtos/keel/clock.h"
#include "guests/rtos/keel/sched.h"
#include "guests/rtos/keel/status.h"

/* Interrupts masked; `span` is not KEEL_NO_WAIT. */
static inline void wait_park(struct waitq *wq, uint64_t span)
{
	uint64_t deadline;

	if (span == KEEL_FOREVER) {
		sched_park(wq, NULL);
		return;
	}
	deadline = clock_deadline(span);
	sched_park(wq, &deadline);
}

/* Interrupts masked. Returns the status given to sched_wake(), or KEEL_BUSY. */
static inline int wait_on(struct waitq *wq, uint64_t span)
{
	if (span == KEEL_NO_WAIT) {
		return KEEL_BUSY;
	}
	wait_park(wq, span);
	return sched_wait();
}

#endif
