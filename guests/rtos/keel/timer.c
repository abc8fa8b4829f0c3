#include "guests/rtos/keel/timer.h"

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/sched.h"

void timer_init(struct timer *t, void (*callback)(struct timer *timer), void *arg)
{
	KEEL_ASSERT(callback != NULL);
	timeout_init(&t->timeout, TIMEOUT_TIMER);
	t->period = 0;
	t->callback = callback;
	t->arg = arg;
	t->overruns = 0;
}

void timer_start(struct timer *t, uint64_t delay, uint64_t period)
{
	uint64_t key = sched_lock();

	clock_cancel(&t->timeout);
	t->period = period;
	clock_add(&t->timeout, clock_deadline(delay));
	sched_unlock(key);
}

void timer_stop(struct timer *t)
{
	uint64_t key = sched_lock();

	clock_cancel(&t->timeout);
	sched_unlock(key);
}

bool timer_active(const struct timer *t)
{
	return clock_armed(&t->timeout);
}

/* The next deadline after now on the timer's own grid: no drift, no burst. */
static uint64_t next_deadline(struct timer *t)
{
	uint64_t now = port_now();
	uint64_t next = t->timeout.deadline + t->period;

	if (!clock_before(now, next)) {
		uint64_t missed = (now - next) / t->period + 1;

		t->overruns += (uint32_t)missed;
		next += missed * t->period;
	}
	return next;
}

/* Re-armed before the callback, so that the callback has the last word. */
void timer_expire(struct timer *t)
{
	if (t->period != 0) {
		clock_add(&t->timeout, next_deadline(t));
	}
	t->callback(t);
}
