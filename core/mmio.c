/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mmio.h"

#include "core/panic.h"
#include "core/vm.h"

void mmio_add(struct vm *vm, uint64_t base, uint64_t size, mmio_access *access, void *device)
{
	ASSERT(vm->frame_count < MMIO_FRAMES_MAX && size <= UINT32_MAX);
	vm->frames[vm->frame_count++] = (struct mmio_frame){base, size, access, device};
}

const struct mmio_frame *mmio_find(const struct vm *vm, uint64_t ipa)
{
	for (unsigned int i = 0; i < vm->frame_count; i++) {
		if (ipa - vm->frames[i].base < vm->frames[i].size) {
			return &vm->frames[i];
		}
	}
	return NULL;
}

uint64_t mmio_table_access(const struct mmio_reg *table, size_t count, void *device,
			   struct mmio_op op, uint64_t value)
{
	for (size_t i = 0; i < count; i++) {
		const struct mmio_reg *r = &table[i];

		if (op.offset - r->offset >= r->length) {
			continue;
		}
		if (!(r->widths & op.size)) {
			return 0;
		}
		if (!op.write) {
			return r->read ? r->read(device, op.offset) : 0;
		}
		if (r->write) {
			r->write(device, op.offset, value);
		}
		return 0;
	}
	return 0;
}
