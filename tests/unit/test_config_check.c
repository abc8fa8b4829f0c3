/* SPDX-License-Identifier: Apache-2.0 */
/* VMs against each other, against the board and against the bundle. */
#include "tests/unit/desk.h"

#include "core/guest_fdt.h"

static void set_devices(const char *vm, const char *path)
{
	char node[16] = "/";

	tree_set_string(&config_tree, strcat(node, vm), "devices", path);
	tree_set(&config_tree, node, "no-dma", "", 0);
}

static void set_filtered(const char *vm, const char *path)
{
	char node[16] = "/";

	set_devices(vm, path);
	tree_delete(&config_tree, strcat(node, vm), "devices");
	tree_set_string(&config_tree, node, "filtered-devices", path);
}

/* -- What is right ----------------------------------------------------------------------------- */

static void test_sound_configuration(void **state)
{
	(void)state;
	desk_check_config();
	assert_no_finding();
	assert_false(desk_vm("big")->refused || desk_vm("small")->refused);
}

static void test_cpus_are_chosen_from_the_highest(void **state)
{
	(void)state;
	desk_check_config();
	assert_int_equal(desk_vm("small")->cpu_count, 1);
	assert_int_equal(desk_vm("small")->cpus[0], 3);
	TREE_CELLS(&config_tree, "/small", "vcpus", 2);
	desk_check_config();
	assert_no_finding();
	assert_int_equal(desk_vm("small")->cpus[0], 3);
	assert_int_equal(desk_vm("small")->cpus[1], 2);
}

static void test_devices_are_read_from_the_board(void **state)
{
	const struct vm_device *device;

	(void)state;
	desk_check_config();
	device = &desk_vm("big")->devices[0];
	assert_int_equal(device->node, fdt_path_offset(&board_tree, "/soc/mmc@7e340000"));
	assert_int_equal(device->reg_count, 2);
	assert_int_equal(device->regs[1].base, 0xfe341000);
	assert_int_equal(device->regs[1].size, 0x100);
	assert_int_equal(device->irq_count, 2);
	assert_int_equal(device->irqs[0].intid, 32 + 126);
	assert_true(device->irqs[0].edge);
	assert_int_equal(device->irqs[1].intid, 32 + 127);
	assert_false(device->irqs[1].edge);
}

static void test_alias_becomes_a_path(void **state)
{
	(void)state;
	set_devices("small", "bus");
	desk_check_config();
	assert_no_finding();
	assert_string_equal(desk_vm("small")->devices[0].path, "/soc/i2c@7e804000");
}

static void test_devices_of_one_vm_may_share_a_page(void **state)
{
	(void)state;
	tree_set(&config_tree, "/small", "devices", "/soc/pair@7e600000\0/soc/pair@7e600200", 38);
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	desk_check_config();
	assert_no_finding();
}

/* -- CPUs ---------------------------------------------------------------------------------------- */

static void test_cpu_twice(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "cpus", 1);
	assert_vm_refused("small", "small: cpus: CPU 1 belongs to big already");
}

static void test_cpu_that_the_board_has_not(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "cpus", 4);
	assert_vm_refused("small", "small: cpus: CPU 4: the board has CPUs 0 to 3");
}

static void test_cpu_that_cannot_be_started(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/cpus/cpu@101", "enable-method");
	TREE_CELLS(&config_tree, "/small", "cpus", 3);
	assert_vm_refused("small", "small: cpus: CPU 3: has no enable-method in the board's device "
				   "tree");
	tree_delete(&config_tree, "/small", "cpus");
	desk_check_config();
	assert_no_finding();
	assert_int_equal(desk_vm("small")->cpus[0], 2);
}

static void test_too_few_cpus_are_free(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "vcpus", 3);
	assert_vm_refused("small",
			  "small: vcpus: 3 wanted, but only 2 of the board's 4 CPUs are free");
}

