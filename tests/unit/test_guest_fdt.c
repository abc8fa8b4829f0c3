/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree that a guest is given, read back with libfdt. */
#include "tests/unit/desk.h"

#include "core/guest_fdt.h"
#include "core/lib/fdt_read.h"

static uint64_t out[GUEST_FDT_MAX / 8];
static struct vm_config *vm;
static struct guest_map map;
static struct guest_fdt_input in;

static void add_device(const char *path)
{
	struct vm_device *d = &vm->devices[vm->device_count++];
	struct fdt_interrupt interrupt;

	d->node = tree_node(&board_tree, path);
	while (fdt_read_reg(&board_tree, d->node, d->reg_count, &d->regs[d->reg_count]) == 0) {
		d->reg_count++;
	}
	while (fdt_read_interrupt(&board_tree, d->node, d->irq_count, board.gic.node, &interrupt) ==
	       0) {
		d->irqs[d->irq_count++].intid = interrupt.intid;
	}
}

static int setup(void **state)
{
	desk_setup(state);
	vm = &config.vms[0];
	*vm = (struct vm_config){.name = "vm", .cpu_count = 2, .region_count = 1};
	vm->regions[0] = (struct vm_region){.ipa = 0x40000000, .size = SZ_1M};
	in = (struct guest_fdt_input){.vm = vm, .board = &board, .map = &map};
	return 0;
}

static int build_in(size_t size)
{
	return guest_fdt_build(&in, out, size, &findings.report);
}

static void parse_board(void)
{
	assert_int_equal(desk_parse_board(), 0);
	guest_map_init(&map, &board, vm->direct_map, vm->cpu_count);
}

/* For a tree whose interrupts lead nowhere: the board as it was, the tree as it is. */
static void parse_board_without_interrupts(void)
{
	static struct tree changed;

	changed = board_tree;
	tree_load(&board_tree, "board");
	parse_board();
	board_tree = changed;
	board.gic.node = tree_node(&board_tree, "/interrupt-controller@8000000");
}

static void build(void)
{
	int size = build_in(sizeof(out));

	assert_no_finding();
	assert_true(size > 0);
	assert_null(fdt_read_check(out, (size_t)size));
}

static int node_of(const char *path)
{
	int node = fdt_path_offset(out, path);

	if (node < 0) {
		fail_msg("no %s in the guest's tree", path);
	}
	return node;
}

static void assert_absent(const char *path)
{
	assert_int_equal(fdt_path_offset(out, path), -FDT_ERR_NOTFOUND);
}

static bool has(const char *path, const char *property)
{
	return fdt_getprop(out, node_of(path), property, NULL) != NULL;
}

static void assert_reg(const char *path, unsigned int index, uint64_t base, uint64_t size)
{
	struct mem_range range;

	assert_int_equal(fdt_read_reg(out, node_of(path), index, &range), 0);
	assert_int_equal(range.base, base);
	assert_int_equal(range.size, size);
}

static void assert_interrupt(const char *path, unsigned int index, uint32_t intid, uint32_t flags)
{
	struct fdt_interrupt interrupt;
	enum {
		GICS = 2
	};
	static const char *const gics[GICS] = {"arm,gic-v3", "arm,cortex-a15-gic"};
	int gic = -1;

	for (unsigned int i = 0; i < GICS && gic < 0; i++) {
		gic = fdt_node_offset_by_compatible(out, -1, gics[i]);
	}
	assert_int_equal(fdt_read_interrupt(out, node_of(path), index, gic, &interrupt), 0);
	assert_int_equal(interrupt.intid, intid);
	assert_int_equal(interrupt.flags, flags);
}

static void assert_string(const char *path, const char *property, const char *text)
{
	const char *found = fdt_read_string(out, node_of(path), property);

	assert_non_null(found);
	assert_string_equal(found, text);
}

/* -- QEMU virt's machine ------------------------------------------------------------------------------ */

