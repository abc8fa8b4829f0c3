/* SPDX-License-Identifier: Apache-2.0 */
/* What guest images ask for, and where initrd and tree go beside them. */
#include "tests/unit/desk.h"

#include "core/guest_fdt.h"
#include "core/image.h"

#define RAM      0x40000000UL
#define RAM_SIZE (64 * SZ_1M)

static uint8_t file[8192];
static struct image_plan plan;
static struct image_layout layout;
static struct vm_config vm;

static int setup(void **state)
{
	(void)state;
	findings_clear();
	memset(file, 0, sizeof(file));
	vm = (struct vm_config){.name = "vm", .region_count = 1};
	vm.regions[0] = (struct vm_region){.ipa = RAM, .size = RAM_SIZE};
	return 0;
}

/* The file lies at the end of memory of its own: a byte read too far is seen. */
static int plan_at(size_t size, uint64_t load)
{
	uint8_t *own = malloc(size ? size : 1);
	int result;

	memcpy(own, file, size);
	result = image_plan(own, size, vm.regions[0].ipa, vm.regions[0].size, load, "vm", &plan,
			    &findings.report);
	free(own);
	return result;
}

static void assert_planned(size_t size)
{
	int result = plan_at(size, UINT64_MAX);

	assert_no_finding();
	assert_int_equal(result, 0);
}

static void assert_plan_refused(size_t size, const char *line)
{
	assert_int_equal(plan_at(size, UINT64_MAX), -1);
	assert_one_finding(line);
}

static void put(size_t at, unsigned int bytes, uint64_t value)
{
	for (unsigned int i = 0; i < bytes; i++) {
		file[at + i] = (uint8_t)(value >> (8 * i));
	}
}

static void put_text(size_t at, const char *text)
{
	for (; *text; text++) {
		file[at++] = (uint8_t)*text;
	}
}

/* -- Raw ------------------------------------------------------------------------------------------ */

static void test_raw_lies_512_kib_up(void **state)
{
	(void)state;
	assert_planned(100);
	assert_int_equal(plan.kind, IMAGE_RAW);
	assert_int_equal(plan.entry, RAM + 0x80000);
	assert_int_equal(plan.segments[0].ipa, RAM + 0x80000);
	assert_int_equal(plan.segments[0].file_size, 100);
	assert_int_equal(plan.end, RAM + 0x80000 + 100);
}

static void test_raw_lies_where_load_says(void **state)
{
	(void)state;
	assert_int_equal(plan_at(100, RAM + 8), 0);
	assert_int_equal(plan.entry, RAM + 8);
	assert_int_equal(plan_at(100, UINT64_MAX - 50), -1);
	assert_one_finding("vm: kernel: 0x64 bytes from 0xffffffffffffffcd wrap past the end");
}

static void test_raw_larger_than_memory(void **state)
{
	(void)state;
	vm.regions[0].size = 0x80000 + 99;
	assert_plan_refused(
		100,
		"vm: kernel: 0x64 bytes from 0x40080000 do not fit main memory 0x40000000+0x80063");
	vm.regions[0].size = 0x10000;
	assert_plan_refused(
		100,
		"vm: kernel: 0x64 bytes from 0x40080000 do not fit main memory 0x40000000+0x10000");
}

static void test_what_is_no_kernel(void **state)
{
	(void)state;
	assert_plan_refused(0, "vm: kernel: is empty");
	put(0, 2, 0x8b1f);
	assert_plan_refused(100, "vm: kernel: is compressed with gzip; give it unpacked");
	put_text(0, "MZ");
	put_text(4, "zimg");
	assert_plan_refused(100, "vm: kernel: is a compressed EFI kernel (zboot); give the Image "
				 "in it");
}

/* -- arm64 Image ------------------------------------------------------------------------------------ */

static void make_linux(uint64_t text_offset, uint64_t image_size)
{
	put(8, 8, text_offset);
	put(16, 8, image_size);
	put_text(56, "ARM\x64");
}

