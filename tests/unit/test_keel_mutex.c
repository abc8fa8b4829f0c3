#include "guests/rtos/fake/fake.h"

static struct mutex a, b;

static int setup(void **state)
{
	(void)fake_setup(state);
	mutex_init(&a);
	mutex_init(&b);
	return 0;
}

static void lock(struct mutex *m)
{
	(void)mutex_lock(m, KEEL_FOREVER);
}

static void test_free_mutex_is_taken(void **state)
{
	struct task *self = fake_task(0, 5);

	(void)state;
	assert_int_equal(mutex_lock(&a, KEEL_NO_WAIT), KEEL_OK);
	assert_ptr_equal(a.owner, self);
}

static void test_unlock_frees(void **state)
{
	(void)state;
	fake_task(0, 5);
	lock(&a);
	assert_int_equal(mutex_unlock(&a), KEEL_OK);
	assert_null(a.owner);
}

static void test_only_the_owner_unlocks(void **state)
{
	struct task *owner = fake_task(0, 5);

	(void)state;
	lock(&a);
	fake_task(1, 9);
	assert_int_equal(mutex_unlock(&a), KEEL_PERM);
	assert_ptr_equal(a.owner, owner);
}

static void test_no_wait_is_busy_and_boosts_nobody(void **state)
{
	struct task *owner = fake_task(0, 5);

	(void)state;
	lock(&a);
	fake_task(1, 9);
	assert_int_equal(mutex_lock(&a, KEEL_NO_WAIT), KEEL_BUSY);
	assert_int_equal(owner->prio, 5);
}

static void test_locking_twice_is_a_deadlock(void **state)
{
	(void)state;
	fake_task(0, 5);
	lock(&a);
	assert_int_equal(mutex_lock(&a, KEEL_FOREVER), KEEL_DEADLOCK);
}

static void test_cycle_of_two_is_a_deadlock(void **state)
{
	struct task *low = fake_task(0, 5);
	struct task *high;

	(void)state;
	lock(&a);
	high = fake_task(1, 9);
	lock(&b);
	lock(&a); /* high waits for low */
	assert_running(low);
	assert_int_equal(mutex_lock(&b, KEEL_FOREVER), KEEL_DEADLOCK);
	assert_int_equal(high->state, TASK_BLOCKED);
}

static void test_owner_inherits_and_runs_before_the_middle(void **state)
{
	struct task *low = fake_task(0, 5);

	(void)state;
	lock(&a);
	fake_task(2, 9);
	lock(&a);
	fake_task(1, 7);
	assert_running(low);
	assert_int_equal(low->prio, 9);
	assert_int_equal(low->base_prio, 5);
}

static void test_unlock_hands_over_and_gives_the_priority_back(void **state)
{
	struct task *low = fake_task(0, 5);
	struct task *high;

	(void)state;
	lock(&a);
	high = fake_task(1, 9);
	lock(&a);
	assert_running(low);
	(void)mutex_unlock(&a);
	assert_running(high);
	assert_ptr_equal(a.owner, high);
	assert_int_equal(high->wake_status, KEEL_OK);
	assert_int_equal(low->prio, 5);
}

static void test_most_urgent_waiter_gets_it(void **state)
{
	struct task *low = fake_task(0, 3);
	struct task *high;

	(void)state;
	lock(&a);
	fake_task(1, 5);
	lock(&a);
	high = fake_task(2, 9);
	lock(&a);
	assert_running(low);
	(void)mutex_unlock(&a);
	assert_ptr_equal(a.owner, high);
}

static void test_timeout_takes_the_boost_back(void **state)
{
	struct task *low = fake_task(0, 5);
	struct task *high;

	(void)state;
	lock(&a);
	high = fake_task(1, 9);
	(void)mutex_lock(&a, 100);
	assert_int_equal(low->prio, 9);
	fake_advance(100);
	assert_int_equal(high->wake_status, KEEL_TIMEOUT);
	assert_int_equal(low->prio, 5);
	assert_ptr_equal(a.owner, low);
}

static void test_timeout_leaves_the_boost_of_other_waiters(void **state)
{
	struct task *low = fake_task(0, 3);

	(void)state;
	lock(&a);
	fake_task(1, 5);
	lock(&a);
	fake_task(2, 9);
	(void)mutex_lock(&a, 100);
	fake_advance(100);
	assert_int_equal(low->prio, 5);
}

/* chain: high waits for b, held by mid, who waits for a, held by low */
static struct task *chain[3];

static void build_chain(uint64_t span)
{
	chain[0] = fake_task(0, 3);
	lock(&a);
	chain[1] = fake_task(1, 5);
	lock(&b);
	lock(&a);
	assert_running(chain[0]);
	chain[2] = fake_task(2, 9);
	(void)mutex_lock(&b, span);
}

static void test_chain_is_boosted_to_its_end(void **state)
{
	(void)state;
	build_chain(KEEL_FOREVER);
	assert_int_equal(chain[1]->prio, 9);
	assert_int_equal(chain[0]->prio, 9);
	assert_running(chain[0]);
}

