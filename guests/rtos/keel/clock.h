/*
 * Time without a tick: a list of timeouts sorted by deadline, and one alarm
 * that is set to the next thing due and to nothing else.
 */
#ifndef KEEL_CLOCK_H
#define KEEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/rtos/keel/list.h"

/* Whom clock_tick() tells; the timeout is a member of that object. */
enum timeout_owner {
	TIMEOUT_TASK,
	TIMEOUT_TIMER,
};

struct timeout {
	struct list node; /* in the clock's list while armed, else by itself */
	uint64_t deadline;
	enum timeout_owner owner;
};

/* True if `a` is earlier than `b`; right across the counter's wrap. */
static inline bool clock_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

void clock_init(uint32_t frequency_hz);
uint32_t clock_frequency(void);

/* Conversions round up to ticks and down to time: nobody wakes early. */
uint64_t clock_from_us(uint64_t us);
uint64_t clock_to_us(uint64_t ticks);
uint64_t clock_to_ns(uint64_t ticks);

/* The deadline `span` ticks from now, clamped to half the counter's range. */
uint64_t clock_deadline(uint64_t span);

void timeout_init(struct timeout *t, enum timeout_owner owner);

/* The following need interrupts masked. */
bool clock_armed(const struct timeout *t);
void clock_add(struct timeout *t, uint64_t deadline);
void clock_cancel(struct timeout *t);

/* The earliest of the first timeout and the end of the slice; false: neither. */
bool clock_next(uint64_t *deadline);

/* Bring the alarm in line with clock_next(). */
void clock_update(void);

/* The alarm went off: expire all that is due. Interrupt context. */
void clock_tick(void);

#endif