static void test_machine_with_gicv3(void **state)
{
	(void)state;
	parse_board();
	build();
	assert_string("/", "compatible", "linux,dummy-virt");
	assert_reg("/memory@40000000", 0, 0x40000000, SZ_1M);
	assert_string("/psci", "method", "hvc");
	assert_string("/intc@8000000", "compatible", "arm,gic-v3");
	assert_reg("/intc@8000000", 0, 0x8000000, SZ_64K);
	assert_reg("/intc@8000000", 1, 0x80a0000, 2 * GUEST_GICR_SIZE);
	assert_reg("/pl011@9000000", 0, 0x9000000, SZ_4K);
	assert_reg("/pl031@9010000", 0, 0x9010000, SZ_4K);
	assert_interrupt("/pl011@9000000", 0, 33, 4);
	assert_interrupt("/pl031@9010000", 0, 34, 4);
	assert_interrupt("/timer", 1, 30, 4);
	assert_interrupt("/timer", 2, 27, 4);
	assert_string("/chosen", "stdout-path", "/pl011@9000000");
	assert_string("/aliases", "serial0", "/pl011@9000000");
	assert_false(has("/chosen", "bootargs") || has("/chosen", "linux,initrd-start"));
}

static void test_machine_with_gicv2(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/interrupt-controller@8000000", "compatible", "arm,gic-400");
	TREE_CELLS(&board_tree, "/interrupt-controller@8000000", "reg", 0, 0xff841000, 0, 0x1000, 0,
		   0xff842000, 0, 0x2000, 0, 0xff844000, 0, 0x2000, 0, 0xff846000, 0, 0x2000);
	parse_board();
	build();
	assert_string("/intc@8000000", "compatible", "arm,cortex-a15-gic");
	assert_reg("/intc@8000000", 1, 0x8010000, 0x2000);
	/* flags hold a mask of two CPUs above; fdt_read_interrupt() leaves it out */
	assert_interrupt("/timer", 2, 27, 4);
	vm->direct_map = true;
	parse_board();
	build();
	assert_reg("/intc@ff841000", 1, 0xff842000, 0x2000);
}

static void test_cpus(void **state)
{
	(void)state;
	parse_board();
	build();
	assert_string("/cpus/cpu@1", "enable-method", "psci");
	assert_absent("/cpus/cpu@2");
}

static void test_memory_and_regions(void **state)
{
	(void)state;
	vm->region_count = 4;
	vm->regions[1] = (struct vm_region){.ipa = 0x800000000, .size = SZ_2M};
	vm->regions[2] = (struct vm_region){.ipa = 0x50000000, .size = SZ_4K, .read_only = true};
	vm->regions[3] = (struct vm_region){.ipa = 0x60000000, .size = SZ_4K, .image = "t.bin"};
	parse_board();
	build();
	assert_string("/memory@800000000", "device_type", "memory");
	assert_reg("/memory@800000000", 0, 0x800000000, SZ_2M);
	assert_string("/region@50000000", "compatible", "bulkhead,region");
	assert_true(has("/region@50000000", "read-only"));
	assert_false(has("/region@60000000", "read-only"));
	assert_reg("/region@60000000", 0, 0x60000000, SZ_4K);
}

static void test_bootargs_and_initrd(void **state)
{
	uint64_t value;

	(void)state;
	strcpy(vm->bootargs, "root=/dev/vda quiet");
	in.initrd_start = 0x140000000;
	in.initrd_end = 0x140000123;
	parse_board();
	build();
	assert_string("/chosen", "bootargs", "root=/dev/vda quiet");
	assert_int_equal(fdt_read_u64(out, node_of("/chosen"), "linux,initrd-start", &value), 0);
	assert_int_equal(value, 0x140000000);
	assert_int_equal(fdt_read_u64(out, node_of("/chosen"), "linux,initrd-end", &value), 0);
	assert_int_equal(value, 0x140000123);
}

