#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guests/rtos/app/histogram.h"

static struct histogram h;

static int setup(void **state)
{
	(void)state;
	histogram_reset(&h);
	return 0;
}

static void test_buckets_are_powers_of_two_of_us(void **state)
{
	(void)state;
	histogram_add(&h, 999);
	histogram_add(&h, 1000);
	histogram_add(&h, 1999);
	histogram_add(&h, 2000);
	assert_int_equal(h.buckets[0], 1);
	assert_int_equal(h.buckets[1], 2);
	assert_int_equal(h.buckets[2], 1);
}

static void test_last_bucket_takes_the_rest(void **state)
{
	(void)state;
	histogram_add(&h, 32767999);
	histogram_add(&h, 32768000);
	histogram_add(&h, UINT64_MAX / 2);
	assert_int_equal(h.buckets[HISTOGRAM_BUCKETS - 2], 1);
	assert_int_equal(h.buckets[HISTOGRAM_BUCKETS - 1], 2);
}

static void test_minimum_maximum_average(void **state)
{
	(void)state;
	histogram_add(&h, 10);
	histogram_add(&h, 30);
	histogram_add(&h, 50);
	assert_int_equal(h.min_ns, 10);
	assert_int_equal(h.max_ns, 50);
	assert_int_equal(histogram_average(&h), 30);
}

static void test_empty_average_is_zero(void **state)
{
	(void)state;
	assert_int_equal(histogram_average(&h), 0);
}

#define HISTOGRAM_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HISTOGRAM_TEST(test_buckets_are_powers_of_two_of_us),
		HISTOGRAM_TEST(test_last_bucket_takes_the_rest),
		HISTOGRAM_TEST(test_minimum_maximum_average),
		HISTOGRAM_TEST(test_empty_average_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