static void test_chain_is_undone_by_timeout(void **state)
{
	(void)state;
	build_chain(100);
	fake_advance(100);
	assert_int_equal(chain[1]->prio, 5);
	assert_int_equal(chain[0]->prio, 5); /* mid still waits for it */
}

static void test_chain_unwinds_by_unlocks(void **state)
{
	(void)state;
	build_chain(KEEL_FOREVER);
	(void)mutex_unlock(&a);
	assert_running(chain[1]);
	assert_int_equal(chain[0]->prio, 3);
	assert_int_equal(chain[1]->prio, 9);
	(void)mutex_unlock(&b);
	assert_running(chain[2]);
	assert_int_equal(chain[1]->prio, 5);
}

static void test_nested_unlock_keeps_what_the_other_mutex_gives(void **state)
{
	struct task *low = fake_task(0, 3);

	(void)state;
	lock(&a);
	lock(&b);
	fake_task(1, 5);
	lock(&a);
	fake_task(2, 9);
	lock(&b);
	assert_int_equal(low->prio, 9);
	(void)mutex_unlock(&b);
	assert_int_equal(low->prio, 5);
}

static void test_new_owner_inherits_from_the_waiters_left(void **state)
{
	struct task *first;

	(void)state;
	fake_task(0, 3);
	lock(&a);
	first = fake_task(1, 9);
	lock(&a);
	fake_task(2, 9);
	task_yield(); /* the boosted owner is its equal */
	lock(&a);
	(void)mutex_unlock(&a);
	assert_ptr_equal(a.owner, first);
	(void)task_set_prio(first, 4);
	assert_int_equal(first->prio, 9);
}

static void test_raising_a_waiter_raises_the_owner(void **state)
{
	struct task *low = fake_task(0, 3);
	struct task *waiter;

	(void)state;
	lock(&a);
	waiter = fake_task(1, 5);
	lock(&a);
	(void)task_set_prio(waiter, 12);
	assert_int_equal(low->prio, 12);
}

static void test_base_priority_below_the_boost_waits(void **state)
{
	struct task *low = fake_task(0, 3);

	(void)state;
	lock(&a);
	fake_task(1, 9);
	lock(&a);
	(void)task_set_prio(low, 4);
	assert_int_equal(low->prio, 9);
	(void)mutex_unlock(&a);
	assert_int_equal(low->prio, 4);
}

/* `high` owns b and waits for nothing, low owns a: low may wait for b. */
static void assert_low_may_wait_for_b(struct task *low)
{
	lock(&b);
	task_sleep(100);
	assert_running(low);
	(void)mutex_lock(&a, KEEL_NO_WAIT); /* it may own it already */
	assert_ptr_equal(a.owner, low);
	(void)mutex_lock(&b, KEEL_FOREVER);
	assert_int_equal(low->state, TASK_BLOCKED);
}

static void test_a_mutex_once_waited_for_makes_no_cycle(void **state)
{
	struct task *low = fake_task(0, 5);

	(void)state;
	lock(&a);
	fake_task(1, 9);
	lock(&a);
	(void)mutex_unlock(&a); /* high goes on with it */
	(void)mutex_unlock(&a);
	assert_low_may_wait_for_b(low);
}

static void test_a_wait_given_up_makes_no_cycle(void **state)
{
	struct task *low = fake_task(0, 5);

	(void)state;
	lock(&a);
	fake_task(1, 9);
	(void)mutex_lock(&a, 100);
	fake_advance(100);
	assert_low_may_wait_for_b(low);
}

#define MUTEX_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MUTEX_TEST(test_free_mutex_is_taken),
		MUTEX_TEST(test_unlock_frees),
		MUTEX_TEST(test_only_the_owner_unlocks),
		MUTEX_TEST(test_no_wait_is_busy_and_boosts_nobody),
		MUTEX_TEST(test_locking_twice_is_a_deadlock),
		MUTEX_TEST(test_cycle_of_two_is_a_deadlock),
		MUTEX_TEST(test_owner_inherits_and_runs_before_the_middle),
		MUTEX_TEST(test_unlock_hands_over_and_gives_the_priority_back),
		MUTEX_TEST(test_most_urgent_waiter_gets_it),
		MUTEX_TEST(test_timeout_takes_the_boost_back),
		MUTEX_TEST(test_timeout_leaves_the_boost_of_other_waiters),
		MUTEX_TEST(test_chain_is_boosted_to_its_end),
		MUTEX_TEST(test_chain_is_undone_by_timeout),
		MUTEX_TEST(test_chain_unwinds_by_unlocks),
		MUTEX_TEST(test_nested_unlock_keeps_what_the_other_mutex_gives),
		MUTEX_TEST(test_new_owner_inherits_from_the_waiters_left),
		MUTEX_TEST(test_raising_a_waiter_raises_the_owner),
		MUTEX_TEST(test_base_priority_below_the_boost_waits),
		MUTEX_TEST(test_a_mutex_once_waited_for_makes_no_cycle),
		MUTEX_TEST(test_a_wait_given_up_makes_no_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
