/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the physical GIC that every interrupt passes: chosen once, by version. */
#ifndef ARCH_ARM64_GIC_HW_H
#define ARCH_ARM64_GIC_HW_H

#include "core/gic.h"

#define GIC_KICK_SGI 0

/* The value of IAR, with the source CPU of an SGI on GICv2. */
uint32_t gic_ack(void);
static inline uint32_t gic_intid(uint32_t iar)
{
	return iar & 0xffffff & (gic.version == GIC_V2 ? 0x3ff : 0xffffff);
}
void gic_eoi(uint32_t iar);
void gic_dir(uint32_t iar);

/* Choose the driver and bring up the distributor. */
void gic_init(const struct board *b);

extern const struct gic_ops gicv2_ops;
extern const struct gic_ops gicv3_ops;
uint32_t gicv2_ack(void);
void gicv2_eoi(uint32_t iar);
void gicv2_dir(uint32_t iar);
uint32_t gicv3_ack(void);
void gicv3_eoi(uint32_t iar);
void gicv3_dir(uint32_t iar);

#endif
