/* SPDX-License-Identifier: Apache-2.0 */
/* A PCI bridge given to a VM: what it gets, what it is told, and what no tree makes of that. */
#include "tests/unit/desk.h"

#include "core/guest_fdt.h"
#include "core/lib/fdt_pci.h"

#define BRIDGE "/scb/pcie@7d500000"
#define GUEST  "/pcie@fd500000"
#define GIC    "/interrupt-controller@8000000"
#define IS     "big: devices: " BRIDGE ": "

static uint64_t out[GUEST_FDT_MAX / 8];

static int setup(void **state)
{
	desk_setup(state);
	tree_set_string(&config_tree, "/big", "devices", BRIDGE);
	return 0;
}

static const struct vm_device *bridge(void)
{
	const struct vm_config *vm = desk_vm("big");
	unsigned int i = 0;

	while (i < vm->device_count && strcmp(vm->devices[i].path, BRIDGE) != 0) {
		i++;
	}
	assert_true(i < vm->device_count);
	return &vm->devices[i];
}

static void assert_given(unsigned int windows, unsigned int irqs)
{
	desk_check_config();
	assert_no_finding();
	assert_int_equal(bridge()->window_count, windows);
	assert_int_equal(bridge()->irq_count, irqs);
}

/* The VM alone is refused, with one finding. */
static void assert_refused(const char *finding)
{
	assert_vm_refused("big", finding);
}

static uint32_t gic_phandle(void)
{
	return fdt_get_phandle(&board_tree, tree_node(&board_tree, GIC));
}

/* -- What it is given ------------------------------------------------------------------------- */

static void test_windows_and_interrupts_are_read(void **state)
{
	static const uint32_t intids[] = {179, 180, 175, 176, 177, 178};

	(void)state;
	assert_given(1, 6);
	assert_int_equal(bridge()->reg_count, 2);
	assert_int_equal(bridge()->regs[0].base, 0xfd500000);
	assert_int_equal(bridge()->regs[1].base, 0x600000000);
	assert_int_equal(bridge()->regs[1].size, 0x4000000);
	for (unsigned int i = 0; i < ARRAY_SIZE(intids); i++) {
		assert_int_equal(bridge()->irqs[i].intid, intids[i]);
		assert_false(bridge()->irqs[i].edge);
	}
}

static void test_each_interrupt_is_there_once(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 143, 4, 0, 0, 0, 2,
		   gic, 0, 143, 4, 0x800, 0, 0, 1, gic, 0, 147, 4);
	assert_given(1, 3);
}

static void test_bridge_without_pins(void **state)
{
	(void)state;
	tree_delete(&board_tree, BRIDGE, "interrupt-map");
	assert_given(1, 2);
}

static void test_map_of_a_gic_with_address_cells(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, GIC, "#address-cells", 2);
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 0, 0, 3, 4);
	assert_given(1, 3);
	assert_int_equal(bridge()->irqs[2].intid, 35);
}

static void test_another_controllers_interrupts_are_no_ones(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, "/soc/gpio@7e200000", "phandle", 0x77);
	TREE_CELLS(&board_tree, "/soc/gpio@7e200000", "#interrupt-cells", 2);
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, 0x77, 5, 4, 0, 0, 0, 2, gic, 0,
		   143, 4);
	assert_given(1, 3);
	assert_int_equal(bridge()->irqs[2].intid, 175);
}

/* Configuration space, and what ends above a stage 2: QEMU virt's third window. */
static void test_windows_that_are_left_out(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "ranges", 0, 0, 0, 6, 0x10000000, 0, 0x100000, 0x1000000, 0,
		   0, 6, 0, 0, 0x10000, 0x3000000, 0x80, 0, 6, 0x1000000, 0, 0x1000);
	assert_given(2, 6);
	assert_int_equal(bridge()->regs[1].size, 0x10000);
	TREE_CELLS(&board_tree, "/scb", "ranges", 0, 0x7c000000, 0, 0xfc000000, 0x3800000, 6, 0,
		   0x7f, 0xff000000, 0x40000000);
	assert_given(1, 6);
	assert_int_equal(bridge()->regs[1].base, 0x7fff000000);
}

