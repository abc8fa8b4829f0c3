/* SPDX-License-Identifier: Apache-2.0 */
/* The typed readers, on trees written for each test and on trees that are none. */
#include "tests/unit/desk.h"

#include <stdio.h>

#include "core/lib/fdt_read.h"

static struct tree t;

static int setup(void **state)
{
	desk_setup(state);
	t = board_tree;
	return 0;
}

static int reg_of(const char *path, unsigned int index, struct mem_range *range)
{
	return fdt_read_reg(&t, tree_node(&t, path), index, range);
}

static int interrupt_of(const char *path, unsigned int index, struct fdt_interrupt *interrupt)
{
	return fdt_read_interrupt(&t, tree_node(&t, path), index,
				  tree_node(&t, "/interrupt-controller@8000000"), interrupt);
}

/* -- Values ---------------------------------------------------------------------------------------- */

static void test_u32(void **state)
{
	uint32_t value = 7;

	(void)state;
	TREE_CELLS(&t, "/", "one", 0x12345678);
	TREE_CELLS(&t, "/", "two", 1, 2);
	assert_int_equal(fdt_read_u32(&t, 0, "one", &value), 0);
	assert_int_equal(value, 0x12345678);
	assert_int_equal(fdt_read_u32(&t, 0, "two", &value), FDT_READ_MALFORMED);
	assert_int_equal(fdt_read_u32(&t, 0, "three", &value), FDT_READ_ABSENT);
	assert_int_equal(value, 0x12345678);
}

static void test_u64(void **state)
{
	uint64_t value;

	(void)state;
	TREE_CELLS(&t, "/", "one", 0x12345678);
	TREE_CELLS(&t, "/", "two", 1, 2);
	TREE_CELLS(&t, "/", "three", 1, 2, 3);
	assert_int_equal(fdt_read_u64(&t, 0, "one", &value), 0);
	assert_int_equal(value, 0x12345678);
	assert_int_equal(fdt_read_u64(&t, 0, "two", &value), 0);
	assert_int_equal(value, 0x100000002);
	assert_int_equal(fdt_read_u64(&t, 0, "three", &value), FDT_READ_MALFORMED);
	assert_int_equal(fdt_read_u64(&t, 0, "four", &value), FDT_READ_ABSENT);
}

static void test_strings(void **state)
{
	(void)state;
	tree_set(&t, "/", "text", "ab\0cd", 6);
	tree_set(&t, "/", "open", "abcd", 4);
	assert_string_equal(fdt_read_string(&t, 0, "text"), "ab");
	assert_null(fdt_read_string(&t, 0, "open"));
	assert_null(fdt_read_string(&t, 0, "none"));
	tree_set(&t, "/", "open", "", 0);
	assert_null(fdt_read_string(&t, 0, "open"));
}

static void test_enabled(void **state)
{
	(void)state;
	assert_true(fdt_read_enabled(&t, 0));
	tree_set_string(&t, "/", "status", "ok");
	assert_true(fdt_read_enabled(&t, 0));
	tree_set_string(&t, "/", "status", "okay");
	assert_true(fdt_read_enabled(&t, 0));
	tree_set_string(&t, "/", "status", "reserved");
	assert_false(fdt_read_enabled(&t, 0));
}

static void test_compatible(void **state)
{
	(void)state;
	tree_set(&t, "/", "compatible", "a,b\0c,d", 8);
	assert_true(fdt_read_compatible(&t, 0, "c,d"));
	assert_false(fdt_read_compatible(&t, 0, "c"));
	tree_delete(&t, "/", "compatible");
	assert_false(fdt_read_compatible(&t, 0, "c,d"));
}

/* -- reg and ranges ------------------------------------------------------------------------------------ */

static void test_reg_is_translated(void **state)
{
	struct mem_range range;

	(void)state;
	assert_int_equal(reg_of("/soc/mmc@7e340000", 1, &range), 0);
	assert_int_equal(range.base, 0xfe341000);
	assert_int_equal(range.size, 0x100);
	assert_int_equal(reg_of("/soc/mmc@7e340000", 2, &range), FDT_READ_ABSENT);
	assert_int_equal(reg_of("/soc/mmc@7e340000", UINT32_MAX, &range), FDT_READ_ABSENT);
	assert_int_equal(reg_of("/soc", 0, &range), FDT_READ_ABSENT);
	assert_int_equal(reg_of("/", 0, &range), FDT_READ_ABSENT);
}

