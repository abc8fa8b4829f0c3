#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guests/rtos/port/fmt.h"

static char out[32];

#define CHECK(expected, ...)                                                                       \
	do {                                                                                       \
		assert_int_equal(fmt_print(out, sizeof(out), __VA_ARGS__), sizeof(expected) - 1);  \
		assert_string_equal(out, expected);                                                \
	} while (0)

static void test_plain_text(void **state)
{
	(void)state;
	CHECK("keel> 100%", "keel> 100%%");
}

static void test_numbers(void **state)
{
	(void)state;
	CHECK("0 -7 4294967295 ff", "%d %d %u %x", 0, -7, UINT32_MAX, 255);
}

static void test_long_numbers(void **state)
{
	(void)state;
	CHECK("-9223372036854775808", "%ld", INT64_MIN);
	CHECK("18446744073709551615", "%lu", UINT64_MAX);
	CHECK("12", "%zu", (size_t)12);
}

static void test_width_pads_left_or_right(void **state)
{
	(void)state;
	CHECK("[   42][42   ][00042]", "[%5d][%-5d][%05d]", 42, 42, 42);
}

static void test_strings(void **state)
{
	(void)state;
	CHECK("[abc][  abc][abc  ][ab]", "[%s][%5s][%-5s][%.2s]", "abc", "abc", "abc", "abc");
	CHECK("x", "%c", 'x');
}

static void test_output_is_cut_and_terminated(void **state)
{
	char small[4] = "zzz";

	(void)state;
	assert_int_equal(fmt_print(small, sizeof(small), "%d", 123456), 3);
	assert_string_equal(small, "123");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_numbers),
		cmocka_unit_test(test_width_pads_left_or_right),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_output_is_cut_and_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
