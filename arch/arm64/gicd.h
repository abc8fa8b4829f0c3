/* SPDX-License-Identifier: Apache-2.0 */
/* Distributor registers that GICv2 and GICv3 share (IHI 0048, 4.3; IHI 0069, 12.9). */
#ifndef ARCH_ARM64_GICD_H
#define ARCH_ARM64_GICD_H

#include "arch/arm64/mmio.h"

#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ISPENDR    0x200
#define GICD_ICPENDR    0x280
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xc00
#define GICD_SGIR       0xf00
#define GICD_CPENDSGIR  0xf10

#define GICD_LINES(typer) (32 * (((typer)&0x1f) + 1))
#define GIC_SGIS_ENABLED  ((1U << (GIC_GUEST_SGI + GIC_GUEST_SGIS)) - 1)
#define GIC_PRIORITY      0xa0 /* one for all physical interrupts */

/* Set or clear the interrupt's bit by a write-one register. */
static inline void gicd_write_bit(uint64_t frame, uint32_t reg, uint32_t intid)
{
	mmio_write32(frame + reg + intid / 32 * 4, 1U << (intid % 32));
}

static inline bool gicd_read_bit(uint64_t frame, uint32_t reg, uint32_t intid)
{
	return mmio_read32(frame + reg + intid / 32 * 4) >> (intid % 32) & 1;
}

/* 32 interrupts at rest: disabled, nothing pending or active, default priority. */
static inline void gicd_quiet_word(uint64_t frame, uint32_t intid, uint32_t group)
{
	mmio_write32(frame + GICD_ICENABLER + intid / 8, 0xffffffff);
	mmio_write32(frame + GICD_IGROUPR + intid / 8, group);
	mmio_write32(frame + GICD_ICPENDR + intid / 8, 0xffffffff);
	mmio_write32(frame + GICD_ICACTIVER + intid / 8, 0xffffffff);
	for (uint32_t i = 0; i < 32; i += 4) {
		mmio_write32(frame + GICD_IPRIORITYR + intid + i, GIC_PRIORITY * 0x01010101U);
	}
}

/* Edge-triggered or level-sensitive; the other 15 of the word may be of other VMs. */
void gicd_set_edge(uint64_t frame, uint32_t intid, bool edge);

#endif
