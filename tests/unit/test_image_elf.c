/* SPDX-License-Identifier: Apache-2.0 */
/* Where an image goes and where it starts (core/image.c): what linkers make of ELF files. */
#include "tests/unit/fake_arch.h"

#include "core/image.h"

#define RAM      0x40000000UL
#define RAM_SIZE (64 * SZ_1M)
#define HIGH     0xffff000000000000UL

static uint8_t file[2 * SZ_64K];
static struct image_plan plan;
static char finding[256];

static void emit(struct report *r, const char *line)
{
	(void)r;
	strncpy(finding, line, sizeof(finding) - 1);
}

static void put(size_t at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++) {
		file[at + i] = (uint8_t)(value >> (8 * i));
	}
}

/* An ELF-64 header for `count` program headers. */
static void elf(uint64_t entry, unsigned int count)
{
	memset(file, 0, sizeof(file));
	put(0, 0x00010102464c457fUL, 8); /* magic, 64-bit, little-endian, version */
	put(16, 2, 2);                   /* ET_EXEC */
	put(18, 183, 2);                 /* EM_AARCH64 */
	put(24, entry, 8);
	put(32, 64, 8);
	put(54, 56, 2);
	put(56, count, 2);
}

static void load(unsigned int n, uint64_t offset, uint64_t vaddr, uint64_t paddr, uint64_t size)
{
	size_t at = 64 + 56 * n;

	put(at, 1, 4); /* PT_LOAD */
	put(at + 8, offset, 8);
	put(at + 16, vaddr, 8);
	put(at + 24, paddr, 8);
	put(at + 32, size, 8);
	put(at + 40, size, 8);
}

static int do_plan(void)
{
	struct report r = {.emit = emit};

	finding[0] = '\0';
	return image_plan(file, sizeof(file), RAM, RAM_SIZE, UINT64_MAX, "vm", &plan, &r);
}

static void test_virtual_entry_becomes_physical(void **state)
{
	(void)state;
	elf(HIGH + RAM + 0x80010, 1);
	load(0, 0x1000, HIGH + RAM + 0x80000, RAM + 0x80000, 0x1000);
	assert_int_equal(do_plan(), 0);
	assert_int_equal(plan.entry, RAM + 0x80010);
}

static void test_physical_entry_of_a_high_kernel_is_kept(void **state)
{
	(void)state;
	elf(RAM + 0x80010, 1);
	load(0, 0x1000, HIGH + RAM + 0x80000, RAM + 0x80000, 0x1000);
	assert_int_equal(do_plan(), 0);
	assert_int_equal(plan.entry, RAM + 0x80010);
}

static void test_entry_outside_all_segments_is_refused(void **state)
{
	(void)state;
	elf(RAM + 0x90000, 1);
	load(0, 0x1000, HIGH + RAM + 0x80000, RAM + 0x80000, 0x1000);
	assert_int_equal(do_plan(), -1);
	assert_non_null(strstr(finding, "ELF entry"));
}

static void test_header_page_below_ram_is_left_out(void **state)
{
	(void)state;
	elf(RAM, 1);
	load(0, 0, RAM - SZ_64K, RAM - SZ_64K, SZ_64K + 0x100);
	assert_int_equal(do_plan(), 0);
	assert_int_equal(plan.segment_count, 1);
	assert_int_equal(plan.segments[0].ipa, RAM);
	assert_int_equal(plan.segments[0].offset, SZ_64K);
	assert_int_equal(plan.segments[0].mem_size, 0x100);
	assert_int_equal(plan.entry, RAM);
}

static void test_segment_that_is_not_the_header_stays_whole(void **state)
{
	(void)state;
	elf(RAM, 1);
	load(0, 0x1000, RAM - SZ_4K, RAM - SZ_4K, SZ_4K + 0x100);
	assert_int_equal(do_plan(), 0);
	assert_int_equal(plan.segments[0].ipa, RAM - SZ_4K);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_virtual_entry_becomes_physical),
		cmocka_unit_test(test_physical_entry_of_a_high_kernel_is_kept),
		cmocka_unit_test(test_entry_outside_all_segments_is_refused),
		cmocka_unit_test(test_header_page_below_ram_is_left_out),
		cmocka_unit_test(test_segment_that_is_not_the_header_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