static void test_linux_image(void **state)
{
	(void)state;
	make_linux(0, 0x100000);
	assert_planned(4096);
	assert_int_equal(plan.kind, IMAGE_LINUX);
	assert_int_equal(plan.entry, RAM + SZ_2M); /* room for the tree below, as in QEMU */
	assert_int_equal(plan.segments[0].mem_size, 0x100000);
	assert_int_equal(plan.segments[0].file_size, 4096);
	make_linux(0x80000, 0x100000);
	assert_planned(4096);
	assert_int_equal(plan.entry, RAM + 0x80000);
}

static void test_linux_image_of_before_3_17(void **state)
{
	(void)state;
	make_linux(0x1234, 0);
	assert_planned(4096);
	assert_int_equal(plan.entry, RAM + 0x80000);
	assert_int_equal(plan.segments[0].mem_size, 4096);
}

static void test_linux_image_begins_at_2_mib(void **state)
{
	(void)state;
	make_linux(0x80000, 0x100000);
	vm.regions[0].ipa = RAM + SZ_4K;
	assert_planned(4096);
	assert_int_equal(plan.entry, RAM + SZ_2M + 0x80000);
}

static void test_linux_header_cut_off_is_raw(void **state)
{
	(void)state;
	make_linux(0x80000, 0x100000);
	assert_planned(63);
	assert_int_equal(plan.kind, IMAGE_RAW);
}

