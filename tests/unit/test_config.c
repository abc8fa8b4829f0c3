/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration: each property's values, and the words for each that cannot be. */
#include "tests/unit/desk.h"

#include <stdio.h>

static void parse(void)
{
	assert_int_equal(desk_parse_config(), 0);
}

/* small is refused with this one finding, big is not. */
static void assert_small_refused(const char *line)
{
	parse();
	assert_one_finding(line);
	assert_true(desk_vm("small")->refused);
	assert_false(desk_vm("big")->refused);
}

/* -- A sound configuration --------------------------------------------------------------------- */

static void test_everything_said_is_read(void **state)
{
	const struct vm_config *vm;

	(void)state;
	parse();
	assert_no_finding();
	assert_int_equal(config.vm_count, 2);
	assert_string_equal(config.console_attach, "big");
	assert_int_equal(config.console_escape, 1);
	assert_false(config.console_tagged);
	vm = desk_vm("big");
	assert_int_equal(vm->cpu_count, 2);
	assert_int_equal(vm->cpus[1], 1);
	assert_true(vm->direct_map);
	assert_true(vm->manager);
	assert_int_equal(vm->regions[0].ipa, 0x60000000);
	assert_int_equal(vm->regions[0].pa, 0x60000000);
	assert_int_equal(vm->regions[0].size, 0x10000000);
	assert_string_equal(vm->kernel, "kernel.bin");
	assert_string_equal(vm->initrd, "initrd.img");
	assert_string_equal(vm->bootargs, "root=/dev/vda");
	assert_int_equal(vm->device_count, 1);
	assert_string_equal(vm->devices[0].path, "/soc/mmc@7e340000");
	assert_int_equal(vm->restart, RESTART_ON_FAILURE);
	assert_int_equal(vm->restart_limit, 3);
	assert_int_equal(vm->restart_backoff_ms, 500);
}

static void test_what_is_not_said_has_its_default(void **state)
{
	const struct vm_config *vm;

	(void)state;
	parse();
	vm = desk_vm("small");
	assert_int_equal(vm->cpu_count, 0);
	assert_int_equal(vm->vcpus_wanted, 1);
	assert_false(vm->direct_map || vm->manager || vm->no_dma);
	assert_int_equal(vm->regions[0].pa, PA_ANY);
	assert_int_equal(vm->load_ipa, UINT64_MAX);
	assert_int_equal(vm->restart, RESTART_NEVER);
	assert_int_equal(vm->restart_limit, 5);
	assert_int_equal(vm->restart_backoff_ms, 100);
	assert_string_equal(vm->initrd, "");
	tree_delete_node(&config_tree, "/console");
	parse();
	assert_int_equal(config.console_escape, 0x1d);
	assert_string_equal(config.console_attach, "");
}

static void test_region_is_read(void **state)
{
	const struct vm_region *region;

	(void)state;
	parse();
	assert_int_equal(desk_vm("small")->region_count, 2);
	region = &desk_vm("small")->regions[1];
	assert_int_equal(region->ipa, 0x50000000);
	assert_int_equal(region->size, 0x10000);
	assert_true(region->read_only);
	assert_string_equal(region->image, "table.bin");
}

static void test_memory_of_64_bits(void **state)
{
	const struct vm_config *vm;

	(void)state;
	TREE_CELLS(&config_tree, "/small", "memory", 0, 0x40000000, 0, 0x100000, 8, 0, 0, 0x1000);
	parse();
	assert_no_finding();
	vm = desk_vm("small");
	assert_int_equal(vm->region_count, 3);
	assert_int_equal(vm->regions[1].ipa, 0x800000000);
	assert_int_equal(vm->regions[1].size, 0x1000);
}

static void test_direct_map_at_0_is_left_to_choose(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/big", "memory", 0, 0x100000);
	parse();
	assert_no_finding();
	assert_int_equal(desk_vm("big")->regions[0].ipa, IPA_ANY);
	assert_int_equal(desk_vm("big")->regions[0].pa, PA_ANY);
}

static void test_restart_words(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "restart", "always");
	parse();
	assert_int_equal(desk_vm("small")->restart, RESTART_ALWAYS);
	tree_set_string(&config_tree, "/small", "restart", "never");
	parse();
	assert_int_equal(desk_vm("small")->restart, RESTART_NEVER);
	assert_no_finding();
}