/* -- What is refused ---------------------------------------------------------------------------- */

static void test_malformed_windows(void **state)
{
	uint32_t many[FDT_PCI_RANGES_MAX + 1][7] = {{0}};
	static const struct {
		uint32_t cells[7];
		const char *finding;
	} bad[] = {
		{{0x2000000, 0, 0, 6, 0x800, 0, 0x1000},
		 IS "window 0x600000800+0x1000 is not of whole 4 KiB pages"},
		{{0x2000000, 0, 0, 6, 0, 0, 0x1800},
		 IS "window 0x600000000+0x1800 is not of whole 4 KiB pages"},
		{{0x2000000, 0, 0, 6, 0, 0, 0}, IS "ranges: entry 0 is malformed"},
		{{0x2000000, 0, 0, 0xffffffff, 0xfffff000, 0, 0x2000},
		 IS "ranges: entry 0 is malformed"},
		{{0x2000000, 0, 0, 6, 0x3ffff000, 0, 0x2000},
		 IS "ranges: entry 0 is not an address of the CPUs"},
		{{0x2000000, 0, 0, 7, 0, 0, 0x2000},
		 IS "ranges: entry 0 is not an address of the CPUs"},
		{{0, 0, 0, 6, 0, 0, 0x2000}, IS "ranges: entry 1 is missing: no window to give"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		tree_set_cells(&board_tree, BRIDGE, "ranges", bad[i].cells, 7);
		assert_refused(bad[i].finding);
	}
	TREE_CELLS(&board_tree, BRIDGE, "ranges", 0x2000000, 0, 0, 6, 0, 0);
	assert_refused(IS "ranges: entry 0 is malformed");
	tree_set(&board_tree, BRIDGE, "ranges", "", 0);
	assert_refused(IS "ranges: entry 0 is missing: no window to give");
	tree_set_cells(&board_tree, BRIDGE, "ranges", many[0], sizeof(many) / 4);
	assert_refused(IS "ranges: entry 0 is malformed");
	for (uint32_t i = 0; i < FDT_PCI_RANGES_MAX; i++) {
		many[i][0] = 0x2000000;
		many[i][3] = 6;
		many[i][4] = i * 0x1000;
		many[i][6] = 0x1000;
	}
	tree_set_cells(&board_tree, BRIDGE, "ranges", many[0], (size_t)FDT_PCI_RANGES_MAX * 7);
	assert_refused(IS "more than 8 registers and windows");
}

static void test_cells_of_no_pci_bus(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "#address-cells", 2);
	assert_refused(IS "ranges: entry 0 is malformed");
	TREE_CELLS(&board_tree, BRIDGE, "#address-cells", 0xffffffff);
	assert_refused(IS "ranges: entry 0 is malformed");
	setup(NULL);
	TREE_CELLS(&board_tree, BRIDGE, "#size-cells", 1);
	assert_refused(IS "ranges: entry 0 is malformed");
}

static void test_malformed_dma_ranges(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "dma-ranges", 0x2000000, 0, 0, 0, 0, 0);
	assert_refused(IS "dma-ranges: entry 0 is malformed");
	TREE_CELLS(&board_tree, BRIDGE, "dma-ranges", 0x2000000, 0, 0, 0, 0, 0, 0x1000, 0x2000000,
		   0, 0, 0xffffffff, 0xffffffff, 0, 2);
	assert_refused(IS "dma-ranges: entry 1 is malformed");
}

