/* SPDX-License-Identifier: Apache-2.0 */
/* gpio-lines and mailbox-tags: what is read, who has what, and what is refused. */
#include "tests/unit/desk.h"

static void assert_not_read(const char *line)
{
	desk_parse_all();
	assert_one_finding(line);
	assert_true(desk_vm("small")->refused);
}

#define LINES(vm, ...) TREE_CELLS(&config_tree, vm, "gpio-lines", __VA_ARGS__)
#define TAGS(vm, ...)  TREE_CELLS(&config_tree, vm, "mailbox-tags", __VA_ARGS__)

/* -- lines -------------------------------------------------------------------------------------- */

static void test_lines_of_two_vms(void **state)
{
	const struct vm_device *d;

	(void)state;
	LINES("/big", 0, 57);
	LINES("/small", 17, 18);
	desk_check_config();
	assert_no_finding();
	d = &desk_vm("small")->devices[0];
	assert_int_equal(d->access, DEVICE_GPIO);
	assert_int_equal(d->lines, BIT(17) | BIT(18));
	assert_string_equal(d->path, "/soc/gpio@7e200000");
	assert_int_equal(d->reg_count, 1);
	assert_int_equal(d->regs[0].base, 0xfe200000);
	assert_int_equal(d->regs[0].size, 0x100); /* the tree ends before the pull registers */
	assert_int_equal(d->irq_count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(d->irqs[i].intid, 145 + i);
		assert_true(d->irqs[i].shared);
	}
	d = &desk_vm("big")->devices[0];
	assert_int_equal(d->lines, BIT(0) | BIT(57));
	/* no DMA: no direct-map is needed, and nothing is to be trusted */
	assert_false(config_makes_dma(desk_vm("small")));
	assert_true(config_makes_dma(desk_vm("big")));
}

static void test_line_of_two_vms(void **state)
{
	(void)state;
	LINES("/big", 4, 18);
	LINES("/small", 17, 18);
	assert_vm_refused("small",
			  "small: gpio-lines: line 18 is that of big (/soc/gpio@7e200000)");
}

static void test_lines_of_the_console(void **state)
{
	(void)state;
	LINES("/small", 13, 15);
	assert_vm_refused("small",
			  "small: gpio-lines: line 15 is that of the hypervisor (console UART)");
}

/* Of another VM's SD card: named by group, pin by pin. */
static void test_lines_of_a_device(void **state)
{
	(void)state;
	LINES("/small", 35, 37);
	assert_vm_refused("small", "small: gpio-lines: line 37 is that of big (/soc/mmc@7e340000)");
	desk_setup(NULL);
	LINES("/big", 34, 36, 37); /* its own VM may have them */
	desk_check_config();
	assert_no_finding();
}

/* What the controller itself names is nobody's, whichever VM comes first. */
static void test_lines_that_the_controller_names(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		desk_setup(state);
		TREE_CELLS(&board_tree, "/soc/gpio@7e200000/console", "phandle", 0x7777);
		TREE_CELLS(&board_tree, "/soc/gpio@7e200000", "pinctrl-0", 0x7777);
		tree_delete(&board_tree, "/soc/serial@7e201000", "pinctrl-0");
		LINES(i ? "/big" : "/small", 14);
		LINES(i ? "/small" : "/big", 17);
		desk_check_config();
		assert_no_finding();
	}
}

static void test_lines_that_are_none(void **state)
{
	(void)state;
	LINES("/small", 58);
	assert_not_read("small: gpio-lines: line 58; they are 0 to 57");
	LINES("/small", 0xffffffff);
	assert_not_read("small: gpio-lines: line 4294967295; they are 0 to 57");
	tree_set(&config_tree, "/small", "gpio-lines", "", 0);
	assert_not_read("small: gpio-lines: must be 1 to 58 numbers");
	tree_set(&config_tree, "/small", "gpio-lines", "abc", 3);
	assert_not_read("small: gpio-lines: must be 1 to 58 numbers");
	tree_set(&config_tree, "/small", "gpio-lines", (uint32_t[59]){0}, 59 * 4);
	assert_not_read("small: gpio-lines: must be 1 to 58 numbers");
}

static void test_board_without_the_blocks(void **state)
{
	(void)state;
	tree_delete_node(&board_tree, "/soc/gpio@7e200000");
	LINES("/small", 1);
	assert_vm_refused("small",
			  "small: gpio-lines: of a Raspberry Pi 4: no such node in the board's "
			  "device tree");
	tree_delete(&config_tree, "/small", "gpio-lines");
	tree_delete_node(&board_tree, "/soc/mailbox@7e00b880");
	TAGS("/small", 0x30002);
	assert_vm_refused("small",
			  "small: mailbox-tags: of a Raspberry Pi 4: no such node in the board's "
			  "device tree");
}

