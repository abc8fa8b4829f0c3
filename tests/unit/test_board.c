/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a host tree, and which trees are refused with which words. */
#include "tests/unit/desk.h"

#define GIC "/interrupt-controller@8000000"

/* The tree as it was changed is refused, with this one finding. */
static void assert_board_refused(const char *line)
{
	assert_int_equal(desk_parse_board(), -1);
	assert_one_finding(line);
}

static void assert_board_accepted(void)
{
	int result = desk_parse_board();

	assert_no_finding();
	assert_int_equal(result, 0);
}

/* -- A sound board --------------------------------------------------------------------------- */

static void test_memory_is_read(void **state)
{
	(void)state;
	assert_board_accepted();
	assert_string_equal(board.model, "Test board");
	assert_int_equal(board.bank_count, 2);
	assert_int_equal(board.banks[0].base, 0x40000000);
	assert_int_equal(board.banks[0].size, 0x40000000);
	assert_int_equal(board.banks[1].base, 0x100000000);
	assert_true(board_is_ram(&board, 0x40000000, 0x40000000));
	assert_false(board_is_ram(&board, 0x40000000, 0x40000001));
	assert_false(board_is_ram(&board, 0x3fffffff, 2));
	assert_false(board_is_ram(&board, UINT64_MAX, 2));
}

static void test_reserved_memory_is_whole_pages(void **state)
{
	static const struct mem_range expected[] = {
		{0x40000000, 0x8000}, {0x44000000, 0x1000}, {0x48000000, 0x100000}};

	(void)state;
	assert_board_accepted();
	assert_int_equal(board.reserved_count, ARRAY_SIZE(expected));
	assert_memory_equal(board.reserved, expected, sizeof(expected));
	assert_int_equal(board.bundle.base, 0x48000000);
	assert_int_equal(board.bundle.size, 0x100000);
}

static void test_the_tree_itself_is_reserved(void **state)
{
	uint64_t own = ALIGN_DOWN((uintptr_t)&board_tree, SZ_4K);

	(void)state;
	assert_int_equal(board_parse(&board_tree, sizeof(board_tree), &board, &findings.report), 0);
	assert_int_equal(board.reserved[2].base, own);
	assert_true(range_end(board.reserved[2]) >= (uintptr_t)&board_tree + DESK_TREE_SIZE);
}

static void test_cpus_are_read_in_tree_order(void **state)
{
	(void)state;
	assert_board_accepted();
	assert_int_equal(board.cpu_count, 4);
	assert_int_equal(board.cpus[2].mpidr, 0x100);
	assert_int_equal(board.cpus[2].enable, CPU_ENABLE_PSCI);
	assert_int_equal(board.cpus[3].enable, CPU_ENABLE_SPIN_TABLE);
	assert_int_equal(board.cpus[3].release_addr, 0xd8);
	assert_int_equal(board.psci, PSCI_CONDUIT_SMC);
}

static void test_gicv3_is_read(void **state)
{
	(void)state;
	assert_board_accepted();
	assert_int_equal(board.gic.version, GIC_V3);
	assert_int_equal(board.gic.dist.base, 0x8000000);
	assert_int_equal(board.gic.redist_count, 2);
	assert_int_equal(board.gic.redist[1].base, 0x8100000);
	assert_int_equal(board.gic.maintenance_intid, 25);
}

static void test_gicv2_is_read(void **state)
{
	(void)state;
	tree_set_string(&board_tree, GIC, "compatible", "arm,gic-400");
	TREE_CELLS(&board_tree, GIC, "reg", 0, 0xff841000, 0, 0x1000, 0, 0xff842000, 0, 0x2000, 0,
		   0xff844000, 0, 0x2000, 0, 0xff846000, 0, 0x2000);
	assert_board_accepted();
	assert_int_equal(board.gic.version, GIC_V2);
	assert_int_equal(board.gic.cpu.base, 0xff842000);
	assert_int_equal(board.gic.hyp.base, 0xff844000);
	assert_int_equal(board.gic.virt.base, 0xff846000);
}

