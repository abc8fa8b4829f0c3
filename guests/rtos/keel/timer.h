/*
 * Software timers, one-shot and periodic. The callback runs in interrupt
 * context: it may give, send and start or stop timers, but not wait.
 */
#ifndef KEEL_TIMER_H
#define KEEL_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/rtos/keel/clock.h"

struct timer {
	struct timeout timeout;
	uint64_t period; /* 0: one-shot */
	void (*callback)(struct timer *timer);
	void *arg;         /* the callback's own */
	uint32_t overruns; /* periods skipped because they had passed */
};

void timer_init(struct timer *t, void (*callback)(struct timer *timer), void *arg);

/* First expiry `delay` ticks from now; an armed timer is started anew. */
void timer_start(struct timer *t, uint64_t delay, uint64_t period);

/* Once it returns, the callback is not called again. */
void timer_stop(struct timer *t);
bool timer_active(const struct timer *t);

/* The clock: `t` is due and no longer armed. */
void timer_expire(struct timer *t);

#endif