/* Parts of it are given, and it is given whole. */
static void test_block_that_is_a_device_too(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/big", "devices", "/soc/gpio@7e200000");
	LINES("/small", 17);
	assert_vm_refused("small",
			  "small: gpio-lines: /soc/gpio@7e200000: the device belongs to big "
			  "already (/soc/gpio@7e200000)");
}

static void test_wild_groups(void **state)
{
	(void)state;
	tree_set(&board_tree, "/soc/gpio@7e200000/console", "brcm,pins", "abc", 3);
	tree_set(&board_tree, "/soc/gpio@7e200000/card/pin-data", "pins", "gpio99999999999", 15);
	TREE_CELLS(&board_tree, "/soc/serial@7e201000", "pinctrl-0", 0xdeadbeef, 0xffffffff);
	LINES("/small", 14);
	desk_check_config();
	assert_no_finding();
}

static void test_more_groups_than_are_looked_at(void **state)
{
	const uint32_t groups[9] = {0};

	(void)state;
	tree_set(&board_tree, "/soc/mmc@7e340000", "pinctrl-0", groups, 8 * 4);
	LINES("/small", 17);
	desk_check_config();
	assert_no_finding();
	tree_set(&board_tree, "/soc/mmc@7e340000", "pinctrl-0", groups, 9 * 4);
	assert_vm_refused("small", "small: gpio-lines: line 17 is that of big (/soc/mmc@7e340000)");
}

/* -- devices that a board may lack -------------------------------------------------------------- */

static void test_optional_devices(void **state)
{
	static const char paths[] = "/soc/no-such\0/soc/off@7e500000\0/soc/i2c@7e804000";

	(void)state;
	tree_set(&config_tree, "/big", "optional-devices", paths, sizeof(paths));
	desk_check_config();
	assert_no_finding();
	assert_int_equal(desk_vm("big")->device_count, 2);
	assert_string_equal(desk_vm("big")->devices[0].path, "/soc/i2c@7e804000");
	assert_string_equal(desk_vm("big")->devices[1].path, "/soc/mmc@7e340000");
	/* one that is there is checked as any other */
	desk_setup(NULL);
	tree_set_string(&config_tree, "/small", "optional-devices", "/soc/mmc@7e340000");
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	desk_check_config();
	assert_one_finding("small: optional-devices: /soc/mmc@7e340000: the device belongs to big "
			   "already (/soc/mmc@7e340000)");
}

/* -- tags --------------------------------------------------------------------------------------- */

static void test_tags(void **state)
{
	const struct vm_config *vm;

	(void)state;
	TAGS("/big", 1, 0x30002);
	TAGS("/small", 0x30002);
	desk_check_config();
	assert_no_finding();
	vm = desk_vm("big");
	assert_int_equal(vm->mailbox_tag_count, 2);
	assert_int_equal(vm->mailbox_tags[1], 0x30002);
	assert_int_equal(vm->devices[0].access, DEVICE_MAILBOX);
	assert_int_equal(vm->devices[0].regs[0].base, 0xfe00b880);
	assert_int_equal(vm->devices[0].irqs[0].intid, 65);
	assert_true(vm->devices[0].irqs[0].shared);
}

static void test_tags_that_are_not_given(void **state)
{
	(void)state;
	TAGS("/small", 0x30002, 0x30011);
	assert_not_read("small: mailbox-tags: 0x30011 may have the firmware use memory that is not "
			"the VM's");
	tree_set(&config_tree, "/small", "mailbox-tags", "", 0);
	assert_not_read("small: mailbox-tags: must be 1 to 32 numbers");
	tree_set(&config_tree, "/small", "mailbox-tags", (uint32_t[33]){0}, 33 * 4);
	assert_not_read("small: mailbox-tags: must be 1 to 32 numbers");
}

static bool is_taken(uint32_t tag)
{
	TAGS("/small", tag);
	desk_parse_all();
	findings_clear();
	return !desk_vm("small")->refused;
}

/* Whoever names no memory; and of those that nobody knows none. */
static void test_tags_that_reach_memory(void **state)
{
	static const uint32_t reaching[] = {
		0x8010,  0x8011,  0x3000c, 0x3000f, 0x30010, 0x30011, 0x30014, 0x30020,   0x30021,
		0x30045, 0x30057, 0x30059, 0x30080, 0x30081, 0x38021, 0x38045, 0x38081,   0x40001,
		0x4800b, 0x48010, 0x48015, 0x4801f, 0x48020, 0x50002, 0,       0xffffffff};
	static const uint32_t harmless[] = {0x1,     0x3,     0x10001, 0x10007, 0x28001,
					    0x3000b, 0x30030, 0x30046, 0x30047, 0x30058,
					    0x38002, 0x50001, 0x60001};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(reaching); i++) {
		assert_false(is_taken(reaching[i]));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++) {
		assert_true(is_taken(harmless[i]));
	}
}