static void test_timer_and_uart_are_read(void **state)
{
	(void)state;
	assert_board_accepted();
	assert_int_equal(board.timer.phys_intid, 30);
	assert_int_equal(board.timer.virt_intid, 27);
	assert_int_equal(board.timer.hyp_intid, 26);
	assert_int_equal(board.uart.type, UART_PL011);
	assert_int_equal(board.uart.regs.base, 0xfe201000);
	assert_int_equal(board.uart.intid, 32 + 121);
}

static void test_mini_uart_is_known(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/soc/serial@7e201000", "compatible", "brcm,bcm2835-aux-uart");
	assert_board_accepted();
	assert_int_equal(board.uart.type, UART_MINI);
}

static void test_uart_is_serial0_where_nothing_else_is_said(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/chosen", "stdout-path");
	assert_board_accepted();
	assert_int_equal(board.uart.type, UART_PL011);
}

/* PSCI does what it would do. */
static void test_power_manager_is_read_where_there_is_no_psci(void **state)
{
	(void)state;
	assert_board_accepted();
	assert_int_equal(board.pm.size, 0);
	tree_delete_node(&board_tree, "/psci");
	assert_int_equal(desk_parse_board(), -1); /* these CPUs need it */
	assert_int_equal(board.pm.base, 0xfe100000);
}

static void test_reset_on_failure_is_what_the_loader_asks_for(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/chosen", "bulkhead,on-failure", "reset");
	assert_board_accepted();
	assert_true(board.reset_on_failure);
	tree_set_string(&board_tree, "/chosen", "bulkhead,on-failure", "halt");
	assert_board_accepted();
	assert_false(board.reset_on_failure);
	tree_set_string(&board_tree, "/chosen", "bulkhead,on-failure", "reboot");
	assert_board_refused("board: /chosen: bulkhead,on-failure: \"reboot\"; must be \"halt\" or "
			     "\"reset\"");
}

/* The loader's word counts for whatever else is wrong. */
static void test_reset_on_failure_of_a_board_that_is_refused(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/chosen", "bulkhead,on-failure", "reset");
	tree_delete_node(&board_tree, "/cpus");
	assert_int_equal(desk_parse_board(), -1);
	assert_true(board.reset_on_failure);
}

static void test_model_falls_back_to_compatible(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/", "model");
	assert_board_accepted();
	assert_string_equal(board.model, "test,board");
	tree_delete(&board_tree, "/", "compatible");
	assert_board_accepted();
	assert_string_equal(board.model, "unknown board");
}

static void test_no_bundle_is_a_board_all_the_same(void **state)
{
	(void)state;
	tree_delete_node(&board_tree, "/chosen");
	assert_board_accepted();
	assert_int_equal(board.bundle.size, 0);
}

/* -- Memory ------------------------------------------------------------------------------------ */

static void test_banks_that_touch_are_joined(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0, 0x80000000, 0, 0x1000);
	assert_board_accepted();
	assert_int_equal(board.bank_count, 1);
	assert_int_equal(board.banks[0].size, 0x40001000);
}

static void test_banks_are_sorted_and_shrunk_to_pages(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0, 0x10000001, 0, 0x2fff, 0, 0, 0, 0, 0,
		   0x20000fff, 0, 0x1000);
	assert_board_accepted();
	assert_int_equal(board.bank_count, 2);
	assert_int_equal(board.banks[0].base, 0x10001000);
	assert_int_equal(board.banks[0].size, 0x2000);
}

static void test_memory_that_is_disabled_is_none(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/memory@100000000", "status", "disabled");
	assert_board_accepted();
	assert_int_equal(board.bank_count, 1);
}

