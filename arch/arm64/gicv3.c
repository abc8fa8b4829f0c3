/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 and v4 (IHI 0069), system register interface. */
#include "arch/arm64/boot.h"
#include "arch/arm64/cpu.h"
#include "arch/arm64/gic_hw.h"
#include "arch/arm64/gicd.h"
#include "core/panic.h"

#define GICD_CTLR_RWP     BIT(31)
#define GICD_CTLR_ARE     BIT(4) /* ARE_NS, or ARE with one security state */
#define GICD_CTLR_GROUP1  BIT(1)
#define GICD_IROUTER      0x6000
#define GICR_CTLR         0x0000
#define GICR_CTLR_RWP     BIT(3)
#define GICR_TYPER        0x0008
#define GICR_TYPER_VLPIS  BIT(1)
#define GICR_TYPER_LAST   BIT(4)
#define GICR_WAKER        0x0014
#define GICR_WAKER_SLEEP  BIT(1)
#define GICR_WAKER_ASLEEP BIT(2)
#define GICR_SGI_BASE     SZ_64K

/* Registers that the assembler of GCC 12 knows only by their encoding. */
#define ICC_PMR_EL1     s3_0_c4_c6_0
#define ICC_DIR_EL1     s3_0_c12_c11_1
#define ICC_SGI1R_EL1   s3_0_c12_c11_5
#define ICC_IAR1_EL1    s3_0_c12_c12_0
#define ICC_EOIR1_EL1   s3_0_c12_c12_1
#define ICC_BPR1_EL1    s3_0_c12_c12_3
#define ICC_CTLR_EL1    s3_0_c12_c12_4
#define ICC_IGRPEN0_EL1 s3_0_c12_c12_6
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7
#define ICC_SRE_EL2     s3_4_c12_c9_5
#define ICH_HCR_EL2     s3_4_c12_c11_0
#define ICH_VTR_EL2     s3_4_c12_c11_1
#define ICH_EISR_EL2    s3_4_c12_c11_3
#define ICH_ELRSR_EL2   s3_4_c12_c11_5
#define ICH_VMCR_EL2    s3_4_c12_c11_7

#define SRE_ALL          0xf /* SRE, DFB, DIB, Enable */
#define ICC_CTLR_EOIMODE BIT(1)
#define ICH_HCR_EN       BIT(0)
#define ICH_HCR_LRENPIE  BIT(2)
#define ICH_HCR_NPIE     BIT(3)
#define ICH_HCR_TDIR     BIT(14)
/* DIR traps: it may name an interrupt that is in no list register, or in another CPU's. */
#define ICH_HCR_ON          (ICH_HCR_EN | ICH_HCR_TDIR)
#define ICH_HCR_EOICOUNT(h) ((h) >> 27 & 0x1f)
#define ICH_VMCR_VEOIM      BIT(9)
#define ICH_VTR_LRS(v)      (((v)&0x1f) + 1)
#define ICH_VTR_PREBITS(v)  (((v) >> 26 & 7) + 1)

/* gicv3_lr.S */
uint64_t gicv3_lr_read(unsigned int n);
void gicv3_lr_write(unsigned int n, uint64_t lr);

static uint64_t gicd;
static uint64_t gicr[BOARD_CPUS_MAX];   /* RD_base of each CPU */
static uint64_t sgi_to[BOARD_CPUS_MAX]; /* ICC_SGI1R_EL1 to it, of SGI 0 */

static void wait_dist(void)
{
	while (mmio_read32(gicd + GICD_CTLR) & GICD_CTLR_RWP) {}
}

static uint64_t sgi_value(uint64_t affinity)
{
	return (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 |
	       (affinity >> 8 & 0xff) << 16 | (affinity >> 4 & 0xf) << 44 | 1UL << (affinity & 0xf);
}

static void init_dist(const struct board *b)
{
	uint32_t lines;

	gicd = b->gic.dist.base;
	for (unsigned int i = 0; i < b->cpu_count; i++) {
		sgi_to[i] = sgi_value(b->cpus[i].mpidr);
	}
	mmio_write32(gicd + GICD_CTLR, 0);
	wait_dist();
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE);
	wait_dist();
	lines = GICD_LINES(mmio_read32(gicd + GICD_TYPER));
	for (uint32_t i = 32; i < MIN(lines, GIC_INTID_NONE); i += 32) {
		gicd_quiet_word(gicd, i, 0xffffffff);
	}
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
	wait_dist();
}

/* GICR_TYPER has the affinity in its upper half, Aff3 in the top byte. */
static uint64_t packed_affinity(uint64_t affinity)
{
	return (affinity >> 8 & 0xff000000) | (affinity & 0xffffff);
}

static uint64_t find_redist(uint64_t affinity)
{
	for (unsigned int i = 0; i < board.gic.redist_count; i++) {
		struct mem_range r = board.gic.redist[i];
		uint64_t stride = board.gic.redist_stride;
		uint64_t step;

		for (uint64_t at = r.base; at + 2 * SZ_64K <= range_end(r); at += step) {
			uint64_t type = mmio_read64(at + GICR_TYPER);

			if (type >> 32 == packed_affinity(affinity)) {
				return at;
			}
			if (type & GICR_TYPER_LAST) {
				break;
			}
			step = stride ? stride : (type & GICR_TYPER_VLPIS ? 4 : 2) * SZ_64K;
		}
	}
	return 0;
}

