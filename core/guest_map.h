/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that a guest sees: QEMU virt's map, or for a direct-map VM the
 * host's GIC addresses with the emulated devices where QEMU virt has them, if they are free there.
 */
#ifndef CORE_GUEST_MAP_H
#define CORE_GUEST_MAP_H

#include "core/board.h"

#define GUEST_GICR_FRAME SZ_64K
#define GUEST_GICR_SIZE  (2 * GUEST_GICR_FRAME) /* RD_base and SGI_base of one vCPU */

/* Interrupts of the guest machine (QEMU hw/arm/virt.c). */
#define GUEST_UART_INTID   33
#define GUEST_RTC_INTID    34
#define GUEST_VIRTIO_INTID 48 /* slot 0; slot n is n above */
#define GUEST_VTIMER_INTID 27
#define GUEST_PTIMER_INTID 30
/* Interrupt lines of a guest's GIC, SGIs and PPIs included: QEMU virt's 256 SPIs. */
#define GUEST_INTIDS 288

struct guest_map {
	enum gic_version gic;
	struct mem_range gicd;
	struct mem_range gicc; /* GICv2: 8 KiB */
	struct mem_range gicr; /* GICv3: GUEST_GICR_SIZE a vCPU */
	struct mem_range uart; /* PL011 */
	struct mem_range rtc;  /* PL031 */
	/* The 32 virtio-mmio slots of QEMU virt, read as empty where no device is given. */
	struct mem_range virtio;
};

/* Fill in the map of a VM: direct says that it follows the host's map. */
void guest_map_init(struct guest_map *map, const struct board *b, bool direct,
		    unsigned int vcpu_count);

#endif
