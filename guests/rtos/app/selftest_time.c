/* Tests of sleeping, timers, interrupts and memory protection. */
#include <stddef.h>

#include "guests/rtos/app/selftest.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/irq.h"
#include "guests/rtos/port/trap.h"

#define SLEEP_US    UINT64_C(3000)
#define SLEEP_COUNT 10
#define TEST_SGI    1
#define PATIENCE_US 1000000

bool selftest_sleep(void)
{
	for (unsigned int i = 0; i < SLEEP_COUNT; i++) {
		uint64_t span = clock_from_us(SLEEP_US);
		uint64_t before = port_now();

		task_sleep(span);
		if (port_now() - before < span) {
			return false;
		}
	}
	return true;
}

static uint64_t fired_at;
static unsigned int fired_count;
static struct sem fired;

static void fire(struct timer *timer)
{
	fired_at = port_now();
	fired_count++;
	if (fired_count == *(unsigned int *)timer->arg) {
		timer_stop(timer);
		(void)sem_give(&fired);
	}
}

/* Start a timer and wait until it has fired `wanted` times. */
static int run_timer(unsigned int wanted, uint64_t period)
{
	struct timer timer;
	int status;

	fired_count = 0;
	sem_init(&fired, 0, 1);
	timer_init(&timer, fire, &wanted);
	timer_start(&timer, clock_from_us(SLEEP_US), period);
	status = sem_take(&fired, clock_from_us(PATIENCE_US));
	timer_stop(&timer);
	return status;
}

bool selftest_timer_oneshot(void)
{
	uint64_t before = port_now();

	if (run_timer(1, 0) != KEEL_OK || fired_at - before < clock_from_us(SLEEP_US)) {
		return false;
	}
	task_sleep(clock_from_us(2 * SLEEP_US));
	return fired_count == 1;
}

/* Stopped by its own callback at the fifth time. */
bool selftest_timer_periodic(void)
{
	uint64_t period = clock_from_us(SLEEP_US);
	uint64_t before = port_now();

	if (run_timer(5, period) != KEEL_OK || fired_at - before < 5 * period) {
		return false;
	}
	task_sleep(2 * period);
	return fired_count == 5;
}

static void interrupt(void *arg)
{
	(void)sem_give(arg);
}

static volatile bool woken;

static void await_interrupt(void *arg)
{
	if (sem_take(arg, clock_from_us(PATIENCE_US)) == KEEL_OK) {
		woken = true;
	}
}

/* The helper must run at the interrupt's exit, before the shell goes on. */
bool selftest_irq_wakes(void)
{
	struct sem sem;
	bool at_once;

	woken = false;
	sem_init(&sem, 0, 1);
	if (irq_attach(TEST_SGI, "selftest", interrupt, &sem) != KEEL_OK) {
		return false;
	}
	selftest_spawn(0, SELFTEST_LOW, await_interrupt, &sem);
	irq_raise(TEST_SGI);
	selftest_spin_us(100);
	at_once = woken;
	irq_detach(TEST_SGI);
	return selftest_join() && at_once;
}

/* Neither text nor constants can be written, nor a guard page read. */
bool selftest_memory_protection(void)
{
	static const uint32_t constant = 1;
	uint64_t guard = (uintptr_t)sched_current()->stack - sizeof(uint32_t);
	uint32_t value;

	return probe_write32((uintptr_t)selftest_memory_protection, 0) != 0 &&
	       probe_write32((uintptr_t)&constant, 0) != 0 && probe_read32(guard, &value) != 0 &&
	       probe_read32((uintptr_t)&constant, &value) == 0;
}
