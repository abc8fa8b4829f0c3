#include "guests/rtos/app/selftest.h"

#include <stddef.h>

#include "guests/rtos/app/shell.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"

#define STACK_SIZE   4096
#define JOIN_STEP_US 1000
#define JOIN_STEPS   2000

static struct task helpers[SELFTEST_HELPERS];
static const char *const helper_names[SELFTEST_HELPERS] = {"helper0", "helper1", "helper2"};
TASK_STACK(stack0, STACK_SIZE);
TASK_STACK(stack1, STACK_SIZE);
TASK_STACK(stack2, STACK_SIZE);
static uint8_t *const stacks[SELFTEST_HELPERS] = {stack0, stack1, stack2};

static const struct {
	const char *name;
	bool (*run)(void);
} tests[] = {
	{"preemption", selftest_preemption},
	{"priority-order", selftest_priority_order},
	{"round-robin", selftest_round_robin},
	{"semaphore-timeout", selftest_semaphore_timeout},
	{"mutex-inheritance", selftest_mutex_inheritance},
	{"mutex-timeout", selftest_mutex_timeout},
	{"queue", selftest_queue},
	{"sleep", selftest_sleep},
	{"timer-oneshot", selftest_timer_oneshot},
	{"timer-periodic", selftest_timer_periodic},
	{"irq-wakes-task", selftest_irq_wakes},
	{"fp-preserved", selftest_fp_preserved},
	{"memory-protection", selftest_memory_protection},
};

#define TEST_COUNT (sizeof(tests) / sizeof(tests[0]))

void selftest_spawn(unsigned int index, uint8_t prio, void (*entry)(void *), void *arg)
{
	const struct task_config config = {
		.name = helper_names[index],
		.entry = entry,
		.arg = arg,
		.prio = prio,
		.memory = stacks[index],
		.memory_size = sizeof(stack0),
	};

	KEEL_ASSERT(task_create(&helpers[index], &config) == KEEL_OK);
}

struct task *selftest_helper(unsigned int index)
{
	return &helpers[index];
}

static bool all_dead(void)
{
	for (unsigned int i = 0; i < SELFTEST_HELPERS; i++) {
		if (helpers[i].state != TASK_DEAD) {
			return false;
		}
	}
	return true;
}

bool selftest_join(void)
{
	for (unsigned int i = 0; i < JOIN_STEPS && !all_dead(); i++) {
		task_sleep(clock_from_us(JOIN_STEP_US));
	}
	return all_dead();
}

void selftest_spin_us(uint64_t us)
{
	uint64_t end = clock_deadline(clock_from_us(us));

	while (clock_before(port_now(), end)) {}
}

void cmd_selftest(int count, char **args)
{
	size_t passed = 0;

	(void)count;
	(void)args;
	for (size_t i = 0; i < TEST_COUNT; i++) {
		bool ok;

		if (!all_dead()) {
			shell_error("selftest: a helper task of an earlier test still runs");
			break;
		}
		ok = tests[i].run();
		passed += ok;
		console_printf("%s %s\n", ok ? "PASS" : "FAIL", tests[i].name);
	}
	console_printf("selftest: %zu passed, %zu failed\n", passed, TEST_COUNT - passed);
}