static void test_overlapping_memory(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0, 0x7ffff000, 0, 0x2000);
	assert_board_refused("board: memory: 0x7ffff000+0x2000 overlaps 0x40000000+0x40000000");
}

static void test_memory_that_wraps(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0xffffffff, 0xfffff000, 0, 0x2000);
	assert_board_refused("board: /memory@100000000: reg: does not fit the root's "
			     "#address-cells and #size-cells, or wraps");
}

static void test_memory_beyond_any_physical_address(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0xffffffff, 0xfffff000, 0, 0x1000);
	assert_board_refused("board: /memory@100000000: reg: 0xfffffffffffff000+0x1000 ends above "
			     "0x1000000000000");
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0xffff, 0xfffff000, 0, 0x2000);
	assert_board_refused("board: /memory@100000000: reg: 0xfffffffff000+0x2000 ends above "
			     "0x1000000000000");
}

static void test_memory_that_is_no_whole_entry(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 1, 0, 0);
	assert_board_refused("board: /memory@100000000: reg: does not fit the root's "
			     "#address-cells and #size-cells, or wraps");
}

static void test_odd_cell_counts(void **state)
{
	static const uint32_t counts[] = {0, 3, 4, 255, 0x40000001, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		TREE_CELLS(&board_tree, "/", "#address-cells", counts[i]);
		assert_int_equal(desk_parse_board(), -1);
		assert_true(findings.report.error_count > 0);
		TREE_CELLS(&board_tree, "/", "#address-cells", 2);
		TREE_CELLS(&board_tree, "/", "#size-cells", counts[i] ? counts[i] : 3);
		assert_int_equal(desk_parse_board(), -1);
		TREE_CELLS(&board_tree, "/", "#size-cells", 2);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/memory@40000000", "reg");
	TREE_CELLS(&board_tree, "/memory@100000000", "reg", 0, 0x10000001, 0, 0x1000);
	assert_board_refused(
		"board: no memory: no node with device_type = \"memory\" has a usable reg");
}

static void test_more_banks_than_the_table(void **state)
{
	uint32_t cells[4 * (BOARD_BANKS_MAX + 1)] = {0};

	(void)state;
	for (uint32_t i = 0; i <= BOARD_BANKS_MAX; i++) {
		cells[4 * i + 1] = i * 0x10000;
		cells[4 * i + 3] = 0x1000;
	}
	tree_set_cells(&board_tree, "/memory@40000000", "reg", cells, ARRAY_SIZE(cells));
	assert_board_refused("board: /memory@40000000: reg: more than 16 memory banks");
}

/* -- Reserved memory ----------------------------------------------------------------------------- */

static void test_more_reservations_than_the_table(void **state)
{
	(void)state;
	for (uint64_t i = 0; i <= BOARD_RESERVED_MAX; i++) {
		assert_int_equal(fdt_add_mem_rsv(&board_tree, 0x50000000 + i * SZ_64K, 1), 0);
	}
	assert_board_refused("board: /memreserve/: more than 32 reserved ranges");
}

static void test_reservation_that_wraps(void **state)
{
	(void)state;
	assert_int_equal(fdt_add_mem_rsv(&board_tree, UINT64_MAX - 10, 100), 0);
	assert_board_refused("board: /memreserve/: 0xfffffffffffffff5+0x64 wraps past the end of "
			     "the address space");
}

static void test_reserved_nodes_that_fill_the_table(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < BOARD_RESERVED_MAX - 1; i++) {
		assert_int_equal(fdt_add_mem_rsv(&board_tree, 0x50000000 + i * SZ_64K, 1), 0);
	}
	assert_board_refused("board: /reserved-memory: more than 32 reserved ranges");
}

static void test_empty_reservation_is_none(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/reserved-memory/firmware@44000000", "reg", 0, 1, 0, 0);
	assert_board_accepted();
	assert_int_equal(board.reserved_count, 2);
}