static void test_load_of_32_and_of_64_bits(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "load", 0x40001000);
	parse();
	assert_int_equal(desk_vm("small")->load_ipa, 0x40001000);
	TREE_CELLS(&config_tree, "/small", "load", 1, 0x40001000);
	parse();
	assert_int_equal(desk_vm("small")->load_ipa, 0x140001000);
	assert_no_finding();
}

static void test_empty_bootargs_are_fine(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "bootargs", "");
	parse();
	assert_no_finding();
}

/* -- Values that cannot be ------------------------------------------------------------------------ */

/* A value of one property of small, as cells or as text, and what is said of it. */
struct bad_value {
	const char *property;
	const char *finding;
	const char *text; /* NULL: the cells */
	unsigned int count;
	uint32_t cells[36];
};

static const struct bad_value bad_values[] = {
	{"kernel", "small: kernel: must be one file name, as in \"zephyr.elf\"", "", 0, {0}},
	{"kernel", "small: kernel: must be one file name, as in \"zephyr.elf\"", NULL, 0, {0}},
	{"initrd",
	 "small: initrd: must be one file name, as in \"zephyr.elf\"",
	 NULL,
	 1,
	 {0x61620063}},
	{"dtb", "small: dtb: must be one file name, as in \"zephyr.elf\"", NULL, 1, {0x61626364}},
	{"kernel",
	 "small: kernel: 64 characters; at most 63 fit",
	 "0123456789012345678901234567890123456789012345678901234567890123",
	 0,
	 {0}},
	{"bootargs", "small: bootargs: must be one string", NULL, 1, {0x61006200}},
	{"memory",
	 "small: memory: 4 bytes; write <address size>, or /bits/ 64 <address size ...> for "
	 "several",
	 NULL,
	 1,
	 {0}},
	{"memory", "small: memory: 0x40000000+0x0 is empty", NULL, 2, {0x40000000, 0}},
	{"memory",
	 "small: memory: 0x40000800+0x10000 is not of whole 4 KiB pages",
	 NULL,
	 2,
	 {0x40000800, 0x10000}},
	{"memory",
	 "small: memory: 0x40000000+0x10001 is not of whole 4 KiB pages",
	 NULL,
	 2,
	 {0x40000000, 0x10001}},
	{"memory",
	 "small: memory: 0x7fffff0000+0x20000 ends above 0x8000000000 (several pairs need /bits/ "
	 "64)",
	 NULL,
	 4,
	 {0x7f, 0xffff0000, 0, 0x20000}},
	{"memory",
	 "small: memory: 0xfffffffffffff000+0x2000 ends above 0x8000000000 (several pairs need "
	 "/bits/ 64)",
	 NULL,
	 4,
	 {0xffffffff, 0xfffff000, 0, 0x2000}},
	{"memory",
	 "small: memory: main memory of 0x1000 bytes; at least 0x10000",
	 NULL,
	 2,
	 {0x40000000, 0x1000}},
	{"cpus", "small: cpus: must be 1 to 8 CPU numbers, as in <1 2>", NULL, 0, {0}},
	{"cpus",
	 "small: cpus: must be 1 to 8 CPU numbers, as in <1 2>",
	 NULL,
	 9,
	 {0, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"cpus", "small: cpus: CPU 32; the highest possible is 31", NULL, 1, {32}},
	{"cpus", "small: cpus: CPU 256; the highest possible is 31", NULL, 1, {256}},
	{"cpus", "small: cpus: CPU 1 is named twice", NULL, 2, {1, 1}},
	{"vcpus", "small: vcpus: must be one number, as in <1>", NULL, 2, {1, 1}},
	{"vcpus", "small: vcpus: 0 is out of range; 1 to 8", NULL, 1, {0}},
	{"vcpus", "small: vcpus: 9 is out of range; 1 to 8", NULL, 1, {9}},
	{"load", "small: load: must be one address, of 32 or 64 bits", NULL, 3, {0, 0, 0}},
	{"load",
	 "small: load: 0x40000004 must be 8-byte aligned and below 0x8000000000",
	 NULL,
	 1,
	 {0x40000004}},
	{"load",
	 "small: load: 0xfffffffffffffff8 must be 8-byte aligned and below 0x8000000000",
	 NULL,
	 2,
	 {UINT32_MAX, 0xfffffff8}},
	{"direct-map", "small: direct-map: takes no value: write \"direct-map;\"", NULL, 1, {1}},
	{"no-dma", "small: no-dma: takes no value: write \"no-dma;\"", NULL, 1, {0}},
	{"trust-dma", "small: trust-dma: takes no value: write \"trust-dma;\"", NULL, 1, {0}},
	{"manager", "small: manager: takes no value: write \"manager;\"", "yes", 0, {0}},
	{"devices",
	 "small: devices: must be paths of the board's tree: \"/soc/i2c@0\"",
	 NULL,
	 0,
	 {0}},
	{"devices",
	 "small: devices: must be paths of the board's tree: \"/soc/i2c@0\"",
	 NULL,
	 1,
	 {0x61626364}},
	{"devices", "small: devices: path 1 is empty or longer than 95", "", 0, {0}},
	{"restart",
	 "small: restart: \"sometimes\"; must be \"never\", \"on-failure\" or \"always\"",
	 "sometimes",
	 0,
	 {0}},
	{"restart",
	 "small: restart: must be \"never\", \"on-failure\" or \"always\"",
	 NULL,
	 1,
	 {1}},
	{"restart-limit",
	 "small: restart-limit: 1000001 is out of range; 0 to 1000000",
	 NULL,
	 1,
	 {1000001}},
	{"restart-backoff-ms",
	 "small: restart-backoff-ms: 60001 is out of range; 1 to 60000",
	 NULL,
	 1,
	 {60001}},
	{"restart-backoff-ms",
	 "small: restart-backoff-ms: must be one number, as in <1>",
	 "",
	 0,
	 {0}},
	{"memry", "small: memry: no such property; did you mean memory?", NULL, 1, {1}},
	{"colour", "small: colour: no such property", NULL, 1, {1}},
	{"memory-of-a-name-too-long-to-compare",
	 "small: memory-of-a-name-too-long-to-compare: no such property",
	 NULL,
	 1,
	 {1}},
};

static void test_values_that_cannot_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		const struct bad_value *bad = &bad_values[i];

		desk_setup(NULL);
		if (bad->text) {
			tree_set_string(&config_tree, "/small", bad->property, bad->text);
		} else {
			tree_set_cells(&config_tree, "/small", bad->property, bad->cells,
				       bad->count);
		}
		assert_small_refused(bad->finding);
	}
}

