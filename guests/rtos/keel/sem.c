#include "guests/rtos/keel/sem.h"

#include "guests/rtos/keel/clock.h"
#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/keel/wait.h"

void sem_init(struct sem *sem, uint32_t count, uint32_t limit)
{
	KEEL_ASSERT(count <= limit && limit != 0);
	waitq_init(&sem->waiters);
	sem->count = count;
	sem->limit = limit;
}

int sem_take(struct sem *sem, uint64_t span)
{
	uint64_t key = sched_lock();
	int status = KEEL_OK;

	if (sem->count > 0) {
		sem->count--;
	} else {
		status = wait_on(&sem->waiters, span);
	}
	sched_unlock(key);
	return status;
}

int sem_give(struct sem *sem)
{
	uint64_t key = sched_lock();
	struct task *waiter = waitq_first(&sem->waiters);
	int status = KEEL_OK;

	if (waiter != NULL) {
		sched_wake(waiter, KEEL_OK);
	} else if (sem->count < sem->limit) {
		sem->count++;
	} else {
		status = KEEL_OVERFLOW;
	}
	sched_unlock(key);
	return status;
}