static void test_reserved_memory_that_cannot_be_read(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/reserved-memory/firmware@44000000", "reg", 0, 1);
	assert_board_refused("board: /reserved-memory/firmware@44000000: reg: cannot be read "
			     "(ranges and cell counts right?)");
	tree_delete(&board_tree, "/reserved-memory", "ranges");
	TREE_CELLS(&board_tree, "/reserved-memory/firmware@44000000", "reg", 0, 1, 0, 1);
	assert_board_refused("board: /reserved-memory/firmware@44000000: reg: cannot be read "
			     "(ranges and cell counts right?)");
}

/* -- CPUs and firmware ----------------------------------------------------------------------------- */

static void test_cpu_twice(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/cpus/cpu@101", "reg", 1);
	assert_board_refused("board: /cpus/cpu@101: reg: 0x1 is the reg of another CPU too");
}

static void test_cpu_that_is_no_affinity(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/cpus/cpu@101", "reg", 0x80000000);
	assert_board_refused("board: /cpus/cpu@101: reg: is not the affinity of a CPU (MPIDR_EL1)");
	tree_delete(&board_tree, "/cpus/cpu@101", "reg");
	assert_board_refused("board: /cpus/cpu@101: reg: is not the affinity of a CPU (MPIDR_EL1)");
}

static void test_spin_table_without_address(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/cpus/cpu@101", "cpu-release-addr");
	assert_board_refused("board: /cpus/cpu@101: cpu-release-addr: spin-table needs one of 1 or "
			     "2 cells");
}

static void test_no_cpu(void **state)
{
	(void)state;
	tree_delete_node(&board_tree, "/cpus");
	assert_board_refused(
		"board: /cpus: no node with device_type = \"cpu\" and status \"okay\"");
}

static void test_more_cpus_than_the_table(void **state)
{
	char name[16] = "cpu@2xx";

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		char path[32] = "/cpus/";

		name[5] = (char)('a' + i / 10);
		name[6] = (char)('0' + i % 10);
		strcat(path, name);
		tree_add_node(&board_tree, "/cpus", name);
		tree_set_string(&board_tree, path, "device_type", "cpu");
		TREE_CELLS(&board_tree, path, "reg", 0x200 + i);
	}
	assert_board_accepted();
	assert_int_equal(board.cpu_count, BOARD_CPUS_MAX);
}

static void test_psci_without_method(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/psci", "method", "hvc");
	assert_board_accepted();
	assert_int_equal(board.psci, PSCI_CONDUIT_HVC);
	tree_set_string(&board_tree, "/psci", "method", "svc");
	assert_board_refused("board: /psci: method: must be \"smc\" or \"hvc\", as CPUs are "
			     "enabled by PSCI");
}

/* -- Interrupt controller, timer, console, bundle --------------------------------------------------- */

static void test_unknown_gic(void **state)
{
	(void)state;
	tree_set_string(&board_tree, GIC, "status", "disabled");
	assert_board_refused("board: no interrupt controller that is arm,gic-400, "
			     "arm,cortex-a15-gic or arm,gic-v3");
}

static void test_gicv2_without_virtualisation(void **state)
{
	(void)state;
	tree_set_string(&board_tree, GIC, "compatible", "arm,cortex-a15-gic");
	TREE_CELLS(&board_tree, GIC, "reg", 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000);
	assert_board_refused("board: /interrupt-controller@8000000: reg: entry 2 (GICH, which EL2 "
			     "needs) is missing, misaligned or below 0x1000 bytes");
}

static void test_gic_registers_that_cannot_be(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, GIC, "reg", 0, 0x8000800, 0, 0x10000);
	assert_board_refused("board: /interrupt-controller@8000000: reg: entry 0 (GICD) is "
			     "missing, misaligned or below 0x10000 bytes");
	TREE_CELLS(&board_tree, GIC, "reg", 0, 0x8000000, 0, 0x10000);
	assert_board_refused("board: /interrupt-controller@8000000: reg: entry 1 (GICR) is "
			     "missing, misaligned or below 0x20000 bytes");
	TREE_CELLS(&board_tree, GIC, "reg", 0xffffffff, 0xffff0000, 0, 0x10000);
	assert_board_refused("board: /interrupt-controller@8000000: reg: entry 0 (GICD) is "
			     "missing, misaligned or below 0x10000 bytes");
}