/* What a refused VM names stays taken: others get the same with and without its mistake. */
static void test_cpus_of_a_refused_vm_stay_taken(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/big", "kernel", "absent.bin");
	TREE_CELLS(&config_tree, "/big", "cpus", 3);
	assert_vm_refused("big", "big: kernel: image \"absent.bin\" is not in the bundle");
	assert_int_equal(desk_vm("small")->cpus[0], 2);
}

/* -- Devices -------------------------------------------------------------------------------------- */

struct bad_device {
	const char *path, *finding;
};

static const struct bad_device bad_devices[] = {
	{"/soc/none", "small: devices: /soc/none: no such node in the board's device tree"},
	{"/", "small: devices: /: no such node in the board's device tree"},
	{"alias", "small: devices: alias: no such node in the board's device tree"},
	{"/soc/off@7e500000",
	 "small: devices: /soc/off@7e500000: is disabled in the board's device tree"},
	{"/soc/empty", "small: devices: /soc/empty: has no reg that can be given (none there)"},
	{"/cpus/cpu@0",
	 "small: devices: /cpus/cpu@0: has no reg that can be given (not an address of the CPUs)"},
	{"/closed/inside@1000", "small: devices: /closed/inside@1000: has no reg that can be given "
				"(not an address of the CPUs)"},
	{"/soc/serial@7e201000",
	 "small: devices: /soc/serial@7e201000: shares the page at 0xfe201000 with the console "
	 "UART, which is the hypervisor's"},
	{"/interrupt-controller@8000000",
	 "small: devices: /interrupt-controller@8000000: interrupt 25 is not an SPI (32 to 287)"},
	{"/memory@100000000",
	 "small: devices: /memory@100000000: shares the page at 0x100000000 with memory, which is "
	 "the hypervisor's"},
	{"/soc/mmc@7e340000",
	 "small: devices: /soc/mmc@7e340000: the device belongs to big already "
	 "(/soc/mmc@7e340000)"},
};

static void test_devices_that_cannot_be_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_devices); i++) {
		desk_setup(NULL);
		set_devices("small", bad_devices[i].path);
		desk_check_config();
		assert_finding(bad_devices[i].finding);
		assert_true(desk_vm("small")->refused);
		assert_false(desk_vm("big")->refused);
	}
}

static void test_device_in_the_gic(void **state)
{
	static const uint32_t bases[] = {0x8000000, 0x80a0000, 0x8100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		desk_setup(NULL);
		TREE_CELLS(&board_tree, "/timer", "reg", 0, bases[i], 0, 8);
		TREE_CELLS(&board_tree, "/timer", "interrupts-extended", 0);
		set_devices("small", "/timer");
		assert_int_equal(desk_parse_board(),
				 -1); /* the timer's own interrupts are needed */
		findings_clear();
		desk_setup(NULL);
		TREE_CELLS(&board_tree, "/psci", "reg", 0, bases[i], 0, 8);
		set_devices("small", "/psci");
		desk_check_config();
		assert_true(desk_vm("small")->refused);
		assert_non_null(strstr(findings.lines[0], "with the interrupt controller, which is "
							  "the hypervisor's"));
	}
}

static void test_device_that_resets_the_board(void **state)
{
	(void)state;
	tree_delete_node(&board_tree, "/psci");
	tree_delete(&board_tree, "/cpus/cpu@0", "enable-method");
	tree_delete(&board_tree, "/cpus/cpu@1", "enable-method");
	tree_delete(&board_tree, "/cpus/cpu@100", "enable-method");
	set_devices("small", "/soc/watchdog@7e100000");
	desk_check_config();
	assert_finding("small: devices: /soc/watchdog@7e100000: shares the page at 0xfe100000 with "
		       "the power manager, which is the hypervisor's");
}

static void test_same_device_twice(void **state)
{
	(void)state;
	tree_set(&config_tree, "/small", "devices", "bus\0/soc/i2c@7e804000", 22);
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	assert_vm_refused("small", "small: devices: /soc/i2c@7e804000: the device belongs to small "
				   "already (/soc/i2c@7e804000)");
}

