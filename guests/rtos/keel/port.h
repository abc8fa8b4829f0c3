/*
 * What the kernel's logic asks of the machine. guests/rtos/port answers it on
 * AArch64, guests/rtos/fake on the build host for the unit tests.
 */
#ifndef KEEL_PORT_H
#define KEEL_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct task;

/* Mask interrupts; the key gives back the state found. Pairs nest. */
uint64_t port_irq_save(void);
void port_irq_restore(uint64_t key);

/* True in an interrupt handler and during boot, where nothing may block. */
bool port_in_isr(void);

/* The free-running counter. It may wrap: compare with clock_before(). */
uint64_t port_now(void);

/* One alarm: clock_tick() is called in interrupt context at or after `deadline`. */
void port_alarm_set(uint64_t deadline);
void port_alarm_off(void);

/*
 * Task context, interrupts masked: save the caller, run sched_switch(), go on
 * as sched_current(). Returns when the caller is chosen again.
 */
void port_switch(void);

/* Called by sched_switch() when `next` is about to run (FP access, say). */
void port_activate(struct task *next);

/* Make `task` start in `entry(arg)` on its stack, interrupts open. */
void port_task_init(struct task *task, void (*entry)(void *), void *arg);

/* Make the page at `page` fault on any access. */
void port_guard(void *page);

/* Report and stop the machine: a broken invariant. */
_Noreturn void port_panic(const char *why);

#define KEEL_ASSERT(cond)                                                                          \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			port_panic("assertion failed: " #cond " in " __FILE__);                    \
		}                                                                                  \
	} while (0)

#endif