static void test_virtio_slots(void **state)
{
	(void)state;
	in.virtio_slots = 1U << 31 | 1;
	parse_board();
	build();
	assert_reg("/virtio_mmio@a000000", 0, 0xa000000, 0x200);
	assert_reg("/virtio_mmio@a003e00", 0, 0xa003e00, 0x200);
	assert_interrupt("/virtio_mmio@a003e00", 0, 48 + 31, 1);
	assert_absent("/virtio_mmio@a000200");
}

/* -- Devices of the board ------------------------------------------------------------------------------ */

static void test_device_is_copied_with_its_children(void **state)
{
	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	/* the bus says how the device's DMA sees memory */
	assert_true(has("/bus0", "dma-ranges"));
	assert_reg("/bus0/i2c@fe804000", 0, 0xfe804000, SZ_4K);
	assert_interrupt("/bus0/i2c@fe804000", 0, 32 + 117, 4);
	assert_string("/bus0/i2c@fe804000/sensor@48", "compatible", "test,sensor");
	assert_true(has("/bus0/i2c@fe804000/sensor@48", "reg"));
}

static void test_dma_ranges_are_said_again(void **state)
{
	static const uint32_t expected[] = {0, 0xc0000000, 0, 0, 0, 0x40000000};
	const uint8_t *data;
	int length;

	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	data = fdt_getprop(out, node_of("/bus0"), "dma-ranges", &length);
	assert_int_equal(length, sizeof(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(fdt_read_cells(data + 4 * i, 1), expected[i]);
	}
}

static void test_description_that_is_referred_to_is_copied(void **state)
{
	uint32_t phandle;

	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	assert_string("/host/oscillator", "compatible", "fixed-clock");
	assert_int_equal(fdt_read_u32(out, node_of("/bus0/i2c@fe804000"), "clocks", &phandle), 0);
	assert_int_equal(phandle, fdt_get_phandle(out, node_of("/host/oscillator")));
}

static void test_reference_to_what_others_have_is_left_out(void **state)
{
	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	add_device("/soc/mmc@7e340000");
	build();
	assert_false(has("/bus0/i2c@fe804000", "resets"));
	assert_false(has("/bus1/mmc@fe340000", "clocks"));
	assert_true(has("/bus1/mmc@fe340000", "dma-coherent"));
	assert_interrupt("/bus1/mmc@fe340000", 0, 32 + 126, 1);
	assert_interrupt("/bus1/mmc@fe340000", 1, 32 + 127, 4);
	assert_reg("/bus1/mmc@fe340000", 1, 0xfe341000, 0x100);
}

static void test_reference_to_an_own_device_stays(void **state)
{
	(void)state;
	parse_board();
	add_device("/soc/mmc@7e340000");
	add_device("/soc/clock-controller@7e101000");
	build();
	assert_true(has("/bus0/mmc@fe340000", "clocks"));
	assert_true(has("/bus1/clock-controller@fe101000", "phandle"));
}

static void test_every_phandle_is_there_once(void **state)
{
	uint32_t seen[64];
	unsigned int count = 0;

	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	add_device("/soc/clock-controller@7e101000");
	build();
	for (int node = fdt_next_node(out, -1, NULL); node >= 0;
	     node = fdt_next_node(out, node, NULL)) {
		uint32_t phandle = fdt_get_phandle(out, node);

		for (unsigned int i = 0; i < count && phandle; i++) {
			assert_int_not_equal(seen[i], phandle);
		}
		if (phandle) {
			assert_true(count < ARRAY_SIZE(seen));
			seen[count++] = phandle;
		}
	}
	assert_true(count >= 4);
}

static void test_no_two_nodes_have_one_path(void **state)
{
	char path[256];

	(void)state;
	/* a second clock of the same name, in another place */
	tree_add_node(&board_tree, "/soc", "oscillator");
	tree_set_string(&board_tree, "/soc/oscillator", "compatible", "fixed-clock");
	TREE_CELLS(&board_tree, "/soc/oscillator", "#clock-cells", 0);
	TREE_CELLS(&board_tree, "/soc/oscillator", "phandle", 0x55);
	TREE_CELLS(&board_tree, "/soc/pair@7e600000", "clocks", 0x55);
	parse_board();
	add_device("/soc/i2c@7e804000");
	add_device("/soc/pair@7e600000");
	build();
	for (int node = fdt_next_node(out, -1, NULL); node >= 0;
	     node = fdt_next_node(out, node, NULL)) {
		assert_int_equal(fdt_get_path(out, node, path, sizeof(path)), 0);
		assert_int_equal(fdt_path_offset(out, path), node);
	}
}

static void test_device_of_no_dma_bus_lies_under_the_root(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/soc", "dma-ranges");
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	assert_reg("/i2c@fe804000", 0, 0xfe804000, SZ_4K);
	assert_absent("/bus0");
}

/* Property names that only end, or begin, as a reference does. */
static void test_supplies_gpios_and_pins_of_others_are_left_out(void **state)
{
	static const char *const names[] = {"vdd-supply", "reset-gpios", "enable-gpio",
					    "pinctrl-0"};
	uint32_t others;

	(void)state;
	others = fdt_get_phandle(&board_tree,
				 tree_node(&board_tree, "/soc/clock-controller@7e101000"));
	TREE_CELLS(&board_tree, "/soc/clock-controller@7e101000", "#gpio-cells", 2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		TREE_CELLS(&board_tree, "/soc/i2c@7e804000", names[i], others, 1, 2);
	}
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "pinctrl-names", 0);
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "-supply", 1);
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_false(has("/bus0/i2c@fe804000", names[i]));
	}
	assert_true(has("/bus0/i2c@fe804000", "pinctrl-names"));
	assert_true(has("/bus0/i2c@fe804000", "-supply"));
}

