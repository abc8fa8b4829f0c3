/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cross-checks between VMs, board and bundle. What a VM names stays taken even
 * if that VM is refused: what the others get must not depend on a mistake elsewhere.
 */
#include <string.h>

#include "core/config_parts.h"
#include "core/guest_fdt.h"
#include "core/guest_map.h"

/* -- CPUs -------------------------------------------------------------------------------- */

/* The VM that names this CPU, among the first count. */
static const struct vm_config *cpu_owner(const struct config *c, unsigned int count,
					 unsigned int cpu)
{
	for (unsigned int i = 0; i < count; i++) {
		if (memchr(c->vms[i].cpus, (int)cpu, c->vms[i].cpu_count)) {
			return &c->vms[i];
		}
	}
	return NULL;
}

/* The first CPU is running already; another one needs a way to be started. */
static bool cpu_startable(const struct board *b, unsigned int cpu)
{
	return cpu == 0 || b->cpus[cpu].enable != CPU_ENABLE_NONE;
}

static void check_named_cpus(struct config *c, unsigned int index, const struct board *b,
			     struct report *r)
{
	struct vm_config *vm = &c->vms[index];

	for (unsigned int i = 0; i < vm->cpu_count; i++) {
		unsigned int cpu = vm->cpus[i];
		const struct vm_config *owner = cpu_owner(c, index, cpu);

		if (cpu >= b->cpu_count) {
			config_refuse(vm, r, "cpus", "CPU %u: the board has CPUs 0 to %u", cpu,
				      b->cpu_count - 1);
		} else if (!cpu_startable(b, cpu)) {
			config_refuse(vm, r, "cpus",
				      "CPU %u: has no enable-method in the board's "
				      "device tree",
				      cpu);
		}
		if (owner) {
			config_refuse(vm, r, "cpus", "CPU %u belongs to %s already", cpu,
				      owner->name);
		}
	}
}

/* Highest first, so that CPU 0, which serves the console, is left to the last. */
static void choose_cpus(struct config *c, struct vm_config *vm, const struct board *b,
			struct report *r)
{
	unsigned int chosen = 0;

	for (unsigned int cpu = b->cpu_count; cpu-- > 0 && chosen < vm->vcpus_wanted;) {
		if (cpu_startable(b, cpu) && !cpu_owner(c, c->vm_count, cpu)) {
			vm->cpus[chosen++] = (uint8_t)cpu;
			vm->cpu_count = chosen;
		}
	}
	if (chosen < vm->vcpus_wanted) {
		config_refuse(vm, r, "vcpus",
			      "%u wanted, but only %u of the board's %u CPUs are free",
			      vm->vcpus_wanted, chosen, b->cpu_count);
		vm->cpu_count = 0;
	}
}

static void check_cpus(struct config *c, const struct board *b, struct report *r)
{
	for (unsigned int i = 0; i < c->vm_count; i++) {
		check_named_cpus(c, i, b, r);
	}
	for (unsigned int i = 0; i < c->vm_count; i++) {
		struct vm_config *vm = &c->vms[i];

		if (vm->cpu_count == 0 && vm->vcpus_wanted > 0 && !vm->refused) {
			choose_cpus(c, vm, b, r);
		}
	}
}

/* -- Images ------------------------------------------------------------------------------ */

/* Returns the image's size, 0 when it is not to be had. */
static size_t check_image(struct vm_config *vm, const char *property, const char *name,
			  const struct bundle *bundle, struct report *r)
{
	struct bundle_image image;
	int error;

	if (name[0] == '\0') {
		return 0;
	}
	error = bundle_find(bundle, name, &image);
	if (error) {
		config_refuse(vm, r, property, "image \"%s\" %s", name, bundle_strerror(error));
		return 0;
	}
	if (image.size == 0) {
		config_refuse(vm, r, property, "image \"%s\" is empty", name);
	}
	return image.size;
}

static void check_images(struct vm_config *vm, const struct bundle *bundle, struct report *r)
{
	size_t kernel = check_image(vm, "kernel", vm->kernel, bundle, r);
	size_t initrd = check_image(vm, "initrd", vm->initrd, bundle, r);
	size_t dtb = check_image(vm, "dtb", vm->dtb, bundle, r);

	if (dtb > GUEST_FDT_MAX) {
		config_refuse(vm, r, "dtb", "\"%s\" has 0x%lx bytes; at most 0x%lx", vm->dtb, dtb,
			      GUEST_FDT_MAX);
	}
	/* All three go to main memory. Sizes of parts of one bundle cannot wrap. */
	if (vm->region_count > 0 && kernel + initrd + dtb > vm->regions[0].size) {
		config_refuse(vm, r, "memory",
			      "kernel, initrd and dtb take 0x%lx bytes; main "
			      "memory has 0x%lx",
			      kernel + initrd + dtb, vm->regions[0].size);
	}
	for (unsigned int i = 0; i < vm->region_count; i++) {
		const struct vm_region *region = &vm->regions[i];
		size_t size = check_image(vm, "region: image", region->image, bundle, r);

		if (size > region->size) {
			config_refuse(vm, r, "region: image",
				      "\"%s\" has 0x%lx bytes; the region at 0x%lx has 0x%lx",
				      region->image, size, region->ipa, region->size);
		}
	}
}

/* -- What a VM sees at which IPA ----------------------------------------------------------- */

/* One thing in a VM's map. */
struct claim {
	struct mem_range range;
	const char *what;
};

