/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vvirtio.h"

#include "core/mmio.h"

/* Virtio 1.1, 4.2.2: an empty slot has its magic value, a version, and device ID 0. */
#define SLOT_SIZE   0x200
#define MAGIC       0x74726976U
#define VERSION     1 /* what QEMU's slots say by default */
#define VENDOR_QEMU 0x554d4551U

static uint64_t read_slot(void *device, uint32_t offset)
{
	static const uint32_t identity[4] = {MAGIC, VERSION, 0, VENDOR_QEMU};

	(void)device;
	return identity[offset / 4];
}

static const struct mmio_reg registers[] = {
	{0x00, 16, 4, read_slot, 0},
};

uint64_t vvirtio_empty_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	(void)v;
	op.offset %= SLOT_SIZE;
	return mmio_table_access(registers, ARRAY_SIZE(registers), device, op, value);
}
