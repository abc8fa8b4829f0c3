/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the physical GIC that every interrupt passes: chosen once, by version. */
#ifndef ARCH_ARM64_GIC_HW_H
#define ARCH_ARM64_GIC_HW_H

#include "core/gic.h"

/* This CPU's interface: two const tables, one copied to gic_cpu at boot. */
struct gic_cpu_ops {
	/*
	 * Acknowledge and drop the priority: the interrupt stays active. The value of IAR,
	 * which on GICv2 has the source CPU of an SGI, or one whose INTID is GIC_INTID_NONE or more.
	 */
	uint32_t (*take)(void);
	/* Deactivate what take() returned. */
	void (*end)(uint32_t iar);
};

extern struct gic_cpu_ops gic_cpu;

static inline uint32_t gic_intid(uint32_t iar)
{
	return iar & (gic.version == GIC_V2 ? 0x3ff : 0xffffff);
}

/* GICv2: the number of a CPU's interface, by which IAR names the sender of an SGI. */
unsigned int gicv2_number(unsigned int cpu);

/* Choose the driver and bring up the distributor. */
void gic_init(const struct board *b);

extern const struct gic_ops gicv2_ops;
extern const struct gic_ops gicv3_ops;
extern const struct gic_cpu_ops gicv2_cpu_ops;
extern const struct gic_cpu_ops gicv3_cpu_ops;

#endif