static void test_redistributor_regions_out_of_range(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, GIC, "#redistributor-regions", 0);
	assert_board_refused("board: /interrupt-controller@8000000: #redistributor-regions: must "
			     "be 1 to 4");
	TREE_CELLS(&board_tree, GIC, "#redistributor-regions", 5);
	assert_board_refused("board: /interrupt-controller@8000000: #redistributor-regions: must "
			     "be 1 to 4");
}

static void test_redistributor_stride(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, GIC, "redistributor-stride", 0, 0x40000);
	assert_board_accepted();
	assert_int_equal(board.gic.redist_stride, 0x40000);
	TREE_CELLS(&board_tree, GIC, "redistributor-stride", 0x8000);
	assert_board_refused("board: /interrupt-controller@8000000: redistributor-stride: must be "
			     "a multiple of 64 KiB");
}

static void test_no_maintenance_interrupt(void **state)
{
	(void)state;
	tree_delete(&board_tree, GIC, "interrupts");
	assert_board_refused("board: /interrupt-controller@8000000: interrupts: no maintenance "
			     "interrupt (started with EL2?)");
}

static void test_no_timer(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/timer", "interrupts", 1, 13, 4, 0, 14, 4, 1, 11, 4, 1, 10, 4);
	assert_board_refused("board: /timer: interrupts: entry 1 is not a PPI of the GIC");
	TREE_CELLS(&board_tree, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4);
	assert_board_refused("board: /timer: interrupts: entry 3 is not a PPI of the GIC");
	tree_delete_node(&board_tree, "/timer");
	assert_board_refused("board: no timer node (arm,armv8-timer)");
}

static void test_board_without_uart_can_be_used(void **state)
{
	(void)state;
	tree_set_string(&board_tree, "/chosen", "stdout-path", "/soc/i2c@7e804000");
	assert_int_equal(desk_parse_board(), 0);
	assert_one_finding("board: /chosen: stdout-path: names no UART that Bulkhead knows "
			   "(arm,pl011, brcm,bcm2835-aux-uart)");
	assert_int_equal(board.uart.type, UART_NONE);
}

static void test_bundle_that_is_no_range(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/chosen", "linux,initrd-end", 0x1000);
	assert_board_refused("board: /chosen: linux,initrd-start, linux,initrd-end: not a range");
	TREE_CELLS(&board_tree, "/chosen", "linux,initrd-end", 1, 2, 3);
	assert_board_refused("board: /chosen: linux,initrd-start, linux,initrd-end: not a range");
}

static void test_bundle_outside_memory(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/chosen", "linux,initrd-end", 0, 0x80000001);
	assert_board_refused(
		"board: /chosen: linux,initrd-start: 0x48000000+0x38000001 is not in memory");
}

static void test_broken_tree(void **state)
{
	(void)state;
	fdt_set_magic(&board_tree, 0);
	assert_board_refused("board: device tree: FDT_ERR_BADMAGIC");
}

/* -- A tree that was cut off --------------------------------------------------------------------- */