static void test_page_of_two_vms(void **state)
{
	(void)state;
	set_devices("big", "/soc/pair@7e600000");
	set_devices("small", "/soc/pair@7e600200");
	assert_vm_refused("small", "small: devices: /soc/pair@7e600200: the page at 0xfe600000 "
				   "belongs to big already (/soc/pair@7e600000)");
}

static void test_interrupt_of_two_vms(void **state)
{
	(void)state;
	set_devices("big", "/soc/pair@7e600000");
	set_devices("small", "/soc/twin@7e700000");
	assert_vm_refused("small",
			  "small: devices: /soc/twin@7e700000: interrupt 122 belongs to big "
			  "already (/soc/pair@7e600000)");
}

static void test_interrupt_of_the_console(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/soc/twin@7e700000", "interrupts", 0, 121, 4);
	set_devices("small", "/soc/twin@7e700000");
	assert_vm_refused("small",
			  "small: devices: /soc/twin@7e700000: interrupt 153 is the console "
			  "UART's too");
}

/* Two UARTs of the page and the interrupt of the console's. */
static void test_filtered_devices_share(void **state)
{
	(void)state;
	set_filtered("big", "/soc/serial@7e201400");
	set_filtered("small", "/soc/serial@7e201600");
	desk_check_config();
	assert_no_finding();
	for (unsigned int i = 0; i < 2; i++) {
		const struct vm_device *d = &config.vms[i].devices[0];

		assert_true(d->access == DEVICE_FILTERED && d->irqs[0].shared);
		assert_string_equal(d->gate->compatible, "arm,pl011");
	}
}

static void test_filtered_device_keeps_its_registers(void **state)
{
	(void)state;
	set_filtered("small", "/soc/serial@7e201000");
	assert_vm_refused("small",
			  "small: filtered-devices: /soc/serial@7e201000: shares the page at "
			  "0xfe201000 with the console UART, which is the hypervisor's");
	desk_setup(NULL);
	TREE_CELLS(&board_tree, "/soc/serial@7e201600", "reg", 0x7e201500, 0x200);
	set_filtered("big", "/soc/serial@7e201400");
	set_filtered("small", "/soc/serial@7e201600");
	assert_vm_refused("small", "small: filtered-devices: /soc/serial@7e201600: the page at "
				   "0xfe201000 belongs to big already (/soc/serial@7e201400)");
}

/* One that is mapped whole leaves nothing to filter. */
static void test_filtered_device_beside_one_that_is_not(void **state)
{
	(void)state;
	set_devices("big", "/soc/pair@7e600000");
	set_filtered("small", "/soc/pair@7e600200");
	assert_vm_refused("small", "small: filtered-devices: /soc/pair@7e600200: the page at "
				   "0xfe600000 belongs to big already (/soc/pair@7e600000)");
}

static void test_filtered_device_of_unknown_kind(void **state)
{
	(void)state;
	set_filtered("big", "/soc/pair@7e600000");
	set_filtered("small", "/soc/twin@7e700000");
	assert_vm_refused("small",
			  "small: filtered-devices: /soc/twin@7e700000: interrupt 122 belongs "
			  "to big already (/soc/pair@7e600000)");
}

static void test_interrupts_that_cannot_be_given(void **state)
{
	static const struct {
		uint32_t cells[3];
		const char *finding;
	} cases[] = {
		{{0, 988, 4}, "small: devices: /soc/i2c@7e804000: interrupt 0 is malformed"},
		{{2, 1, 4}, "small: devices: /soc/i2c@7e804000: interrupt 0 is malformed"},
		{{0, 256, 4},
		 "small: devices: /soc/i2c@7e804000: interrupt 288 is not an SPI (32 to 287)"},
		{{1, 5, 4},
		 "small: devices: /soc/i2c@7e804000: interrupt 21 is not an SPI (32 to 287)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		desk_setup(NULL);
		set_devices("small", "bus");
		tree_set_cells(&board_tree, "/soc/i2c@7e804000", "interrupts", cases[i].cells, 3);
		assert_vm_refused("small", cases[i].finding);
	}
	desk_setup(NULL);
	set_devices("small", "bus");
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "interrupt-parent", 0x7fff);
	assert_vm_refused("small",
			  "small: devices: /soc/i2c@7e804000: interrupt 0 is not the GIC's");
}

