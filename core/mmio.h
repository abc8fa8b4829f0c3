/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated registers: a trapped access is looked up in the VM's list of frames,
 * then in the device's own table of registers.
 */
#ifndef CORE_MMIO_H
#define CORE_MMIO_H

#include "core/lib/types.h"

#define MMIO_FRAMES_MAX 30

struct vcpu;

/* One access: small enough for a register. */
struct mmio_op {
	uint64_t offset : 32; /* in the frame, naturally aligned to size */
	bool write : 1;
	uint64_t size : 8; /* bytes: 1, 2, 4 or 8 */
};

/* Carry out an access of v. value: what is written. Returns what is read; of a write, anything. */
typedef uint64_t mmio_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value);

struct mmio_frame {
	uint64_t base; /* IPA */
	uint64_t size;
	mmio_access *access;
	void *device;
};

/* The emulated frames of a VM; the one after the last has no size. */
struct mmio_map {
	struct mmio_frame frames[MMIO_FRAMES_MAX + 1];
	unsigned int count;
};

/* A register of a device whose registers are 32 bits wide. */
struct mmio_reg {
	uint16_t offset;
	uint16_t length; /* bytes; a bank of equal registers is one entry */
	uint8_t widths;  /* access sizes allowed, OR of 1, 2, 4, 8; others are RAZ/WI */
	uint64_t (*read)(void *device, uint32_t offset);              /* NULL: reads zero */
	void (*write)(void *device, uint32_t offset, uint64_t value); /* NULL: ignored */
};

/* Hottest frames first: they are searched in this order. */
void mmio_add(struct mmio_map *map, uint64_t base, uint64_t size, mmio_access *access,
	      void *device);

/* The emulated frame at an IPA, or NULL. */
static inline const struct mmio_frame *mmio_find(const struct mmio_map *map, uint64_t ipa)
{
	const struct mmio_frame *f = map->frames;

	while (ipa - f->base >= f->size) {
		if (f->size == 0) {
			return NULL;
		}
		f++;
	}
	return f;
}

/* An access to a frame: one that is not aligned to its size is RAZ/WI. */
static inline uint64_t mmio_dispatch(const struct mmio_frame *f, struct vcpu *v, struct mmio_op op,
				     uint64_t value)
{
	return op.offset & (op.size - 1U) ? 0 : f->access(v, f->device, op, value);
}

/* Look up in a register table and call the handler. */
uint64_t mmio_table_access(const struct mmio_reg *table, size_t count, void *device,
			   struct mmio_op op, uint64_t value);

#endif