static void test_linux_sizes_that_cannot_be(void **state)
{
	static const struct {
		uint64_t text_offset, image_size;
		const char *finding;
	} cases[] = {
		{0x80000, RAM_SIZE,
		 "vm: kernel: Image of 0x4000000 bytes at text_offset 0x80000 "
		 "does not fit main memory 0x40000000+0x4000000"},
		{0x80000, UINT64_MAX,
		 "vm: kernel: Image of 0xffffffffffffffff bytes at "
		 "text_offset 0x80000 does not fit main memory "
		 "0x40000000+0x4000000"},
		{UINT64_MAX - 3, 4096,
		 "vm: kernel: Image of 0x1000 bytes at text_offset "
		 "0xfffffffffffffffc does not fit main memory "
		 "0x40000000+0x4000000"},
		{RAM_SIZE - 4, 8,
		 "vm: kernel: Image of 0x1000 bytes at text_offset 0x3fffffc "
		 "does not fit main memory 0x40000000+0x4000000"},
		{0x80001, 4096,
		 "vm: kernel: Image with text_offset 0x80001, which is not 4-byte "
		 "aligned"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_linux(cases[i].text_offset, cases[i].image_size);
		assert_plan_refused(4096, cases[i].finding);
	}
	make_linux(0x80000, 4096);
	vm.regions[0] = (struct vm_region){.ipa = RAM + SZ_4K, .size = SZ_1M};
	assert_plan_refused(4096, "vm: kernel: Image of 0x1000 bytes at text_offset 0x80000 does "
				  "not fit main memory 0x40001000+0x100000");
}

static void test_load_is_for_raw_kernels(void **state)
{
	(void)state;
	make_linux(0x80000, 4096);
	assert_int_equal(plan_at(4096, RAM), -1);
	assert_one_finding(
		"vm: kernel: is an arm64 Image, which says itself where it goes; remove load");
	put_text(0, "\177ELF");
	assert_int_equal(plan_at(4096, RAM), -1);
	assert_one_finding(
		"vm: kernel: is an ELF file, which says itself where it goes; remove load");
}

/* -- ELF ------------------------------------------------------------------------------------------------ */

#define PHDR(n) (64 + 56 * (size_t)(n))

static void put_load(unsigned int n, uint64_t offset, uint64_t vaddr, uint64_t paddr,
		     uint64_t file_size, uint64_t mem_size)
{
	put(PHDR(n), 4, 1);
	put(PHDR(n) + 8, 8, offset);
	put(PHDR(n) + 16, 8, vaddr);
	put(PHDR(n) + 24, 8, paddr);
	put(PHDR(n) + 32, 8, file_size);
	put(PHDR(n) + 40, 8, mem_size);
}

/* Two segments, linked high, to lie in main memory. */
static void make_elf(void)
{
	memset(file, 0, sizeof(file));
	put_text(0, "\177ELF\2\1\1");
	put(16, 2, 2);
	put(18, 2, 183);
	put(24, 8, 0xffff000000000010);
	put(32, 8, 64);
	put(54, 2, 56);
	put(56, 2, 2);
	put_load(0, 0x1000, 0xffff000000000000, RAM + SZ_1M, 0x800, 0x1000);
	put_load(1, 0x1800, 0xffff000000001000, RAM + SZ_2M, 0x100, 0x100);
}

static void test_elf_goes_to_physical_addresses(void **state)
{
	(void)state;
	make_elf();
	assert_planned(sizeof(file));
	assert_int_equal(plan.kind, IMAGE_ELF);
	assert_int_equal(plan.segment_count, 2);
	assert_int_equal(plan.entry, RAM + SZ_1M + 0x10);
	assert_int_equal(plan.segments[0].ipa, RAM + SZ_1M);
	assert_int_equal(plan.segments[0].offset, 0x1000);
	assert_int_equal(plan.segments[0].mem_size, 0x1000);
	assert_int_equal(plan.end, RAM + SZ_2M + 0x100);
}

static void test_elf_other_headers_are_passed_over(void **state)
{
	(void)state;
	make_elf();
	put(PHDR(1), 4, 4); /* PT_NOTE */
	put(PHDR(1) + 8, 8, UINT64_MAX);
	assert_planned(sizeof(file));
	assert_int_equal(plan.segment_count, 1);
	put_load(1, UINT64_MAX, 0, 0, 0, 0); /* a segment of nothing */
	assert_planned(sizeof(file));
	assert_int_equal(plan.segment_count, 1);
}

struct elf_case {
	size_t at;
	unsigned int bytes;
	uint64_t value;
	const char *finding;
};

static const struct elf_case elf_cases[] = {
	{4, 1, 1, "vm: kernel: is an ELF file, but not 64-bit little-endian AArch64"},
	{5, 1, 2, "vm: kernel: is an ELF file, but not 64-bit little-endian AArch64"},
	{18, 2, 62, "vm: kernel: is an ELF file, but not 64-bit little-endian AArch64"},
	{16, 2, 1, "vm: kernel: is an ELF file, but not an executable (linked?)"},
	{54, 2, 55, "vm: kernel: is an ELF file with odd program headers"},
	{54, 2, 0, "vm: kernel: is an ELF file with odd program headers"},
	{56, 2, 65, "vm: kernel: is an ELF file with odd program headers"},
	{56, 2, 0xffff, "vm: kernel: is an ELF file with odd program headers"},
	{32, 8, 8192 - 111, "vm: kernel: is an ELF file cut off in its program headers"},
	{32, 8, UINT64_MAX - 50, "vm: kernel: is an ELF file cut off in its program headers"},
	{32, 8, 1UL << 63, "vm: kernel: is an ELF file cut off in its program headers"},
	{PHDR(0), 4, 3, "vm: kernel: is an ELF program for an operating system (PT_INTERP)"},
	{PHDR(0) + 8, 8, 8192,
	 "vm: kernel: ELF program header 0: 0x800 bytes at offset 0x2000 of a file of 0x2000"},
	{PHDR(0) + 8, 8, UINT64_MAX - 0x7fe,
	 "vm: kernel: ELF program header 0: 0x800 bytes at offset 0xfffffffffffff801 of a file of "
	 "0x2000"},
	{PHDR(0) + 32, 8, 0x1001,
	 "vm: kernel: ELF program header 0: 0x1001 bytes at offset 0x1000 of a file of 0x2000"},
	{PHDR(0) + 32, 8, UINT64_MAX,
	 "vm: kernel: ELF program header 0: 0xffffffffffffffff bytes at offset 0x1000 of a file of "
	 "0x2000"},
	{PHDR(0) + 40, 8, UINT64_MAX,
	 "vm: kernel: ELF program header 0: 0x40100000+0xffffffffffffffff ends above "
	 "0x8000000000"},
	{PHDR(0) + 24, 8, UINT64_MAX - 0xfff,
	 "vm: kernel: ELF program header 0: 0xfffffffffffff000+0x1000 ends above 0x8000000000"},
	{PHDR(1) + 24, 8, RAM + SZ_1M + 0xfff,
	 "vm: kernel: ELF program header 1: 0x40100fff+0x100 overlaps segment 0x40100000+0x1000"},
	{24, 8, 0x1000, "vm: kernel: ELF entry 0x1000 is in no segment, or not 4-byte aligned"},
	{24, 8, 0xffff000000000012,
	 "vm: kernel: ELF entry 0xffff000000000012 is in no segment, or not 4-byte aligned"},
	{24, 8, 0xffff000000001100,
	 "vm: kernel: ELF entry 0xffff000000001100 is in no segment, or not 4-byte aligned"},
};

static void test_elf_that_cannot_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(elf_cases); i++) {
		make_elf();
		put(elf_cases[i].at, elf_cases[i].bytes, elf_cases[i].value);
		assert_plan_refused(sizeof(file), elf_cases[i].finding);
	}
}

