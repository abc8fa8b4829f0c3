#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "guests/rtos/port/machine.h"

static uint64_t tree[512];
static struct machine m;

static int setup(void **state)
{
	(void)state;
	memset(tree, 0, sizeof(tree));
	assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
	assert_int_equal(fdt_setprop_u32(tree, 0, "#address-cells", 2), 0);
	assert_int_equal(fdt_setprop_u32(tree, 0, "#size-cells", 2), 0);
	return 0;
}

static int add_node(const char *name, const char *compatible)
{
	int node = fdt_add_subnode(tree, 0, name);

	assert_true(node >= 0);
	assert_int_equal(fdt_setprop_string(tree, node, "compatible", compatible), 0);
	return node;
}

static void add_reg(int node, uint64_t addr, uint64_t size)
{
	assert_int_equal(fdt_appendprop_u64(tree, node, "reg", addr), 0);
	assert_int_equal(fdt_appendprop_u64(tree, node, "reg", size), 0);
}

static void add_interrupt(int node, uint32_t type, uint32_t number)
{
	assert_int_equal(fdt_appendprop_u32(tree, node, "interrupts", type), 0);
	assert_int_equal(fdt_appendprop_u32(tree, node, "interrupts", number), 0);
	assert_int_equal(fdt_appendprop_u32(tree, node, "interrupts", 4), 0);
}

static void add_uart(const char *name, uint64_t addr, uint32_t spi)
{
	int node = add_node(name, "arm,pl011");

	add_reg(node, addr, 0x1000);
	add_interrupt(node, 0, spi);
}

static void test_no_tree_gives_the_fixed_map(void **state)
{
	(void)state;
	machine_parse(&m, NULL);
	assert_false(m.from_tree);
	assert_int_equal(m.uart, 0x09000000);
	assert_int_equal(m.uart_intid, 33);
	assert_int_equal(m.timer_intid, 27);
	assert_int_equal(m.gic_version, 0);
}

static void test_garbage_is_no_tree(void **state)
{
	(void)state;
	tree[0] = 0;
	machine_parse(&m, tree);
	assert_false(m.from_tree);
}

static void test_gicv2(void **state)
{
	int node;

	(void)state;
	node = add_node("intc@1000", "arm,cortex-a15-gic");
	add_reg(node, 0x1000, 0x1000);
	add_reg(node, 0x2000, 0x2000);
	machine_parse(&m, tree);
	assert_int_equal(m.gic_version, 2);
	assert_int_equal(m.gicd, 0x1000);
	assert_int_equal(m.gicc, 0x2000);
}

static void test_gicv3(void **state)
{
	int node;

	(void)state;
	node = add_node("intc@1000", "arm,gic-v3");
	add_reg(node, 0x1000, 0x10000);
	add_reg(node, 0x107fff0000, 0x20000);
	machine_parse(&m, tree);
	assert_int_equal(m.gic_version, 3);
	assert_int_equal(m.gicr, 0x107fff0000);
	assert_int_equal(m.gicr_size, 0x20000);
}

static void test_gic_with_too_short_a_reg_is_missing(void **state)
{
	(void)state;
	add_reg(add_node("intc@1000", "arm,gic-v3"), 0x1000, 0x10000);
	machine_parse(&m, tree);
	assert_int_equal(m.gic_version, 0);
	assert_string_equal(m.missing, "interrupt controller");
}

static void test_uart_and_its_spi(void **state)
{
	(void)state;
	add_uart("serial@fe201000", 0xfe201000, 121);
	machine_parse(&m, tree);
	assert_int_equal(m.uart, 0xfe201000);
	assert_int_equal(m.uart_intid, 153);
}

static void test_stdout_path_chooses_the_uart(void **state)
{
	int chosen;

	(void)state;
	add_uart("serial@1000", 0x1000, 1);
	add_uart("serial@2000", 0x2000, 2);
	chosen = fdt_add_subnode(tree, 0, "chosen");
	(void)fdt_setprop_string(tree, chosen, "stdout-path", "/serial@1000:115200n8");
	machine_parse(&m, tree);
	assert_int_equal(m.uart, 0x1000);
	chosen = fdt_path_offset(tree, "/chosen");
	(void)fdt_setprop_string(tree, chosen, "stdout-path", "/serial@2000");
	machine_parse(&m, tree);
	assert_int_equal(m.uart, 0x2000);
}