static void test_reg_of_a_closed_bus(void **state)
{
	struct mem_range range;

	(void)state;
	assert_int_equal(reg_of("/closed/inside@1000", 0, &range), FDT_READ_FOREIGN);
	assert_int_equal(fdt_read_reg_raw(&t, tree_node(&t, "/closed/inside@1000"), 0, &range), 0);
	tree_set(&t, "/closed", "ranges", "", 0); /* empty: the same addresses */
	assert_int_equal(reg_of("/closed/inside@1000", 0, &range), 0);
	assert_int_equal(range.base, 0x1000);
}

static void test_reg_beside_the_ranges(void **state)
{
	struct mem_range range;

	(void)state;
	TREE_CELLS(&t, "/soc/i2c@7e804000", "reg", 0x7efff000, 0x1001);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_FOREIGN);
	TREE_CELLS(&t, "/soc", "ranges", 0x7e000000, 0, 0xfe000000);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_FOREIGN);
}

static void test_second_range_is_taken(void **state)
{
	struct mem_range range;

	(void)state;
	TREE_CELLS(&t, "/soc", "ranges", 0, 0, 0, 0x1000, 0x7e000000, 1, 0, 0x1000000);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), 0);
	assert_int_equal(range.base, 0x100804000);
}

static void test_translation_that_wraps(void **state)
{
	struct mem_range range;

	(void)state;
	TREE_CELLS(&t, "/soc", "ranges", 0x7e000000, 0xffffffff, 0xff7ff000, 0x1000000);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
}

static void test_cell_counts_that_cannot_be(void **state)
{
	struct mem_range range;

	(void)state;
	TREE_CELLS(&t, "/soc", "#address-cells", 0);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc", "#address-cells", 3);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_FOREIGN);
	TREE_CELLS(&t, "/soc", "#address-cells", 255);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc", "#address-cells", 0x40000001); /* times 4 is 4 */
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc", "#address-cells", 1, 1);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc", "#address-cells", 1);
	TREE_CELLS(&t, "/soc", "#size-cells", 3);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
}