static void test_elf_cut_off_at_every_byte(void **state)
{
	(void)state;
	make_elf();
	assert_plan_refused(63, "vm: kernel: is cut off in the ELF header");
	for (size_t size = 4; size < 0x1900; size++) {
		assert_int_equal(plan_at(size, UINT64_MAX), -1);
	}
	findings_clear();
	assert_planned(0x1900);
}

static void test_elf_of_more_segments_than_the_table(void **state)
{
	(void)state;
	make_elf();
	put(56, 2, IMAGE_SEGMENTS_MAX + 1);
	for (unsigned int i = 0; i <= IMAGE_SEGMENTS_MAX; i++) {
		put_load(i, 0x1800, 0xffff000000000000, RAM + i * SZ_4K, 16, SZ_4K);
	}
	assert_plan_refused(sizeof(file), "vm: kernel: ELF with more than 16 segments to load");
}

/* -- Layout ----------------------------------------------------------------------------------------------- */

static int lay_out(uint64_t initrd_size)
{
	return image_layout(&plan, &vm, initrd_size, &layout, &findings.report);
}

static void test_initrd_and_tree_begin_in_the_middle(void **state)
{
	(void)state;
	assert_planned(100);
	assert_int_equal(lay_out(5000), 0);
	assert_int_equal(layout.initrd, RAM + RAM_SIZE / 2);
	assert_int_equal(layout.dtb, RAM + RAM_SIZE / 2 + SZ_64K);
}

static void test_initrd_is_at_most_128_mib_up(void **state)
{
	(void)state;
	vm.regions[0].size = SZ_1G;
	assert_planned(100);
	assert_int_equal(lay_out(5000), 0);
	assert_int_equal(layout.initrd, RAM + 128 * SZ_1M);
}

static void test_initrd_lies_behind_a_large_image(void **state)
{
	(void)state;
	make_linux(0x80000, 40 * SZ_1M + 1);
	assert_planned(4096);
	assert_int_equal(lay_out(5000), 0);
	assert_int_equal(layout.initrd, RAM + 0x80000 + 40 * SZ_1M + SZ_4K);
	assert_true(layout.dtb >= layout.initrd + 5000);
}