/* The only interrupt of the mailbox: a device without one cannot be waited for. */
static void test_mailbox_without_interrupt(void **state)
{
	(void)state;
	tree_delete(&board_tree, "/soc/mailbox@7e00b880", "interrupts");
	TAGS("/small", 0x30002);
	assert_vm_refused("small", "small: mailbox-tags: /soc/mailbox@7e00b880: has no interrupt");
}

/* Have the property, and have it again. */
static void repeat_property(const char *name, const void *data, size_t size)
{
	const struct fdt_property *first;
	int node;

	tree_set(&config_tree, "/small", name, data, size);
	tree_set(&config_tree, "/small", "again", data, size);
	node = tree_node(&config_tree, "/small");
	first = fdt_get_property(&config_tree, node, name, NULL);
	fdt_get_property_w(&config_tree, node, "again", NULL)->nameoff = first->nameoff;
}

/* As dtc writes no tree. */
static void test_properties_that_are_there_twice(void **state)
{
	uint32_t tags[VM_MAILBOX_TAGS_MAX];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(tags); i++) {
		tags[i] = cpu_to_fdt32(0x30002);
	}
	repeat_property("mailbox-tags", tags, sizeof(tags));
	assert_not_read("small: mailbox-tags: is there twice");
	assert_int_equal(desk_vm("small")->mailbox_tag_count, VM_MAILBOX_TAGS_MAX);
	desk_setup(NULL);
	repeat_property("gpio-lines", (uint32_t[]){cpu_to_fdt32(17)}, 4);
	assert_not_read("small: gpio-lines: is there twice");
}

/* It would be passed on as the device's, and no VM had an answer any more. */
static void test_interrupt_that_a_device_has_too(void **state)
{
	(void)state;
	TREE_CELLS(&board_tree, "/soc/i2c@7e804000", "interrupts", 0, 33, 4);
	tree_set_string(&config_tree, "/small", "devices", "/soc/i2c@7e804000");
	tree_set(&config_tree, "/small", "no-dma", "", 0);
	TAGS("/small", 0x30002);
	desk_check_config();
	assert_one_finding("small: devices: /soc/i2c@7e804000: interrupt 65 belongs to small "
			   "already (/soc/mailbox@7e00b880)");
}

static void test_too_many_devices(void **state)
{
	char paths[17 * 6];
	size_t at = 0;

	(void)state;
	for (unsigned int i = 0; i < VM_DEVICES_MAX; i++) {
		memcpy(&paths[at], "/path", 6);
		at += 6;
	}
	LINES("/small", 1); /* what is written last is read first */
	tree_set(&config_tree, "/small", "devices", paths, at);
	desk_parse_all();
	assert_finding("small: gpio-lines: more than 16 devices");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines_of_two_vms, desk_setup),
		cmocka_unit_test_setup(test_line_of_two_vms, desk_setup),
		cmocka_unit_test_setup(test_lines_of_the_console, desk_setup),
		cmocka_unit_test_setup(test_lines_of_a_device, desk_setup),
		cmocka_unit_test_setup(test_lines_that_the_controller_names, desk_setup),
		cmocka_unit_test_setup(test_lines_that_are_none, desk_setup),
		cmocka_unit_test_setup(test_board_without_the_blocks, desk_setup),
		cmocka_unit_test_setup(test_block_that_is_a_device_too, desk_setup),
		cmocka_unit_test_setup(test_wild_groups, desk_setup),
		cmocka_unit_test_setup(test_more_groups_than_are_looked_at, desk_setup),
		cmocka_unit_test_setup(test_optional_devices, desk_setup),
		cmocka_unit_test_setup(test_tags, desk_setup),
		cmocka_unit_test_setup(test_tags_that_are_not_given, desk_setup),
		cmocka_unit_test_setup(test_tags_that_reach_memory, desk_setup),
		cmocka_unit_test_setup(test_mailbox_without_interrupt, desk_setup),
		cmocka_unit_test_setup(test_properties_that_are_there_twice, desk_setup),
		cmocka_unit_test_setup(test_interrupt_that_a_device_has_too, desk_setup),
		cmocka_unit_test_setup(test_too_many_devices, desk_setup),
	};

	return cmocka_run_group_tests_name("config_shared", tests, NULL, NULL);
}
