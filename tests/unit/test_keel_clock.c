#include "guests/rtos/fake/fake.h"

static void test_before_is_strict(void **state)
{
	(void)state;
	assert_true(clock_before(1, 2));
	assert_false(clock_before(2, 2));
	assert_false(clock_before(3, 2));
}

static void test_before_holds_across_the_wrap(void **state)
{
	(void)state;
	assert_true(clock_before(UINT64_MAX - 5, 5));
	assert_false(clock_before(5, UINT64_MAX - 5));
}

static void test_from_us_rounds_up(void **state)
{
	(void)state;
	clock_init(62500000);
	assert_int_equal(clock_from_us(1), 63);
	assert_int_equal(clock_from_us(2), 125);
}

static void test_to_us_rounds_down(void **state)
{
	(void)state;
	clock_init(62500000);
	assert_int_equal(clock_to_us(124), 1);
	assert_int_equal(clock_to_us(125), 2);
	assert_int_equal(clock_to_ns(1), 16);
}

static void test_conversion_of_a_year_does_not_overflow(void **state)
{
	uint64_t year_us = UINT64_C(31536000) * 1000000;

	(void)state;
	clock_init(1000000000);
	assert_int_equal(clock_from_us(year_us), year_us * 1000);
	assert_int_equal(clock_to_us(year_us * 1000), year_us);
}

static void test_zero_frequency_panics(void **state)
{
	(void)state;
	expect_assert_failure(clock_init(0));
}

static void test_nothing_due_sets_no_alarm(void **state)
{
	(void)state;
	fake_task(0, 5);
	assert_false(fake.alarm_set);
}

static void test_alarm_is_the_earliest_deadline(void **state)
{
	(void)state;
	fake_task(0, 5);
	fake_task(1, 4);
	task_sleep(500);
	task_sleep(200);
	assert_running(fake_idle());
	assert_int_equal(fake.alarm, fake.now + 200);
}

static void test_alarm_moves_on_after_the_first(void **state)
{
	uint64_t start = fake.now;

	(void)state;
	fake_task(0, 5);
	fake_task(1, 4);
	task_sleep(500);
	task_sleep(200);
	fake_advance(200);
	assert_int_equal(fake.alarm, start + 500);
}

static void test_slice_end_before_timeout_is_the_alarm(void **state)
{
	(void)state;
	fake_task(0, 9);
	task_sleep(10 * SLICE_US);
	fake_task(1, 5);
	fake_task(2, 5);
	assert_int_equal(fake.alarm, fake.now + SLICE_US);
}

static void test_timeout_before_slice_end_is_the_alarm(void **state)
{
	(void)state;
	fake_task(0, 9);
	task_sleep(SLICE_US / 10);
	fake_task(1, 5);
	fake_task(2, 5);
	assert_int_equal(fake.alarm, fake.now + SLICE_US / 10);
}

static void test_alarm_goes_off_when_the_wait_is_over_early(void **state)
{
	struct sem sem;

	(void)state;
	sem_init(&sem, 0, 1);
	fake_task(0, 5);
	(void)sem_take(&sem, 100);
	assert_true(fake.alarm_set);
	(void)sem_give(&sem);
	assert_false(fake.alarm_set);
}

static void test_unchanged_deadline_is_not_programmed_again(void **state)
{
	struct sem sem;
	unsigned int before;

	(void)state;
	sem_init(&sem, 0, 5);
	fake_task(0, 5);
	task_sleep(500);
	before = fake.alarm_count;
	(void)sem_give(&sem);
	(void)sem_give(&sem);
	assert_int_equal(fake.alarm_count, before);
}

static void test_equal_deadlines_expire_in_order_of_arrival(void **state)
{
	struct task *first = fake_task(0, 5);

	(void)state;
	task_sleep(100);
	fake_task(1, 5);
	task_sleep(100);
	fake_advance(100);
	assert_running(first);
}

static void test_timeouts_work_across_the_wrap(void **state)
{
	struct task *task;

	(void)state;
	fake_start(UINT64_MAX - 10);
	task = fake_task(0, 5);
	task_sleep(100);
	fake_advance(99);
	assert_running(fake_idle());
	fake_advance(1);
	assert_running(task);
}

static void test_order_is_right_across_the_wrap(void **state)
{
	(void)state;
	fake_start(UINT64_MAX - 10);
	fake_task(0, 5);
	fake_task(1, 4);
	task_sleep(100);
	task_sleep(5);
	assert_int_equal(fake.alarm, UINT64_MAX - 5);
}

static void test_huge_span_is_clamped_not_wrapped(void **state)
{
	(void)state;
	assert_true(clock_before(fake.now, clock_deadline(UINT64_MAX - 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEL_TEST(test_before_is_strict),
		KEEL_TEST(test_before_holds_across_the_wrap),
		KEEL_TEST(test_from_us_rounds_up),
		KEEL_TEST(test_to_us_rounds_down),
		KEEL_TEST(test_conversion_of_a_year_does_not_overflow),
		KEEL_TEST(test_zero_frequency_panics),
		KEEL_TEST(test_nothing_due_sets_no_alarm),
		KEEL_TEST(test_alarm_is_the_earliest_deadline),
		KEEL_TEST(test_alarm_moves_on_after_the_first),
		KEEL_TEST(test_slice_end_before_timeout_is_the_alarm),
		KEEL_TEST(test_timeout_before_slice_end_is_the_alarm),
		KEEL_TEST(test_alarm_goes_off_when_the_wait_is_over_early),
		KEEL_TEST(test_unchanged_deadline_is_not_programmed_again),
		KEEL_TEST(test_equal_deadlines_expire_in_order_of_arrival),
		KEEL_TEST(test_timeouts_work_across_the_wrap),
		KEEL_TEST(test_order_is_right_across_the_wrap),
		KEEL_TEST(test_huge_span_is_clamped_not_wrapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
