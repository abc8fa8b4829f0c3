/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a VM, from a bundle that is an array and with a device tree of a few bytes. */
#include "tests/unit/fake_arch.h"

#include "core/guest_fdt.h"
#include "core/log.h"
#include "core/vm.h"

#define RAM_IPA  0x80000000UL
#define RAM_SIZE (4 * SZ_1M)
#define ROM_IPA  0x90000000UL
#define ROM_SIZE SZ_64K
#define OTHERS   (FAKE_RAM_SIZE - RAM_SIZE - ROM_SIZE) /* what belongs to nobody here */
#define RAW_IPA  (RAM_IPA + 0x80000)

static struct vm vm;
static struct vm_config config;
static const struct bundle the_bundle;
static const struct board the_board;
static char finding[256];

/* -- what load.c asks of others -------------------------------------------------------------- */

static struct {
	const char *name;
	uint8_t data[3 * SZ_64K];
	size_t size;
	bool damaged;
} files[4];
static unsigned int hashes;
static int fdt_result;
static uint64_t initrd_start;
static uint64_t initrd_end;

int bundle_find(const struct bundle *b, const char *name, struct bundle_image *image)
{
	assert_ptr_equal(b, &the_bundle);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].name && strcmp(files[i].name, name) == 0) {
			*image = (struct bundle_image){
				.name = name, .data = files[i].data, .size = files[i].size};
			return 0;
		}
	}
	return BUNDLE_ABSENT;
}

const char *bundle_strerror(int error)
{
	(void)error;
	return "is not in the bundle";
}

bool bundle_image_intact(const struct bundle_image *image)
{
	hashes++;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (image->data == files[i].data) {
			return !files[i].damaged;
		}
	}
	return false;
}

int guest_fdt_build(const struct guest_fdt_input *in, void *buf, size_t size, struct report *r)
{
	(void)r;
	assert_ptr_equal(in->vm, &config);
	assert_ptr_equal(in->board, &the_board);
	assert_true(size >= GUEST_FDT_MAX);
	initrd_start = in->initrd_start;
	initrd_end = in->initrd_end;
	memcpy(buf, "TREE", 4);
	return fdt_result;
}

void log_line(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

/* -- loading ------------------------------------------------------------------------------------ */

static void emit(struct report *r, const char *line)
{
	(void)r;
	strncpy(finding, line, sizeof(finding) - 1);
}

static void add_file(unsigned int n, const char *name, size_t size, uint8_t fill)
{
	files[n].name = name;
	files[n].size = size;
	files[n].damaged = false;
	memset(files[n].data, fill, sizeof(files[n].data));
}

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(&vm, 0, sizeof(vm));
	memset(files, 0, sizeof(files));
	memset(finding, 0, sizeof(finding));
	config = (struct vm_config){
		.name = "guest", .kernel = "kernel.bin", .load_ipa = UINT64_MAX, .region_count = 2};
	config.regions[0] =
		(struct vm_region){.ipa = RAM_IPA, .size = RAM_SIZE, .pa = FAKE_RAM_BASE};
	config.regions[1] = (struct vm_region){.ipa = ROM_IPA,
					       .size = ROM_SIZE,
					       .pa = FAKE_RAM_BASE + RAM_SIZE,
					       .read_only = true};
	vm.config = &config;
	add_file(0, "kernel.bin", 5000, 0x11);
	hashes = 0;
	fdt_result = 4;
	load_init(&the_bundle, &the_board);
	return 0;
}

static uint64_t entry;
static uint64_t x0;

static int load(void)
{
	struct report r = {.emit = emit};
	int ret = load_vm(&vm, &entry, &x0, &r);

	assert_int_equal(fake.mapped, 0);
	assert_int_equal(ret != 0, r.error_count > 0);
	return ret;
}

/* A byte of the guest's memory. */
static uint8_t *at(uint64_t ipa)
{
	if (ipa >= ROM_IPA) {
		return fake.ram + RAM_SIZE + (ipa - ROM_IPA);
	}
	return fake.ram + (ipa - RAM_IPA);
}

static void assert_filled(uint64_t ipa, uint64_t size, uint8_t value)
{
	for (uint64_t i = 0; i < size; i++) {
		if (*at(ipa + i) != value) {
			fail_msg("0x%lx: 0x%02x, not 0x%02x", ipa + i, *at(ipa + i), value);
		}
	}
}

