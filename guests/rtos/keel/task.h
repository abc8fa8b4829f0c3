/* Tasks: their control blocks, their life, sleeping. */
#ifndef KEEL_TASK_H
#define KEEL_TASK_H

#include <stddef.h>
#include <stdint.h>

#include "guests/rtos/keel/clock.h"
#include "guests/rtos/keel/list.h"
#include "guests/rtos/keel/sched.h"
#include "guests/rtos/port/context.h"

struct mutex;

enum task_state {
	TASK_DEAD,     /* never created, or ended: may be created again */
	TASK_READY,    /* in a ready queue; the running one too */
	TASK_BLOCKED,  /* in a wait queue, perhaps with a timeout */
	TASK_SLEEPING, /* waits for its timeout only */
};

/* The caller provides the memory, zeroed, and never touches the fields. */
struct task {
	struct context ctx; /* first: vectors.S addresses it by the task's pointer */
	struct fp_context fp;
	struct list node; /* in a ready queue or a wait queue, by state */
	struct list registry;
	struct timeout timeout;
	struct waitq *waiting; /* the queue it is in while TASK_BLOCKED */
	struct mutex *wanted;  /* the mutex it waits for: a link of the PI chain */
	struct list held;      /* mutexes it owns */
	void *message;         /* where a queue copies from or to while it waits */
	int wake_status;       /* written by who wakes it */
	enum task_state state;
	uint8_t prio;      /* effective: base or inherited */
	uint8_t base_prio; /* as given */
	int64_t slice_left;
	uint64_t cpu_time;
	const char *name;
	uint8_t *stack; /* lowest usable byte */
	size_t stack_size;
};

/*
 * Stack memory with a page below it that faults: TASK_STACK(name, size) defines
 * `name`; the size is rounded up to pages. Give task_create() STACK(name).
 */
#define STACK_PAGE     4096
#define STACK_ROUND(n) (((n) + STACK_PAGE - 1) / STACK_PAGE * STACK_PAGE)
#define TASK_STACK(n, s)                                                                           \
	static uint8_t n[STACK_PAGE + STACK_ROUND(s)] __attribute__((aligned(STACK_PAGE)))
#define STACK(n) .memory = (n), .memory_size = sizeof(n)

struct task_config {
	const char *name;
	void (*entry)(void *arg); /* returning ends the task */
	void *arg;
	uint8_t prio; /* 1 to PRIO_COUNT - 1; 0 for the idle task */
	uint8_t *memory;
	size_t memory_size;
};

void task_init(void);

/*
 * Start a task; it runs at once if it is more urgent than the caller.
 * KEEL_INVALID: bad priority, stack too small or unaligned, or still alive.
 */
int task_create(struct task *task, const struct task_config *config);

/* End the caller, which must hold no mutex. */
_Noreturn void task_exit(void);

void task_yield(void);
void task_sleep(uint64_t span);

/* Sleep to an absolute time: KEEL_TIMEOUT at once if it has passed already. */
int task_sleep_until(uint64_t deadline);

/* Change the base priority; inherited priority stays. */
int task_set_prio(struct task *task, uint8_t prio);

/* The most bytes of its stack that the task has ever used. */
size_t task_stack_used(const struct task *task);

/* Call `visit` for every live task, interrupts open. */
void task_for_each(void (*visit)(struct task *task, void *arg), void *arg);

/* The live task whose guard page holds `addr`, or NULL. */
struct task *task_of_guard(uint64_t addr);

/* The clock: `task` waited too long. */
void task_expire(struct task *task);

#endif
