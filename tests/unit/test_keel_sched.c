#include "guests/rtos/fake/fake.h"

static void test_idle_runs_when_nothing_else_can(void **state)
{
	(void)state;
	assert_running(fake_idle());
}

static void test_higher_priority_preempts_at_creation(void **state)
{
	struct task *low = fake_task(0, 5);

	(void)state;
	assert_running(low);
	assert_running(fake_task(1, 9));
}

static void test_lower_priority_does_not_preempt(void **state)
{
	struct task *high = fake_task(0, 9);

	(void)state;
	fake_task(1, 5);
	assert_running(high);
}

static void test_highest_ready_runs_next(void **state)
{
	struct task *high = fake_task(0, 20);
	struct task *mid = fake_task(2, 10);

	(void)state;
	fake_task(1, 3);
	assert_running(high);
	task_sleep(100);
	assert_running(mid);
}

static void test_every_priority_level_works(void **state)
{
	(void)state;
	assert_running(fake_task(0, 1));
	assert_running(fake_task(1, PRIO_COUNT - 1));
}

static void test_equals_run_in_order_of_arrival(void **state)
{
	struct task *first = fake_task(0, 5);
	struct task *second = fake_task(1, 5);
	struct task *third = fake_task(2, 5);

	(void)state;
	assert_running(first);
	task_yield();
	assert_running(second);
	task_yield();
	assert_running(third);
	task_yield();
	assert_running(first);
}

static void test_slice_end_passes_the_cpu_to_an_equal(void **state)
{
	struct task *first = fake_task(0, 5);
	struct task *second = fake_task(1, 5);

	(void)state;
	fake_advance(SLICE_US - 1);
	assert_running(first);
	fake_advance(1);
	assert_running(second);
	fake_advance(SLICE_US);
	assert_running(first);
}

static void test_no_slice_without_equals(void **state)
{
	(void)state;
	fake_task(0, 5);
	fake_task(1, 4);
	assert_false(fake.alarm_set);
}

static void test_slice_is_armed_when_an_equal_appears(void **state)
{
	(void)state;
	fake_task(0, 5);
	fake_task(1, 5);
	assert_true(fake.alarm_set);
	assert_int_equal(fake.alarm, fake.now + SLICE_US);
}

static void test_preempted_task_keeps_its_place_and_the_rest_of_its_slice(void **state)
{
	struct task *first = fake_task(0, 5);
	struct task *second = fake_task(1, 5);
	struct task *high;

	(void)state;
	fake_advance(SLICE_US / 2);
	high = fake_task(2, 9);
	assert_running(high);
	fake_advance(3 * SLICE_US);
	task_sleep(100 * SLICE_US);
	assert_running(first);
	fake_advance(SLICE_US / 2);
	assert_running(second);
}

static void test_equal_made_ready_does_not_preempt(void **state)
{
	struct task *first = fake_task(0, 5);

	(void)state;
	task_sleep(10);
	fake_task(1, 5);
	fake_advance(10);
	assert_ptr_not_equal(sched_current(), first);
	assert_int_equal(first->state, TASK_READY);
}

static void test_isr_switches_only_at_its_exit(void **state)
{
	struct sem sem;
	struct task *high = fake_task(0, 9);

	(void)state;
	sem_init(&sem, 0, 1);
	(void)sem_take(&sem, KEEL_FOREVER);
	fake_enter_isr();
	assert_int_equal(sem_give(&sem), KEEL_OK);
	assert_running(fake_idle());
	fake_leave_isr();
	assert_running(high);
}

static void test_blocking_in_isr_panics(void **state)
{
	struct sem sem;

	(void)state;
	sem_init(&sem, 0, 1);
	fake_enter_isr();
	expect_assert_failure((void)sem_take(&sem, KEEL_FOREVER));
}

static void test_cpu_time_is_charged_to_who_ran(void **state)
{
	struct task *low = fake_task(0, 5);
	struct task *high;

	(void)state;
	fake_advance(30);
	high = fake_task(1, 9);
	fake_advance(12);
	assert_int_equal(sched_cpu_time(low), 30);
	assert_int_equal(sched_cpu_time(high), 12);
	assert_int_equal(sched_cpu_time(fake_idle()), 0);
}

static void test_raising_a_ready_task_preempts(void **state)
{
	struct task *high = fake_task(0, 9);
	struct task *low = fake_task(1, 5);

	(void)state;
	assert_running(high);
	assert_int_equal(task_set_prio(low, 10), KEEL_OK);
	assert_running(low);
}

static void test_lowering_the_running_task_lets_others_run(void **state)
{
	struct task *high = fake_task(0, 9);
	struct task *low = fake_task(1, 5);

	(void)state;
	assert_int_equal(task_set_prio(high, 4), KEEL_OK);
	assert_running(low);
}

static void test_lowered_running_task_stays_ahead_of_new_equals(void **state)
{
	struct task *high = fake_task(0, 9);

	(void)state;
	fake_task(1, 5);
	assert_int_equal(task_set_prio(high, 5), KEEL_OK);
	assert_running(high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEL_TEST(test_idle_runs_when_nothing_else_can),
		KEEL_TEST(test_higher_priority_preempts_at_creation),
		KEEL_TEST(test_lower_priority_does_not_preempt),
		KEEL_TEST(test_highest_ready_runs_next),
		KEEL_TEST(test_every_priority_level_works),
		KEEL_TEST(test_equals_run_in_order_of_arrival),
		KEEL_TEST(test_slice_end_passes_the_cpu_to_an_equal),
		KEEL_TEST(test_no_slice_without_equals),
		KEEL_TEST(test_slice_is_armed_when_an_equal_appears),
		KEEL_TEST(test_preempted_task_keeps_its_place_and_the_rest_of_its_slice),
		KEEL_TEST(test_equal_made_ready_does_not_preempt),
		KEEL_TEST(test_isr_switches_only_at_its_exit),
		KEEL_TEST(test_blocking_in_isr_panics),
		KEEL_TEST(test_cpu_time_is_charged_to_who_ran),
		KEEL_TEST(test_raising_a_ready_task_preempts),
		KEEL_TEST(test_lowering_the_running_task_lets_others_run),
		KEEL_TEST(test_lowered_running_task_stays_ahead_of_new_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
