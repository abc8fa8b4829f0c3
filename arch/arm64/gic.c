/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/gic_hw.h"

struct gic_ops gic;
struct gic_cpu_ops gic_cpu;

void gic_init(const struct board *b)
{
	gic = b->gic.version == GIC_V2 ? gicv2_ops : gicv3_ops;
	gic_cpu = b->gic.version == GIC_V2 ? gicv2_cpu_ops : gicv3_cpu_ops;
	gic.init_dist(b);
}