static void test_bootargs_at_their_limit(void **state)
{
	char text[VM_BOOTARGS_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[VM_BOOTARGS_MAX] = '\0';
	tree_set_string(&config_tree, "/small", "bootargs", text);
	assert_small_refused("small: bootargs: 512 characters; at most 511 fit");
	text[VM_BOOTARGS_MAX - 1] = '\0';
	tree_set_string(&config_tree, "/small", "bootargs", text);
	parse();
	assert_no_finding();
	assert_string_equal(desk_vm("small")->bootargs, text);
}

static void test_path_at_its_limit(void **state)
{
	char text[97];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[96] = '\0';
	tree_set_string(&config_tree, "/small", "devices", text);
	assert_small_refused("small: devices: path 1 is empty or longer than 95");
	text[95] = '\0';
	tree_set_string(&config_tree, "/small", "devices", text);
	parse();
	assert_no_finding();
}

static void test_more_devices_than_the_table(void **state)
{
	(void)state;
	tree_set(&config_tree, "/small", "devices",
		 "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q", 34);
	assert_small_refused("small: devices: 17 devices; at most 16");
}

static void test_more_regions_than_the_table(void **state)
{
	uint32_t cells[4 * (VM_REGIONS_MAX + 1)] = {0};

	(void)state;
	for (uint32_t i = 0; i <= VM_REGIONS_MAX; i++) {
		cells[4 * i + 1] = i * 0x100000;
		cells[4 * i + 3] = 0x10000;
	}
	tree_delete_node(&config_tree, "/small/region@50000000");
	tree_set_cells(&config_tree, "/small", "memory", cells, ARRAY_SIZE(cells));
	assert_small_refused("small: memory: more than 8 regions");
	desk_setup(NULL);
	tree_set_cells(&config_tree, "/small", "memory", cells, 4 * (size_t)VM_REGIONS_MAX);
	assert_small_refused("small: region@50000000: reg: more than 8 regions");
}

/* -- What does not go together ----------------------------------------------------------------------- */

static void test_what_a_vm_must_have(void **state)
{
	(void)state;
	tree_delete(&config_tree, "/small", "kernel");
	assert_small_refused("small: kernel: missing: give the file name of its image");
	desk_setup(NULL);
	tree_delete(&config_tree, "/small", "memory");
	assert_small_refused("small: memory: missing: give <address size> of its main memory");
}

static void test_cpus_and_vcpus(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "cpus", 3);
	TREE_CELLS(&config_tree, "/small", "vcpus", 1);
	assert_small_refused("small: vcpus: cpus says which and how many already: give one");
}

