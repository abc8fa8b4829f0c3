/*
 * Which task runs: the head of the highest non-empty ready queue. The running
 * task stays in its queue. All calls but sched_lock() need interrupts masked.
 */
#ifndef KEEL_SCHED_H
#define KEEL_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/rtos/keel/list.h"

#define PRIO_COUNT 32 /* 0 is the idle task's alone, 31 the most urgent */
#define SLICE_US   UINT64_C(10000)

struct task;

/* Tasks that wait for one thing: most urgent first, equals in order of arrival. */
struct waitq {
	struct list tasks;
};

void sched_init(void);

/* Make the first task current; the port then enters it. */
void sched_start(void);

struct task *sched_current(void);

/*
 * Every change to the kernel's state lies between these two. Unlocking sets
 * the alarm and, in task context, switches to a more urgent task.
 */
uint64_t sched_lock(void);
void sched_unlock(uint64_t key);

/* Decide who runs next, charge the time used. Called by the port. */
void sched_switch(void);

/* Append to, or take from, the ready queues. */
void sched_ready(struct task *task);
void sched_unready(struct task *task);

/* The running task goes behind its equals. */
void sched_rotate(void);

/*
 * Waiting has two halves. sched_park() puts the running task into `wq` (NULL:
 * it waits only for time) until sched_wake() or until `deadline` (NULL: never)
 * passes; sched_wait() then gives up the CPU and returns the status it was
 * woken with. Between them a mutex hands on the waiter's priority.
 */
void sched_park(struct waitq *wq, const uint64_t *deadline);
int sched_wait(void);
void sched_wake(struct task *task, int status);

/* Change the effective priority, keeping whatever queue it is in ordered. */
void sched_set_prio(struct task *task, uint8_t prio);

/* False while nobody shares the running task's level: no slice is needed. */
bool sched_slice_end(uint64_t *deadline);

/* Ticks that `task` has run, up to now. */
uint64_t sched_cpu_time(const struct task *task);
uint64_t sched_switch_count(void);

void waitq_init(struct waitq *wq);
struct task *waitq_first(const struct waitq *wq);

#endif