static void test_malformed_interrupt_maps(void **state)
{
	static uint32_t many[FDT_PCI_MAP_MAX / 4 + 8];
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 143);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 143, 4, 0, 0, 0, 1);
	assert_refused(IS "interrupt-map: malformed at byte 32");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, 0x7777, 0, 143, 4);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 7, 143, 4);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 0xffffffff, 4);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 1, 5, 4);
	assert_refused(IS "interrupt 21 is not an SPI (32 to 287)");
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 256, 4);
	assert_refused(IS "interrupt 288 is not an SPI (32 to 287)");
	for (size_t i = 0; i < ARRAY_SIZE(many); i += 8) {
		many[i + 4] = gic;
		many[i + 6] = 143;
		many[i + 7] = 4;
	}
	tree_set_cells(&board_tree, BRIDGE, "interrupt-map", many, ARRAY_SIZE(many));
	assert_refused(IS "interrupt-map: malformed at byte 0");
	tree_set_cells(&board_tree, BRIDGE, "interrupt-map", many, ARRAY_SIZE(many) - 8);
	assert_given(1, 3);
}

static void test_map_of_a_controller_with_too_many_cells(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, GIC, "#address-cells", 0xfffffffe);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	TREE_CELLS(&board_tree, GIC, "#address-cells", 9);
	assert_refused(IS "interrupt-map: malformed at byte 0");
	setup(NULL);
	TREE_CELLS(&board_tree, BRIDGE, "#interrupt-cells", 2);
	assert_refused(IS "interrupt-map: malformed at byte 0");
}

static void test_more_interrupts_than_a_device_may_have(void **state)
{
	uint32_t gic = gic_phandle(), cells[7 * 8];

	(void)state;
	for (uint32_t i = 0; i < 7; i++) {
		const uint32_t entry[] = {i << 11, 0, 0, 1, gic, 0, 200 + i, 4};

		memcpy(&cells[8UL * i], entry, sizeof(entry));
	}
	tree_set_cells(&board_tree, BRIDGE, "interrupt-map", cells, ARRAY_SIZE(cells));
	assert_refused(IS "more than 8 interrupts");
}

static void test_window_over_what_is_the_hypervisors(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/scb", "ranges", 0, 0x7c000000, 0, 0xfc000000, 0x3800000, 6, 0, 0,
		   0x6000000, 0x20000000);
	desk_check_config();
	assert_finding(IS "window 0x6000000+0x4000000 overlaps the interrupt controller, which is "
			  "the hypervisor's");
	findings_clear();
	TREE_CELLS(&board_tree, "/scb", "ranges", 0, 0x7c000000, 0, 0xfc000000, 0x3800000, 6, 0, 0,
		   0x3e000000, 0x20000000);
	desk_check_config();
	assert_finding(IS "window 0x3e000000+0x4000000 overlaps memory, which is the hypervisor's");
	findings_clear();
	TREE_CELLS(&board_tree, "/scb", "ranges", 0, 0x7c000000, 0, 0xfc000000, 0x3800000, 6, 0, 0,
		   0xfe000000, 0x20000000);
	assert_refused(IS "window 0xfe000000+0x4000000 overlaps the console UART, which is the "
			  "hypervisor's");
}

static void test_window_over_a_device_of_another_vm(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/closed", "ranges", 0x1000, 6, 0x1000000, 0x1000);
	tree_set_string(&config_tree, "/small", "devices", "/closed/inside@1000");
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	assert_vm_refused("small", "small: devices: /closed/inside@1000: the page at 0x601000000 "
				   "belongs to big already (" BRIDGE ")");
}

static void test_bridge_of_another_vm(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "devices", BRIDGE);
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	assert_vm_refused("small", "small: devices: " BRIDGE ": the device belongs to big already "
				   "(" BRIDGE ")");
}

static void test_pin_of_another_vms_device(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0, 0, 0, 1, gic, 0, 90, 4);
	tree_set_string(&config_tree, "/small", "devices", "/soc/twin@7e700000");
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	assert_vm_refused("small", "small: devices: /soc/twin@7e700000: interrupt 122 belongs to "
				   "big already (" BRIDGE ")");
}

