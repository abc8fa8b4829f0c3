#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guests/rtos/app/line.h"

static struct line line;

static int setup(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line_reset(&line);
	return 0;
}

static enum line_result type(const char *keys)
{
	enum line_result result = LINE_MORE;
	size_t wiped;

	for (; *keys != '\0'; keys++) {
		result = line_input(&line, *keys, &wiped);
	}
	return result;
}

static void test_return_completes_the_line(void **state)
{
	(void)state;
	assert_int_equal(type("ps\r"), LINE_DONE);
	assert_string_equal(line.text, "ps");
}

static void test_newline_after_return_is_no_second_line(void **state)
{
	(void)state;
	assert_int_equal(type("ps\r"), LINE_DONE);
	line_reset(&line);
	assert_int_equal(type("\n"), LINE_MORE);
	assert_int_equal(type("\n"), LINE_DONE);
}

static void test_backspace_and_delete_rub_out(void **state)
{
	(void)state;
	assert_int_equal(type("pt\b"), LINE_RUBOUT);
	assert_int_equal(type("x\x7f"), LINE_RUBOUT);
	(void)type("s\r");
	assert_string_equal(line.text, "ps");
}

static void test_backspace_on_empty_line_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(type("\b"), LINE_MORE);
	(void)type("ps\r");
	assert_string_equal(line.text, "ps");
}

static void test_ctrl_u_wipes_all(void **state)
{
	size_t wiped = 0;

	(void)state;
	(void)type("abc");
	assert_int_equal(line_input(&line, 0x15, &wiped), LINE_WIPE);
	assert_int_equal(wiped, 3);
	assert_int_equal(line.length, 0);
}

static void test_ctrl_c_cancels(void **state)
{
	(void)state;
	assert_int_equal(type("abc\x03"), LINE_CANCELED);
}

static void test_arrow_keys_are_swallowed(void **state)
{
	(void)state;
	(void)type("p\x1b[A\x1b[1;5Cs\r");
	assert_string_equal(line.text, "ps");
}

static void test_control_and_foreign_characters_are_ignored(void **state)
{
	(void)state;
	(void)type("p\x01\xc3\xa4s\r");
	assert_string_equal(line.text, "ps");
}

static void test_overlong_line_is_refused_not_overrun(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINE_SIZE - 1; i++) {
		assert_int_equal(type("x"), LINE_ECHO);
	}
	assert_int_equal(type("x"), LINE_FULL);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_int_equal(strlen(line.text), LINE_SIZE - 1);
}

static void test_split_at_blanks(void **state)
{
	char text[] = "  poke  0x10 1 ";
	char *words[LINE_WORDS];

	(void)state;
	assert_int_equal(line_split(text, words), 3);
	assert_string_equal(words[0], "poke");
	assert_string_equal(words[1], "0x10");
	assert_string_equal(words[2], "1");
}

static void test_split_of_nothing(void **state)
{
	char text[] = "   ";
	char *words[LINE_WORDS];

	(void)state;
	assert_int_equal(line_split(text, words), 0);
}

static void test_split_refuses_too_many_words(void **state)
{
	char text[] = "1 2 3 4 5 6 7 8 9";
	char *words[LINE_WORDS];

	(void)state;
	assert_int_equal(line_split(text, words), -1);
}

static void test_numbers(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(line_number("1500", &value) && value == 1500);
	assert_true(line_number("0x4000AbcD", &value) && value == 0x4000abcd);
	assert_true(line_number("18446744073709551615", &value) && value == UINT64_MAX);
}

static void test_not_numbers(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(line_number("", &value));
	assert_false(line_number("0x", &value));
	assert_false(line_number("12a", &value));
	assert_false(line_number("-1", &value));
	assert_false(line_number("18446744073709551616", &value));
	assert_false(line_number("0x10000000000000000", &value));
}

#define LINE_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINE_TEST(test_return_completes_the_line),
		LINE_TEST(test_newline_after_return_is_no_second_line),
		LINE_TEST(test_backspace_and_delete_rub_out),
		LINE_TEST(test_backspace_on_empty_line_does_nothing),
		LINE_TEST(test_ctrl_u_wipes_all),
		LINE_TEST(test_ctrl_c_cancels),
		LINE_TEST(test_arrow_keys_are_swallowed),
		LINE_TEST(test_control_and_foreign_characters_are_ignored),
		LINE_TEST(test_overlong_line_is_refused_not_overrun),
		LINE_TEST(test_split_at_blanks),
		LINE_TEST(test_split_of_nothing),
		LINE_TEST(test_split_refuses_too_many_words),
		LINE_TEST(test_numbers),
		LINE_TEST(test_not_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
