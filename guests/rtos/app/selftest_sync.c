/* Tests of the scheduler, semaphores, mutexes and queues. */
#include <stddef.h>

#include "guests/rtos/app/app.h"
#include "guests/rtos/app/selftest.h"
#include "guests/rtos/keel/keel.h"

#define FEW_MS UINT64_C(5000) /* us */

static volatile unsigned int trace;

static void append(void *arg)
{
	trace = trace * 10 + (unsigned int)(uintptr_t)arg;
}

bool selftest_preemption(void)
{
	bool at_once;

	trace = 0;
	selftest_spawn(0, SELFTEST_LOW, append, (void *)1);
	at_once = trace == 1;
	return selftest_join() && at_once;
}

/* Made ready together, lowest first: they must run highest first. */
bool selftest_priority_order(void)
{
	trace = 0;
	(void)task_set_prio(sched_current(), SELFTEST_HIGH + 1);
	selftest_spawn(0, SELFTEST_LOW, append, (void *)1);
	selftest_spawn(1, SELFTEST_MID, append, (void *)2);
	selftest_spawn(2, SELFTEST_HIGH, append, (void *)3);
	(void)task_set_prio(sched_current(), PRIO_SHELL);
	return selftest_join() && trace == 321;
}

#define TURNS_WANTED 3

static volatile unsigned int turns[2];

static bool both_had_turns(void)
{
	return turns[0] >= TURNS_WANTED && turns[1] >= TURNS_WANTED;
}

/* Never waits: only the end of its slice lets its equal run. */
static void take_turns(void *arg)
{
	static volatile uintptr_t last;
	uintptr_t self = (uintptr_t)arg;
	uint64_t end = clock_deadline(clock_from_us(100 * SLICE_US));

	while (!both_had_turns() && clock_before(port_now(), end)) {
		if (last != self) {
			last = self;
			turns[self] = turns[self] + 1;
		}
	}
}

bool selftest_round_robin(void)
{
	turns[0] = 0;
	turns[1] = 0;
	(void)task_set_prio(sched_current(), SELFTEST_HIGH + 1);
	selftest_spawn(0, SELFTEST_LOW, take_turns, (void *)0);
	selftest_spawn(1, SELFTEST_LOW, take_turns, (void *)1);
	(void)task_set_prio(sched_current(), PRIO_SHELL);
	return selftest_join() && both_had_turns();
}

bool selftest_semaphore_timeout(void)
{
	struct sem sem;
	uint64_t span = clock_from_us(FEW_MS);
	uint64_t before = port_now();
	int status;

	sem_init(&sem, 0, 1);
	status = sem_take(&sem, span);
	return status == KEEL_TIMEOUT && port_now() - before >= span;
}

static struct mutex mutex;
static int lock_status;

static void lock_forever(void *arg)
{
	(void)arg;
	lock_status = mutex_lock(&mutex, KEEL_FOREVER);
	if (lock_status == KEEL_OK) {
		(void)mutex_unlock(&mutex);
	}
}

/* The shell owns the mutex, a helper of middle priority would starve it. */
bool selftest_mutex_inheritance(void)
{
	struct task *self = sched_current();
	uint8_t boosted;

	trace = 0;
	mutex_init(&mutex);
	(void)mutex_lock(&mutex, KEEL_FOREVER);
	selftest_spawn(0, SELFTEST_HIGH, lock_forever, NULL);
	boosted = self->prio;
	selftest_spawn(1, SELFTEST_MID, append, (void *)1);
	if (boosted != SELFTEST_HIGH || trace != 0) {
		(void)mutex_unlock(&mutex);
		(void)selftest_join();
		return false;
	}
	(void)mutex_unlock(&mutex);
	return trace == 1 && self->prio == self->base_prio && selftest_join() &&
	       lock_status == KEEL_OK;
}

static void lock_briefly(void *arg)
{
	(void)arg;
	lock_status = mutex_lock(&mutex, clock_from_us(FEW_MS));
}

bool selftest_mutex_timeout(void)
{
	struct task *self = sched_current();
	uint8_t boosted;

	mutex_init(&mutex);
	(void)mutex_lock(&mutex, KEEL_FOREVER);
	selftest_spawn(0, SELFTEST_HIGH, lock_briefly, NULL);
	boosted = self->prio;
	if (!selftest_join()) {
		return false;
	}
	(void)mutex_unlock(&mutex);
	return boosted == SELFTEST_HIGH && self->prio == self->base_prio &&
	       lock_status == KEEL_TIMEOUT;
}

#define MESSAGES 100

static struct queue queue;
static bool in_order;

static void consume(void *arg)
{
	uint32_t message;

	(void)arg;
	in_order = true;
	for (uint32_t i = 0; i < MESSAGES; i++) {
		if (queue_receive(&queue, &message, KEEL_FOREVER) != KEEL_OK || message != i) {
			in_order = false;
		}
		if (i % 8 == 0) {
			task_sleep(clock_from_us(100));
		}
	}
}

bool selftest_queue(void)
{
	static uint32_t slots[4];
	bool sent = true;

	queue_init(&queue, slots, 4, sizeof(slots[0]));
	selftest_spawn(0, SELFTEST_LOW, consume, NULL);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		sent &= queue_send(&queue, &i, clock_from_us(100 * FEW_MS)) == KEEL_OK;
	}
	return selftest_join() && sent && in_order;
}