static void test_own_tree_and_bootargs(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "dtb", "own.dtb");
	tree_set_string(&config_tree, "/small", "bootargs", "quiet");
	assert_small_refused("small: bootargs: has no place, as dtb gives a tree of its own");
}

/* -- region@ ------------------------------------------------------------------------------------------ */

#define REGION "/small/region@50000000"

static void test_regions_that_cannot_be(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, REGION, "reg", 0x50000000);
	assert_small_refused("small: region@50000000: reg: must be one /bits/ 64 <address size>");
	tree_delete(&config_tree, REGION, "reg");
	assert_small_refused("small: region@50000000: reg: must be one /bits/ 64 <address size>");
	TREE_CELLS(&config_tree, REGION, "reg", 0x50000000, 0);
	assert_small_refused("small: region@50000000: reg: 0x50000000+0x0 is empty");
	TREE_CELLS(&config_tree, REGION, "reg", 0x50001000, 0x1000);
	assert_small_refused(
		"small: region@50000000: its reg begins at 0x50001000: call it region@50001000");
}

static void test_region_properties_that_cannot_be(void **state)
{
	(void)state;
	tree_set_string(&config_tree, REGION, "read-only", "yes");
	assert_small_refused("small: region@50000000: read-only: takes no value: write "
			     "\"region@50000000: read-only;\"");
	tree_set(&config_tree, REGION, "read-only", "", 0);
	TREE_CELLS(&config_tree, REGION, "image", 1);
	assert_small_refused("small: region@50000000: image: must be one file name, as in "
			     "\"zephyr.elf\"");
	tree_set_string(&config_tree, REGION, "image", "table.bin");
	tree_set(&config_tree, REGION, "read_only", "", 0);
	assert_small_refused(
		"small: region@50000000: read_only: no such property; did you mean read-only?");
}

static void test_other_nodes_of_a_vm(void **state)
{
	(void)state;
	tree_add_node(&config_tree, "/small", "area@0");
	assert_small_refused("small: area@0: no such node; a VM may have region@ADDRESS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_everything_said_is_read, desk_setup),
		cmocka_unit_test_setup(test_what_is_not_said_has_its_default, desk_setup),
		cmocka_unit_test_setup(test_region_is_read, desk_setup),
		cmocka_unit_test_setup(test_memory_of_64_bits, desk_setup),
		cmocka_unit_test_setup(test_direct_map_at_0_is_left_to_choose, desk_setup),
		cmocka_unit_test_setup(test_restart_words, desk_setup),
		cmocka_unit_test_setup(test_load_of_32_and_of_64_bits, desk_setup),
		cmocka_unit_test_setup(test_empty_bootargs_are_fine, desk_setup),
		cmocka_unit_test_setup(test_values_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_bootargs_at_their_limit, desk_setup),
		cmocka_unit_test_setup(test_path_at_its_limit, desk_setup),
		cmocka_unit_test_setup(test_more_devices_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_more_regions_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_what_a_vm_must_have, desk_setup),
		cmocka_unit_test_setup(test_cpus_and_vcpus, desk_setup),
		cmocka_unit_test_setup(test_own_tree_and_bootargs, desk_setup),
		cmocka_unit_test_setup(test_regions_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_region_properties_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_other_nodes_of_a_vm, desk_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