static void test_timer_is_the_third_interrupt(void **state)
{
	int node;

	(void)state;
	node = add_node("timer", "arm,armv8-timer");
	for (uint32_t ppi = 1; ppi <= 4; ppi++) {
		add_interrupt(node, 1, ppi);
	}
	machine_parse(&m, tree);
	assert_int_equal(m.timer_intid, 16 + 3);
}

static void test_memory(void **state)
{
	int node;

	(void)state;
	node = fdt_add_subnode(tree, 0, "memory@40000000");
	(void)fdt_setprop_string(tree, node, "device_type", "memory");
	add_reg(node, 0x40000000, 0x2000000);
	machine_parse(&m, tree);
	assert_int_equal(m.ram_base, 0x40000000);
	assert_int_equal(m.ram_size, 0x2000000);
}

static void test_psci_conduit(void **state)
{
	int node;

	(void)state;
	node = add_node("psci", "arm,psci-1.0");
	(void)fdt_setprop_string(tree, node, "method", "hvc");
	machine_parse(&m, tree);
	assert_false(m.psci_smc);
	node = fdt_path_offset(tree, "/psci");
	(void)fdt_setprop_string(tree, node, "method", "smc");
	machine_parse(&m, tree);
	assert_true(m.psci_smc);
}

static void set_bootargs(const char *text)
{
	int node = fdt_path_offset(tree, "/chosen");

	if (node < 0) {
		node = fdt_add_subnode(tree, 0, "chosen");
	}
	assert_int_equal(fdt_setprop_string(tree, node, "bootargs", text), 0);
	machine_parse(&m, tree);
}

static void test_loop_line(void **state)
{
	static const char *const unsound[] = {"",
					      "loop-line",
					      "loop-line=",
					      "loop-line=58",
					      "loop-line=1x",
					      "loop-line=-1",
					      "loop-line=99999999999",
					      "my-loop-line=1"};

	(void)state;
	add_reg(add_node("gpio", "brcm,bcm2711-gpio"), 0xfe200000, 0x100);
	set_bootargs("loop-line=17");
	assert_int_equal(m.loop_line, 17);
	assert_int_equal(m.gpio, 0xfe200000);
	set_bootargs("quiet loop-line=0 more");
	assert_int_equal(m.loop_line, 0);
	for (size_t i = 0; i < sizeof(unsound) / sizeof(unsound[0]); i++) {
		set_bootargs(unsound[i]);
		assert_int_equal(m.loop_line, MACHINE_NO_LINE);
		assert_int_equal(m.gpio, 0);
	}
}

static void test_loop_report(void **state)
{
	static const char *const none[] = {"quiet",
					   "loop-report=1",
					   "loop-report=,5",
					   "loop-report=1;2",
					   "loop-report=1,2x",
					   "loop-report=1,",
					   "loop-report=1000001,2"};
	(void)state;
	set_bootargs("a loop-report=300,1000000 b");
	assert_int_equal(m.report_after, 300);
	assert_int_equal(m.report_periods, 1000000);
	for (unsigned int i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		set_bootargs(none[i]);
		assert_int_equal(m.report_periods, 0);
	}
}

static void test_loop_line_of_no_controller(void **state)
{
	(void)state;
	set_bootargs("loop-line=17");
	assert_int_equal(m.gpio, 0);
}

#define MACHINE_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE_TEST(test_no_tree_gives_the_fixed_map),
		MACHINE_TEST(test_garbage_is_no_tree),
		MACHINE_TEST(test_gicv2),
		MACHINE_TEST(test_gicv3),
		MACHINE_TEST(test_gic_with_too_short_a_reg_is_missing),
		MACHINE_TEST(test_uart_and_its_spi),
		MACHINE_TEST(test_stdout_path_chooses_the_uart),
		MACHINE_TEST(test_timer_is_the_third_interrupt),
		MACHINE_TEST(test_memory),
		MACHINE_TEST(test_psci_conduit),
		MACHINE_TEST(test_loop_line),
		MACHINE_TEST(test_loop_line_of_no_controller),
		MACHINE_TEST(test_loop_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
