/* SPDX-License-Identifier: Apache-2.0 */
/* One VM's node: a table of its properties, and its region@ subnodes. */
#include <libfdt.h>
#include <string.h>

#include "core/config_parts.h"
#include "core/lib/fdt_read.h"
#include "core/lib/fmt.h"

#define RESTART_LIMIT_DEFAULT      5
#define RESTART_BACKOFF_DEFAULT_MS 100
#define RESTART_BACKOFF_MAX_MS     60000
#define RAM_SIZE_MIN               SZ_64K

typedef void property_reader(struct vm_config *vm, const struct config_value *v, struct report *r);

/* -- Kinds of values ------------------------------------------------------------------- */

static void read_text(struct vm_config *vm, const struct config_value *v, char *to, size_t size,
		      const char *what, struct report *r)
{
	const char *text = v->data;

	/* One string: its NUL is the last byte, and there is no other. */
	if (v->length < 2 || memchr(text, '\0', (size_t)v->length) != text + v->length - 1) {
		config_refuse(vm, r, v->name, "must be %s", what);
	} else if ((size_t)v->length > size) {
		config_refuse(vm, r, v->name, "%d characters; at most %zu fit", v->length - 1,
			      size - 1);
	} else {
		fmt_print(to, size, "%s", text);
	}
}

static void read_file(struct vm_config *vm, const struct config_value *v, char *to,
		      struct report *r)
{
	read_text(vm, v, to, VM_IMAGE_NAME_MAX, "one file name, as in \"zephyr.elf\"", r);
}

static uint32_t read_number(struct vm_config *vm, const struct config_value *v, uint32_t min,
			    uint32_t max, struct report *r)
{
	uint32_t number = (uint32_t)(v->length == 4 ? fdt_read_cells(v->data, 1) : 0);

	if (v->length != 4) {
		config_refuse(vm, r, v->name, "must be one number, as in <%u>", min);
		return min;
	}
	if (number < min || number > max) {
		config_refuse(vm, r, v->name, "%u is out of range; %u to %u", number, min, max);
		return min;
	}
	return number;
}

static bool read_flag(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	if (v->length != 0) {
		config_refuse(vm, r, v->name, "takes no value: write \"%s;\"", v->name);
	}
	return true;
}

/* -- Memory ---------------------------------------------------------------------------- */

/* The checks of a range that need nothing but the range. */
static bool range_sound(struct vm_config *vm, const char *property, uint64_t ipa, uint64_t size,
			struct report *r)
{
	if (size == 0) {
		config_refuse(vm, r, property, "0x%lx+0x0 is empty", ipa);
	} else if (!IS_ALIGNED(ipa, SZ_4K) || !IS_ALIGNED(size, SZ_4K)) {
		config_refuse(vm, r, property, "0x%lx+0x%lx is not of whole 4 KiB pages", ipa,
			      size);
	} else if (!range_within(ipa, size, 0, VM_IPA_LIMIT)) {
		config_refuse(vm, r, property,
			      "0x%lx+0x%lx ends above 0x%lx (several pairs need /bits/ 64)", ipa,
			      size, VM_IPA_LIMIT);
	} else {
		return true;
	}
	return false;
}

static void add_region(struct vm_config *vm, const char *property, uint64_t ipa, uint64_t size,
		       struct report *r)
{
	if (!range_sound(vm, property, ipa, size, r)) {
		return;
	}
	if (vm->region_count == VM_REGIONS_MAX) {
		config_refuse(vm, r, property, "more than %d regions", VM_REGIONS_MAX);
		return;
	}
	vm->regions[vm->region_count++] =
		(struct vm_region){.ipa = ipa, .size = size, .pa = PA_ANY};
}

/* The one rule for ranges: pairs of 64-bit numbers, or a single pair of 32-bit ones. */
static bool pairs_sound(struct vm_config *vm, const struct config_value *v, const char *property,
			struct report *r)
{
	if (v->length == 8 || (v->length > 0 && v->length % 16 == 0)) {
		return true;
	}
	config_refuse(vm, r, property,
		      "%d bytes; write <address size>, or /bits/ 64 <address size ...> for several",
		      v->length);
	return false;
}

