/* SPDX-License-Identifier: Apache-2.0 */
/* The layer unpacker: damaged archives of every kind, under the sanitizers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/unpack.h"

#define SAMPLE_MAX 16384

/* The engine's texts live as long as its process (file_text()). */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static char top[] = "/tmp/unpack.XXXXXX";

static void add(struct archive *out, const char *name, mode_t type, const char *target)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_size(entry, type == AE_IFREG && target == NULL ? 4 : 0);
	if (type == AE_IFLNK) {
		archive_entry_set_symlink(entry, target);
	} else if (target != NULL) {
		archive_entry_set_hardlink(entry, target);
	}
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	if (type == AE_IFREG && target == NULL) {
		assert_int_equal(archive_write_data(out, "data", 4), 4);
	}
	archive_entry_free(entry);
}

static size_t make_sample(char *data)
{
	size_t used = 0;
	struct archive *out = archive_write_new();
	archive_write_set_format_pax(out);
	archive_write_set_bytes_in_last_block(out, 1);
	assert_int_equal(archive_write_open_memory(out, data, SAMPLE_MAX, &used), ARCHIVE_OK);
	add(out, "d", AE_IFDIR, NULL);
	add(out, "d/f", AE_IFREG, NULL);
	add(out, "l", AE_IFLNK, "d");
	add(out, "l/g", AE_IFREG, NULL);
	add(out, "h", AE_IFREG, "d/f");
	add(out, ".wh.gone", AE_IFREG, NULL);
	assert_int_equal(archive_write_close(out), ARCHIVE_OK);
	archive_write_free(out);
	return used;
}

/* Unpack these bytes into a new folder "root", which is left open. */
static int unpack(const char *data, size_t size, const struct unpack_limits *limits, int *root)
{
	struct unpack_count count;
	fd_auto fd = memfd_create("sample", MFD_CLOEXEC);
	fd_auto dir = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(file_remove_tree(dir, "root"), 0);
	assert_int_equal(mkdirat(dir, "root", 0755), 0);
	*root = openat(dir, "root", O_RDONLY | O_DIRECTORY);
	assert_true(file_write_all(fd, data, size));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return unpack_tar(fd, *root, true, limits, &count);
}

static void a_good_archive(void **state)
{
	static char data[SAMPLE_MAX];
	struct stat one;
	struct stat two;
	int root;
	(void)state;
	size_t size = make_sample(data);
	assert_int_equal(unpack(data, size, unpack_defaults(), &root), 0);
	assert_int_equal(fstatat(root, "d/f", &one, 0), 0);
	assert_int_equal(fstatat(root, "h", &two, 0), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_int_equal(fstatat(root, "d/g", &one, 0), 0);
	assert_int_equal(fstatat(root, "gone", &one, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(one.st_mode));
	close(root);
}

static void limits_hold(void **state)
{
	static char data[SAMPLE_MAX];
	const struct unpack_limits few_bytes = {.bytes = 7, .entries = 100};
	const struct unpack_limits few_entries = {.bytes = 100, .entries = 2};
	int root;
	(void)state;
	size_t size = make_sample(data);
	assert_int_equal(unpack(data, size, &few_bytes, &root), -1);
	assert_non_null(strstr(fault_text(), "more than the limit of 7 bytes"));
	close(root);
	assert_int_equal(unpack(data, size, &few_entries, &root), -1);
	assert_non_null(strstr(fault_text(), "more than the limit of 2 entries"));
	close(root);
}

/* The same numbers each time: xorshift, of any seed but 0. */
static unsigned int next_number(void)
{
	static unsigned int number = 1;
	number ^= number << 13;
	number ^= number >> 17;
	number ^= number << 5;
	return number;
}

/* Whatever is in it, the folder beside root stays as it was. */
static void check_outside(void)
{
	struct stat status;
	char path[64];
	snprintf(path, sizeof(path), "%s/x", top);
	assert_int_equal(stat(path, &status), -1);
}

static void damaged_archives(void **state)
{
	static char good[SAMPLE_MAX];
	static char data[SAMPLE_MAX];
	int root;
	(void)state;
	size_t size = make_sample(good);
	for (int round = 0; round < 2000; round++) {
		memcpy(data, good, size);
		for (int i = 0; i < 1 + round % 5; i++) {
			data[next_number() % size] = (char)(next_number() & 0x7f);
		}
		(void)unpack(data, next_number() % size, unpack_defaults(), &root);
		close(root);
		check_outside();
	}
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(top) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_archive),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(damaged_archives),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