static void test_references_that_are_malformed_are_left_out(void **state)
{
	(void)state;
	parse_board();
	add_device("/soc/i2c@7e804000");
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "clocks", 0x7777);
	parse_board();
	build();
	assert_false(has("/bus0/i2c@fe804000", "clocks"));
	tree_set(&board_tree, "/soc/i2c@7e804000", "clocks", "abc", 3);
	parse_board();
	build();
	assert_false(has("/bus0/i2c@fe804000", "clocks"));
}

static void test_one_clock_of_two_devices_is_copied_once(void **state)
{
	uint32_t osc;

	(void)state;
	osc = fdt_get_phandle(&board_tree, tree_node(&board_tree, "/oscillator"));
	TREE_CELLS(&board_tree, "/soc/pair@7e600000", "clocks", osc, 0, osc);
	parse_board();
	add_device("/soc/i2c@7e804000");
	add_device("/soc/pair@7e600000");
	build();
	assert_absent("/host/n1-oscillator");
	assert_true(has("/bus1/pair@fe600000", "clocks"));
}

static void test_more_references_than_the_table(void **state)
{
	uint32_t clocks[40];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		char path[] = "/xx";

		path[1] = (char)('a' + i / 10);
		path[2] = (char)('0' + i % 10);
		clocks[i] = 0x1000 + i;
		tree_add_node(&board_tree, "/", path + 1);
		tree_set_string(&board_tree, path, "compatible", "fixed-clock");
		TREE_CELLS(&board_tree, path, "#clock-cells", 0);
		TREE_CELLS(&board_tree, path, "phandle", clocks[i]);
	}
	tree_set_cells(&board_tree, "/soc/i2c@7e804000", "clocks", clocks, ARRAY_SIZE(clocks));
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	assert_false(has("/bus0/i2c@fe804000", "clocks"));
}

static void test_children_are_copied_to_six_levels(void **state)
{
	char path[64] = "/soc/i2c@7e804000", copy[64] = "/bus0/i2c@fe804000";

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		tree_add_node(&board_tree, path, "n");
		strcat(path, "/n");
	}
	parse_board();
	add_device("/soc/i2c@7e804000");
	build();
	for (unsigned int i = 0; i < 6; i++) {
		strcat(copy, "/n");
		(void)node_of(copy);
	}
	assert_absent(strcat(copy, "/n"));
	(void)node_of("/bus0/i2c@fe804000/sensor@48");
}

