/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a VM's memory: scrubs it, checks hashes, copies images, makes the device tree. */
#include <string.h>

#include <libfdt.h>

#include "core/arch.h"
#include "core/guest_fdt.h"
#include "core/image.h"
#include "core/log.h"
#include "core/vm.h"

/* Bytes zeroed, and copied, between two looks at what else waits for this CPU. */
#define SCRUB_STEP (4 * SZ_64K)
#define COPY_STEP  SZ_64K

static const struct bundle *bundle;
static const struct board *board;

/* Where things are put in main RAM. */
struct layout {
	struct image_plan plan;
	struct bundle_image kernel;
	struct bundle_image initrd;
	struct image_layout at;
};

void load_init(const struct bundle *the_bundle, const struct board *the_board)
{
	bundle = the_bundle;
	board = the_board;
}

static void scrub(void *va, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += SCRUB_STEP) {
		arch_zero((uint8_t *)va + at, MIN(SCRUB_STEP, size - at));
		arch_poll();
	}
}

static void copy(uint8_t *to, const uint8_t *from, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += COPY_STEP) {
		if (at > 0) { /* what is short may be copied under a lock (load_tree()) */
			arch_poll();
		}
		memcpy(to + at, from + at, MIN(COPY_STEP, size - at));
		arch_clean_poc(to + at, MIN(COPY_STEP, size - at));
	}
}

void load_scrub(struct vm *vm)
{
	vm->is_scrubbed = true;
	for (unsigned int i = 0; i < vm->config->region_count; i++) {
		const struct vm_region *m = &vm->config->regions[i];
		void *va = arch_map((paddr_t){m->pa}, m->size);

		if (!va) {
			log_error("%s: memory 0x%lx cannot be scrubbed", vm->config->name, m->ipa);
			vm->is_scrubbed = false;
			continue;
		}
		scrub(va, m->size);
		arch_unmap(va, m->size);
	}
}

/* Copy to guest memory that load_vm() has mapped. Returns -1 when it is not all in one region. */
static int copy_in(const struct vm *vm, uint64_t ipa, const void *data, uint64_t size)
{
	for (unsigned int i = 0; i < vm->config->region_count; i++) {
		const struct vm_region *m = &vm->config->regions[i];

		if (range_within(ipa, size, m->ipa, m->size)) {
			uint8_t *to = arch_map((paddr_t){m->pa}, m->size);

			if (!to) {
				return -1;
			}
			copy(to + (ipa - m->ipa), data, size);
			arch_unmap(to, m->size);
			return 0;
		}
	}
	return -1;
}

static int find_image(struct vm *vm, const char *property, const char *name,
		      struct bundle_image *image, struct report *r)
{
	if (bundle_find(bundle, name, image) != 0) {
		report_error(r, "%s: %s: \"%s\" is not in the bundle", vm->config->name, property,
			     name);
		return -1;
	}
	/* the bundle is the hypervisor's own memory: what was right once stays right */
	if (!vm->images_checked && !bundle_image_intact(image)) {
		report_error(r, "%s: %s: \"%s\" is damaged: its SHA-256 is not the bundle's",
			     vm->config->name, property, name);
		return -1;
	}
	return 0;
}

static int copy_kernel(struct vm *vm, const struct layout *l, struct report *r)
{
	for (unsigned int i = 0; i < l->plan.segment_count; i++) {
		const struct image_segment *s = &l->plan.segments[i];

		if (copy_in(vm, s->ipa, (const uint8_t *)l->kernel.data + s->offset,
			    s->file_size) != 0) {
			report_error(r, "%s: kernel: segment 0x%lx+0x%lx lies outside its memory",
				     vm->config->name, s->ipa, s->mem_size);
			return -1;
		}
	}
	return 0;
}

static int copy_regions(struct vm *vm, struct report *r)
{
	for (unsigned int i = 0; i < vm->config->region_count; i++) {
		const struct vm_region *m = &vm->config->regions[i];
		struct bundle_image image;

		if (!m->image[0]) {
			continue;
		}
		if (find_image(vm, "image", m->image, &image, r) != 0 || image.size > m->size ||
		    copy_in(vm, m->ipa, image.data, image.size) != 0) {
			report_error(r, "%s: region 0x%lx: image \"%s\" does not fit",
				     vm->config->name, m->ipa, m->image);
			return -1;
		}
	}
	return 0;
}

static int load_tree(struct vm *vm, const struct layout *l, struct report *r)
{
	/* one VM's tree at a time; loading is the only user */
	static uint8_t buffer[GUEST_FDT_MAX] __attribute__((aligned(8)));
	static struct spinlock lock;
	struct guest_fdt_input in = {.vm = vm->config,
				     .board = board,
				     .map = &vm->map,
				     .initrd_start = l->at.initrd,
				     .initrd_end = l->at.initrd + l->initrd.size};
	struct bundle_image own;
	int size;

	if (vm->config->dtb[0]) {
		if (find_image(vm, "dtb", vm->config->dtb, &own, r) != 0) {
			return -1;
		}
		if (own.size > GUEST_FDT_MAX) {
			report_error(r, "%s: dtb: larger than 0x%lx bytes", vm->config->name,
				     GUEST_FDT_MAX);
			return -1;
		}
		return copy_in(vm, l->at.dtb, own.data, own.size);
	}
	spin_lock(&lock);
	size = guest_fdt_build(&in, buffer, sizeof(buffer), r);
	if (size >= 0) {
		size = copy_in(vm, l->at.dtb, buffer, (uint64_t)size);
	}
	spin_unlock(&lock);
	return size < 0 ? -1 : 0;
}

static int plan(struct vm *vm, struct layout *l, struct report *r)
{
	const struct vm_config *c = vm->config;
	const struct vm_region *ram = &c->regions[0];

	*l = (struct layout){.initrd = {.size = 0}};
	if (find_image(vm, "kernel", c->kernel, &l->kernel, r) != 0 ||
	    (c->initrd[0] && find_image(vm, "initrd", c->initrd, &l->initrd, r) != 0) ||
	    image_plan(l->kernel.data, l->kernel.size, ram->ipa, ram->size, c->load_ipa, c->name,
		       &l->plan, r) != 0) {
		return -1;
	}
	return image_layout(&l->plan, c, l->initrd.size, &l->at, r);
}

int load_vm(struct vm *vm, uint64_t *entry, uint64_t *x0, struct report *r)
{
	struct layout l;

	if (plan(vm, &l, r) != 0) {
		return -1;
	}
	/* once more after the last stop only where a device may have written meanwhile */
	if (!vm->is_scrubbed || vm->config->device_count > 0) {
		load_scrub(vm);
	}
	vm->is_scrubbed = false;
	if (copy_regions(vm, r) != 0 || copy_kernel(vm, &l, r) != 0 ||
	    (l.initrd.size && copy_in(vm, l.at.initrd, l.initrd.data, l.initrd.size) != 0) ||
	    load_tree(vm, &l, r) != 0) {
		return -1;
	}
	vm->images_checked = true;
	*entry = l.plan.entry;
	*x0 = l.at.dtb;
	return 0;
}
