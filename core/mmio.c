/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mmio.h"

#include "core/panic.h"
#include "core/vm.h"

void mmio_add(struct vm *vm, uint64_t base, uint64_t size,
	      void (*access)(struct vcpu *v, void *device, struct mmio_access *a), void *device)
{
	ASSERT(vm->frame_count < MMIO_FRAMES_MAX);
	vm->frames[vm->frame_count++] = (struct mmio_frame){base, size, access, device};
}

static const struct mmio_frame *find(const struct vm *vm, uint64_t ipa)
{
	for (unsigned int i = 0; i < vm->frame_count; i++) {
		if (ipa - vm->frames[i].base < vm->frames[i].size) {
			return &vm->frames[i];
		}
	}
	return NULL;
}

bool mmio_is_emulated(const struct vm *vm, uint64_t ipa)
{
	return find(vm, ipa) != NULL;
}

bool mmio_dispatch(struct vcpu *v, uint64_t ipa, struct mmio_access *a)
{
	const struct mmio_frame *f = find(v->vm, ipa);

	if (!f) {
		return false;
	}
	a->offset = ipa - f->base;
	if (a->offset & (a->size - 1U)) {
		a->value = 0; /* misaligned device access: RAZ/WI */
		return true;
	}
	f->access(v, f->device, a);
	return true;
}

void mmio_table_access(const struct mmio_reg *table, size_t count, void *device,
		       struct mmio_access *a)
{
	uint64_t value = a->value;

	a->value = 0;
	for (size_t i = 0; i < count; i++) {
		const struct mmio_reg *r = &table[i];

		if (a->offset - r->offset >= r->length) {
			continue;
		}
		if (!(r->widths & a->size)) {
			return;
		}
		if (a->write && r->write) {
			r->write(device, (uint32_t)a->offset, value);
		} else if (!a->write && r->read) {
			a->value = r->read(device, (uint32_t)a->offset);
		}
		return;
	}
}
