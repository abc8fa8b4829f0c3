#include "guests/rtos/fake/fake.h"

static struct sem sem;

static int setup(void **state)
{
	(void)fake_setup(state);
	sem_init(&sem, 0, 2);
	return 0;
}

static void test_take_counts_down(void **state)
{
	(void)state;
	fake_task(0, 5);
	sem_init(&sem, 2, 2);
	assert_int_equal(sem_take(&sem, KEEL_NO_WAIT), KEEL_OK);
	assert_int_equal(sem_take(&sem, KEEL_NO_WAIT), KEEL_OK);
	assert_int_equal(sem_take(&sem, KEEL_NO_WAIT), KEEL_BUSY);
}

static void test_give_stops_at_the_limit(void **state)
{
	(void)state;
	assert_int_equal(sem_give(&sem), KEEL_OK);
	assert_int_equal(sem_give(&sem), KEEL_OK);
	assert_int_equal(sem_give(&sem), KEEL_OVERFLOW);
	assert_int_equal(sem.count, 2);
}

static void test_give_wakes_the_most_urgent_waiter(void **state)
{
	struct task *low = fake_task(0, 5);
	struct task *high;

	(void)state;
	(void)sem_take(&sem, KEEL_FOREVER);
	high = fake_task(1, 9);
	(void)sem_take(&sem, KEEL_FOREVER);
	assert_running(fake_idle());
	(void)sem_give(&sem);
	assert_running(high);
	assert_int_equal(low->state, TASK_BLOCKED);
}

static void test_waiters_of_one_priority_are_served_in_order(void **state)
{
	struct task *first = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, KEEL_FOREVER);
	fake_task(1, 5);
	(void)sem_take(&sem, KEEL_FOREVER);
	(void)sem_give(&sem);
	assert_running(first);
}

static void test_unit_goes_to_the_waiter_not_to_the_count(void **state)
{
	struct task *waiter = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, KEEL_FOREVER);
	(void)sem_give(&sem);
	assert_int_equal(sem.count, 0);
	assert_int_equal(waiter->wake_status, KEEL_OK);
}

static void test_timeout_is_reported(void **state)
{
	struct task *waiter = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, 100);
	fake_advance(100);
	assert_running(waiter);
	assert_int_equal(waiter->wake_status, KEEL_TIMEOUT);
}

static void test_unit_after_a_timeout_is_kept_for_others(void **state)
{
	(void)state;
	fake_task(0, 5);
	(void)sem_take(&sem, 100);
	fake_advance(100);
	(void)sem_give(&sem);
	assert_int_equal(sem.count, 1);
}

static void test_give_just_before_the_timeout_wins(void **state)
{
	struct task *waiter = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, 100);
	fake.now += 100; /* due, but its interrupt has not come yet */
	(void)sem_give(&sem);
	fake_advance(1000);
	assert_int_equal(waiter->wake_status, KEEL_OK);
	assert_int_equal(sem.count, 0);
}

static void test_give_in_the_same_isr_after_the_timeout_is_kept(void **state)
{
	struct task *waiter = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, 100);
	fake.now += 100;
	fake_enter_isr();
	clock_tick();
	(void)sem_give(&sem);
	fake_leave_isr();
	assert_int_equal(waiter->wake_status, KEEL_TIMEOUT);
	assert_int_equal(sem.count, 1);
}

static void test_count_above_the_limit_panics(void **state)
{
	(void)state;
	expect_assert_failure(sem_init(&sem, 3, 2));
}

static void test_raised_waiter_moves_ahead(void **state)
{
	struct task *low = fake_task(0, 5);

	(void)state;
	(void)sem_take(&sem, KEEL_FOREVER);
	fake_task(1, 9);
	(void)sem_take(&sem, KEEL_FOREVER);
	(void)task_set_prio(low, 10);
	(void)sem_give(&sem);
	assert_running(low);
}

#define SEM_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEM_TEST(test_take_counts_down),
		SEM_TEST(test_give_stops_at_the_limit),
		SEM_TEST(test_give_wakes_the_most_urgent_waiter),
		SEM_TEST(test_waiters_of_one_priority_are_served_in_order),
		SEM_TEST(test_unit_goes_to_the_waiter_not_to_the_count),
		SEM_TEST(test_timeout_is_reported),
		SEM_TEST(test_unit_after_a_timeout_is_kept_for_others),
		SEM_TEST(test_give_just_before_the_timeout_wins),
		SEM_TEST(test_give_in_the_same_isr_after_the_timeout_is_kept),
		SEM_TEST(test_count_above_the_limit_panics),
		SEM_TEST(test_raised_waiter_moves_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
