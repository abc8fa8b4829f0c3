/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal is shown of a container's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guests/linux/brig/lib/tame.h"

static void assert_tame(const char *from, const char *as_text, const char *as_line)
{
	char text[64];
	size_t length = strlen(from);

	memcpy(text, from, length + 1);
	tame_text(text, length);
	assert_string_equal(text, as_text);
	memcpy(text, from, length + 1);
	tame_line(text, length);
	assert_string_equal(text, as_line);
}

static void test_what_can_be_seen_stays(void **state)
{
	(void)state;
	assert_tame("plain ~", "plain ~", "plain ~");
	assert_tame("\xc2\xa9 \xe2\x82\xac", "\xc2\xa9 \xe2\x82\xac", "\xc2\xa9 \xe2\x82\xac");
}

static void test_control_characters(void **state)
{
	(void)state;
	assert_tame("\x1b[31m\x7f\x01", "?[31m??", "?[31m??");
	assert_tame("a\xc2\x9b"
		    "31m",
		    "a??31m", "a??31m");
}

static void test_layout_is_for_texts(void **state)
{
	(void)state;
	assert_tame("a\tb\nc\r\n", "a\tb\nc\r\n", "a?b?c??");
	assert_tame("a\rb\r", "a?b?", "a?b?");
}

/* The other half may be in the next piece, or there is none. */
static void test_halves(void **state)
{
	char text[] = "a\xc2\x9b";

	(void)state;
	assert_tame("a\xc2", "a?", "a?");
	tame_text(text, 2);
	assert_memory_equal(text, "a?\x9b", 3);
	tame_text(text, 0);
	assert_memory_equal(text, "a?\x9b", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_can_be_seen_stays),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_layout_is_for_texts),
		cmocka_unit_test(test_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
