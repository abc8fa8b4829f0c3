/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 with virtualisation extensions (IHI 0048; GIC-400: DDI 0471). */
#include "arch/arm64/boot.h"
#include "arch/arm64/cpu.h"
#include "arch/arm64/gic_hw.h"
#include "arch/arm64/gicd.h"

#define GICC_CTLR         0x000
#define GICC_PMR          0x004
#define GICC_BPR          0x008
#define GICC_IAR          0x00c
#define GICC_EOIR         0x010
#define GICC_APR0         0x0d0
#define GICC_DIR          0x1000
#define GICC_CTLR_ENABLE  BIT(0)
#define GICC_CTLR_EOIMODE BIT(9)

#define GICH_HCR             0x000
#define GICH_VTR             0x004
#define GICH_VMCR            0x008
#define GICH_EISR            0x020
#define GICH_ELRSR           0x030
#define GICH_APR             0x0f0
#define GICH_LR              0x100
#define GICH_VMCR_VEM        BIT(9)
#define GICH_HCR_EN          BIT(0)
#define GICH_HCR_LRENPIE     BIT(2)
#define GICH_HCR_NPIE        BIT(3)
#define GICH_HCR_EOICOUNT(h) ((h) >> 27)

/* GICH_LR: the generic one's fields, moved together (IHI 0048, 5.3.8). */
union v2_lr {
	uint32_t word;
	struct {
		uint32_t vintid : 10;
		uint32_t pintid : 10; /* or source CPU and EOI */
		uint32_t reserved : 3;
		uint32_t priority : 5;
		uint32_t state : 2;
		uint32_t hw_group : 2;
	};
};

static uint64_t gicd;
static uint64_t gicc;
static uint64_t gich;
static uint64_t gich_lr; /* GICH_LR0 */
/* CPU interface numbers are the GIC's own, not the MPIDR's (pitfall 3). */
static uint8_t interface[BOARD_CPUS_MAX];

static void init_dist(const struct board *b)
{
	uint32_t lines;

	gicd = b->gic.dist.base;
	gicc = b->gic.cpu.base;
	gich = b->gic.hyp.base;
	gich_lr = gich + GICH_LR;
	mmio_write32(gicd + GICD_CTLR, 0);
	lines = GICD_LINES(mmio_read32(gicd + GICD_TYPER));
	for (uint32_t i = 32; i < lines; i += 32) {
		/* group 0: QEMU's GIC-400 has no security view, and firmware leaves group 1 */
		gicd_quiet_word(gicd, i, 0);
	}
	mmio_write32(gicd + GICD_CTLR, 1);
}

