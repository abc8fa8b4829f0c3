/* GICv3 (IHI 0069), affinity routing on, one security state, group 1. */
#include "guests/rtos/port/gic.h"

#include "guests/rtos/keel/port.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/machine.h"
#include "guests/rtos/port/mmu.h"

#define GICD_SIZE 0x10000

#define GICD_CTLR_GRP1    (UINT32_C(1) << 1) /* Group 1, non-secure */
#define GICD_CTLR_ARE     (UINT32_C(1) << 4)
#define GICD_CTLR_RWP     (UINT32_C(1) << 31)
#define GICD_LINES(typer) (((typer)&0x1f) + 1)
#define GICD_IROUTER(n)   (0x6000 + 8 * (uint64_t)(n))

#define GICR_FRAME       0x20000 /* RD_base and SGI_base */
#define GICR_SGI_BASE    0x10000
#define GICR_CTLR        0x0000
#define GICR_TYPER       0x0008
#define GICR_WAKER       0x0014
#define GICR_TYPER_VLPIS (UINT64_C(1) << 1) /* two more 64 KiB frames follow */
#define GICR_TYPER_LAST  (UINT64_C(1) << 4)
#define GICR_CTLR_RWP    (UINT32_C(1) << 3)
#define WAKER_SLEEP      (UINT32_C(1) << 1)
#define WAKER_ASLEEP     (UINT32_C(1) << 2)

#define ICC_PMR     S3_0_C4_C6_0
#define ICC_IAR1    S3_0_C12_C12_0
#define ICC_EOIR1   S3_0_C12_C12_1
#define ICC_BPR1    S3_0_C12_C12_3
#define ICC_CTLR    S3_0_C12_C12_4
#define ICC_SRE     S3_0_C12_C12_5
#define ICC_IGRPEN1 S3_0_C12_C12_7
#define ICC_SGI1R   S3_0_C12_C11_5

#define icc_read(reg)         cpu_read_(reg)
#define icc_write(reg, value) cpu_write_(reg, value)
/* One more step, so that the names above are replaced before they become text. */
#define cpu_read_(reg)         cpu_read(reg)
#define cpu_write_(reg, value) cpu_write(reg, value)

#define SRE_ENABLE 1
#define PMR_ALL    0xff

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

static uint64_t gicd, gicr;

static void wait_rwp(uint64_t reg, uint32_t bit)
{
	while ((mmio_read32(reg) & bit) != 0) {}
}

/* TYPER's upper half holds Aff3.Aff2.Aff1.Aff0. */
static uint32_t own_affinity(void)
{
	uint64_t mpidr = cpu_read(mpidr_el1) & MPIDR_AFFINITY;

	return (uint32_t)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
}

static uint64_t find_redistributor(const struct machine *m)
{
	uint64_t frame = m->gicr;

	while (frame < m->gicr + m->gicr_size) {
		uint64_t typer;

		mmu_map(frame, GICR_FRAME, MMU_DEVICE);
		typer = mmio_read64(frame + GICR_TYPER);
		if (typer >> 32 == own_affinity()) {
			return frame;
		}
		if ((typer & GICR_TYPER_LAST) != 0) {
			break;
		}
		frame += (typer & GICR_TYPER_VLPIS) != 0 ? 2 * GICR_FRAME : GICR_FRAME;
	}
	port_panic("gicv3: no redistributor for this CPU");
}

static void init_distributor(uint64_t mpidr)
{
	unsigned int banks;

	mmio_write32(gicd + GICD_CTLR, 0);
	wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP);
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE);
	wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP);
	banks = GICD_LINES(mmio_read32(gicd + GICD_TYPER));
	for (unsigned int n = 1; n < banks; n++) {
		mmio_write32(gicd + GICD_IGROUPR(n), UINT32_MAX);
		gic_reset_bank(gicd, n);
		for (unsigned int intid = 32 * n; intid < 32 * (n + 1) && intid < GIC_SPECIAL;
		     intid++) {
			mmio_write64(gicd + GICD_IROUTER(intid), mpidr);
		}
	}
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	wait_rwp(gicd + GICD_CTLR, GICD_CTLR_RWP);
}

static void init_redistributor(void)
{
	uint32_t waker = mmio_read32(gicr + GICR_WAKER);

	mmio_write32(gicr + GICR_WAKER, waker & ~WAKER_SLEEP);
	wait_rwp(gicr + GICR_WAKER, WAKER_ASLEEP);
	mmio_write32(gicr + GICR_SGI_BASE + GICD_IGROUPR(0), UINT32_MAX);
	gic_reset_bank(gicr + GICR_SGI_BASE, 0);
	wait_rwp(gicr + GICR_CTLR, GICR_CTLR_RWP);
}

static void init_cpu_interface(void)
{
	icc_write(ICC_SRE, SRE_ENABLE);
	cpu_isb();
	icc_write(ICC_PMR, PMR_ALL);
	icc_write(ICC_BPR1, 0);
	icc_write(ICC_CTLR, 0);
	icc_write(ICC_IGRPEN1, 1);
	cpu_isb();
}

static void init(const struct machine *m)
{
	gicd = m->gicd;
	mmu_map(gicd, GICD_SIZE, MMU_DEVICE);
	gicr = find_redistributor(m);
	init_distributor(cpu_read(mpidr_el1) & MPIDR_AFFINITY);
	init_redistributor();
	init_cpu_interface();
}

static uint64_t bank_base(unsigned int intid)
{
	return intid < 32 ? gicr + GICR_SGI_BASE : gicd;
}

static void enable(unsigned int intid)
{
	mmio_write32(bank_base(intid) + GICD_ISENABLER(intid / 32), UINT32_C(1) << intid % 32);
}

static void disable(unsigned int intid)
{
	mmio_write32(bank_base(intid) + GICD_ICENABLER(intid / 32), UINT32_C(1) << intid % 32);
}

/* ICC_SGI1R_EL1: Aff3 at 48, Aff2 at 32, Aff1 at 16, INTID at 24, Aff0 as a bit. */
static void raise(unsigned int sgi)
{
	uint64_t mpidr = cpu_read(mpidr_el1);
	uint64_t value = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
			 (mpidr >> 8 & 0xff) << 16 | UINT64_C(1) << (mpidr & 0xf);

	cpu_dsb();
	icc_write(ICC_SGI1R, value | (uint64_t)sgi << 24);
	cpu_isb();
}

static uint32_t acknowledge(void)
{
	uint32_t ack = (uint32_t)icc_read(ICC_IAR1);

	/* The handler must see the device as it was when it interrupted (IHI 0069 4.1.1). */
	cpu_dsb();
	return ack;
}

static void end(uint32_t ack)
{
	icc_write(ICC_EOIR1, ack);
	cpu_isb();
}

const struct gic_ops gicv3_ops = {
	.init = init,
	.enable = enable,
	.disable = disable,
	.raise = raise,
	.acknowledge = acknowledge,
	.end = end,
};
