#include "guests/rtos/port/gic.h"

#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/machine.h"

static const struct gic_ops *ops;

void gic_init(const struct machine *m)
{
	ops = m->gic_version == 3 ? &gicv3_ops : &gicv2_ops;
	ops->init(m);
}

const struct gic_ops *gic_ops(void)
{
	return ops;
}

void gic_reset_bank(uint64_t base, unsigned int n)
{
	uint32_t priorities = GIC_PRIORITY * UINT32_C(0x01010101);

	mmio_write32(base + GICD_ICENABLER(n), UINT32_MAX);
	mmio_write32(base + GICD_ICPENDR(n), UINT32_MAX);
	mmio_write32(base + GICD_ICACTIVER(n), UINT32_MAX);
	for (unsigned int intid = 32 * n; intid < 32 * (n + 1); intid += 4) {
		mmio_write32(base + GICD_IPRIORITYR(intid), priorities);
	}
}