static void test_memory_in_a_window(void **state)
{
	static const uint64_t memory[] = {0x601000000, SZ_1M};
	uint8_t bytes[sizeof(memory)];

	(void)state;
	fdt64_st(bytes, memory[0]);
	fdt64_st(bytes + 8, memory[1]);
	tree_set(&config_tree, "/big", "memory", bytes, sizeof(bytes));
	assert_refused(IS "0x600000000+0x4000000 overlaps memory 0x601000000+0x100000");
}

static void test_bridge_makes_dma(void **state)
{
	(void)state;
	tree_delete(&config_tree, "/big", "direct-map");
	desk_check_config();
	assert_finding("big: devices: need direct-map, as a device that makes DMA uses board "
		       "addresses; or no-dma, if none does");
}

static void test_reset_of_another_vms_bridge(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "mailbox-tags", 0x30058);
	assert_vm_refused("small", "small: mailbox-tags: 0x30058 resets what is behind the bridge "
				   "of big (" BRIDGE ")");
	tree_delete(&config_tree, "/small", "mailbox-tags");
	TREE_CELLS(&config_tree, "/big", "mailbox-tags", 0x30058);
	desk_check_config();
	assert_no_finding();
}

/* -- What the guest is told ---------------------------------------------------------------------- */

static void build(void)
{
	struct guest_map map;
	struct guest_fdt_input in = {.vm = desk_vm("big"), .board = &board, .map = &map};

	guest_map_init(&map, &board, true, 2);
	assert_true(guest_fdt_build(&in, out, sizeof(out), &findings.report) > 0);
	assert_no_finding();
	assert_int_equal(fdt_check_full(out, sizeof(out)), 0);
}

static const void *property(const char *path, const char *name, int *length)
{
	int node = fdt_path_offset(out, path);

	assert_true(node > 0);
	return fdt_getprop(out, node, name, length);
}

static void assert_cells(const char *path, const char *name, const uint32_t *cells, size_t count)
{
	int length;
	const uint8_t *data = property(path, name, &length);

	assert_non_null(data);
	assert_int_equal(length, count * 4);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fdt_read_cells(data + 4 * i, 1), cells[i]);
	}
}