static void test_more_of_a_device_than_the_tables(void **state)
{
	uint32_t cells[3 * (DEVICE_IRQS_MAX + 1)] = {0};

	(void)state;
	for (uint32_t i = 0; i <= DEVICE_IRQS_MAX; i++) {
		cells[3 * i + 1] = i;
		cells[3 * i + 2] = 4;
	}
	set_devices("small", "bus");
	tree_set_cells(&board_tree, "/soc/i2c@7e804000", "interrupts", cells, ARRAY_SIZE(cells));
	assert_vm_refused("small", "small: devices: /soc/i2c@7e804000: more than 8 interrupts");
	for (uint32_t i = 0; i <= DEVICE_REGS_MAX; i++) {
		cells[2 * i] = 0x7e804000 + i * 0x1000;
		cells[2 * i + 1] = 0x1000;
	}
	tree_set_cells(&board_tree, "/soc/i2c@7e804000", "reg", cells, 2 * (DEVICE_REGS_MAX + 1));
	assert_vm_refused("small",
			  "small: devices: /soc/i2c@7e804000: more than 8 register ranges");
}

static void test_registers_that_cannot_be(void **state)
{
	(void)state;
	set_devices("small", "bus");
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "reg", 0x7e804000, 0);
	assert_vm_refused("small",
			  "small: devices: /soc/i2c@7e804000: reg 0xfe804000+0x0 is empty or "
			  "ends above 0x8000000000");
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "reg", 0x7e804000, 0x1000, 1);
	assert_vm_refused("small",
			  "small: devices: /soc/i2c@7e804000: has no reg that can be given "
			  "(malformed)");
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "reg", 0x7e804000, 0x1000);
	TREE_CELLS(&board_tree, "/soc", "ranges", 0x7e000000, 0xf, 0xff000000, 0x1000000);
	set_devices("big", "/soc/pair@7e600000");
	desk_check_config();
	assert_no_finding();
}

static void test_path_that_an_alias_hides(void **state)
{
	char path[160] = "/soc", name[32] = "abcdefghijklmnopqrstuvwxyz01234";

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		tree_add_node(&board_tree, path, name);
		strcat(strcat(path, "/"), name);
	}
	tree_set_string(&board_tree, "/aliases", "deep", path);
	set_devices("small", "deep");
	assert_vm_refused("small",
			  "small: devices: deep: stands for a path of more than 95 characters");
}

static void test_devices_need_direct_map_or_a_word(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "devices", "bus");
	assert_vm_refused("small",
			  "small: devices: need direct-map, as a device that makes DMA uses "
			  "board addresses; or no-dma, if none does");
}

/* Two VMs with DMA are each other's masters: somebody must have said so. */
static void test_second_vm_with_dma_needs_trust(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "devices", "bus");
	tree_set(&config_tree, "/small", "direct-map", "", 0);
	assert_vm_refused("small",
			  "small: devices: may make DMA, as those of big may: with no IOMMU "
			  "each VM could reach the other's memory; trust-dma accepts that");
	tree_set(&config_tree, "/small", "trust-dma", "", 0);
	desk_check_config();
	assert_no_finding();
	assert_true(config_makes_dma(desk_vm("small")) && config_makes_dma(desk_vm("big")));
}

static void test_devices_without_dma_need_no_trust(void **state)
{
	(void)state;
	set_devices("small", "bus");
	tree_set(&config_tree, "/small", "direct-map", "", 0);
	desk_check_config();
	assert_no_finding();
	assert_false(config_makes_dma(desk_vm("small")));
}