static void test_tree_of_an_elf_lies_below_it(void **state)
{
	(void)state;
	make_elf();
	assert_planned(sizeof(file));
	assert_int_equal(lay_out(0), 0);
	assert_int_equal(layout.dtb, RAM);
	put(PHDR(0) + 24, 8, RAM + GUEST_FDT_MAX - 4);
	assert_planned(sizeof(file));
	assert_int_equal(lay_out(0), 0);
	assert_int_equal(layout.dtb, RAM + RAM_SIZE / 2);
}

static void test_segment_in_another_region(void **state)
{
	(void)state;
	make_elf();
	put(PHDR(1) + 24, 8, 0x90000000);
	assert_planned(sizeof(file));
	assert_int_equal(lay_out(0), -1);
	assert_one_finding("vm: kernel: 0x100 bytes for 0x90000000 are not in its memory");
	vm.region_count = 2;
	vm.regions[1] = (struct vm_region){.ipa = 0x90000000, .size = SZ_4K};
	assert_int_equal(lay_out(0), 0);
	assert_int_equal(layout.dtb, RAM);
}

/* What is not in the file counts too: a bss that ends outside of the VM's memory. */
static void test_segment_whose_end_is_outside(void **state)
{
	(void)state;
	make_elf();
	put(PHDR(1) + 24, 8, RAM + RAM_SIZE - 0x100);
	put(PHDR(1) + 40, 8, 0x101);
	assert_planned(sizeof(file));
	assert_int_equal(lay_out(0), -1);
	assert_one_finding("vm: kernel: 0x101 bytes for 0x43ffff00 are not in its memory");
}

static void test_initrd_that_does_not_fit(void **state)
{
	(void)state;
	assert_planned(100);
	assert_int_equal(lay_out(RAM_SIZE / 2 + 1), -1);
	assert_one_finding("vm: memory: 0x4000000 bytes do not hold kernel, initrd (0x2000001 "
			   "bytes) and device tree (0x10000)");
	assert_int_equal(lay_out(RAM_SIZE / 2 - SZ_64K + 1), -1); /* the tree */
	findings_clear();
	assert_int_equal(lay_out(RAM_SIZE / 2 - SZ_64K), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_raw_lies_512_kib_up, setup),
		cmocka_unit_test_setup(test_raw_lies_where_load_says, setup),
		cmocka_unit_test_setup(test_raw_larger_than_memory, setup),
		cmocka_unit_test_setup(test_what_is_no_kernel, setup),
		cmocka_unit_test_setup(test_linux_image, setup),
		cmocka_unit_test_setup(test_linux_image_of_before_3_17, setup),
		cmocka_unit_test_setup(test_linux_image_begins_at_2_mib, setup),
		cmocka_unit_test_setup(test_linux_header_cut_off_is_raw, setup),
		cmocka_unit_test_setup(test_linux_sizes_that_cannot_be, setup),
		cmocka_unit_test_setup(test_load_is_for_raw_kernels, setup),
		cmocka_unit_test_setup(test_elf_goes_to_physical_addresses, setup),
		cmocka_unit_test_setup(test_elf_other_headers_are_passed_over, setup),
		cmocka_unit_test_setup(test_elf_that_cannot_be, setup),
		cmocka_unit_test_setup(test_elf_cut_off_at_every_byte, setup),
		cmocka_unit_test_setup(test_elf_of_more_segments_than_the_table, setup),
		cmocka_unit_test_setup(test_initrd_and_tree_begin_in_the_middle, setup),
		cmocka_unit_test_setup(test_initrd_is_at_most_128_mib_up, setup),
		cmocka_unit_test_setup(test_initrd_lies_behind_a_large_image, setup),
		cmocka_unit_test_setup(test_tree_of_an_elf_lies_below_it, setup),
		cmocka_unit_test_setup(test_segment_in_another_region, setup),
		cmocka_unit_test_setup(test_segment_whose_end_is_outside, setup),
		cmocka_unit_test_setup(test_initrd_that_does_not_fit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
