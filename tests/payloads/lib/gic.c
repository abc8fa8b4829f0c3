/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 and GICv3 from the guest's side; which one is found at run time. */
#include "tests/payloads/lib/payload.h"

#define CTLR_RWP         BIT(31)
#define GICR_CTLR_RWP    BIT(3)
#define GICR_TYPER_LAST  BIT(4)
#define WAKER_SLEEP      BIT(1)
#define WAKER_ASLEEP     BIT(2)
#define GICC_EOIMODE     BIT(9)
#define ICC_CTLR_EOIMODE BIT(1)
#define SGI1R_IRM        BIT(40)
#define SPURIOUS         1023u

struct gic gic = {.gicd = GICD_BASE, .gicc = GICC_BASE, .gicr = GICR_BASE};

void gic_find(void)
{
	bool v3 = ((sysreg_read(id_aa64pfr0_el1) >> 24) & 0xf) != 0;

	gic.version = v3 ? 3 : 2;
	gic.irq_count = ((mmio_read32(gic.gicd + GICD_TYPER) & 0x1f) + 1) * 32;
	if (gic.irq_count > 1020) {
		gic.irq_count = 1020;
	}
}

static void wait_rwp(void)
{
	if (gic.version == 3) {
		while (mmio_read32(gic.gicd + GICD_CTLR) & CTLR_RWP) {}
		while (this_cpu()->gicr &&
		       (mmio_read32(this_cpu()->gicr + GICR_CTLR) & GICR_CTLR_RWP)) {}
	}
}

void gic_dist_init(void)
{
	uintptr_t d = gic.gicd;

	mmio_write32(d + GICD_CTLR, 0);
	wait_rwp();
	for (unsigned i = 32; i < gic.irq_count; i += 32) {
		mmio_write32(d + GIC_ICENABLER + i / 8, ~0u);
		mmio_write32(d + GIC_ICPENDR + i / 8, ~0u);
		mmio_write32(d + GIC_ICACTIVER + i / 8, ~0u);
		mmio_write32(d + GIC_IGROUPR + i / 8, gic.version == 3 ? ~0u : 0);
	}
	for (unsigned i = 32; i < gic.irq_count; i += 4) {
		mmio_write32(d + GIC_IPRIORITYR + i, PRIORITY_DEFAULT * 0x01010101u);
		if (gic.version == 2) {
			mmio_write32(d + GIC_ITARGETSR + i, 0x01010101u);
		}
	}
	wait_rwp();
	if (gic.version == 3) { /* ARE, both views' group 1 enables */
		mmio_write32(d + GICD_CTLR, 0x13);
		wait_rwp();
		for (unsigned i = 32; i < gic.irq_count; i++) {
			mmio_write64(d + GICD_IROUTER + 8 * i, 0);
		}
	} else {
		mmio_write32(d + GICD_CTLR, 1);
	}
}

/* This CPU's redistributor, or 0 if none has its affinity. */
static uintptr_t find_gicr(void)
{
	uint64_t mpidr = this_cpu()->mpidr;
	uint32_t aff = (uint32_t)((mpidr & 0xffffff) | ((mpidr >> 8) & 0xff000000));

	for (unsigned i = 0; i < 128; i++) {
		uintptr_t r = gic.gicr + i * (uintptr_t)GICR_STRIDE;
		uint64_t typer = mmio_read64(r + GICR_TYPER);

		if (typer >> 32 == aff) {
			return r;
		}
		if (typer & GICR_TYPER_LAST) {
			break;
		}
	}
	return 0;
}

static void private_init(uintptr_t frame)
{
	mmio_write32(frame + GIC_ICENABLER, ~0u);
	mmio_write32(frame + GIC_ICACTIVER, ~0u);
	mmio_write32(frame + GIC_ICPENDR, 0xffff0000u);
	mmio_write32(frame + GIC_IGROUPR, gic.version == 3 ? ~0u : 0);
	for (unsigned i = 0; i < 32; i += 4) {
		mmio_write32(frame + GIC_IPRIORITYR + i, PRIORITY_DEFAULT * 0x01010101u);
	}
	mmio_write32(frame + GIC_ISENABLER, 0xffff);
}

