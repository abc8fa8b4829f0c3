/*
 * The kernel's port for unit tests on the build host: time stands still until
 * a test moves it, and switching tasks only changes sched_current(). A call
 * that would block returns at once with a value that means nothing; what the
 * task would see is its wake_status.
 */
#ifndef KEEL_FAKE_H
#define KEEL_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guests/rtos/keel/keel.h"

#define FAKE_FREQUENCY 1000000 /* ticks are microseconds */
#define FAKE_TASKS     6

struct fake {
	uint64_t now;
	bool in_isr;
	unsigned int masked; /* depth of port_irq_save() */
	bool alarm_set;
	uint64_t alarm;
	unsigned int alarm_count;  /* calls of port_alarm_set() */
	unsigned int switch_count; /* calls of port_switch() */
	const void *guard;         /* last page given to port_guard() */
};

extern struct fake fake;

/* A fresh kernel at time `now` with only the idle task. */
void fake_start(uint64_t now);
int fake_setup(void **state);

/* Start task `index` (0 to FAKE_TASKS - 1). */
struct task *fake_task(unsigned int index, uint8_t prio);
struct task *fake_idle(void);

/* Let time pass; the alarm interrupts whenever it is due. */
void fake_advance(uint64_t ticks);

/* What follows runs as an interrupt handler, until the exit reschedules. */
void fake_enter_isr(void);
void fake_leave_isr(void);

#define assert_running(task) assert_ptr_equal(sched_current(), (task))

#define KEEL_TEST(name) cmocka_unit_test_setup(name, fake_setup)

#endif