static void test_reg_that_cannot_be(void **state)
{
	struct mem_range range;

	(void)state;
	TREE_CELLS(&t, "/soc/i2c@7e804000", "reg", 0x7e804000);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	tree_set(&t, "/soc/i2c@7e804000", "reg", "", 0);
	assert_int_equal(reg_of("/soc/i2c@7e804000", 0, &range), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/memory@40000000", "reg", UINT32_MAX, UINT32_MAX, 0, 2);
	assert_int_equal(reg_of("/memory@40000000", 0, &range), FDT_READ_MALFORMED);
}

static void test_cells(void **state)
{
	(void)state;
	assert_int_equal(fdt_read_cells("\1\2\3\4\5\6\7\x08", 2), 0x0102030405060708);
	assert_int_equal(fdt_read_cells("\1\2\3\4", 1), 0x01020304);
	assert_int_equal(fdt_read_cells("", 0), 0);
}

/* -- Interrupts ---------------------------------------------------------------------------------------- */

static void test_interrupts(void **state)
{
	struct fdt_interrupt interrupt;

	(void)state;
	assert_int_equal(interrupt_of("/timer", 2, &interrupt), 0);
	assert_int_equal(interrupt.intid, 27);
	assert_int_equal(interrupt.flags, 4);
	assert_int_equal(interrupt_of("/timer", 4, &interrupt), FDT_READ_ABSENT);
	assert_int_equal(interrupt_of("/psci", 0, &interrupt), FDT_READ_ABSENT);
	assert_int_equal(interrupt_of("/soc/mmc@7e340000", 1, &interrupt), 0);
	assert_int_equal(interrupt.intid, 32 + 127);
	assert_int_equal(interrupt_of("/soc/mmc@7e340000", 2, &interrupt), FDT_READ_ABSENT);
}

static void test_interrupts_of_another_controller(void **state)
{
	struct fdt_interrupt interrupt;
	uint32_t gic = fdt_get_phandle(&t, tree_node(&t, "/interrupt-controller@8000000"));
	uint32_t other;

	(void)state;
	other = fdt_get_phandle(&t, tree_node(&t, "/soc/clock-controller@7e101000"));
	TREE_CELLS(&t, "/soc/clock-controller@7e101000", "#interrupt-cells", 1);
	TREE_CELLS(&t, "/soc/i2c@7e804000", "interrupts-extended", other, 5, gic, 0, 1, 4);
	assert_int_equal(interrupt_of("/soc/i2c@7e804000", 0, &interrupt), FDT_READ_FOREIGN);
	assert_int_equal(interrupt_of("/soc/i2c@7e804000", 1, &interrupt), 0);
	assert_int_equal(interrupt.intid, 33);
	TREE_CELLS(&t, "/soc/twin@7e700000", "interrupt-parent", other);
	assert_int_equal(interrupt_of("/soc/twin@7e700000", 0, &interrupt), FDT_READ_FOREIGN);
}

static void test_interrupts_that_cannot_be(void **state)
{
	struct fdt_interrupt interrupt;
	uint32_t gic = fdt_get_phandle(&t, tree_node(&t, "/interrupt-controller@8000000"));

	(void)state;
	TREE_CELLS(&t, "/soc/twin@7e700000", "interrupts", 0, 1);
	assert_int_equal(interrupt_of("/soc/twin@7e700000", 0, &interrupt), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc/twin@7e700000", "interrupts", 0, UINT32_MAX, 4);
	assert_int_equal(interrupt_of("/soc/twin@7e700000", 0, &interrupt), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc/twin@7e700000", "interrupts", 1, 16, 4);
	assert_int_equal(interrupt_of("/soc/twin@7e700000", 0, &interrupt), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc/mmc@7e340000", "interrupts-extended", gic, 0);
	assert_int_equal(interrupt_of("/soc/mmc@7e340000", 0, &interrupt), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/soc/mmc@7e340000", "interrupts-extended", 0x7777, 0, 1, 4);
	assert_int_equal(interrupt_of("/soc/mmc@7e340000", 0, &interrupt), FDT_READ_MALFORMED);
	TREE_CELLS(&t, "/interrupt-controller@8000000", "#interrupt-cells", 0x40000000);
	TREE_CELLS(&t, "/soc/mmc@7e340000", "interrupts-extended", gic, 0, 1, 4);
	assert_int_equal(interrupt_of("/soc/mmc@7e340000", 0, &interrupt), FDT_READ_MALFORMED);
	assert_int_equal(interrupt_of("/soc/i2c@7e804000", 0, &interrupt), FDT_READ_MALFORMED);
}

/* -- What is a tree ------------------------------------------------------------------------------------ */

static void test_soundness(void **state)
{
	(void)state;
	assert_null(fdt_read_check(&t, sizeof(t)));
	assert_string_equal(fdt_read_check(&t, sizeof(t) - 1), "FDT_ERR_TRUNCATED");
	assert_string_equal(fdt_read_check(&t, 0), "FDT_ERR_TRUNCATED");
	assert_string_equal(fdt_read_check((uint8_t *)&t + 4, sizeof(t) - 4),
			    "is not 8-byte aligned");
	fdt_set_off_mem_rsvmap(&t, fdt_off_mem_rsvmap(&t) + 4);
	assert_string_equal(fdt_read_check(&t, sizeof(t)), "has blocks that are not aligned");
	assert_int_equal(board_find_uart(&t, &board.uart), -1);
	setup(NULL);
	fdt_set_off_dt_struct(&t, fdt_off_dt_struct(&t) + 2);
	assert_string_equal(fdt_read_check(&t, sizeof(t)), "has blocks that are not aligned");
	assert_int_equal(board_find_uart(&t, &board.uart), -1);
	setup(NULL);
	fdt_set_totalsize(&t, sizeof(t) + 1);
	assert_string_equal(fdt_read_check(&t, sizeof(t)), "FDT_ERR_TRUNCATED");
	fdt_set_totalsize(&t, UINT32_MAX);
	assert_non_null(fdt_read_check(&t, sizeof(t)));
	fdt_set_totalsize(&t, 40);
	assert_non_null(fdt_read_check(&t, sizeof(t)));
}

/* The header of version 3 has 36 bytes, and libfdt reads 40. */
static void test_header_of_an_old_version(void **state)
{
	(void)state;
	for (uint32_t version = 0; version < 20; version++) {
		for (size_t size = 28; size <= sizeof(struct fdt_header); size++) {
			struct fdt_header *part = malloc(size);

			memcpy(part, &t, size);
			fdt_set_version(part, version);
			fdt_set_last_comp_version(part, version);
			fdt_set_totalsize(part, 0x28000000);
			assert_non_null(fdt_read_check(part, size));
			free(part);
		}
	}
}

static void make_nested(unsigned int depth)
{
	assert_int_equal(fdt_create(&t, sizeof(t)), 0);
	assert_int_equal(fdt_finish_reservemap(&t), 0);
	for (unsigned int i = 0; i < depth; i++) {
		assert_int_equal(fdt_begin_node(&t, i ? "n" : ""), 0);
	}
	for (unsigned int i = 0; i < depth; i++) {
		assert_int_equal(fdt_end_node(&t), 0);
	}
	assert_int_equal(fdt_finish(&t), 0);
}

static void test_depth(void **state)
{
	(void)state;
	make_nested(FDT_READ_DEPTH_MAX);
	assert_null(fdt_read_check(&t, sizeof(t)));
	make_nested(FDT_READ_DEPTH_MAX + 1);
	assert_string_equal(fdt_read_check(&t, sizeof(t)), "has nodes more than 32 levels deep");
	make_nested(1000);
	assert_string_equal(fdt_read_check(&t, sizeof(t)), "has nodes more than 32 levels deep");
}

static void test_no_root(void **state)
{
	(void)state;
	make_nested(0);
	assert_non_null(fdt_read_check(&t, sizeof(t)));
}

static void test_unterminated_names(void **state)
{
	uint8_t *structure;
	size_t size;

	(void)state;
	make_nested(2);
	size = fdt_size_dt_struct(&t);
	structure = (uint8_t *)&t + fdt_off_dt_struct(&t);
	memset(structure + 12, 'x', size - 12);
	assert_non_null(fdt_read_check(&t, sizeof(t)));
}

static void test_10000_nodes(void **state)
{
	char name[16];

	(void)state;
	assert_int_equal(fdt_create(&t, sizeof(t)), 0);
	assert_int_equal(fdt_finish_reservemap(&t), 0);
	assert_int_equal(fdt_begin_node(&t, ""), 0);
	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(fdt_begin_node(&t, name), 0);
		assert_int_equal(fdt_end_node(&t), 0);
	}
	assert_int_equal(fdt_end_node(&t), 0);
	assert_int_equal(fdt_finish(&t), 0);
	assert_null(fdt_read_check(&t, sizeof(t)));
	assert_int_equal(board_parse(&t, sizeof(t), &board, &findings.report), -1);
	assert_finding("board: no memory: no node with device_type = \"memory\" has a usable reg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_u32, setup),
		cmocka_unit_test_setup(test_u64, setup),
		cmocka_unit_test_setup(test_strings, setup),
		cmocka_unit_test_setup(test_enabled, setup),
		cmocka_unit_test_setup(test_compatible, setup),
		cmocka_unit_test_setup(test_reg_is_translated, setup),
		cmocka_unit_test_setup(test_reg_of_a_closed_bus, setup),
		cmocka_unit_test_setup(test_reg_beside_the_ranges, setup),
		cmocka_unit_test_setup(test_second_range_is_taken, setup),
		cmocka_unit_test_setup(test_translation_that_wraps, setup),
		cmocka_unit_test_setup(test_cell_counts_that_cannot_be, setup),
		cmocka_unit_test_setup(test_reg_that_cannot_be, setup),
		cmocka_unit_test_setup(test_cells, setup),
		cmocka_unit_test_setup(test_interrupts, setup),
		cmocka_unit_test_setup(test_interrupts_of_another_controller, setup),
		cmocka_unit_test_setup(test_interrupts_that_cannot_be, setup),
		cmocka_unit_test_setup(test_soundness, setup),
		cmocka_unit_test_setup(test_header_of_an_old_version, setup),
		cmocka_unit_test_setup(test_depth, setup),
		cmocka_unit_test_setup(test_no_root, setup),
		cmocka_unit_test_setup(test_unterminated_names, setup),
		cmocka_unit_test_setup(test_10000_nodes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