/* The part that there is lies at the end of memory of its own, so that a byte too far is seen. */
static void test_tree_cut_at_every_byte(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(fdt_pack(&board_tree), 0);
	size = fdt_totalsize(&board_tree);
	for (size_t kept = 0; kept < size; kept++) {
		uint8_t *part = malloc(kept ? kept : 1);

		memcpy(part, &board_tree, kept);
		assert_int_equal(board_parse(part, kept, &board, &findings.report), -1);
		assert_int_equal(findings.report.error_count, 1);
		findings_clear();
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_memory_is_read, desk_setup),
		cmocka_unit_test_setup(test_reserved_memory_is_whole_pages, desk_setup),
		cmocka_unit_test_setup(test_the_tree_itself_is_reserved, desk_setup),
		cmocka_unit_test_setup(test_cpus_are_read_in_tree_order, desk_setup),
		cmocka_unit_test_setup(test_gicv3_is_read, desk_setup),
		cmocka_unit_test_setup(test_gicv2_is_read, desk_setup),
		cmocka_unit_test_setup(test_timer_and_uart_are_read, desk_setup),
		cmocka_unit_test_setup(test_mini_uart_is_known, desk_setup),
		cmocka_unit_test_setup(test_uart_is_serial0_where_nothing_else_is_said, desk_setup),
		cmocka_unit_test_setup(test_power_manager_is_read_where_there_is_no_psci,
				       desk_setup),
		cmocka_unit_test_setup(test_reset_on_failure_is_what_the_loader_asks_for,
				       desk_setup),
		cmocka_unit_test_setup(test_reset_on_failure_of_a_board_that_is_refused,
				       desk_setup),
		cmocka_unit_test_setup(test_model_falls_back_to_compatible, desk_setup),
		cmocka_unit_test_setup(test_no_bundle_is_a_board_all_the_same, desk_setup),
		cmocka_unit_test_setup(test_banks_that_touch_are_joined, desk_setup),
		cmocka_unit_test_setup(test_banks_are_sorted_and_shrunk_to_pages, desk_setup),
		cmocka_unit_test_setup(test_memory_that_is_disabled_is_none, desk_setup),
		cmocka_unit_test_setup(test_overlapping_memory, desk_setup),
		cmocka_unit_test_setup(test_memory_that_wraps, desk_setup),
		cmocka_unit_test_setup(test_memory_beyond_any_physical_address, desk_setup),
		cmocka_unit_test_setup(test_memory_that_is_no_whole_entry, desk_setup),
		cmocka_unit_test_setup(test_odd_cell_counts, desk_setup),
		cmocka_unit_test_setup(test_no_memory, desk_setup),
		cmocka_unit_test_setup(test_more_banks_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_more_reservations_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_reservation_that_wraps, desk_setup),
		cmocka_unit_test_setup(test_reserved_nodes_that_fill_the_table, desk_setup),
		cmocka_unit_test_setup(test_empty_reservation_is_none, desk_setup),
		cmocka_unit_test_setup(test_reserved_memory_that_cannot_be_read, desk_setup),
		cmocka_unit_test_setup(test_cpu_twice, desk_setup),
		cmocka_unit_test_setup(test_cpu_that_is_no_affinity, desk_setup),
		cmocka_unit_test_setup(test_spin_table_without_address, desk_setup),
		cmocka_unit_test_setup(test_no_cpu, desk_setup),
		cmocka_unit_test_setup(test_more_cpus_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_psci_without_method, desk_setup),
		cmocka_unit_test_setup(test_unknown_gic, desk_setup),
		cmocka_unit_test_setup(test_gicv2_without_virtualisation, desk_setup),
		cmocka_unit_test_setup(test_gic_registers_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_redistributor_regions_out_of_range, desk_setup),
		cmocka_unit_test_setup(test_redistributor_stride, desk_setup),
		cmocka_unit_test_setup(test_no_maintenance_interrupt, desk_setup),
		cmocka_unit_test_setup(test_no_timer, desk_setup),
		cmocka_unit_test_setup(test_board_without_uart_can_be_used, desk_setup),
		cmocka_unit_test_setup(test_bundle_that_is_no_range, desk_setup),
		cmocka_unit_test_setup(test_bundle_outside_memory, desk_setup),
		cmocka_unit_test_setup(test_broken_tree, desk_setup),
		cmocka_unit_test_setup(test_tree_cut_at_every_byte, desk_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
