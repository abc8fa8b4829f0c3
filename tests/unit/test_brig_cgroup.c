/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of a group gets what, for linux.resources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guests/linux/brig/lib/cgroup.h"
#include "guests/linux/brig/lib/cgroup_plan.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"

static struct cgroup_writes writes;

static int plan(const char *text)
{
	writes.count = 0;
	return cgroup_plan_writes(json_parse(text, strlen(text), "r"), &writes);
}

static void expect(const char *text, const char *file, const char *value)
{
	assert_int_equal(plan(text), 0);
	for (uint32_t i = 0; i < writes.count; i++) {
		if (strcmp(writes.write[i].file, file) == 0 &&
		    strcmp(writes.write[i].value, value) == 0) {
			mem_free_all();
			return;
		}
	}
	fail_msg("%s: no \"%s\" for %s", text, value, file);
}

static void test_limits(void **state)
{
	(void)state;
	expect("{\"memory\":{\"limit\":1048576}}", "memory.max", "1048576");
	expect("{\"memory\":{\"limit\":-1}}", "memory.max", "max");
	expect("{\"memory\":{\"limit\":100,\"swap\":300}}", "memory.swap.max", "200");
	expect("{\"memory\":{\"limit\":100,\"swap\":-1}}", "memory.swap.max", "max");
	expect("{\"cpu\":{\"shares\":2}}", "cpu.weight", "1");
	expect("{\"cpu\":{\"shares\":1024}}", "cpu.weight", "39");
	expect("{\"cpu\":{\"shares\":262144}}", "cpu.weight", "10000");
	expect("{\"cpu\":{\"quota\":50000,\"period\":100000}}", "cpu.max", "50000 100000");
	expect("{\"cpu\":{\"quota\":-1}}", "cpu.max", "max");
	expect("{\"pids\":{\"limit\":7}}", "pids.max", "7");
	expect("{\"pids\":{\"limit\":-1}}", "pids.max", "max");
	expect("{\"blockIO\":{\"weight\":1000}}", "io.bfq.weight", "1000");
	expect("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}]}}",
	       "io.max", "8:0 rbps=5");
	expect("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}]}", "hugetlb.2MB.max", "9");
	expect("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}]}", "hugetlb.2MB.rsvd.max",
	       "9");
	expect("{\"unified\":{\"memory.high\":\"5\"}}", "memory.high", "5");
}

static void test_what_asks_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(plan("{\"memory\":{},\"cpu\":{\"shares\":0},\"pids\":{\"limit\":0},"
			      "\"blockIO\":{\"weight\":0},\"devices\":[{\"allow\":false}]}"),
			 0);
	assert_int_equal(writes.count, 0);
	mem_free_all();
}

static const char *asks(const char *text)
{
	return cgroup_asks(json_parse(text, strlen(text), "r"));
}

static void test_defaults_are_no_limit(void **state)
{
	(void)state;
	assert_null(asks("{\"cpu\":{\"shares\":1024},\"pids\":{\"limit\":-1},"
			 "\"memory\":{\"limit\":-1,\"swap\":-1}}"));
	assert_null(asks("{\"cpu\":{\"quota\":-1,\"period\":100000}}"));
	assert_string_equal(asks("{\"cpu\":{\"shares\":1023}}"), "cpu.weight");
	assert_string_equal(asks("{\"unified\":{\"cpu.weight\":\"39\"}}"), "cpu.weight");
	assert_string_equal(asks("{\"pids\":{\"limit\":-1},\"memory\":{\"limit\":5}}"),
			    "memory.max");
	mem_free_all();
}

static void refused(const char *text)
{
	assert_int_equal(plan(text), -1);
	assert_string_not_equal(err_text(), "");
	mem_free_all();
}

static void test_refused_never_dropped(void **state)
{
	(void)state;
	refused("{\"memory\":{\"kernel\":5}}");
	refused("{\"memory\":{\"disableOOMKiller\":true}}");
	refused("{\"memory\":{\"swappiness\":50}}");
	refused("{\"memory\":{\"limit\":100,\"swap\":50}}");
	refused("{\"cpu\":{\"realtimeRuntime\":5}}");
	refused("{\"network\":{\"classID\":5}}");
	refused("{\"unified\":{\"../x.y\":\"5\"}}");
	refused("{\"unified\":{\"cgroup.procs\":\"1\"}}");
	refused("{\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":9}]}");
}

static void path_refused(const char *path)
{
	struct cgroup cgroup;
	const struct spec spec = {.cgroups_path = path};
	assert_int_equal(cgroup_plan(&cgroup, &spec, "id", false, false), -1);
}

static void test_C29_paths(void **state)
{
	const char *mount;
	(void)state;
	if (cgroup_detect(&mount) == CGROUP_NONE) {
		skip();
	}
	path_refused("/../x");
	path_refused("a/../../b");
	struct cgroup cgroup;
	const struct spec spec = {.cgroups_path = "a/b"};
	assert_int_equal(cgroup_plan(&cgroup, &spec, "id", false, false), 0);
	assert_string_equal(cgroup.path, "/a/b");
	mem_free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_asks_for_nothing),
		cmocka_unit_test(test_defaults_are_no_limit),
		cmocka_unit_test(test_refused_never_dropped),
		cmocka_unit_test(test_C29_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