static void test_gic_without_a_phandle_gets_one(void **state)
{
	uint32_t parent;

	(void)state;
	tree_delete(&board_tree, "/interrupt-controller@8000000", "phandle");
	parse_board_without_interrupts();
	build();
	assert_int_equal(fdt_read_u32(out, 0, "interrupt-parent", &parent), 0);
	assert_int_equal(fdt_get_phandle(out, node_of("/intc@8000000")), parent);
}

/* RAM where QEMU virt has its devices: a VM that sees board addresses has them elsewhere. */
static void test_devices_move_out_of_the_way_of_memory(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0, 0x8800000, 0, 0x10000000);
	vm->direct_map = true;
	parse_board();
	build();
	assert_reg("/pl011@f09000000", 0, 0xf09000000, SZ_4K);
	assert_string("/chosen", "stdout-path", "/pl011@f09000000");
}

/* -- What cannot be built --------------------------------------------------------------------------------- */

static void test_tree_that_does_not_fit(void **state)
{
	int size;

	(void)state;
	parse_board();
	build();
	size = (int)fdt_totalsize(out);
	for (size_t room = 0; room < (size_t)size; room += 16) {
		assert_int_equal(build_in(room), -1);
		assert_int_equal(findings.report.error_count, 1);
		assert_non_null(strstr(findings.lines[0], "vm: device tree: cannot be built in"));
		findings_clear();
	}
	assert_true(build_in((size_t)size) > 0);
}

static void test_board_without_a_phandle_left(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/psci", "phandle", FDT_MAX_PHANDLE);
	parse_board();
	assert_int_equal(build_in(sizeof(out)), -1);
	assert_one_finding("vm: device tree: cannot be built in 65536 bytes: FDT_ERR_NOPHANDLES");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_machine_with_gicv3, setup),
		cmocka_unit_test_setup(test_machine_with_gicv2, setup),
		cmocka_unit_test_setup(test_cpus, setup),
		cmocka_unit_test_setup(test_memory_and_regions, setup),
		cmocka_unit_test_setup(test_bootargs_and_initrd, setup),
		cmocka_unit_test_setup(test_virtio_slots, setup),
		cmocka_unit_test_setup(test_device_is_copied_with_its_children, setup),
		cmocka_unit_test_setup(test_dma_ranges_are_said_again, setup),
		cmocka_unit_test_setup(test_description_that_is_referred_to_is_copied, setup),
		cmocka_unit_test_setup(test_reference_to_what_others_have_is_left_out, setup),
		cmocka_unit_test_setup(test_reference_to_an_own_device_stays, setup),
		cmocka_unit_test_setup(test_every_phandle_is_there_once, setup),
		cmocka_unit_test_setup(test_no_two_nodes_have_one_path, setup),
		cmocka_unit_test_setup(test_device_of_no_dma_bus_lies_under_the_root, setup),
		cmocka_unit_test_setup(test_supplies_gpios_and_pins_of_others_are_left_out, setup),
		cmocka_unit_test_setup(test_references_that_are_malformed_are_left_out, setup),
		cmocka_unit_test_setup(test_one_clock_of_two_devices_is_copied_once, setup),
		cmocka_unit_test_setup(test_more_references_than_the_table, setup),
		cmocka_unit_test_setup(test_children_are_copied_to_six_levels, setup),
		cmocka_unit_test_setup(test_gic_without_a_phandle_gets_one, setup),
		cmocka_unit_test_setup(test_devices_move_out_of_the_way_of_memory, setup),
		cmocka_unit_test_setup(test_tree_that_does_not_fit, setup),
		cmocka_unit_test_setup(test_board_without_a_phandle_left, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
