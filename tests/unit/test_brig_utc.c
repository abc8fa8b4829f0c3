/* SPDX-License-Identifier: Apache-2.0 */
/* Times in text, beside what the C library makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guests/linux/brig/lib/utc.h"

#define LAST_OF_9999 253402300799L

static void assert_same(time_t seconds)
{
	char ours[UTC_SIZE], theirs[UTC_SIZE];
	struct tm parts;

	utc_print(ours, seconds);
	assert_int_equal(
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &parts)),
		UTC_SIZE - 1);
	assert_string_equal(ours, theirs);
}

/* Each day of the first 700 years has its turn, at hours that differ. */
static void test_days_months_and_leap_years(void **state)
{
	(void)state;
	for (time_t t = 0; t < 22000000000L; t += 86400 + 61) {
		assert_same(t);
	}
	assert_same(LAST_OF_9999);
}

static void test_ends_of_days_and_years(void **state)
{
	static const time_t ends[] = {86399,     86400,     31535999,  31536000,
				      951782399, 951868799, 4107542399};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_same(ends[i]);
		assert_same(ends[i] + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days_months_and_leap_years),
		cmocka_unit_test(test_ends_of_days_and_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