static void assert_others_untouched(void)
{
	for (uint64_t i = 0; i < OTHERS; i++) {
		if (fake.ram[RAM_SIZE + ROM_SIZE + i] != 0xa5) {
			fail_msg("wrote 0x%lx bytes beyond the VM", i);
		}
	}
}

static void assert_refused(const char *words)
{
	assert_int_equal(load(), -1);
	if (!strstr(finding, words) || !strstr(finding, "guest")) {
		fail_msg("finding: %s", finding);
	}
	assert_others_untouched();
}

/* -- what is loaded ------------------------------------------------------------------------------- */

static void test_raw_kernel_lies_where_qemu_puts_it(void **state)
{
	(void)state;
	assert_int_equal(load(), 0);
	assert_int_equal(entry, RAW_IPA);
	assert_filled(RAW_IPA, 5000, 0x11);
	assert_filled(RAW_IPA + 5000, 1000, 0);
	assert_filled(RAM_IPA, 0x80000, 0);
	assert_others_untouched();
}

static void test_memory_was_scrubbed(void **state)
{
	(void)state;
	assert_int_equal(load(), 0);
	assert_filled(RAM_IPA + RAM_SIZE - SZ_4K, SZ_4K, 0);
	assert_filled(ROM_IPA, ROM_SIZE, 0);
	assert_true(fake.polls >= RAM_SIZE / SZ_2M); /* others' interrupts are not held up */
}

static void test_tree_is_given_in_x0(void **state)
{
	(void)state;
	assert_int_equal(load(), 0);
	assert_memory_equal(at(x0), "TREE", 4);
	assert_true(range_within(x0, GUEST_FDT_MAX, RAM_IPA, RAM_SIZE));
	assert_true(x0 >= RAW_IPA + 5000);
	assert_int_equal(initrd_start, initrd_end); /* none */
}

static void test_initrd_is_loaded_and_named_in_the_tree(void **state)
{
	(void)state;
	strcpy(config.initrd, "initrd.img");
	add_file(1, "initrd.img", 100001, 0x22);
	assert_int_equal(load(), 0);
	assert_int_equal(initrd_end - initrd_start, 100001);
	assert_true(range_within(initrd_start, 100001, RAM_IPA, RAM_SIZE));
	assert_filled(initrd_start, 100001, 0x22);
	assert_filled(RAW_IPA, 5000, 0x11);
	assert_false(ranges_overlap(initrd_start, 100001, x0, GUEST_FDT_MAX));
	assert_memory_equal(at(x0), "TREE", 4);
}

static void test_own_tree_is_taken_as_it_is(void **state)
{
	(void)state;
	strcpy(config.dtb, "own.dtb");
	add_file(2, "own.dtb", 3000, 0x33);
	fdt_result = -1;
	assert_int_equal(load(), 0);
	assert_filled(x0, 3000, 0x33);
}

static void test_region_image_is_loaded(void **state)
{
	(void)state;
	strcpy(config.regions[1].image, "font.bin");
	add_file(3, "font.bin", 777, 0x44);
	assert_int_equal(load(), 0);
	assert_filled(ROM_IPA, 777, 0x44);
	assert_filled(ROM_IPA + 777, ROM_SIZE - 777, 0);
}

static void test_kernel_may_lie_in_another_region(void **state)
{
	(void)state;
	config.load_ipa = ROM_IPA;
	assert_int_equal(load(), 0);
	assert_int_equal(entry, ROM_IPA);
	assert_filled(ROM_IPA, 5000, 0x11);
	assert_memory_equal(at(x0), "TREE", 4);
}

static void test_hashes_are_checked_once(void **state)
{
	(void)state;
	strcpy(config.initrd, "initrd.img");
	add_file(1, "initrd.img", 10, 0x22);
	assert_int_equal(load(), 0);
	assert_int_equal(hashes, 2);
	assert_int_equal(load(), 0);
	assert_int_equal(hashes, 2); /* the bundle is our own memory */
}

static void test_second_load_leaves_nothing_of_the_first(void **state)
{
	(void)state;
	assert_int_equal(load(), 0);
	memset(fake.ram, 0x99, RAM_SIZE + ROM_SIZE);
	assert_int_equal(load(), 0);
	assert_filled(RAM_IPA, 0x80000, 0);
	assert_filled(RAW_IPA, 5000, 0x11);
	assert_filled(ROM_IPA, ROM_SIZE, 0);
}

