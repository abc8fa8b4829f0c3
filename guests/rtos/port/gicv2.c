/* GICv2 (IHI 0048B). */
#include "guests/rtos/port/gic.h"

#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/machine.h"
#include "guests/rtos/port/mmu.h"

#define GICD_SIZE 0x1000
#define GICC_SIZE 0x2000

#define GICD_CTLR_ENABLE  1
#define GICD_LINES(typer) ((((typer)&0x1f) + 1))
#define SGIR_SELF         (UINT32_C(2) << 24)

#define GICC_CTLR 0x000
#define GICC_PMR  0x004
#define GICC_BPR  0x008
#define GICC_IAR  0x00c
#define GICC_EOIR 0x010

#define GICC_CTLR_ENABLE 1
#define GICC_PMR_ALL     0xff

static uint64_t gicd, gicc;

/* Banked: shows this CPU's own interface bit in each byte (4.3.12). */
static uint8_t own_target(void)
{
	for (unsigned int intid = 0; intid < 32; intid += 4) {
		uint32_t targets = mmio_read32(gicd + GICD_ITARGETSR(intid));

		if (targets != 0) {
			return (uint8_t)(targets | targets >> 8 | targets >> 16 | targets >> 24);
		}
	}
	return 1;
}

static void init(const struct machine *m)
{
	unsigned int banks;
	uint32_t targets;

	gicd = m->gicd;
	gicc = m->gicc;
	mmu_map(gicd, GICD_SIZE, MMU_DEVICE);
	mmu_map(gicc, GICC_SIZE, MMU_DEVICE);
	mmio_write32(gicd + GICD_CTLR, 0);
	banks = GICD_LINES(mmio_read32(gicd + GICD_TYPER));
	targets = own_target() * UINT32_C(0x01010101);
	for (unsigned int n = 0; n < banks; n++) {
		gic_reset_bank(gicd, n);
		for (unsigned int intid = 32 * n; n > 0 && intid < 32 * (n + 1); intid += 4) {
			mmio_write32(gicd + GICD_ITARGETSR(intid), targets);
		}
	}
	mmio_write32(gicd + GICD_CTLR, GICD_CTLR_ENABLE);
	mmio_write32(gicc + GICC_PMR, GICC_PMR_ALL);
	mmio_write32(gicc + GICC_BPR, 0);
	mmio_write32(gicc + GICC_CTLR, GICC_CTLR_ENABLE);
}

static void enable(unsigned int intid)
{
	mmio_write32(gicd + GICD_ISENABLER(intid / 32), UINT32_C(1) << intid % 32);
}

static void disable(unsigned int intid)
{
	mmio_write32(gicd + GICD_ICENABLER(intid / 32), UINT32_C(1) << intid % 32);
}

static void raise(unsigned int sgi)
{
	cpu_dsb();
	mmio_write32(gicd + GICD_SGIR, SGIR_SELF | sgi);
}

static uint32_t acknowledge(void)
{
	return mmio_read32(gicc + GICC_IAR);
}

/* The whole of IAR goes back: for an SGI it names the sender too (4.4.5). */
static void end(uint32_t ack)
{
	mmio_write32(gicc + GICC_EOIR, ack);
}

const struct gic_ops gicv2_ops = {
	.init = init,
	.enable = enable,
	.disable = disable,
	.raise = raise,
	.acknowledge = acknowledge,
	.end = end,
};
