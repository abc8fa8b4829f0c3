/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and annotations as properties of a systemd unit, in busctl's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guests/linux/brig/lib/cgroup_unit.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"

typedef int add_fn(struct unit_words *words, const struct json *json);

/* What comes of a text, with a blank between the words; NULL where it is refused. */
static const char *words_of(add_fn *add, const char *text)
{
	struct unit_words words = {0};
	const char *all = "";
	if (add(&words, json_parse(text, strlen(text), "test")) < 0) {
		return NULL;
	}
	for (size_t i = 0; i < words.count; i++) {
		all = mem_format("%s%s%s", all, i == 0 ? "" : " ", words.word[i]);
	}
	return all;
}

static void limits(const char *text, const char *expected)
{
	assert_string_equal(words_of(unit_add_limits, text), expected);
	mem_free_all();
}

static void test_limits(void **state)
{
	(void)state;
	limits("{}", "");
	limits("{\"memory\":{\"limit\":100,\"swap\":300,\"reservation\":50}}",
	       "MemoryMax t 100 MemoryLow t 50 MemorySwapMax t 200");
	limits("{\"memory\":{\"limit\":-1},\"pids\":{\"limit\":-1}}",
	       "MemoryMax t 18446744073709551615 TasksMax t 18446744073709551615");
	limits("{\"cpu\":{\"shares\":1024}}", "CPUWeight t 39");
	limits("{\"cpu\":{\"idle\":1}}", "CPUWeight t 0");
	limits("{\"blockIO\":{\"weight\":1000}}", "IOWeight t 10000");
	limits("{\"unified\":{\"memory.high\":\"5\",\"hugetlb.2MB.max\":\"1\"}}", "MemoryHigh t 5");
}

static void test_quota(void **state)
{
	(void)state;
	limits("{\"cpu\":{\"quota\":25000,\"period\":50000}}",
	       "CPUQuotaPerSecUSec t 500000 CPUQuotaPeriodUSec t 50000");
	limits("{\"cpu\":{\"quota\":12345}}",
	       "CPUQuotaPerSecUSec t 130000 CPUQuotaPeriodUSec t 100000");
	limits("{\"cpu\":{\"quota\":-1,\"period\":100000}}",
	       "CPUQuotaPerSecUSec t 18446744073709551615 CPUQuotaPeriodUSec t 100000");
	assert_null(words_of(unit_add_limits, "{\"unified\":{\"cpu.max\":\"5 0\"}}"));
	assert_null(words_of(unit_add_limits, "{\"unified\":{\"cpu.max\":\"x\"}}"));
	mem_free_all();
}

static void test_sets(void **state)
{
	(void)state;
	limits("{\"cpu\":{\"cpus\":\"0-2,9\",\"mems\":\"0\"}}",
	       "AllowedCPUs ay 2 7 2 AllowedMemoryNodes ay 1 1");
	assert_null(words_of(unit_add_limits, "{\"cpu\":{\"cpus\":\"3-1\"}}"));
	assert_null(words_of(unit_add_limits, "{\"cpu\":{\"cpus\":\"0-99999999\"}}"));
	assert_null(words_of(unit_add_limits, "{\"cpu\":{\"cpus\":\"a\"}}"));
	mem_free_all();
}

static const char *annotation(const char *name, const char *value)
{
	return words_of(unit_add_annotations,
			mem_format("{\"org.systemd.property.%s\":\"%s\"}", name, value));
}

static void test_annotations(void **state)
{
	(void)state;
	assert_string_equal(words_of(unit_add_annotations, "{\"org.other\":\"x\"}"), "");
	assert_string_equal(annotation("TimeoutStopUSec", "uint64 5"), "TimeoutStopUSec t 5");
	assert_string_equal(annotation("TimeoutStopSec", "7"), "TimeoutStopUSec t 7000000");
	assert_string_equal(annotation("CollectMode", "'inactive'"), "CollectMode s inactive");
	assert_string_equal(annotation("Description", "\\\"a b\\\""), "Description s a b");
	assert_string_equal(annotation("Description", "'it\\\\'s'"), "Description s it's");
	assert_string_equal(annotation("Delegate", "true"), "Delegate b true");
	assert_string_equal(annotation("After", "['a.service', 'b.service']"),
			    "After as 2 a.service b.service");
	assert_string_equal(annotation("After", "[]"), "After as 0");
	assert_string_equal(annotation("Nice", "-5"), "Nice i -5");
	mem_free_all();
}

static void test_annotations_that_are_none(void **state)
{
	static const char *const values[] = {
		"",       "'a",       "'a' b",  "['a'",       "['a' 'b']", "[a]", "['a'] b",
		"uint64", "uint64 x", "'a\\\\", "['a',,'b']", "1.5",       "yes", NULL};
	(void)state;
	for (const char *const *value = values; *value != NULL; value++) {
		assert_null(annotation("Property", *value));
		assert_non_null(strstr(err_text(), "org.systemd.property.Property"));
	}
	assert_null(annotation("Ab", "true"));
	assert_null(annotation("A.Bcd", "true"));
	mem_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_annotations_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
