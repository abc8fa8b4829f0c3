/* SPDX-License-Identifier: Apache-2.0 */
/* A Raspberry Pi 5, as far as its device tree goes: what is read, given and refused. */
#include "tests/unit/desk.h"

#include "core/guest_map.h"

static int setup(void **state)
{
	desk_setup(state);
	tree_load(&board_tree, "rpi5");
	/* Linux' memory below the firmware's, at the board's addresses; the rest is keel's. */
	TREE_CELLS(&config_tree, "/big", "memory", 0x10000000, 0x20000000);
	tree_set_string(&config_tree, "/big", "devices", "/soc@107c000000/rng@7d208000");
	return 0;
}

static void test_board(void **state)
{
	(void)state;
	assert_int_equal(desk_parse_board(), 0);
	assert_no_finding();
	assert_int_equal(board.gic.version, GIC_V2);
	assert_int_equal(board.gic.dist.base, 0x107fff9000);
	assert_int_equal(board.gic.virt.base, 0x107fffe000);
	assert_int_equal(board.gic.maintenance_intid, 25);
	assert_int_equal(board.psci, PSCI_CONDUIT_SMC);
	assert_int_equal(board.uart.type, UART_PL011);
	assert_int_equal(board.uart.regs.base, 0x107d001000);
	assert_int_equal(board.uart.intid, 153);
	assert_int_equal(board.timer.hyp_intid, 26);
	assert_int_equal(board.cpu_count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(board.cpus[i].mpidr, i << 8);
		assert_int_equal(board.cpus[i].enable, CPU_ENABLE_PSCI);
	}
	assert_int_equal(board.bank_count, 2);
	assert_int_equal(range_end(board.banks[1]), 0x200000000);
	assert_int_equal(board.pm.size, 0); /* PSCI resets it */
}

static void test_configuration(void **state)
{
	const struct mem_range taken[] = {
		{0x200000, SZ_1M}, {0x04000000, 0x02000000}, {0, 0x80000}};
	struct guest_map map;

	(void)state;
	TREE_CELLS(&config_tree, "/big", "mailbox-tags", 0x30006);
	desk_check_config();
	assert_no_finding();
	config_place(&config, &board, taken, ARRAY_SIZE(taken), &findings.report);
	assert_no_finding();
	assert_int_equal(desk_vm("big")->regions[0].pa, 0x10000000);
	assert_int_equal(desk_vm("big")->devices[0].regs[0].base, 0x107c013880);
	assert_int_equal(desk_vm("big")->devices[1].regs[0].base, 0x107d208000);
	guest_map_init(&map, &board, true, 2);
	assert_int_equal(map.gicd.base, 0x107fff9000);
	/* its memory lies where QEMU's machine has them */
	assert_int_equal(map.uart.base, 0xf09000000);
}

/* Interrupt 305: a guest's GIC has QEMU's 288. */
static void test_card_has_an_interrupt_too_high(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/big", "devices", "/soc@107c000000/mmc@fff000");
	desk_check_config();
	assert_one_finding("big: devices: /soc@107c000000/mmc@fff000: interrupt 305 is not an SPI "
			   "(32 to 287)");
}

/* Its GPIO is in RP1, behind PCIe, and another kind. */
static void test_no_gpio_lines(void **state)
{
	(void)state;
	TREE_CELLS(&config_tree, "/small", "gpio-lines", 17);
	desk_check_config();
	assert_one_finding("small: gpio-lines: of a Raspberry Pi 4: no such node in the board's "
			   "device tree");
}

static void test_console_and_gic_are_kept(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/big", "devices", "/soc@107c000000/serial@7d001000");
	desk_check_config();
	assert_finding("big: devices: /soc@107c000000/serial@7d001000: shares the page at "
		       "0x107d001000 with the console UART, which is the hypervisor's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_board, setup),
		cmocka_unit_test_setup(test_configuration, setup),
		cmocka_unit_test_setup(test_card_has_an_interrupt_too_high, setup),
		cmocka_unit_test_setup(test_no_gpio_lines, setup),
		cmocka_unit_test_setup(test_console_and_gic_are_kept, setup),
	};

	return cmocka_run_group_tests_name("rpi5", tests, NULL, NULL);
}