static void v3_cpu_init(void)
{
	struct cpu *cpu = this_cpu();
	uint32_t waker;

	sysreg_write(icc_sre_el1, 7);
	isb();
	cpu->gicr = find_gicr();
	if (!cpu->gicr) {
		fail("no redistributor for CPU %u", cpu->index);
		finish();
	}
	waker = mmio_read32(cpu->gicr + GICR_WAKER);
	mmio_write32(cpu->gicr + GICR_WAKER, waker & ~(uint32_t)WAKER_SLEEP);
	if (!wait_for(!(mmio_read32(cpu->gicr + GICR_WAKER) & WAKER_ASLEEP))) {
		fail("redistributor of CPU %u stays asleep", cpu->index);
		finish();
	}
	private_init(cpu->gicr + GICR_SGI);
	mmio_write32(cpu->gicr + GICR_SGI + GIC_ICPENDR, ~0u);
	wait_rwp();
	sysreg_write(icc_pmr_el1, 0xf8);
	sysreg_write(icc_bpr1_el1, 0);
	sysreg_write(icc_ctlr_el1, 0);
	sysreg_write(icc_igrpen1_el1, 1);
	isb();
}

static void v2_cpu_init(void)
{
	struct cpu *cpu = this_cpu();

	cpu->gic_mask = 0;
	for (unsigned i = 0; i < 32 && !cpu->gic_mask; i++) {
		cpu->gic_mask = mmio_read8(gic.gicd + GIC_ITARGETSR + i);
	}
	if (!cpu->gic_mask) { /* one CPU: ITARGETSR may be RAZ */
		cpu->gic_mask = 1;
	}
	private_init(gic.gicd);
	for (unsigned i = 0; i < 16; i += 4) {
		mmio_write32(gic.gicd + GICD_CPENDSGIR + i, ~0u);
	}
	mmio_write32(gic.gicc + GICC_PMR, 0xf8);
	mmio_write32(gic.gicc + GICC_BPR, 0);
	mmio_write32(gic.gicc + GICC_CTLR, 1);
}

void gic_cpu_init(void)
{
	if (gic.version == 3) {
		v3_cpu_init();
	} else {
		v2_cpu_init();
	}
}

/* -- Distributor ---------------------------------------------------------------------- */
uintptr_t gic_frame(unsigned intid)
{
	return gic.version == 3 && intid < 32 ? this_cpu()->gicr + GICR_SGI : gic.gicd;
}

void gic_set(unsigned reg, unsigned intid)
{
	mmio_write32(gic_frame(intid) + reg + intid / 32 * 4, 1u << (intid % 32));
	if (reg == GIC_ICENABLER) {
		wait_rwp();
	}
	dsb();
}

bool gic_get(unsigned reg, unsigned intid)
{
	return (mmio_read32(gic_frame(intid) + reg + intid / 32 * 4) >> (intid % 32)) & 1;
}

void gic_enable(unsigned intid)
{
	gic_set(GIC_ISENABLER, intid);
}

void gic_disable(unsigned intid)
{
	gic_set(GIC_ICENABLER, intid);
}

void gic_set_priority(unsigned intid, uint8_t priority)
{
	mmio_write8(gic_frame(intid) + GIC_IPRIORITYR + intid, priority);
	dsb();
}

uint8_t gic_get_priority(unsigned intid)
{
	return mmio_read8(gic_frame(intid) + GIC_IPRIORITYR + intid);
}

void gic_set_edge(unsigned intid, bool edge)
{
	uintptr_t a = gic_frame(intid) + GIC_ICFGR + intid / 16 * 4;
	uint32_t bit = 2u << (intid % 16 * 2);
	uint32_t v = mmio_read32(a);

	mmio_write32(a, edge ? v | bit : v & ~bit);
	dsb();
}

void gic_route(unsigned intid, unsigned cpu)
{
	if (gic.version == 3) {
		mmio_write64(gic.gicd + GICD_IROUTER + 8 * intid, cpus[cpu].mpidr);
	} else {
		mmio_write8(gic.gicd + GIC_ITARGETSR + intid, cpus[cpu].gic_mask);
	}
	dsb();
}

/* -- CPU interface ---------------------------------------------------------------------- */
uint32_t gic_ack(void)
{
	uint32_t iar;

	if (gic.version == 3) {
		iar = (uint32_t)sysreg_read(icc_iar1_el1);
		dsb();
		return iar;
	}
	return mmio_read32(gic.gicc + GICC_IAR);
}