/* -- Images ---------------------------------------------------------------------------------------- */

static void test_images_that_cannot_be(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "kernel", "absent.bin");
	assert_vm_refused("small", "small: kernel: image \"absent.bin\" is not in the bundle");
	tree_set_string(&config_tree, "/small", "kernel", "empty.bin");
	assert_vm_refused("small", "small: kernel: image \"empty.bin\" is empty");
	tree_set_string(&config_tree, "/small", "kernel", "kernel.bin");
	tree_set_string(&config_tree, "/small", "initrd", "absent.img");
	assert_vm_refused("small", "small: initrd: image \"absent.img\" is not in the bundle");
	tree_delete(&config_tree, "/small", "initrd");
	tree_set_string(&config_tree, "/small", "dtb", "absent.dtb");
	assert_vm_refused("small", "small: dtb: image \"absent.dtb\" is not in the bundle");
}

static void test_images_that_do_not_fit(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "memory", 0x40000000, 0x10000);
	tree_set_string(&config_tree, "/small", "initrd", "large.bin");
	assert_vm_refused("small", "small: memory: kernel, initrd and dtb take 0x28000 bytes; main "
				   "memory has 0x10000");
	tree_delete(&config_tree, "/small", "initrd");
	tree_set_string(&config_tree, "/small/region@50000000", "image", "large.bin");
	assert_vm_refused("small",
			  "small: region: image: \"large.bin\" has 0x20000 bytes; the region "
			  "at 0x50000000 has 0x10000");
}

static void test_own_tree_that_is_too_large(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/small", "dtb", "large.bin");
	assert_vm_refused("small", "small: dtb: \"large.bin\" has 0x20000 bytes; at most 0x10000");
}

/* -- The map of a VM ----------------------------------------------------------------------------------- */

static void test_memory_over_the_guest_machine(void **state)
{
	static const struct {
		uint32_t base;
		const char *finding;
	} cases[] = {
		{0x8000000, "small: memory: region 0x8000000+0x10000 overlaps the interrupt "
			    "controller (GICD) at 0x8000000+0x10000"},
		{0x80a0000, "small: memory: region 0x80a0000+0x10000 overlaps the interrupt "
			    "controller (GICR) at 0x80a0000+0x20000"},
		{0x8fff000, "small: memory: region 0x8fff000+0x10000 overlaps the emulated UART at "
			    "0x9000000+0x1000"},
		{0x9010000, "small: memory: region 0x9010000+0x10000 overlaps the emulated "
			    "real-time clock at 0x9010000+0x1000"},
		{0xa000000, "small: memory: region 0xa000000+0x10000 overlaps the virtio-mmio "
			    "slots at 0xa000000+0x4000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		TREE_CELLS(&config_tree, "/small", "memory", cases[i].base, 0x10000);
		assert_vm_refused("small", cases[i].finding);
	}
}

static void test_memory_over_memory(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "memory", 0x4fff0000, 0x11000);
	assert_vm_refused("small", "small: memory: region 0x50000000+0x10000 overlaps region "
				   "0x4fff0000+0x11000");
}

static void test_device_over_memory(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "memory", 0, 0xfe800000, 0, 0x10000);
	set_devices("small", "bus");
	assert_vm_refused("small", "small: devices: /soc/i2c@7e804000: 0xfe804000+0x1000 overlaps "
				   "memory 0xfe800000+0x10000");
}

static void test_device_over_the_guest_machine(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/soc", "ranges", 0x7e000000, 0, 0x87fc000, 0x1000000);
	set_devices("small", "bus");
	assert_vm_refused("small",
			  "small: devices: /soc/i2c@7e804000: 0x9000000+0x1000 overlaps the "
			  "emulated UART of the guest machine at 0x9000000");
}

static void test_load_outside_memory(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "load", 0x41000000);
	assert_vm_refused("small", "small: load: 0x41000000 is not in the VM's memory");
	TREE_CELLS(&config_tree, "/small", "load", 0x40fffff8);
	desk_check_config();
	assert_no_finding();
}

