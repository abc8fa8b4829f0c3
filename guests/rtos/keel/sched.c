#include "guests/rtos/keel/sched.h"

#include "guests/rtos/keel/clock.h"
#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/keel/task.h"

static struct {
	struct list ready[PRIO_COUNT];
	uint32_t occupied; /* bit n: ready[n] is not empty */
	struct task *current;
	uint64_t charged_at; /* when the running task was last charged */
	uint64_t switch_count;
} sched;

static struct task *entry(struct list *node)
{
	return list_entry(node, struct task, node);
}

void sched_init(void)
{
	for (unsigned int i = 0; i < PRIO_COUNT; i++) {
		list_init(&sched.ready[i]);
	}
	sched.occupied = 0;
	sched.current = NULL;
	sched.switch_count = 0;
}

static struct task *sched_pick(void)
{
	KEEL_ASSERT(sched.occupied != 0);
	return entry(sched.ready[31 - __builtin_clz(sched.occupied)].next);
}

void sched_start(void)
{
	sched.current = sched_pick();
	sched.charged_at = port_now();
	port_activate(sched.current);
	clock_update();
}

struct task *sched_current(void)
{
	return sched.current;
}

uint64_t sched_lock(void)
{
	return port_irq_save();
}

void sched_unlock(uint64_t key)
{
	if (!port_in_isr()) {
		if (sched_pick() != sched.current) {
			port_switch();
		} else {
			clock_update();
		}
	}
	port_irq_restore(key);
}

static void sched_charge(void)
{
	uint64_t now = port_now();
	uint64_t used = now - sched.charged_at;

	sched.current->cpu_time += used;
	sched.current->slice_left -= (int64_t)used;
	sched.charged_at = now;
}

static void enqueue_tail(struct task *task)
{
	list_add_tail(&sched.ready[task->prio], &task->node);
	sched.occupied |= UINT32_C(1) << task->prio;
}

static void enqueue_head(struct task *task)
{
	list_add_head(&sched.ready[task->prio], &task->node);
	sched.occupied |= UINT32_C(1) << task->prio;
}

static void dequeue(struct task *task)
{
	list_remove(&task->node);
	if (list_empty(&sched.ready[task->prio])) {
		sched.occupied &= ~(UINT32_C(1) << task->prio);
	}
}

void sched_rotate(void)
{
	dequeue(sched.current);
	enqueue_tail(sched.current);
	sched.current->slice_left = (int64_t)clock_from_us(SLICE_US);
}

void sched_switch(void)
{
	struct task *next;

	sched_charge();
	if (sched.current->state == TASK_READY && sched.current->slice_left <= 0) {
		sched_rotate();
	}
	next = sched_pick();
	if (next != sched.current) {
		sched.current = next;
		sched.switch_count++;
		port_activate(next);
	}
	clock_update();
}

void sched_ready(struct task *task)
{
	KEEL_ASSERT(task->state != TASK_READY);
	task->state = TASK_READY;
	task->slice_left = (int64_t)clock_from_us(SLICE_US);
	enqueue_tail(task);
}

void sched_unready(struct task *task)
{
	KEEL_ASSERT(task->state == TASK_READY);
	dequeue(task);
}

static void waitq_add(struct waitq *wq, struct task *task)
{
	struct list *pos;

	list_for_each(pos, &wq->tasks)
	{
		if (entry(pos)->prio < task->prio) {
			break;
		}
	}
	list_add_before(pos, &task->node);
	task->waiting = wq;
}

void sched_park(struct waitq *wq, const uint64_t *deadline)
{
	struct task *self = sched.current;

	KEEL_ASSERT(!port_in_isr());
	sched_unready(self);
	self->state = wq != NULL ? TASK_BLOCKED : TASK_SLEEPING;
	if (wq != NULL) {
		waitq_add(wq, self);
	}
	if (deadline != NULL) {
		clock_add(&self->timeout, *deadline);
	}
}

int sched_wait(void)
{
	struct task *self = sched.current;

	port_switch();
	return self->wake_status;
}

void sched_wake(struct task *task, int status)
{
	KEEL_ASSERT(task->state == TASK_BLOCKED || task->state == TASK_SLEEPING);
	clock_cancel(&task->timeout);
	if (task->waiting != NULL) {
		list_remove(&task->node);
		task->waiting = NULL;
	}
	task->wake_status = status;
	sched_ready(task);
}

void sched_set_prio(struct task *task, uint8_t prio)
{
	uint8_t old = task->prio;
	struct waitq *wq = task->waiting;

	if (prio == old) {
		return;
	}
	if (wq != NULL) {
		list_remove(&task->node);
		task->prio = prio;
		waitq_add(wq, task);
	} else if (task->state == TASK_READY) {
		dequeue(task);
		task->prio = prio;
		/* The running task must not lose its turn by giving up a boost. */
		if (prio < old && task == sched.current) {
			enqueue_head(task);
		} else {
			enqueue_tail(task);
		}
	} else {
		task->prio = prio;
	}
}

bool sched_slice_end(uint64_t *deadline)
{
	struct task *task = sched.current;

	*deadline = 0;
	if (task == NULL || task->state != TASK_READY ||
	    sched.ready[task->prio].next == sched.ready[task->prio].prev) {
		return false;
	}
	*deadline = sched.charged_at + (uint64_t)task->slice_left;
	return true;
}

uint64_t sched_cpu_time(const struct task *task)
{
	uint64_t key = port_irq_save();
	uint64_t sum = task->cpu_time;

	if (task == sched.current) {
		sum += port_now() - sched.charged_at;
	}
	port_irq_restore(key);
	return sum;
}

uint64_t sched_switch_count(void)
{
	return sched.switch_count;
}

void waitq_init(struct waitq *wq)
{
	list_init(&wq->tasks);
}

struct task *waitq_first(const struct waitq *wq)
{
	return list_empty(&wq->tasks) ? NULL : entry(wq->tasks.next);
}
