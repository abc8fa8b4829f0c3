/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mmio.h"

#include "core/panic.h"

void mmio_add(struct mmio_map *map, uint64_t base, uint64_t size, mmio_access *access, void *device)
{
	ASSERT(map->count < MMIO_FRAMES_MAX && size > 0 && size <= UINT32_MAX);
	map->frames[map->count++] = (struct mmio_frame){base, size, access, device};
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
