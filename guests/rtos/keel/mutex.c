#include "guests/rtos/keel/mutex.h"

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/keel/wait.h"

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	list_init(&m->held);
	waitq_init(&m->waiters);
}

static uint8_t inherited_prio(const struct task *task)
{
	uint8_t prio = task->base_prio;
	struct list *pos;

	list_for_each(pos, &task->held)
	{
		struct task *first = waitq_first(&list_entry(pos, struct mutex, held)->waiters);

		if (first != NULL && first->prio > prio) {
			prio = first->prio;
		}
	}
	return prio;
}

/* Ends: mutex_lock() lets no cycle of owners come to be. */
void mutex_propagate(struct task *task)
{
	while (task != NULL) {
		uint8_t prio = inherited_prio(task);

		if (prio == task->prio) {
			return;
		}
		sched_set_prio(task, prio);
		task = task->wanted != NULL ? task->wanted->owner : NULL;
	}
}

static bool closes_cycle(const struct mutex *m, const struct task *self)
{
	while (m != NULL && m->owner != self) {
		m = m->owner != NULL ? m->owner->wanted : NULL;
	}
	return m != NULL;
}

static void own(struct mutex *m, struct task *task)
{
	m->owner = task;
	list_add_tail(&task->held, &m->held);
}

static int wait_for(struct mutex *m, struct task *self, uint64_t span)
{
	if (closes_cycle(m, self)) {
		return KEEL_DEADLOCK;
	}
	if (span == KEEL_NO_WAIT) {
		return KEEL_BUSY;
	}
	self->wanted = m;
	wait_park(&m->waiters, span);
	mutex_propagate(m->owner);
	return sched_wait();
}

int mutex_lock(struct mutex *m, uint64_t span)
{
	uint64_t key = sched_lock();
	struct task *self = sched_current();
	int status = KEEL_OK;

	KEEL_ASSERT(!port_in_isr());
	if (m->owner == NULL) {
		own(m, self);
	} else {
		status = wait_for(m, self, span);
	}
	sched_unlock(key);
	return status;
}

/* No waiter left is more urgent than `next`, so there is nothing to inherit. */
static void hand_over(struct mutex *m, struct task *next)
{
	next->wanted = NULL;
	sched_wake(next, KEEL_OK);
	own(m, next);
}

int mutex_unlock(struct mutex *m)
{
	uint64_t key = sched_lock();
	struct task *self = sched_current();
	struct task *next;

	if (port_in_isr() || m->owner != self) {
		sched_unlock(key);
		return KEEL_PERM;
	}
	list_remove(&m->held);
	m->owner = NULL;
	next = waitq_first(&m->waiters);
	if (next != NULL) {
		hand_over(m, next);
	}
	mutex_propagate(self);
	sched_unlock(key);
	return KEEL_OK;
}
