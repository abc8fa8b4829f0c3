#include "guests/rtos/fake/fake.h"

#include <stdlib.h>
#include <string.h>

struct fake fake;

static struct task idle, tasks[FAKE_TASKS];
static uint8_t stacks[FAKE_TASKS + 1][2 * STACK_PAGE] __attribute__((aligned(STACK_PAGE)));

uint64_t port_irq_save(void)
{
	return fake.masked++;
}

void port_irq_restore(uint64_t key)
{
	assert_int_equal(fake.masked, key + 1);
	fake.masked = (unsigned int)key;
}

bool port_in_isr(void)
{
	return fake.in_isr;
}

uint64_t port_now(void)
{
	return fake.now;
}

void port_alarm_set(uint64_t deadline)
{
	fake.alarm_set = true;
	fake.alarm = deadline;
	fake.alarm_count++;
}

void port_alarm_off(void)
{
	fake.alarm_set = false;
}

void port_switch(void)
{
	assert_false(fake.in_isr);
	assert_true(fake.masked > 0);
	fake.switch_count++;
	sched_switch();
}

void port_activate(struct task *next)
{
	assert_int_equal(next->state, TASK_READY);
}

void port_task_init(struct task *task, void (*entry)(void *), void *arg)
{
	task->ctx.pc = (uintptr_t)entry;
	task->ctx.x[0] = (uintptr_t)arg;
}

void port_guard(void *page)
{
	fake.guard = page;
}

void port_panic(const char *why)
{
	mock_assert(0, why, __FILE__, __LINE__);
	abort();
}

static void entry(void *arg)
{
	(void)arg;
}

static struct task *create(struct task *task, uint8_t prio, unsigned int index)
{
	const struct task_config config = {
		.name = "task",
		.entry = entry,
		.prio = prio,
		.memory = stacks[index],
		.memory_size = sizeof(stacks[index]),
	};

	assert_int_equal(task_create(task, &config), KEEL_OK);
	return task;
}

void fake_start(uint64_t now)
{
	memset(&fake, 0, sizeof(fake));
	memset(&idle, 0, sizeof(idle));
	memset(tasks, 0, sizeof(tasks));
	fake.now = now;
	fake.in_isr = true;
	clock_init(FAKE_FREQUENCY);
	task_init();
	sched_init();
	create(&idle, 0, FAKE_TASKS);
	sched_start();
	fake.in_isr = false;
}

int fake_setup(void **state)
{
	(void)state;
	fake_start(1000);
	return 0;
}

struct task *fake_task(unsigned int index, uint8_t prio)
{
	return create(&tasks[index], prio, index);
}

struct task *fake_idle(void)
{
	return &idle;
}

void fake_enter_isr(void)
{
	assert_false(fake.in_isr);
	fake.in_isr = true;
}

void fake_leave_isr(void)
{
	sched_switch();
	fake.in_isr = false;
}

static void interrupt(void)
{
	fake.alarm_set = false;
	fake_enter_isr();
	clock_tick();
	fake_leave_isr();
}

void fake_advance(uint64_t ticks)
{
	uint64_t end = fake.now + ticks;

	while (fake.alarm_set && !clock_before(end, fake.alarm)) {
		if (clock_before(fake.now, fake.alarm)) {
			fake.now = fake.alarm;
		}
		interrupt();
	}
	fake.now = end;
}