/* -- what is refused -------------------------------------------------------------------------------- */

static void test_absent_images_are_named(void **state)
{
	(void)state;
	strcpy(config.initrd, "initrd.img");
	assert_refused("initrd.img");
	strcpy(config.initrd, "");
	files[0].name = "other";
	assert_refused("kernel.bin");
}

static void test_damaged_images_are_refused(void **state)
{
	(void)state;
	files[0].damaged = true;
	assert_refused("kernel.bin");
	files[0].damaged = false;
	strcpy(config.regions[1].image, "font.bin");
	add_file(3, "font.bin", 777, 0x44);
	files[3].damaged = true;
	assert_refused("font.bin");
	assert_false(vm.images_checked);
}

static void test_refused_kernel_leaves_memory_alone(void **state)
{
	(void)state;
	files[0].damaged = true;
	assert_refused("kernel.bin");
	assert_filled(RAM_IPA, RAM_SIZE, 0xa5);
}

static void test_kernel_larger_than_memory(void **state)
{
	(void)state;
	config.regions[0].size = SZ_64K;
	files[0].size = SZ_64K + 1;
	config.load_ipa = RAM_IPA;
	assert_refused("guest");
}

static void test_no_room_for_initrd_and_tree(void **state)
{
	(void)state;
	config.regions[0].size = 5 * SZ_64K;
	config.load_ipa = RAM_IPA;
	strcpy(config.initrd, "initrd.img");
	add_file(1, "initrd.img", 3 * SZ_64K, 0x22);
	assert_refused("guest");
}

static void test_region_image_larger_than_its_region(void **state)
{
	(void)state;
	strcpy(config.regions[1].image, "font.bin");
	add_file(3, "font.bin", ROM_SIZE + 1, 0x44);
	assert_refused("font.bin");
}

static void test_own_tree_too_large(void **state)
{
	(void)state;
	strcpy(config.dtb, "own.dtb");
	add_file(2, "own.dtb", GUEST_FDT_MAX + 1, 0x33);
	assert_refused("dtb");
}

/* Wherever a raw kernel is asked to lie: inside, or refused. */
static void test_hostile_load_addresses(void **state)
{
	static const uint64_t hostile[] = {0,
					   RAM_IPA - 1,
					   RAM_IPA - SZ_4K,
					   RAM_IPA + RAM_SIZE - 4999,
					   RAM_IPA + RAM_SIZE,
					   UINT64_MAX - 1,
					   UINT64_MAX - 4999};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		config.load_ipa = hostile[i];
		assert_int_equal(load(), -1);
		assert_others_untouched();
	}
}

static void test_memory_that_cannot_be_mapped(void **state)
{
	(void)state;
	fake.map_fails = true;
	assert_int_equal(load(), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_raw_kernel_lies_where_qemu_puts_it, setup),
		cmocka_unit_test_setup(test_memory_was_scrubbed, setup),
		cmocka_unit_test_setup(test_tree_is_given_in_x0, setup),
		cmocka_unit_test_setup(test_initrd_is_loaded_and_named_in_the_tree, setup),
		cmocka_unit_test_setup(test_own_tree_is_taken_as_it_is, setup),
		cmocka_unit_test_setup(test_region_image_is_loaded, setup),
		cmocka_unit_test_setup(test_kernel_may_lie_in_another_region, setup),
		cmocka_unit_test_setup(test_hashes_are_checked_once, setup),
		cmocka_unit_test_setup(test_second_load_leaves_nothing_of_the_first, setup),
		cmocka_unit_test_setup(test_absent_images_are_named, setup),
		cmocka_unit_test_setup(test_damaged_images_are_refused, setup),
		cmocka_unit_test_setup(test_refused_kernel_leaves_memory_alone, setup),
		cmocka_unit_test_setup(test_kernel_larger_than_memory, setup),
		cmocka_unit_test_setup(test_no_room_for_initrd_and_tree, setup),
		cmocka_unit_test_setup(test_region_image_larger_than_its_region, setup),
		cmocka_unit_test_setup(test_own_tree_too_large, setup),
		cmocka_unit_test_setup(test_hostile_load_addresses, setup),
		cmocka_unit_test_setup(test_memory_that_cannot_be_mapped, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
