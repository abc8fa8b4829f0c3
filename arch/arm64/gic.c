/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/gic_hw.h"

#include "arch/arm64/gicd.h"
#include "arch/arm64/mmio.h"
#include "core/lib/spinlock.h"

struct gic_ops gic;
struct gic_cpu_ops gic_cpu;

static struct spinlock configuration; /* GICD_ICFGR, the register that is changed in place */

void gic_init(const struct board *b)
{
	gic = b->gic.version == GIC_V2 ? gicv2_ops : gicv3_ops;
	gic_cpu = b->gic.version == GIC_V2 ? gicv2_cpu_ops : gicv3_cpu_ops;
	gic.init_dist(b);
}

void gicd_set_edge(uint64_t frame, uint32_t intid, bool edge)
{
	uint64_t reg = frame + GICD_ICFGR + intid / 16 * 4;
	uint32_t bit = 2U << (intid % 16 * 2);
	uint32_t value;

	spin_lock(&configuration);
	value = mmio_read32(reg);
	mmio_write32(reg, edge ? value | bit : value & ~bit);
	spin_unlock(&configuration);
}