void gic_eoi(uint32_t iar)
{
	dsb();
	if (gic.version == 3) {
		sysreg_write(icc_eoir1_el1, iar);
		isb();
	} else {
		mmio_write32(gic.gicc + GICC_EOIR, iar);
	}
}

void gic_dir(uint32_t iar)
{
	dsb();
	if (gic.version == 3) {
		sysreg_write(icc_dir_el1, iar);
		isb();
	} else {
		mmio_write32(gic.gicc + GICC_DIR, iar);
	}
}

void gic_pmr(uint8_t v)
{
	if (gic.version == 3) {
		sysreg_write(icc_pmr_el1, v);
		isb();
	} else {
		mmio_write32(gic.gicc + GICC_PMR, v);
	}
	dsb();
}

uint8_t gic_get_pmr(void)
{
	return (uint8_t)(gic.version == 3 ? sysreg_read(icc_pmr_el1)
					  : mmio_read32(gic.gicc + GICC_PMR));
}

void gic_bpr(uint8_t v)
{
	if (gic.version == 3) {
		sysreg_write(icc_bpr1_el1, v);
		isb();
	} else {
		mmio_write32(gic.gicc + GICC_BPR, v);
	}
}

uint8_t gic_get_bpr(void)
{
	return (uint8_t)(gic.version == 3 ? sysreg_read(icc_bpr1_el1)
					  : mmio_read32(gic.gicc + GICC_BPR));
}

uint8_t gic_rpr(void)
{
	return (uint8_t)(gic.version == 3 ? sysreg_read(icc_rpr_el1)
					  : mmio_read32(gic.gicc + GICC_RPR));
}

unsigned gic_hppi(void)
{
	return iar_intid(gic.version == 3 ? (uint32_t)sysreg_read(icc_hppir1_el1)
					  : mmio_read32(gic.gicc + GICC_HPPIR));
}

void gic_eoimode(bool split)
{
	if (gic.version == 3) {
		sysreg_write(icc_ctlr_el1, split ? ICC_CTLR_EOIMODE : 0);
		isb();
	} else {
		mmio_write32(gic.gicc + GICC_CTLR, 1 | (split ? (uint32_t)GICC_EOIMODE : 0));
	}
}

void gic_sgi(unsigned cpu, unsigned id)
{
	uint64_t mpidr = cpus[cpu].mpidr;

	dsb();
	if (gic.version == 2) {
		mmio_write32(gic.gicd + GICD_SGIR, (uint32_t)cpus[cpu].gic_mask << 16 | id);
		return;
	}
	sysreg_write(icc_sgi1r_el1, BIT(mpidr & 0xf) | (uint64_t)id << 24 |
					    ((mpidr >> 8) & 0xff) << 16 |
					    ((mpidr >> 16) & 0xff) << 32);
	isb();
}

void gic_sgi_others(unsigned id)
{
	dsb();
	if (gic.version == 2) {
		mmio_write32(gic.gicd + GICD_SGIR, 1u << 24 | id);
		return;
	}
	sysreg_write(icc_sgi1r_el1, SGI1R_IRM | (uint64_t)id << 24);
	isb();
}

unsigned gic_drain(void)
{
	unsigned n = 0;

	for (; n < 100000; n++) {
		uint32_t iar = gic_ack();

		if (iar_intid(iar) >= 1020) {
			break;
		}
		gic_eoi(iar);
	}
	return n;
}

uint32_t gic_ack_patient(void)
{
	uint32_t iar = SPURIOUS;

	for (unsigned i = 0; i < 2000 && iar_intid(iar) >= 1020; i++) {
		iar = gic_ack();
	}
	return iar;
}

/* Undoes what a test may have left: no more EOIs than active priorities exist. */
static void drop_active_priorities(void)
{
	for (unsigned i = 0; i < 256 && gic_rpr() != 0xff; i++) {
		gic_eoi(0);
	}
}

void gic_reset_state(void)
{
	irq_off();
	drop_active_priorities();
	gic_dist_init();
	gic_cpu_init();
	gic_drain();
	this_cpu()->irq_hook = NULL;
	this_cpu()->irq_count = 0;
	this_cpu()->spurious_count = 0;
	for (unsigned i = 0; i < ARRAY_LEN(this_cpu()->irq_seen); i++) {
		this_cpu()->irq_seen[i] = 0;
	}
}