static void init_redist(unsigned int cpu)
{
	uint64_t rd = find_redist(this_cpu()->affinity);

	if (!rd) {
		panic("CPU %u has no GICv3 redistributor", cpu);
	}
	gicr[cpu] = rd;
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	while (mmio_read32(rd + GICR_WAKER) & GICR_WAKER_ASLEEP) {}
	gicd_quiet_word(rd + GICR_SGI_BASE, 0, 0xffffffff);
	while (mmio_read32(rd + GICR_CTLR) & GICR_CTLR_RWP) {}
	mmio_write32(rd + GICR_SGI_BASE + GICD_ISENABLER, GIC_SGIS_ENABLED);
}

static void init_cpu(unsigned int cpu)
{
	write_sysreg(ICC_SRE_EL2, SRE_ALL);
	isb();
	init_redist(cpu);
	write_sysreg(ICC_PMR_EL1, 0xff);
	write_sysreg(ICC_BPR1_EL1, 0);
	write_sysreg(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	write_sysreg(ICC_IGRPEN0_EL1, 0);
	write_sysreg(ICC_IGRPEN1_EL1, 1);
	isb();
	gic.lr_count = (unsigned int)ICH_VTR_LRS(read_sysreg(ICH_VTR_EL2));
	gic.virt_off();
}

static void send_sgi(unsigned int cpu, uint32_t intid)
{
	dsb(ishst);
	write_sysreg(ICC_SGI1R_EL1, sgi_to[cpu] | (uint64_t)intid << 24);
	isb();
}

/* The frame that holds an interrupt's bits. */
static uint64_t frame(unsigned int cpu, uint32_t intid)
{
	return intid < 32 ? gicr[cpu] + GICR_SGI_BASE : gicd;
}

static void set_enabled(unsigned int cpu, uint32_t intid, bool enabled)
{
	gicd_write_bit(frame(cpu, intid), enabled ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

static void set_pending(unsigned int cpu, uint32_t intid, bool pending)
{
	gicd_write_bit(frame(cpu, intid), pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

static bool is_pending(unsigned int cpu, uint32_t intid)
{
	return gicd_read_bit(frame(cpu, intid), GICD_ISPENDR, intid);
}

static void deactivate(uint32_t intid)
{
	gicd_write_bit(frame(this_cpu()->id, intid), GICD_ICACTIVER, intid);
}

static void configure(uint32_t intid, bool edge, unsigned int cpu)
{
	gicd_set_edge(gicd, intid, edge);
	mmio_write64(gicd + GICD_IROUTER + 8UL * intid, board.cpus[cpu].mpidr);
}

static uint32_t lr_empty(void)
{
	isb(); /* list registers may just have been written (DDI 0487, D19.1.2) */
	return (uint32_t)(read_sysreg(ICH_ELRSR_EL2) | read_sysreg(ICH_EISR_EL2));
}

static void want(unsigned int wants)
{
	write_sysreg(ICH_HCR_EL2, ICH_HCR_ON | (wants & GIC_WANT_NO_PENDING ? ICH_HCR_NPIE : 0) |
					  (wants & GIC_WANT_EOI_COUNT ? ICH_HCR_LRENPIE : 0));
}

static unsigned int take_eoi_count(void)
{
	uint64_t hcr = read_sysreg(ICH_HCR_EL2);

	write_sysreg(ICH_HCR_EL2, hcr & 0x07ffffff);
	if (read_sysreg(ICH_VMCR_EL2) & ICH_VMCR_VEOIM) {
		return 0; /* EOIR only drops the priority, and DIR traps; QEMU 10 counts all the same */
	}
	return (unsigned int)ICH_HCR_EOICOUNT(hcr);
}

static void clear_lrs(void)
{
	unsigned int words = 1U << (MAX(ICH_VTR_PREBITS(read_sysreg(ICH_VTR_EL2)), 5) - 5);

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		gicv3_lr_write(n, 0);
	}
	write_sysreg(s3_4_c12_c8_0, 0); /* ICH_AP0R0_EL2 */
	write_sysreg(s3_4_c12_c9_0, 0); /* ICH_AP1R0_EL2 */
	if (words >= 2) {
		write_sysreg(s3_4_c12_c8_1, 0);
		write_sysreg(s3_4_c12_c9_1, 0);
	}
	if (words >= 4) {
		write_sysreg(s3_4_c12_c8_2, 0);
		write_sysreg(s3_4_c12_c9_2, 0);
		write_sysreg(s3_4_c12_c8_3, 0);
		write_sysreg(s3_4_c12_c9_3, 0);
	}
	write_sysreg(ICH_VMCR_EL2, 0);
}

static void virt_reset(void)
{
	clear_lrs();
	write_sysreg(ICH_HCR_EL2, ICH_HCR_ON);
	isb();
}

static void virt_off(void)
{
	write_sysreg(ICH_HCR_EL2, 0);
	clear_lrs();
	isb();
}

static uint32_t take(void)
{
	uint32_t iar = (uint32_t)read_sysreg(ICC_IAR1_EL1);

	dsb(sy);
	if (iar < GIC_INTID_NONE) {
		write_sysreg(ICC_EOIR1_EL1, iar);
		isb();
	}
	return iar;
}

static void end(uint32_t iar)
{
	write_sysreg(ICC_DIR_EL1, iar);
	isb();
}

const struct gic_cpu_ops gicv3_cpu_ops = {take, end};

const struct gic_ops gicv3_ops = {
	.version = GIC_V3,
	.init_dist = init_dist,
	.init_cpu = init_cpu,
	.send_sgi = send_sgi,
	.set_enabled = set_enabled,
	.set_pending = set_pending,
	.is_pending = is_pending,
	.deactivate = deactivate,
	.configure = configure,
	.lr_read = gicv3_lr_read,
	.lr_state = gicv3_lr_read,
	.lr_write = gicv3_lr_write,
	.lr_empty = lr_empty,
	.want = want,
	.take_eoi_count = take_eoi_count,
	.virt_reset = virt_reset,
	.virt_off = virt_off,
};
