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
	h = (struct histogram){0};
	return 0;
}

/* Where a duration is counted, alone. */
static unsigned int bin_of(uint64_t ns)
{
	unsigned int bin = 0;

	h = (struct histogram){0};
	histogram_add(&h, ns);
	while (h.bins[bin] == 0) {
		bin++;
	}
	return bin;
}

static void test_bins_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(histogram_floor(0), 0);
	for (unsigned int bin = 1; bin < HISTOGRAM_BINS; bin++) {
		uint64_t floor = histogram_floor(bin);

		assert_true(floor > histogram_floor(bin - 1));
		assert_int_equal(bin_of(floor), bin);
		assert_int_equal(bin_of(floor - 1), bin - 1);
	}
}

static void test_bins_are_as_fine_as_said(void **state)
{
	(void)state;
	assert_int_equal(histogram_floor(1), 8);
	assert_int_equal(bin_of(999), HISTOGRAM_FINE - 1);
	assert_int_equal(histogram_floor(HISTOGRAM_FINE), 1000);
	assert_int_equal(histogram_floor(HISTOGRAM_FINE + 1), 1063);
	assert_int_equal(histogram_floor(HISTOGRAM_FINE + HISTOGRAM_STEPS), 2000);
}

static void test_last_bin_takes_the_rest(void **state)
{
	(void)state;
	assert_int_equal(histogram_floor(HISTOGRAM_BINS - 1), 32768000);
	assert_int_equal(bin_of(UINT64_MAX), HISTOGRAM_BINS - 1);
}

static void test_minimum_maximum_average(void **state)
{
	(void)state;
	histogram_add(&h, 10);
	histogram_add(&h, 30);
	histogram_add(&h, 50);
	assert_int_equal(h.all.min_ns, 10);
	assert_int_equal(h.all.max_ns, 50);
	assert_int_equal(span_average(&h.all), 30);
}

static void test_empty_average_is_zero(void **state)
{
	(void)state;
	assert_int_equal(span_average(&h.all), 0);
}

#define HISTOGRAM_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HISTOGRAM_TEST(test_bins_follow_each_other),
		HISTOGRAM_TEST(test_bins_are_as_fine_as_said),
		HISTOGRAM_TEST(test_last_bin_takes_the_rest),
		HISTOGRAM_TEST(test_minimum_maximum_average),
		HISTOGRAM_TEST(test_empty_average_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