static void init_cpu(unsigned int cpu)
{
	gicd_quiet_word(gicd, 0, 0);
	for (uint32_t i = 0; i < 16; i += 4) {
		mmio_write32(gicd + GICD_CPENDSGIR + i, 0xffffffff);
	}
	interface[cpu] = (uint8_t)mmio_read32(gicd + GICD_ITARGETSR);
	mmio_write32(gicd + GICD_ISENABLER, GIC_SGIS_ENABLED);
	for (uint32_t i = 0; i < 16; i += 4) {
		mmio_write32(gicc + GICC_APR0 + i, 0);
	}
	mmio_write32(gicc + GICC_PMR, 0xff);
	mmio_write32(gicc + GICC_BPR, 0);
	mmio_write32(gicc + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
	gic.lr_count = (mmio_read32(gich + GICH_VTR) & 0x3f) + 1;
	gic.virt_off();
}

unsigned int gicv2_number(unsigned int cpu)
{
	return (unsigned int)__builtin_ctz(interface[cpu] | 0x80U);
}

static void send_sgi(unsigned int cpu, uint32_t intid)
{
	dsb(ishst);
	mmio_write32(gicd + GICD_SGIR, (uint32_t)interface[cpu] << 16 | intid);
}

static void set_enabled(unsigned int cpu, uint32_t intid, bool enabled)
{
	if (intid < 32 && cpu != this_cpu()->id) {
		return; /* banked: the CPU does it when its vCPU comes online */
	}
	gicd_write_bit(gicd, enabled ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

static void set_pending(unsigned int cpu, uint32_t intid, bool pending)
{
	(void)cpu;
	gicd_write_bit(gicd, pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

static bool is_pending(unsigned int cpu, uint32_t intid)
{
	(void)cpu;
	return gicd_read_bit(gicd, GICD_ISPENDR, intid);
}

static void deactivate(uint32_t intid)
{
	gicd_write_bit(gicd, GICD_ICACTIVER, intid);
}

static void configure(uint32_t intid, bool edge, unsigned int cpu)
{
	gicd_set_edge(gicd, intid, edge);
	mmio_write8(gicd + GICD_ITARGETSR + intid, interface[cpu]);
}

static uint64_t lr_read(unsigned int n)
{
	union v2_lr v2 = {.word = mmio_read32(gich_lr + 4 * n)};

	return (uint64_t)v2.state << 62 | (uint64_t)v2.hw_group << 60 |
	       (uint64_t)v2.priority << 51 | LR_PINTID(v2.pintid) | v2.vintid;
}

static uint64_t lr_state(unsigned int n)
{
	return (uint64_t)(mmio_read32(gich_lr + 4 * n) >> 28) << 62;
}

static void lr_write(unsigned int n, uint64_t lr)
{
	union v2_lr v2 = {
		.vintid = lr & 0x3ff,
		.pintid = lr >> 32 & 0x3ff,
		.priority = lr >> 51 & 0x1f,
		.state = lr >> 62,
		.hw_group = lr >> 60 & 3,
	};

	mmio_write32(gich_lr + 4 * n, v2.word);
}

static uint32_t lr_empty(void)
{
	return mmio_read32(gich + GICH_ELRSR) | mmio_read32(gich + GICH_EISR);
}

static void want(unsigned int wants)
{
	mmio_write32(gich + GICH_HCR, GICH_HCR_EN |
					      (wants & GIC_WANT_NO_PENDING ? GICH_HCR_NPIE : 0) |
					      (wants & GIC_WANT_EOI_COUNT ? GICH_HCR_LRENPIE : 0));
}

static unsigned int take_eoi_count(void)
{
	uint32_t hcr = mmio_read32(gich + GICH_HCR);

	mmio_write32(gich + GICH_HCR, hcr & 0x07ffffff);
	if (mmio_read32(gich + GICH_VMCR) & GICH_VMCR_VEM) {
		return 0; /* EOIR only drops the priority, and DIR traps */
	}
	return GICH_HCR_EOICOUNT(hcr);
}

static void clear_lrs(void)
{
	for (unsigned int n = 0; n < gic.lr_count; n++) {
		mmio_write32(gich_lr + 4 * n, 0);
	}
	mmio_write32(gich + GICH_APR, 0);
	mmio_write32(gich + GICH_VMCR, 0);
}

static void virt_reset(void)
{
	clear_lrs();
	mmio_write32(gich + GICH_HCR, GICH_HCR_EN);
}

static void virt_off(void)
{
	mmio_write32(gich + GICH_HCR, 0);
	clear_lrs();
}

static uint32_t take(void)
{
	uint32_t iar = mmio_read32(gicc + GICC_IAR);

	if ((iar & 0x3ff) < GIC_INTID_NONE) {
		mmio_write32(gicc + GICC_EOIR, iar);
	}
	return iar;
}

static void end(uint32_t iar)
{
	mmio_write32(gicc + GICC_DIR, iar);
}

const struct gic_cpu_ops gicv2_cpu_ops = {take, end};

const struct gic_ops gicv2_ops = {
	.version = GIC_V2,
	.init_dist = init_dist,
	.init_cpu = init_cpu,
	.send_sgi = send_sgi,
	.set_enabled = set_enabled,
	.set_pending = set_pending,
	.is_pending = is_pending,
	.deactivate = deactivate,
	.configure = configure,
	.lr_read = lr_read,
	.lr_state = lr_state,
	.lr_write = lr_write,
	.lr_empty = lr_empty,
	.want = want,
	.take_eoi_count = take_eoi_count,
	.virt_reset = virt_reset,
	.virt_off = virt_off,
};
