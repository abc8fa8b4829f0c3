#include "guests/rtos/keel/task.h"

#include "guests/rtos/keel/mutex.h"
#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"

#define STACK_FILL 0xa5

static struct list registry;

void task_init(void)
{
	list_init(&registry);
}

static int check(const struct task *task, const struct task_config *config)
{
	if (task->state != TASK_DEAD || config->entry == NULL || config->prio >= PRIO_COUNT) {
		return KEEL_INVALID;
	}
	if (config->memory_size < 2 * STACK_PAGE || config->memory_size % STACK_PAGE != 0 ||
	    (uintptr_t)config->memory % STACK_PAGE != 0) {
		return KEEL_INVALID;
	}
	return KEEL_OK;
}

static void paint_stack(struct task *task, const struct task_config *config)
{
	task->stack = config->memory + STACK_PAGE;
	task->stack_size = config->memory_size - STACK_PAGE;
	for (size_t i = 0; i < task->stack_size; i++) {
		task->stack[i] = STACK_FILL;
	}
	port_guard(config->memory);
}

int task_create(struct task *task, const struct task_config *config)
{
	uint64_t key;
	int err = check(task, config);

	if (err != KEEL_OK) {
		return err;
	}
	paint_stack(task, config);
	task->name = config->name;
	task->prio = config->prio;
	task->base_prio = config->prio;
	task->cpu_time = 0;
	task->waiting = NULL;
	task->wanted = NULL;
	list_init(&task->held);
	list_init(&task->node);
	timeout_init(&task->timeout, TIMEOUT_TASK);
	port_task_init(task, config->entry, config->arg);

	key = sched_lock();
	list_add_tail(&registry, &task->registry);
	sched_ready(task);
	sched_unlock(key);
	return KEEL_OK;
}

void task_exit(void)
{
	struct task *self = sched_current();

	(void)sched_lock();
	KEEL_ASSERT(list_empty(&self->held));
	list_remove(&self->registry);
	sched_unready(self);
	self->state = TASK_DEAD;
	port_switch();
	port_panic("a dead task ran");
}

void task_yield(void)
{
	uint64_t key = sched_lock();

	sched_rotate();
	sched_unlock(key);
}

int task_sleep_until(uint64_t deadline)
{
	uint64_t key = sched_lock();
	int status = KEEL_TIMEOUT;

	if (clock_before(port_now(), deadline)) {
		sched_park(NULL, &deadline);
		(void)sched_wait();
		status = KEEL_OK;
	}
	sched_unlock(key);
	return status;
}

void task_sleep(uint64_t span)
{
	(void)task_sleep_until(clock_deadline(span));
}

int task_set_prio(struct task *task, uint8_t prio)
{
	uint64_t key;

	if (prio == 0 || prio >= PRIO_COUNT) {
		return KEEL_INVALID;
	}
	key = sched_lock();
	task->base_prio = prio;
	mutex_propagate(task);
	sched_unlock(key);
	return KEEL_OK;
}

size_t task_stack_used(const struct task *task)
{
	size_t i = 0;

	while (i < task->stack_size && task->stack[i] == STACK_FILL) {
		i++;
	}
	return task->stack_size - i;
}

void task_for_each(void (*visit)(struct task *task, void *arg), void *arg)
{
	struct list *pos;

	list_for_each(pos, &registry)
	{
		visit(list_entry(pos, struct task, registry), arg);
	}
}

struct task *task_of_guard(uint64_t addr)
{
	struct list *pos;

	list_for_each(pos, &registry)
	{
		struct task *task = list_entry(pos, struct task, registry);
		uint64_t top = (uintptr_t)task->stack;

		if (addr < top && addr >= top - STACK_PAGE) {
			return task;
		}
	}
	return NULL;
}

void task_expire(struct task *task)
{
	struct mutex *wanted = task->wanted;

	task->wanted = NULL;
	sched_wake(task, KEEL_TIMEOUT);
	if (wanted != NULL) {
		mutex_propagate(wanted->owner);
	}
}