/* -- Console and manager ----------------------------------------------------------------------------- */

static void test_console_of_nobody(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/console", "attach", "medium");
	assert_vm_refused("", "console: attach: no VM is called \"medium\"");
	assert_string_equal(config.console_attach, "");
	tree_set_string(&config_tree, "/console", "attach", "hypervisor");
	desk_check_config();
	assert_no_finding();
	tree_set_string(&config_tree, "/console", "attach", "all");
	desk_check_config();
	assert_no_finding();
}

static void test_two_managers(void **state)
{
	(void)state;
	tree_set(&config_tree, "/small", "manager", "", 0);
	assert_vm_refused("small", "small: manager: big is the manager already; there is one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sound_configuration, desk_setup),
		cmocka_unit_test_setup(test_cpus_are_chosen_from_the_highest, desk_setup),
		cmocka_unit_test_setup(test_devices_are_read_from_the_board, desk_setup),
		cmocka_unit_test_setup(test_alias_becomes_a_path, desk_setup),
		cmocka_unit_test_setup(test_devices_of_one_vm_may_share_a_page, desk_setup),
		cmocka_unit_test_setup(test_cpu_twice, desk_setup),
		cmocka_unit_test_setup(test_cpu_that_the_board_has_not, desk_setup),
		cmocka_unit_test_setup(test_cpu_that_cannot_be_started, desk_setup),
		cmocka_unit_test_setup(test_too_few_cpus_are_free, desk_setup),
		cmocka_unit_test_setup(test_cpus_of_a_refused_vm_stay_taken, desk_setup),
		cmocka_unit_test_setup(test_devices_that_cannot_be_given, desk_setup),
		cmocka_unit_test_setup(test_device_in_the_gic, desk_setup),
		cmocka_unit_test_setup(test_device_that_resets_the_board, desk_setup),
		cmocka_unit_test_setup(test_same_device_twice, desk_setup),
		cmocka_unit_test_setup(test_page_of_two_vms, desk_setup),
		cmocka_unit_test_setup(test_interrupt_of_two_vms, desk_setup),
		cmocka_unit_test_setup(test_interrupt_of_the_console, desk_setup),
		cmocka_unit_test_setup(test_filtered_devices_share, desk_setup),
		cmocka_unit_test_setup(test_filtered_device_keeps_its_registers, desk_setup),
		cmocka_unit_test_setup(test_filtered_device_beside_one_that_is_not, desk_setup),
		cmocka_unit_test_setup(test_filtered_device_of_unknown_kind, desk_setup),
		cmocka_unit_test_setup(test_interrupts_that_cannot_be_given, desk_setup),
		cmocka_unit_test_setup(test_more_of_a_device_than_the_tables, desk_setup),
		cmocka_unit_test_setup(test_registers_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_path_that_an_alias_hides, desk_setup),
		cmocka_unit_test_setup(test_devices_need_direct_map_or_a_word, desk_setup),
		cmocka_unit_test_setup(test_second_vm_with_dma_needs_trust, desk_setup),
		cmocka_unit_test_setup(test_devices_without_dma_need_no_trust, desk_setup),
		cmocka_unit_test_setup(test_images_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_images_that_do_not_fit, desk_setup),
		cmocka_unit_test_setup(test_own_tree_that_is_too_large, desk_setup),
		cmocka_unit_test_setup(test_memory_over_the_guest_machine, desk_setup),
		cmocka_unit_test_setup(test_memory_over_memory, desk_setup),
		cmocka_unit_test_setup(test_device_over_memory, desk_setup),
		cmocka_unit_test_setup(test_device_over_the_guest_machine, desk_setup),
		cmocka_unit_test_setup(test_load_outside_memory, desk_setup),
		cmocka_unit_test_setup(test_console_of_nobody, desk_setup),
		cmocka_unit_test_setup(test_two_managers, desk_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
