#include "guests/rtos/keel/clock.h"

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/sched.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/keel/timer.h"

#define US_PER_S UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

static struct {
	struct list timeouts; /* earliest first, equals in order of arrival */
	uint32_t frequency;
	bool alarm_set;
	uint64_t alarm; /* what the port was last told, if alarm_set */
} clk;

void clock_init(uint32_t frequency_hz)
{
	KEEL_ASSERT(frequency_hz != 0);
	list_init(&clk.timeouts);
	clk.frequency = frequency_hz;
	clk.alarm_set = false;
	port_alarm_off();
}

uint32_t clock_frequency(void)
{
	return clk.frequency;
}

/* value * mul / div without overflowing for any sensible span; mul, div < 2^32. */
static uint64_t scale(uint64_t value, uint64_t mul, uint64_t div, uint64_t round)
{
	return value / div * mul + (value % div * mul + round) / div;
}

uint64_t clock_from_us(uint64_t us)
{
	return scale(us, clk.frequency, US_PER_S, US_PER_S - 1);
}

uint64_t clock_to_us(uint64_t ticks)
{
	return scale(ticks, US_PER_S, clk.frequency, 0);
}

uint64_t clock_to_ns(uint64_t ticks)
{
	return scale(ticks, NS_PER_S, clk.frequency, 0);
}

uint64_t clock_deadline(uint64_t span)
{
	uint64_t longest = INT64_MAX / 2;

	return port_now() + (span < longest ? span : longest);
}

void timeout_init(struct timeout *t, enum timeout_owner owner)
{
	list_init(&t->node);
	t->owner = owner;
}

bool clock_armed(const struct timeout *t)
{
	return !list_empty(&t->node);
}

static struct timeout *entry(struct list *node)
{
	return list_entry(node, struct timeout, node);
}

void clock_add(struct timeout *t, uint64_t deadline)
{
	struct list *pos;

	KEEL_ASSERT(!clock_armed(t));
	t->deadline = deadline;
	list_for_each(pos, &clk.timeouts)
	{
		if (clock_before(deadline, entry(pos)->deadline)) {
			break;
		}
	}
	list_add_before(pos, &t->node);
}

void clock_cancel(struct timeout *t)
{
	list_remove(&t->node);
}

bool clock_next(uint64_t *deadline)
{
	uint64_t slice_end;
	bool sliced = sched_slice_end(&slice_end);

	if (list_empty(&clk.timeouts)) {
		*deadline = slice_end;
		return sliced;
	}
	*deadline = entry(clk.timeouts.next)->deadline;
	if (sliced && clock_before(slice_end, *deadline)) {
		*deadline = slice_end;
	}
	return true;
}

void clock_update(void)
{
	uint64_t deadline;

	if (!clock_next(&deadline)) {
		if (clk.alarm_set) {
			port_alarm_off();
		}
		clk.alarm_set = false;
		return;
	}
	if (!clk.alarm_set || clk.alarm != deadline) {
		clk.alarm_set = true;
		clk.alarm = deadline;
		port_alarm_set(deadline);
	}
}

static void expire(struct timeout *t)
{
	clock_cancel(t);
	switch (t->owner) {
	case TIMEOUT_TASK:
		task_expire(list_entry(t, struct task, timeout));
		break;
	case TIMEOUT_TIMER:
		timer_expire(list_entry(t, struct timer, timeout));
		break;
	}
}

void clock_tick(void)
{
	uint64_t now = port_now();

	clk.alarm_set = false;
	while (!list_empty(&clk.timeouts)) {
		struct timeout *t = entry(clk.timeouts.next);

		if (clock_before(now, t->deadline)) {
			break;
		}
		expire(t);
	}
}