static void read_memory(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	unsigned int cells = v->length == 8 ? 1 : 2;
	const uint8_t *data = v->data;

	if (!pairs_sound(vm, v, v->name, r)) {
		return;
	}
	for (int at = 0; at < v->length && vm->region_count < VM_REGIONS_MAX;
	     at += (int)cells * 8) {
		add_region(vm, v->name, fdt_read_cells(data + at, cells),
			   fdt_read_cells(data + at + cells * 4, cells), r);
	}
	if (v->length / (int)(cells * 8) > VM_REGIONS_MAX) {
		config_refuse(vm, r, v->name, "more than %d regions", VM_REGIONS_MAX);
	}
	if (vm->region_count > 0 && vm->regions[0].size < RAM_SIZE_MIN) {
		config_refuse(vm, r, v->name, "main memory of 0x%lx bytes; at least 0x%lx",
			      vm->regions[0].size, RAM_SIZE_MIN);
	}
}

/* -- The properties -------------------------------------------------------------------- */

static void read_kernel(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	read_file(vm, v, vm->kernel, r);
}

static void read_initrd(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	read_file(vm, v, vm->initrd, r);
}

static void read_dtb(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	read_file(vm, v, vm->dtb, r);
}

static void read_bootargs(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	if (v->length != 1) { /* bootargs = "" is fine */
		read_text(vm, v, vm->bootargs, VM_BOOTARGS_MAX, "one string", r);
	}
}

static void read_load(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	if (fdt_read_u64(v->fdt, v->node, v->name, &vm->load_ipa)) {
		config_refuse(vm, r, v->name, "must be one address, of 32 or 64 bits");
	} else if (!IS_ALIGNED(vm->load_ipa, 8) || vm->load_ipa >= VM_IPA_LIMIT) {
		config_refuse(vm, r, v->name, "0x%lx must be 8-byte aligned and below 0x%lx",
			      vm->load_ipa, VM_IPA_LIMIT);
	}
}

static void read_cpus(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	const uint8_t *cells = v->data;
	unsigned int count = (unsigned int)v->length / 4;

	if (count == 0 || v->length % 4 != 0 || count > VM_VCPUS_MAX) {
		config_refuse(vm, r, v->name, "must be 1 to %d CPU numbers, as in <1 2>",
			      VM_VCPUS_MAX);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		uint32_t cpu = (uint32_t)fdt_read_cells(cells + i * 4, 1);

		if (cpu >= BOARD_CPUS_MAX) {
			config_refuse(vm, r, v->name, "CPU %u; the highest possible is %d", cpu,
				      BOARD_CPUS_MAX - 1);
			return;
		}
		if (memchr(vm->cpus, (int)cpu, vm->cpu_count)) {
			config_refuse(vm, r, v->name, "CPU %u is named twice", cpu);
			return;
		}
		vm->cpus[vm->cpu_count++] = (uint8_t)cpu;
	}
}

static void read_vcpus(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->vcpus_wanted = read_number(vm, v, 1, VM_VCPUS_MAX, r);
}

static void read_device_list(struct vm_config *vm, const struct config_value *v,
			     enum device_access access, struct report *r)
{
	int count = fdt_stringlist_count(v->fdt, v->node, v->name);

	if (count <= 0) {
		config_refuse(vm, r, v->name, "must be paths of the board's tree: \"/soc/i2c@0\"");
		return;
	}
	for (int i = 0; i < count; i++) {
		int length;
		const char *path = fdt_stringlist_get(v->fdt, v->node, v->name, i, &length);
		struct vm_device *device = &vm->devices[vm->device_count];

		if (vm->device_count == VM_DEVICES_MAX) {
			config_refuse(vm, r, v->name, "%u devices; at most %d",
				      vm->device_count + (unsigned int)(count - i), VM_DEVICES_MAX);
			return;
		}
		if (!path || length == 0 || (size_t)length >= sizeof(device->path)) {
			config_refuse(vm, r, v->name, "path %d is empty or longer than %zu", i + 1,
				      sizeof(device->path) - 1);
			return;
		}
		device->node = -1;
		device->access = access;
		device->property = v->name;
		fmt_print(device->path, sizeof(device->path), "%s", path);
		vm->device_count++;
	}
}

