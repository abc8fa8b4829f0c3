/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below a root that is not trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

static char base[] = "/tmp/brig-io-XXXXXX";
static int root;

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(base) == NULL || mkdir(mem_format("%s/root", base), 0755) < 0 ||
	    mkdir(mem_format("%s/out", base), 0755) < 0) {
		return -1;
	}
	root = open(mem_format("%s/root", base), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(root);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = io_remove_tree(tmp, base + 5);
	close(tmp);
	mem_free_all();
	return result;
}

static bool exists(const char *name)
{
	struct stat status;
	return lstat(mem_format("%s/%s", base, name), &status) == 0;
}

static void test_make_dirs(void **state)
{
	(void)state;
	int fd = io_make_dirs(root, "/a/b//c", 0755);
	assert_true(fd >= 0);
	close(fd);
	assert_true(exists("root/a/b/c"));
	fd = io_make_dirs(root, "a/b", 0755);
	assert_true(fd >= 0);
	close(fd);
}

static void test_links_stay_inside(void **state)
{
	(void)state;
	assert_int_equal(symlinkat(mem_format("%s/out", base), root, "abs"), 0);
	assert_int_equal(symlinkat("../../out", root, "rel"), 0);
	assert_int_equal(io_make_dirs(root, "abs/x", 0755), -1);
	assert_int_equal(io_make_dirs(root, "rel/x", 0755), -1);
	assert_int_equal(io_make_dirs(root, "missing/../../x", 0755), -1);
	assert_false(exists("out/x"));
	assert_false(exists("x"));
}

static void test_parent_names_a_file(void **state)
{
	const char *last;
	(void)state;
	assert_int_equal(io_make_parent(root, "/a/..", 0755, &last), -1);
	assert_int_equal(io_make_parent(root, "/", 0755, &last), -1);
	int fd = io_make_parent(root, "/p/q/file", 0755, &last);
	assert_true(fd >= 0);
	assert_string_equal(last, "file");
	close(fd);
}

/* CVE-2025-52881: a part of procfs that another mount covers. */
static void test_the_same_mount(void **state)
{
	(void)state;
	int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(io_open_same(top, "proc/version", O_RDONLY), -1);
	assert_int_equal(err_number(), EXDEV);
	assert_int_equal(io_open_same(proc, "self/stat", O_RDONLY), -1);
	int fd = io_open_same(proc, "version", O_RDONLY);
	assert_true(fd >= 0);
	close(fd);
	close(proc);
	close(top);
}

static void test_numbers(void **state)
{
	uint64_t u;
	int64_t i;
	(void)state;
	assert_true(io_parse_u64("18446744073709551615", &u) && u == UINT64_MAX);
	assert_false(io_parse_u64("18446744073709551616", &u));
	assert_false(io_parse_u64("-1", &u));
	assert_false(io_parse_u64("0x1", &u));
	assert_false(io_parse_u64("", &u));
	assert_true(io_parse_i64("-5", &i) && i == -5);
	assert_false(io_parse_i64("-", &i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_dirs),
		cmocka_unit_test(test_links_stay_inside),
		cmocka_unit_test(test_parent_names_a_file),
		cmocka_unit_test(test_the_same_mount),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
