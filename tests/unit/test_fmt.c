/* SPDX-License-Identifier: Apache-2.0 */
/* The formatter against printf, and what it does that printf does not. */
#include "tests/unit/desk.h"

#include <limits.h>
#include <stdio.h>

#include "core/lib/fmt.h"
#include "core/report.h"

static char text[128];

/* The same from both. */
#define assert_as_printf(...)                                                                      \
	do {                                                                                       \
		char expected[128];                                                                \
		int length = snprintf(expected, sizeof(expected), __VA_ARGS__);                    \
		assert_int_equal(fmt_print(text, sizeof(text), __VA_ARGS__), length);              \
		assert_string_equal(text, expected);                                               \
	} while (0)

static void test_numbers(void **state)
{
	(void)state;
	assert_as_printf("%d %i %u %x", -1, 42, 42U, 0xbeefU);
	assert_as_printf("%d %d %u", INT_MIN, INT_MAX, UINT_MAX);
	assert_as_printf("%ld %ld %lu %lx", LONG_MIN, LONG_MAX, ULONG_MAX, ULONG_MAX);
	assert_as_printf("%zu %llu %llx", SIZE_MAX, 7ULL, 0x123456789abcdefULL);
	assert_as_printf("%d %x", 0, 0U);
}

static void test_width_and_flags(void **state)
{
	(void)state;
	assert_as_printf("[%5d][%-5d][%05d]", 42, 42, 42);
	assert_as_printf("[%5d][%-5d][%05d]", -42, -42, -42);
	assert_as_printf("[%010lx][%2u][%02x]", 0x1234UL, 12345U, 5U);
	assert_as_printf("[%8s][%-8s][%.2s][%5.1s]", "abc", "abc", "abc", "abc");
}

/* Without the compiler's look at the format. */
static int print_raw(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	used = fmt_vprint(buf, size, format, args);
	va_end(args);
	return (int)used;
}

static void test_text(void **state)
{
	(void)state;
	assert_as_printf("%s%c%%", "abc", 'd');
	print_raw(text, sizeof(text), "%s", (const char *)NULL);
	assert_string_equal(text, "(null)");
	fmt_print(text, sizeof(text), "%p", (void *)0x1234);
	assert_string_equal(text, "1234");
}

static void test_what_it_does_not_know_stands_as_it_is(void **state)
{
	(void)state;
	print_raw(text, sizeof(text), "%q %");
	assert_string_equal(text, "q ");
	print_raw(text, sizeof(text), "%-08.3l");
	assert_string_equal(text, "");
}

static void test_never_more_than_the_buffer(void **state)
{
	char small[8];

	(void)state;
	for (size_t size = 0; size <= sizeof(small); size++) {
		size_t used;

		memset(small, '#', sizeof(small));
		used = fmt_print(small, size, "%s %5d", "abcdef", 1);
		assert_int_equal(used, size ? size - 1 : 0);
		for (size_t i = size; i < sizeof(small); i++) {
			assert_int_equal(small[i], '#');
		}
		assert_true(size == 0 || small[size - 1] == '\0');
	}
}

/* -- Findings -------------------------------------------------------------------------------------- */

static void test_finding_is_cut_at_200_characters(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[299] = '\0';
	findings_clear();
	report_error(&findings.report, "%s", name);
	assert_int_equal(findings.report.error_count, 1);
	assert_int_equal(strlen(findings.lines[0]), 200);
}

/* A name of a tree may hold anything; it is not to steer the terminal that shows it. */
static void test_finding_is_one_line_of_printable_text(void **state)
{
	(void)state;
	findings_clear();
	report_error(&findings.report, "%s", "a\033[2Jb\nc\x7f\xff\td");
	assert_one_finding("a?[2Jb?c???d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_width_and_flags),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_what_it_does_not_know_stands_as_it_is),
		cmocka_unit_test(test_never_more_than_the_buffer),
		cmocka_unit_test(test_finding_is_cut_at_200_characters),
		cmocka_unit_test(test_finding_is_one_line_of_printable_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