static void read_devices(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	read_device_list(vm, v, DEVICE_MAPPED, r);
}

static void read_optional_devices(struct vm_config *vm, const struct config_value *v,
				  struct report *r)
{
	unsigned int first = vm->device_count;

	read_device_list(vm, v, DEVICE_MAPPED, r);
	for (unsigned int i = first; i < vm->device_count; i++) {
		vm->devices[i].optional = true;
	}
}

static void read_filtered_devices(struct vm_config *vm, const struct config_value *v,
				  struct report *r)
{
	read_device_list(vm, v, DEVICE_FILTERED, r);
}

static void read_restart(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	/* In the order of enum restart_policy. */
	static const char *const words[] = {"never", "on-failure", "always"};
	char word[16] = "";

	read_text(vm, v, word, sizeof(word), "\"never\", \"on-failure\" or \"always\"", r);
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			vm->restart = (enum restart_policy)i;
			return;
		}
	}
	if (word[0]) {
		config_refuse(vm, r, v->name,
			      "\"%s\"; must be \"never\", \"on-failure\" or \"always\"", word);
	}
}

static void read_restart_limit(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->restart_limit = read_number(vm, v, 0, 1000000, r);
}

static void read_restart_backoff(struct vm_config *vm, const struct config_value *v,
				 struct report *r)
{
	vm->restart_backoff_ms = read_number(vm, v, 1, RESTART_BACKOFF_MAX_MS, r);
}

static void read_direct_map(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->direct_map = read_flag(vm, v, r);
}

static void read_manager(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->manager = read_flag(vm, v, r);
}

static void read_no_dma(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->no_dma = read_flag(vm, v, r);
}

static void read_trust_dma(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	vm->trust_dma = read_flag(vm, v, r);
}

/* Sorted as in the binding; config_hint() relies on the name coming first. */
static const struct property {
	const char *name;
	property_reader *read;
} properties[] = {
	{"kernel", read_kernel},
	{"memory", read_memory},
	{"cpus", read_cpus},
	{"vcpus", read_vcpus},
	{"initrd", read_initrd},
	{"bootargs", read_bootargs},
	{"dtb", read_dtb},
	{"load", read_load},
	{"direct-map", read_direct_map},
	{"devices", read_devices},
	{"optional-devices", read_optional_devices},
	{"filtered-devices", read_filtered_devices},
	{"gpio-lines", config_read_gpio_lines},
	{"mailbox-tags", config_read_mailbox_tags},
	{"no-dma", read_no_dma},
	{"trust-dma", read_trust_dma},
	{"manager", read_manager},
	{"restart", read_restart},
	{"restart-limit", read_restart_limit},
	{"restart-backoff-ms", read_restart_backoff},
};

static void read_property(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	const char *hint;

	for (unsigned int i = 0; i < ARRAY_SIZE(properties); i++) {
		if (strcmp(v->name, properties[i].name) == 0) {
			properties[i].read(vm, v, r);
			return;
		}
	}
	if (config_common_property(v->name)) {
		return;
	}
	hint = config_hint(v->name, properties, sizeof(properties[0]), ARRAY_SIZE(properties));
	config_refuse(vm, r, v->name, "no such property%s%s%s", hint ? "; did you mean " : "",
		      hint ? hint : "", hint ? "?" : "");
}

/* -- region@ subnodes -------------------------------------------------------------------- */

static void read_region_property(struct vm_config *vm, struct vm_region *region,
				 const struct config_value *v, struct report *r)
{
	static const char *const known[] = {"reg", "image", "read-only"};
	const char *hint;
	char property[80];
	struct config_value named = *v;

	fmt_print(property, sizeof(property), "%s: %s", fdt_get_name(v->fdt, v->node, NULL),
		  v->name);
	named.name = property;
	if (strcmp(v->name, "image") == 0) {
		read_file(vm, &named, region->image, r);
	} else if (strcmp(v->name, "read-only") == 0) {
		region->read_only = read_flag(vm, &named, r);
	} else if (strcmp(v->name, "reg") != 0 && !config_common_property(v->name)) {
		hint = config_hint(v->name, known, sizeof(known[0]), ARRAY_SIZE(known));
		config_refuse(vm, r, property, "no such property%s%s%s",
			      hint ? "; did you mean " : "", hint ? hint : "", hint ? "?" : "");
	}
}

