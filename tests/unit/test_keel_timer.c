#include "guests/rtos/fake/fake.h"

static struct timer timer;
static unsigned int count;
static uint64_t fired_at;

static void fire(struct timer *t)
{
	(void)t;
	assert_true(fake.in_isr);
	count++;
	fired_at = fake.now;
}

static int setup(void **state)
{
	(void)fake_setup(state);
	count = 0;
	timer_init(&timer, fire, NULL);
	return 0;
}

static void test_oneshot_fires_once_on_time(void **state)
{
	uint64_t start = fake.now;

	(void)state;
	timer_start(&timer, 100, 0);
	fake_advance(99);
	assert_int_equal(count, 0);
	fake_advance(1000);
	assert_int_equal(count, 1);
	assert_int_equal(fired_at, start + 100);
	assert_false(timer_active(&timer));
}

static void test_periodic_keeps_its_grid(void **state)
{
	uint64_t start = fake.now;

	(void)state;
	timer_start(&timer, 100, 50);
	fake_advance(250);
	assert_int_equal(count, 4);
	assert_int_equal(fired_at, start + 250);
}

static void test_stopped_timer_does_not_fire(void **state)
{
	(void)state;
	timer_start(&timer, 100, 50);
	timer_stop(&timer);
	assert_false(fake.alarm_set);
	fake_advance(1000);
	assert_int_equal(count, 0);
}

static void test_stopping_an_idle_timer_is_harmless(void **state)
{
	(void)state;
	timer_stop(&timer);
	timer_stop(&timer);
	assert_false(timer_active(&timer));
}

static void test_restart_moves_the_deadline(void **state)
{
	(void)state;
	timer_start(&timer, 100, 0);
	fake_advance(50);
	timer_start(&timer, 100, 0);
	fake_advance(99);
	assert_int_equal(count, 0);
	fake_advance(1);
	assert_int_equal(count, 1);
}

static void fire_and_stop(struct timer *t)
{
	fire(t);
	timer_stop(t);
}

static void test_periodic_can_be_stopped_by_its_callback(void **state)
{
	(void)state;
	timer_init(&timer, fire_and_stop, NULL);
	timer_start(&timer, 100, 50);
	fake_advance(1000);
	assert_int_equal(count, 1);
}

static void fire_and_restart(struct timer *t)
{
	fire(t);
	if (count < 3) {
		timer_start(t, 10, 0);
	}
}

static void test_oneshot_can_be_started_again_by_its_callback(void **state)
{
	uint64_t start = fake.now;

	(void)state;
	timer_init(&timer, fire_and_restart, NULL);
	timer_start(&timer, 100, 0);
	fake_advance(1000);
	assert_int_equal(count, 3);
	assert_int_equal(fired_at, start + 120);
}

static struct timer other;

static void fire_and_stop_other(struct timer *t)
{
	fire(t);
	timer_stop(&other);
}

static void test_callback_can_cancel_a_timer_due_at_the_same_time(void **state)
{
	(void)state;
	timer_init(&timer, fire_and_stop_other, NULL);
	timer_init(&other, fire, NULL);
	timer_start(&timer, 100, 0);
	timer_start(&other, 100, 0);
	fake_advance(1000);
	assert_int_equal(count, 1);
}

static void test_late_periodic_skips_instead_of_bursting(void **state)
{
	(void)state;
	timer_start(&timer, 100, 50);
	fake.now += 275; /* interrupts were masked all the while */
	fake_advance(0);
	assert_int_equal(count, 1);
	assert_int_equal(timer.overruns, 3);
	assert_int_equal(fake.alarm, 1000 + 300);
}

static void test_missing_callback_panics(void **state)
{
	(void)state;
	expect_assert_failure(timer_init(&timer, NULL, NULL));
}

static void give(struct timer *t)
{
	(void)sem_give(t->arg);
}

static void test_callback_wakes_a_task(void **state)
{
	struct sem sem;
	struct task *waiter = fake_task(0, 5);

	(void)state;
	sem_init(&sem, 0, 1);
	timer_init(&timer, give, &sem);
	timer_start(&timer, 100, 0);
	(void)sem_take(&sem, KEEL_FOREVER);
	assert_running(fake_idle());
	fake_advance(100);
	assert_running(waiter);
}

#define TIMER_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIMER_TEST(test_oneshot_fires_once_on_time),
		TIMER_TEST(test_periodic_keeps_its_grid),
		TIMER_TEST(test_stopped_timer_does_not_fire),
		TIMER_TEST(test_stopping_an_idle_timer_is_harmless),
		TIMER_TEST(test_restart_moves_the_deadline),
		TIMER_TEST(test_periodic_can_be_stopped_by_its_callback),
		TIMER_TEST(test_oneshot_can_be_started_again_by_its_callback),
		TIMER_TEST(test_callback_can_cancel_a_timer_due_at_the_same_time),
		TIMER_TEST(test_late_periodic_skips_instead_of_bursting),
		TIMER_TEST(test_missing_callback_panics),
		TIMER_TEST(test_callback_wakes_a_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