#define ASSERT_CELLS(path, name, ...)                                                              \
	assert_cells(path, name, (const uint32_t[]){__VA_ARGS__},                                  \
		     ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

static void test_guests_node(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	assert_given(1, 6);
	build();
	ASSERT_CELLS(GUEST, "reg", 0, 0xfd500000, 0, 0x9310);
	ASSERT_CELLS(GUEST, "#address-cells", 3);
	ASSERT_CELLS(GUEST, "#size-cells", 2);
	ASSERT_CELLS(GUEST, "#interrupt-cells", 1);
	ASSERT_CELLS(GUEST, "ranges", 0x2000000, 0, 0xf8000000, 6, 0, 0, 0x4000000);
	ASSERT_CELLS(GUEST, "dma-ranges", 0x2000000, 0, 0, 0, 0, 0, 0xc0000000);
	ASSERT_CELLS(GUEST, "interrupts", 0, 147, 4, 0, 148, 4);
	ASSERT_CELLS(GUEST, "interrupt-map-mask", 0, 0, 0, 7);
	ASSERT_CELLS(GUEST, "interrupt-map", 0, 0, 0, 1, gic, 0, 0, 0, 143, 4, 0, 0, 0, 2, gic, 0,
		     0, 0, 144, 4, 0, 0, 0, 3, gic, 0, 0, 0, 145, 4, 0, 0, 0, 4, gic, 0, 0, 0, 146,
		     4);
	ASSERT_CELLS("/intc@8000000", "phandle", gic);
	ASSERT_CELLS("/intc@8000000", "#address-cells", 2);
	/* its own controller of messages */
	ASSERT_CELLS(GUEST, "msi-parent", fdt_get_phandle(out, fdt_path_offset(out, GUEST)));
	assert_non_null(property(GUEST, "msi-controller", NULL));
	assert_non_null(property(GUEST, "brcm,enable-ssc", NULL));
	assert_string_equal(property(GUEST, "device_type", NULL), "pci");
	assert_string_equal(property(GUEST, "compatible", NULL), "brcm,bcm2711-pcie");
	ASSERT_CELLS(GUEST "/pci@0,0", "reg", 0, 0, 0, 0, 0);
	assert_non_null(property(GUEST "/pci@0,0", "ranges", NULL));
	/* the firmware is not the VM's */
	assert_null(property(GUEST "/pci@0,0/usb@0,0", "resets", NULL));
}

static void test_reset_by_the_firmware(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/big", "mailbox-tags", 0x30006, 0x30058);
	assert_given(1, 6);
	build();
	assert_string_equal(property("/bus0/firmware/reset", "compatible", NULL),
			    "raspberrypi,firmware-reset");
	ASSERT_CELLS(GUEST "/pci@0,0/usb@0,0", "resets",
		     fdt_get_phandle(out, fdt_path_offset(out, "/bus0/firmware/reset")), 0);
	TREE_CELLS(&config_tree, "/big", "mailbox-tags", 0x30006);
	assert_given(1, 6);
	build();
	assert_int_equal(fdt_path_offset(out, "/bus0/firmware/reset"), -FDT_ERR_NOTFOUND);
	assert_null(property(GUEST "/pci@0,0/usb@0,0", "resets", NULL));
}

/* QEMU virt's and others': addresses of one cell above, what of others' controllers is left out. */
static void test_guests_node_from_other_cells(void **state)
{
	uint32_t gic = gic_phandle();

	(void)state;
	TREE_CELLS(&board_tree, "/scb", "#address-cells", 1);
	TREE_CELLS(&board_tree, "/scb", "ranges", 0x7c000000, 0, 0xfc000000, 0x3800000, 0x10000000,
		   0, 0x10000000, 0x20000000);
	TREE_CELLS(&board_tree, BRIDGE, "reg", 0x7d500000, 0x9310);
	TREE_CELLS(&board_tree, BRIDGE, "ranges", 0x1000000, 0, 0, 0x10000000, 0, 0x10000,
		   0x3000000, 1, 0, 0x11000000, 0, 0x100000);
	TREE_CELLS(&board_tree, BRIDGE, "dma-ranges", 0x2000000, 0, 0, 0x1000, 0, 0x2000);
	TREE_CELLS(&board_tree, "/soc/gpio@7e200000", "phandle", 0x77);
	TREE_CELLS(&board_tree, "/soc/gpio@7e200000", "#interrupt-cells", 2);
	TREE_CELLS(&board_tree, BRIDGE, "interrupt-map", 0x800, 0, 0, 1, 0x77, 5, 4, 0x1000, 0, 0,
		   2, gic, 0, 143, 4);
	TREE_CELLS(&board_tree, BRIDGE, "msi-parent", gic);
	TREE_CELLS(&board_tree, BRIDGE, "msi-map", 0, gic, 0, 0x10000);
	TREE_CELLS(&board_tree, BRIDGE, "iommu-map", 0, gic, 0, 0x10000);
	TREE_CELLS(&board_tree, BRIDGE "/pci@0,0", "interrupt-map", 0, 0, 0, 1, gic, 0, 143, 4);
	TREE_CELLS(&board_tree, BRIDGE, "linux,pci-domain", 3);
	TREE_CELLS(&board_tree, BRIDGE, "bus-range", 0, 0xff);
	tree_set(&board_tree, BRIDGE, "dma-coherent", "", 0);
	assert_given(2, 3);
	build();
	ASSERT_CELLS(GUEST, "ranges", 0x1000000, 0, 0, 0, 0x10000000, 0, 0x10000, 0x3000000, 1, 0,
		     0, 0x11000000, 0, 0x100000);
	ASSERT_CELLS(GUEST, "dma-ranges", 0x2000000, 0, 0, 0, 0x1000, 0, 0x2000);
	ASSERT_CELLS(GUEST, "interrupt-map", 0x1000, 0, 0, 2, gic, 0, 0, 0, 143, 4);
	ASSERT_CELLS(GUEST, "linux,pci-domain", 3);
	ASSERT_CELLS(GUEST, "bus-range", 0, 0xff);
	assert_non_null(property(GUEST, "dma-coherent", NULL));
	assert_null(property(GUEST, "msi-map", NULL));
	assert_null(property(GUEST, "iommu-map", NULL));
	assert_null(property(GUEST, "msi-parent", NULL));
	assert_null(property(GUEST "/pci@0,0", "interrupt-map", NULL));
}

static void test_dma_that_is_not_translated(void **state)
{
	int length = -1;

	(void)state;
	tree_set(&board_tree, BRIDGE, "dma-ranges", "", 0);
	assert_given(1, 6);
	build();
	assert_non_null(property(GUEST, "dma-ranges", &length));
	assert_int_equal(length, 0);
	tree_delete(&board_tree, BRIDGE, "dma-ranges");
	assert_given(1, 6);
	build();
	assert_null(property(GUEST, "dma-ranges", NULL));
}

/* Words of the bridge's properties by chance: refused, or a sound tree; never a wild read. */
static void test_words_by_chance(void **state)
{
	static const char *const names[] = {"ranges", "dma-ranges",     "interrupt-map",
					    "reg",    "#address-cells", "#interrupt-cells"};
	static const uint32_t words[] = {0,      1,         2,          3,          6,
					 0x1000, 0x2000000, 0x7fffffff, 0xfffff000, 0xffffffff};
	uint64_t random = 1;
	unsigned int accepted = 0;

	(void)state;
	for (unsigned int i = 0; i < 400; i++) {
		const char *name = names[desk_random(&random) % ARRAY_SIZE(names)];
		int length;
		uint8_t *data;

		setup(NULL);
		data = fdt_getprop_w(&board_tree, tree_node(&board_tree, BRIDGE), name, &length);
		fdt32_st(data + desk_random(&random) % ((unsigned int)length / 4) * 4,
			 words[desk_random(&random) % ARRAY_SIZE(words)]);
		desk_check_config();
		if (!desk_vm("big")->refused) {
			accepted++;
			build();
		}
	}
	assert_in_range(accepted, 50, 350);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_windows_and_interrupts_are_read, setup),
		cmocka_unit_test_setup(test_each_interrupt_is_there_once, setup),
		cmocka_unit_test_setup(test_bridge_without_pins, setup),
		cmocka_unit_test_setup(test_map_of_a_gic_with_address_cells, setup),
		cmocka_unit_test_setup(test_another_controllers_interrupts_are_no_ones, setup),
		cmocka_unit_test_setup(test_windows_that_are_left_out, setup),
		cmocka_unit_test_setup(test_malformed_windows, setup),
		cmocka_unit_test_setup(test_cells_of_no_pci_bus, setup),
		cmocka_unit_test_setup(test_malformed_dma_ranges, setup),
		cmocka_unit_test_setup(test_malformed_interrupt_maps, setup),
		cmocka_unit_test_setup(test_map_of_a_controller_with_too_many_cells, setup),
		cmocka_unit_test_setup(test_more_interrupts_than_a_device_may_have, setup),
		cmocka_unit_test_setup(test_window_over_what_is_the_hypervisors, setup),
		cmocka_unit_test_setup(test_window_over_a_device_of_another_vm, setup),
		cmocka_unit_test_setup(test_bridge_of_another_vm, setup),
		cmocka_unit_test_setup(test_pin_of_another_vms_device, setup),
		cmocka_unit_test_setup(test_memory_in_a_window, setup),
		cmocka_unit_test_setup(test_bridge_makes_dma, setup),
		cmocka_unit_test_setup(test_reset_of_another_vms_bridge, setup),
		cmocka_unit_test_setup(test_guests_node, setup),
		cmocka_unit_test_setup(test_reset_by_the_firmware, setup),
		cmocka_unit_test_setup(test_guests_node_from_other_cells, setup),
		cmocka_unit_test_setup(test_dma_that_is_not_translated, setup),
		cmocka_unit_test_setup(test_words_by_chance, setup),
	};

	return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
