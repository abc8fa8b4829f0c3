/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as a whole: its root, its console, its list of VMs. */
#include "tests/unit/desk.h"

static void parse(void)
{
	assert_int_equal(desk_parse_config(), 0);
}

static void assert_config_refused(const char *line)
{
	assert_int_equal(desk_parse_config(), -1);
	assert_one_finding(line);
}

static void test_symbols_of_dtc_are_no_vm(void **state)
{
	(void)state;
	tree_add_node(&config_tree, "/", "__symbols__");
	parse();
	assert_no_finding();
	assert_int_equal(config.vm_count, 2);
}

static void test_names_that_cannot_be(void **state)
{
	static const struct {
		const char *name, *finding;
	} cases[] = {
		{"Small", "Small: node name: the name of a VM is made of a-z, 0-9, '_' and '-'"},
		{"vm@0", "vm@0: node name: the name of a VM is made of a-z, 0-9, '_' and '-'"},
		{"all", "all: node name: this name has another meaning; call the VM something "
			"else"},
		{"hypervisor", "hypervisor: node name: this name has another meaning; call the VM "
			       "something else"},
		{"abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012345: node name: "
						     "the name of a VM has 1 to 31 characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		desk_setup(NULL);
		assert_int_equal(fdt_set_name(&config_tree, tree_node(&config_tree, "/small"),
					      cases[i].name),
				 0);
		parse();
		assert_one_finding(cases[i].finding);
		assert_int_equal(config.vm_count, 1);
	}
}

static void test_name_twice(void **state)
{
	int node;

	(void)state;
	tree_add_node(&config_tree, "/", "smaXX");
	tree_set_string(&config_tree, "/smaXX", "compatible", "bulkhead,vm");
	node = tree_node(&config_tree, "/smaXX");
	memcpy((char *)(uintptr_t)fdt_get_name(&config_tree, node, NULL), "small", 6);
	parse();
	assert_finding("small: node name: two VMs have this name");
}

static void test_vm_without_compatible(void **state)
{
	(void)state;
	tree_delete(&config_tree, "/small", "compatible");
	parse();
	assert_one_finding("small: compatible: a VM needs compatible = \"bulkhead,vm\"");
}

static void test_more_vms_than_the_table(void **state)
{
	char name[] = "a", path[] = "/a";

	(void)state;
	for (unsigned int i = 0; i < CONFIG_VMS_MAX - 1; i++) {
		name[0] = path[1] = (char)('p' - i);
		tree_add_node(&config_tree, "/", name);
		tree_set_string(&config_tree, path, "compatible", "bulkhead,vm");
		tree_set_string(&config_tree, path, "kernel", "kernel.bin");
		TREE_CELLS(&config_tree, path, "memory", 0, 0x10000);
	}
	parse();
	assert_one_finding("small: node: more than 16 VMs");
	assert_int_equal(config.vm_count, CONFIG_VMS_MAX);
}

static void test_no_vm(void **state)
{
	(void)state;
	tree_delete_node(&config_tree, "/big");
	tree_delete_node(&config_tree, "/small");
	assert_config_refused("configuration: no VM: no node with compatible = \"bulkhead,vm\"");
}

static void test_root_that_is_something_else(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/", "compatible", "linux,dummy-virt");
	assert_config_refused(
		"configuration: compatible: the root needs compatible = \"bulkhead,config\"");
}

static void test_unknown_property_of_the_root(void **state)
{
	(void)state;
	tree_set_string(&config_tree, "/", "colour", "red");
	parse();
	assert_one_finding("configuration: colour: no such property of the root");
}

static void test_console_that_cannot_be(void **state)
{
	(void)state;
	tree_set(&config_tree, "/console", "attach", "", 0);
	parse();
	assert_one_finding("console: attach: must be the name of one VM");
	tree_set_string(&config_tree, "/console", "attach", "abcdefghijklmnopqrstuvwxyz012345");
	parse();
	assert_one_finding("console: attach: must be the name of one VM");
	tree_set_string(&config_tree, "/console", "attach", "big");
	TREE_CELLS(&config_tree, "/console", "escape", 0x80);
	parse();
	assert_one_finding("console: escape: must be one key, <0x01> to <0x7f>");
	assert_int_equal(config.console_escape, 0x1d);
	TREE_CELLS(&config_tree, "/console", "escape", 2);
	tree_set(&config_tree, "/console", "taged", "", 0);
	parse();
	assert_one_finding("console: taged: no such property; did you mean tagged?");
	tree_delete(&config_tree, "/console", "taged");
	tree_set(&config_tree, "/console", "tagged", "", 0);
	tree_add_node(&config_tree, "/console", "x");
	parse();
	assert_one_finding("console: x: no such node");
	assert_true(config.console_tagged);
}

static void test_tree_that_is_too_large(void **state)
{
	static uint8_t large[CONFIG_FDT_MAX + 1];

	(void)state;
	assert_int_equal(config_parse(large, sizeof(large), &config, &findings.report), -1);
	assert_one_finding("configuration: tree of 65537 bytes; at most 65536 are read");
}

static void test_tree_that_is_none(void **state)
{
	(void)state;
	assert_int_equal(config_parse("no tree", 8, &config, &findings.report), -1);
	assert_one_finding("configuration: not a device tree: FDT_ERR_TRUNCATED");
}

static void test_tree_of_any_alignment(void **state)
{
	static uint8_t moved[SZ_64K];
	size_t size;

	(void)state;
	assert_int_equal(fdt_pack(&config_tree), 0);
	size = fdt_totalsize(&config_tree);
	memcpy(moved + 1, &config_tree, size);
	assert_int_equal(config_parse(moved + 1, size, &config, &findings.report), 0);
	assert_no_finding();
}

static void test_tree_cut_at_every_byte(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(fdt_pack(&config_tree), 0);
	size = fdt_totalsize(&config_tree);
	for (size_t kept = 0; kept < size; kept++) {
		uint8_t *part = malloc(kept ? kept : 1);

		memcpy(part, &config_tree, kept);
		assert_int_equal(config_parse(part, kept, &config, &findings.report), -1);
		assert_int_equal(findings.report.error_count, 1);
		findings_clear();
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_symbols_of_dtc_are_no_vm, desk_setup),
		cmocka_unit_test_setup(test_names_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_name_twice, desk_setup),
		cmocka_unit_test_setup(test_vm_without_compatible, desk_setup),
		cmocka_unit_test_setup(test_more_vms_than_the_table, desk_setup),
		cmocka_unit_test_setup(test_no_vm, desk_setup),
		cmocka_unit_test_setup(test_root_that_is_something_else, desk_setup),
		cmocka_unit_test_setup(test_unknown_property_of_the_root, desk_setup),
		cmocka_unit_test_setup(test_console_that_cannot_be, desk_setup),
		cmocka_unit_test_setup(test_tree_that_is_too_large, desk_setup),
		cmocka_unit_test_setup(test_tree_that_is_none, desk_setup),
		cmocka_unit_test_setup(test_tree_of_any_alignment, desk_setup),
		cmocka_unit_test_setup(test_tree_cut_at_every_byte, desk_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