/* What the guest machine itself occupies; virtio slots last. */
static unsigned int machine_claims(const struct guest_map *map, struct claim claims[6])
{
	const struct claim all[] = {
		{map->gicd, "the interrupt controller (GICD)"},
		{map->gicc, "the interrupt controller (GICC)"},
		{map->gicr, "the interrupt controller (GICR)"},
		{map->uart, "the emulated UART"},
		{map->rtc, "the emulated real-time clock"},
		{map->virtio, "the virtio-mmio slots"},
	};
	unsigned int count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].range.size != 0) {
			claims[count++] = all[i];
		}
	}
	return count;
}

static void check_region_claims(struct vm_config *vm, unsigned int index,
				const struct claim *claims, unsigned int count, struct report *r)
{
	const struct vm_region *region = &vm->regions[index];

	for (unsigned int i = 0; i < count; i++) {
		if (ranges_overlap(region->ipa, region->size, claims[i].range.base,
				   claims[i].range.size)) {
			config_refuse(vm, r, "memory",
				      "region 0x%lx+0x%lx overlaps %s at 0x%lx+0x%lx", region->ipa,
				      region->size, claims[i].what, claims[i].range.base,
				      claims[i].range.size);
		}
	}
	for (unsigned int i = 0; i < index; i++) {
		const struct vm_region *other = &vm->regions[i];

		if (other->ipa != IPA_ANY &&
		    ranges_overlap(region->ipa, region->size, other->ipa, other->size)) {
			config_refuse(vm, r, "memory",
				      "region 0x%lx+0x%lx overlaps region 0x%lx+0x%lx", region->ipa,
				      region->size, other->ipa, other->size);
		}
	}
}

/* A device lies at its host address: whole pages, which may lie over virtio slots only. */
static void check_device_claims(struct vm_config *vm, const struct vm_device *d,
				struct mem_range regs, const struct claim *claims,
				unsigned int count, const struct guest_map *map, struct report *r)
{
	uint64_t base = ALIGN_DOWN(regs.base, SZ_4K);
	uint64_t size = ALIGN_UP(range_end(regs), SZ_4K) - base;

	for (unsigned int i = 0; i < count; i++) {
		if (claims[i].range.base != map->virtio.base &&
		    ranges_overlap(base, size, ALIGN_DOWN(claims[i].range.base, SZ_4K),
				   ALIGN_UP(claims[i].range.size, SZ_4K))) {
			config_refuse(vm, r, d->property,
				      "%s: 0x%lx+0x%lx overlaps %s of the guest "
				      "machine at 0x%lx",
				      d->path, base, size, claims[i].what, claims[i].range.base);
		}
	}
	for (unsigned int i = 0; i < vm->region_count; i++) {
		const struct vm_region *region = &vm->regions[i];

		if (region->ipa != IPA_ANY &&
		    ranges_overlap(base, size, region->ipa, region->size)) {
			config_refuse(vm, r, d->property,
				      "%s: 0x%lx+0x%lx overlaps memory 0x%lx+0x%lx", d->path, base,
				      size, region->ipa, region->size);
		}
	}
}

static void check_map(struct vm_config *vm, const struct board *b, struct report *r)
{
	struct guest_map map;
	struct claim claims[6];
	unsigned int count;

	guest_map_init(&map, b, vm->direct_map, MAX(vm->cpu_count, 1));
	count = machine_claims(&map, claims);
	for (unsigned int i = 0; i < vm->region_count; i++) {
		if (vm->regions[i].ipa != IPA_ANY) {
			check_region_claims(vm, i, claims, count, r);
		}
	}
	for (unsigned int i = 0; i < vm->device_count; i++) {
		const struct vm_device *d = &vm->devices[i];

		for (unsigned int j = 0; j < d->reg_count; j++) {
			check_device_claims(vm, d, d->regs[j], claims, count, &map, r);
		}
	}
}

static void check_load(struct vm_config *vm, struct report *r)
{
	for (unsigned int i = 0; i < vm->region_count; i++) {
		const struct vm_region *region = &vm->regions[i];

		if (region->ipa == IPA_ANY ||
		    range_within(vm->load_ipa, 1, region->ipa, region->size)) {
			return;
		}
	}
	config_refuse(vm, r, "load", "0x%lx is not in the VM's memory", vm->load_ipa);
}

/* -- The whole ----------------------------------------------------------------------------- */

static void check_console(struct config *c, struct report *r)
{
	for (unsigned int i = 0; i < c->vm_count; i++) {
		if (strcmp(c->console_attach, c->vms[i].name) == 0) {
			return;
		}
	}
	if (c->console_attach[0] && strcmp(c->console_attach, "hypervisor") != 0 &&
	    strcmp(c->console_attach, "all") != 0) {
		report_error(r, "console: attach: no VM is called \"%s\"", c->console_attach);
		c->console_attach[0] = '\0';
	}
}

/* Management is for one VM. */
static void check_manager(struct config *c, struct report *r)
{
	const struct vm_config *first = NULL;

	for (unsigned int i = 0; i < c->vm_count; i++) {
		if (!c->vms[i].manager) {
			continue;
		}
		if (first) {
			config_refuse(&c->vms[i], r, "manager",
				      "%s is the manager already; there "
				      "is one",
				      first->name);
		} else {
			first = &c->vms[i];
		}
	}
}

void config_check(struct config *c, const struct board *b, const struct bundle *bundle,
		  struct report *r)
{
	check_console(c, r);
	check_manager(c, r);
	check_cpus(c, b, r);
	config_check_devices(c, b, r);
	for (unsigned int i = 0; i < c->vm_count; i++) {
		struct vm_config *vm = &c->vms[i];

		check_images(vm, bundle, r);
		check_map(vm, b, r);
		if (vm->load_ipa != UINT64_MAX) {
			check_load(vm, r);
		}
	}
}
