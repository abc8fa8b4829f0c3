/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration tree as a whole: its root, its console, its list of VMs. */
#include "core/config.h"

#include <libfdt.h>
#include <string.h>

#include "core/config_parts.h"
#include "core/lib/fdt_read.h"
#include "core/lib/fmt.h"

#define CONSOLE_ESCAPE_DEFAULT 0x1d /* Ctrl-] */

void config_refuse(struct vm_config *vm, struct report *r, const char *property, const char *format,
		   ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_vprint(text, sizeof(text), format, args);
	va_end(args);
	vm->refused = true;
	report_error(r, "%s: %s: %s", vm->name, property, text);
}

bool config_common_property(const char *name)
{
	static const char *const common[] = {"compatible",  "phandle", "#address-cells",
					     "#size-cells", "status",  "ranges"};

	for (unsigned int i = 0; i < ARRAY_SIZE(common); i++) {
		if (strcmp(name, common[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* -- Console ------------------------------------------------------------------------- */

static void parse_console_property(const void *fdt, int node, const char *name, struct config *c,
				   struct report *r)
{
	static const char *const known[] = {"attach", "escape", "tagged"};
	const char *text = fdt_read_string(fdt, node, name);
	uint32_t value;

	if (strcmp(name, "attach") == 0) {
		if (!text || strlen(text) >= sizeof(c->console_attach)) {
			report_error(r, "console: attach: must be the name of one VM");
			return;
		}
		fmt_print(c->console_attach, sizeof(c->console_attach), "%s", text);
	} else if (strcmp(name, "escape") == 0) {
		if (fdt_read_u32(fdt, node, name, &value) || value == 0 || value > 0x7f) {
			report_error(r, "console: escape: must be one key, <0x01> to <0x7f>");
			return;
		}
		c->console_escape = (uint8_t)value;
	} else if (strcmp(name, "tagged") == 0) {
		c->console_tagged = true;
	} else if (!config_common_property(name)) {
		const char *hint = config_hint(name, known, sizeof(known[0]), ARRAY_SIZE(known));

		report_error(r, "console: %s: no such property%s%s%s", name,
			     hint ? "; did you mean " : "", hint ? hint : "", hint ? "?" : "");
	}
}

static void parse_console(const void *fdt, int node, struct config *c, struct report *r)
{
	int property;

	fdt_for_each_property_offset (property, fdt, node) {
		const char *name;

		if (fdt_getprop_by_offset(fdt, property, &name, NULL)) {
			parse_console_property(fdt, node, name, c, r);
		}
	}
	node = fdt_first_subnode(fdt, node);
	if (node >= 0) {
		report_error(r, "console: %s: no such node", fdt_get_name(fdt, node, NULL));
	}
}

/* -- VMs ----------------------------------------------------------------------------- */

/* What is wrong with a VM's name, or NULL. */
static const char *name_fault(const struct config *c, const char *name)
{
	static const char *const taken[] = {"hypervisor", "console", "all"};

	if (name[0] == '\0' || strlen(name) >= VM_NAME_MAX) {
		return "the name of a VM has 1 to 31 characters";
	}
	for (const char *p = name; *p; p++) {
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' ||
		      *p == '-')) {
			return "the name of a VM is made of a-z, 0-9, '_' and '-'";
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(taken); i++) {
		if (strcmp(name, taken[i]) == 0) {
			return "this name has another meaning; call the VM something else";
		}
	}
	for (unsigned int i = 0; i < c->vm_count; i++) {
		if (strcmp(name, c->vms[i].name) == 0) {
			return "two VMs have this name";
		}
	}
	return NULL;
}

static void parse_node(const void *fdt, int node, struct config *c, struct report *r)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	const char *fault;
	struct vm_config *vm;

	if (strcmp(name, "console") == 0) {
		parse_console(fdt, node, c, r);
		return;
	}
	if (!fdt_read_enabled(fdt, node) || strcmp(name, "__symbols__") == 0) {
		return;
	}
	if (!fdt_read_compatible(fdt, node, "bulkhead,vm")) {
		report_error(r, "%s: compatible: a VM needs compatible = \"bulkhead,vm\"", name);
		return;
	}
	fault = name_fault(c, name);
	if (fault) {
		report_error(r, "%s: node name: %s", name, fault);
		return;
	}
	if (c->vm_count == CONFIG_VMS_MAX) {
		report_error(r, "%s: node: more than %d VMs", name, CONFIG_VMS_MAX);
		return;
	}
	vm = &c->vms[c->vm_count++];
	fmt_print(vm->name, sizeof(vm->name), "%s", name);
	config_parse_vm(fdt, node, vm, r);
}

static void parse_root_properties(const void *fdt, struct report *r)
{
	int property;

	fdt_for_each_property_offset (property, fdt, 0) {
		const char *name;

		if (fdt_getprop_by_offset(fdt, property, &name, NULL) &&
		    !config_common_property(name) && strcmp(name, "model") != 0) {
			report_error(r, "configuration: %s: no such property of the root", name);
		}
	}
}

int config_parse(const void *fdt, size_t size, struct config *c, struct report *r)
{
	/* libfdt wants 8-byte alignment; the data of a FIT image has 4. */
	static uint64_t copy[CONFIG_FDT_MAX / sizeof(uint64_t)];
	const char *wrong;
	int node;

	memset(c, 0, sizeof(*c));
	c->console_escape = CONSOLE_ESCAPE_DEFAULT;
	if (size > sizeof(copy)) {
		report_error(r, "configuration: tree of %zu bytes; at most %zu are read", size,
			     sizeof(copy));
		return -1;
	}
	memcpy(copy, fdt, size);
	wrong = fdt_read_check(copy, size);
	if (wrong) {
		report_error(r, "configuration: not a device tree: %s", wrong);
		return -1;
	}
	if (!fdt_read_compatible(copy, 0, "bulkhead,config")) {
		report_error(r, "configuration: compatible: the root needs compatible = "
				"\"bulkhead,config\"");
		return -1;
	}
	parse_root_properties(copy, r);
	fdt_for_each_subnode (node, copy, 0) {
		parse_node(copy, node, c, r);
	}
	if (c->vm_count == 0) {
		report_error(r, "configuration: no VM: no node with compatible = \"bulkhead,vm\"");
		return -1;
	}
	return 0;
}