/* reg of a region: one pair. Returns the region that was added, or NULL. */
static struct vm_region *read_region_reg(struct vm_config *vm, const void *fdt, int node,
					 struct report *r)
{
	unsigned int before = vm->region_count, cells;
	struct config_value v = {.fdt = fdt, .node = node, .name = "reg"};
	const char *name = fdt_get_name(fdt, node, NULL);
	char property[80];

	fmt_print(property, sizeof(property), "%s: reg", name);
	v.data = fdt_getprop(fdt, node, "reg", &v.length);
	if (!v.data || (v.length != 8 && v.length != 16)) {
		config_refuse(vm, r, property, "must be one /bits/ 64 <address size>");
		return NULL;
	}
	cells = (unsigned int)v.length / 8;
	add_region(vm, property, fdt_read_cells(v.data, cells),
		   fdt_read_cells((const uint8_t *)v.data + cells * 4, cells), r);
	return vm->region_count > before ? &vm->regions[before] : NULL;
}

static void parse_region(struct vm_config *vm, const void *fdt, int node, struct report *r)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	struct vm_region *region;
	char unit[32];
	int property;

	if (strncmp(name, "region@", 7) != 0) {
		config_refuse(vm, r, name, "no such node; a VM may have region@ADDRESS");
		return;
	}
	region = read_region_reg(vm, fdt, node, r);
	if (!region) {
		return;
	}
	fmt_print(unit, sizeof(unit), "region@%lx", region->ipa);
	if (strcmp(name, unit) != 0) {
		config_refuse(vm, r, name, "its reg begins at 0x%lx: call it %s", region->ipa,
			      unit);
	}
	fdt_for_each_property_offset (property, fdt, node) {
		struct config_value v = {.fdt = fdt, .node = node};

		v.data = fdt_getprop_by_offset(fdt, property, &v.name, &v.length);
		if (v.data) {
			read_region_property(vm, region, &v, r);
		}
	}
}

/* -- The node ------------------------------------------------------------------------------ */

/* What depends on more than one property. */
static void finish(struct vm_config *vm, struct report *r)
{
	if (vm->cpu_count > 0 && vm->vcpus_wanted > 0) {
		config_refuse(vm, r, "vcpus", "cpus says which and how many already: give one");
	}
	if (vm->cpu_count == 0 && vm->vcpus_wanted == 0) {
		vm->vcpus_wanted = 1;
	}
	if (vm->dtb[0] && vm->bootargs[0]) {
		config_refuse(vm, r, "bootargs", "has no place, as dtb gives a tree of its own");
	}
	for (unsigned int i = 0; i < vm->region_count && vm->direct_map; i++) {
		struct vm_region *region = &vm->regions[i];

		if (region->ipa == 0) {
			region->ipa = IPA_ANY;
		} else {
			region->pa = region->ipa;
		}
	}
}

void config_parse_vm(const void *fdt, int node, struct vm_config *vm, struct report *r)
{
	int property, child;

	vm->node = node;
	vm->load_ipa = UINT64_MAX;
	vm->restart_limit = RESTART_LIMIT_DEFAULT;
	vm->restart_backoff_ms = RESTART_BACKOFF_DEFAULT_MS;
	fdt_for_each_property_offset (property, fdt, node) {
		struct config_value v = {.fdt = fdt, .node = node};

		v.data = fdt_getprop_by_offset(fdt, property, &v.name, &v.length);
		if (v.data) {
			read_property(vm, &v, r);
		}
	}
	if (!fdt_getprop(fdt, node, "kernel", NULL)) {
		config_refuse(vm, r, "kernel", "missing: give the file name of its image");
	}
	if (!fdt_getprop(fdt, node, "memory", NULL)) {
		config_refuse(vm, r, "memory", "missing: give <address size> of its main memory");
	}
	if (vm->region_count == 0) {
		return; /* main memory comes first; said already what is wrong with it */
	}
	fdt_for_each_subnode (child, fdt, node) {
		parse_region(vm, fdt, child, r);
	}
	finish(vm, r);
}
