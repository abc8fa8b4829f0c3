/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/gic_hw.h"

struct gic_ops gic;

void gic_init(const struct board *b)
{
	gic = b->gic.version == GIC_V2 ? gicv2_ops : gicv3_ops;
	gic.init_dist(b);
}

uint32_t gic_ack(void)
{
	return gic.version == GIC_V3 ? gicv3_ack() : gicv2_ack();
}

void gic_eoi(uint32_t iar)
{
	if (gic.version == GIC_V3) {
		gicv3_eoi(iar);
	} else {
		gicv2_eoi(iar);
	}
}

void gic_dir(uint32_t iar)
{
	if (gic.version == GIC_V3) {
		gicv3_dir(iar);
	} else {
		gicv2_dir(iar);
	}
}
