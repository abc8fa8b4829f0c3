/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated registers: a trapped access is looked up in the VM's list of frames,
 * then in the device's own table of registers.
 */
#ifndef CORE_MMIO_H
#define CORE_MMIO_H

#include "core/lib/types.h"

#define MMIO_FRAMES_MAX 8

struct vcpu;
struct vm;

/* One access: size is 1, 2, 4 or 8 bytes, offset is naturally aligned to it. */
struct mmio_access {
	uint64_t offset; /* in the frame */
	uint64_t value;  /* written, or the answer */
	uint8_t size;
	bool write;
};

struct mmio_frame {
	uint64_t base; /* IPA */
	uint64_t size;
	void (*access)(struct vcpu *v, void *device, struct mmio_access *a);
	void *device;
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
void mmio_add(struct vm *vm, uint64_t base, uint64_t size,
	      void (*access)(struct vcpu *v, void *device, struct mmio_access *a), void *device);

/* Carry out an access at an IPA. False: no frame there. */
bool mmio_dispatch(struct vcpu *v, uint64_t ipa, struct mmio_access *a);
/* Is an emulated frame at this IPA? */
bool mmio_is_emulated(const struct vm *vm, uint64_t ipa);

/* Look up in a register table and call the handler. */
void mmio_table_access(const struct mmio_reg *table, size_t count, void *device,
		       struct mmio_access *a);

#endif
