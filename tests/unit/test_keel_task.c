#include "guests/rtos/fake/fake.h"

static uint8_t memory[3 * STACK_PAGE] __attribute__((aligned(STACK_PAGE)));
static struct task task;

static void entry(void *arg)
{
	(void)arg;
}

static struct task_config config_of(uint8_t prio, size_t memory_size)
{
	return (struct task_config){.name = "t",
				    .entry = entry,
				    .prio = prio,
				    .memory = memory,
				    .memory_size = memory_size};
}

static int setup(void **state)
{
	task = (struct task){0};
	return fake_setup(state);
}

static void test_priority_out_of_range_is_refused(void **state)
{
	struct task_config config = config_of(PRIO_COUNT, sizeof(memory));

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_INVALID);
}

static void test_stack_without_room_for_the_guard_is_refused(void **state)
{
	struct task_config config = config_of(5, STACK_PAGE);

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_INVALID);
}

static void test_unaligned_stack_is_refused(void **state)
{
	struct task_config config = config_of(5, 2 * STACK_PAGE);

	(void)state;
	config.memory += 16;
	assert_int_equal(task_create(&task, &config), KEEL_INVALID);
}

static void test_live_task_cannot_be_created_again(void **state)
{
	struct task_config config = config_of(5, sizeof(memory));

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_OK);
	assert_int_equal(task_create(&task, &config), KEEL_INVALID);
}

static void test_ended_task_can_be_created_again(void **state)
{
	struct task_config config = config_of(5, sizeof(memory));

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_OK);
	expect_assert_failure(task_exit());
	fake.masked = 0;
	assert_int_equal(task.state, TASK_DEAD);
	assert_running(fake_idle());
	assert_int_equal(task_create(&task, &config), KEEL_OK);
}

static void test_exit_with_a_mutex_held_panics(void **state)
{
	struct mutex mutex;
	struct task *self = fake_task(0, 5);

	(void)state;
	mutex_init(&mutex);
	(void)mutex_lock(&mutex, KEEL_FOREVER);
	expect_assert_failure(task_exit());
	assert_int_equal(self->state, TASK_READY);
}

static void test_lowest_page_is_the_guard(void **state)
{
	struct task_config config = config_of(5, sizeof(memory));

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_OK);
	assert_ptr_equal(fake.guard, memory);
	assert_ptr_equal(task.stack, memory + STACK_PAGE);
	assert_int_equal(task.stack_size, 2 * STACK_PAGE);
}

static void test_guard_address_names_its_task(void **state)
{
	struct task_config config = config_of(5, sizeof(memory));
	uint64_t base = (uintptr_t)memory;

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_OK);
	assert_ptr_equal(task_of_guard(base), &task);
	assert_ptr_equal(task_of_guard(base + STACK_PAGE - 1), &task);
	assert_null(task_of_guard(base + STACK_PAGE));
}

static void test_stack_use_is_the_high_water_mark(void **state)
{
	struct task_config config = config_of(5, sizeof(memory));

	(void)state;
	assert_int_equal(task_create(&task, &config), KEEL_OK);
	assert_int_equal(task_stack_used(&task), 0);
	memory[sizeof(memory) - 100] = 1;
	assert_int_equal(task_stack_used(&task), 100);
}

static void test_sleep_ends_on_time_not_before(void **state)
{
	struct task *self = fake_task(0, 5);

	(void)state;
	task_sleep(100);
	fake_advance(99);
	assert_running(fake_idle());
	fake_advance(1);
	assert_running(self);
}

static void test_sleep_until_the_past_returns_at_once(void **state)
{
	struct task *self = fake_task(0, 5);

	(void)state;
	assert_int_equal(task_sleep_until(fake.now), KEEL_TIMEOUT);
	assert_int_equal(task_sleep_until(fake.now - 1), KEEL_TIMEOUT);
	assert_running(self);
}

static void test_priority_zero_cannot_be_set(void **state)
{
	(void)state;
	assert_int_equal(task_set_prio(fake_task(0, 5), 0), KEEL_INVALID);
}

static void count(struct task *t, void *arg)
{
	(void)t;
	(*(unsigned int *)arg)++;
}

static void test_for_each_visits_live_tasks_only(void **state)
{
	unsigned int seen = 0;

	(void)state;
	fake_task(0, 5);
	fake_task(1, 6);
	expect_assert_failure(task_exit());
	task_for_each(count, &seen);
	assert_int_equal(seen, 2); /* idle and the one left */
}

#define TASK_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TASK_TEST(test_priority_out_of_range_is_refused),
		TASK_TEST(test_stack_without_room_for_the_guard_is_refused),
		TASK_TEST(test_unaligned_stack_is_refused),
		TASK_TEST(test_live_task_cannot_be_created_again),
		TASK_TEST(test_ended_task_can_be_created_again),
		TASK_TEST(test_exit_with_a_mutex_held_panics),
		TASK_TEST(test_lowest_page_is_the_guard),
		TASK_TEST(test_guard_address_names_its_task),
		TASK_TEST(test_stack_use_is_the_high_water_mark),
		TASK_TEST(test_sleep_ends_on_time_not_before),
		TASK_TEST(test_sleep_until_the_past_returns_at_once),
		TASK_TEST(test_priority_zero_cannot_be_set),
		TASK_TEST(test_for_each_visits_live_tasks_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
