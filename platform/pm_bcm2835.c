/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/pm_bcm2835.h"

#include "arch/arm64/mmio.h"

#define PM_RSTC        0x1c
#define PM_RSTS        0x20
#define PM_WDOG        0x24
#define PASSWORD       0x5a000000U /* a write without it is ignored */
#define RSTC_MODE_MASK 0x30U
#define RSTC_FULL      0x20U
#define WDOG_TICKS     10U /* of 1/65536 s */
/*
 * The boot partition, 0 to 63, is spread over the even bits 0 to 10 of RSTS. The firmware
 * takes 63 for "halt".
 */
#define RSTS_PARTITION 0x555U

void pm_reset(uint64_t base)
{
	mmio_write32(base + PM_WDOG, PASSWORD | WDOG_TICKS);
	mmio_write32(base + PM_RSTC,
		     PASSWORD | (mmio_read32(base + PM_RSTC) & 0x00ffffffU & ~RSTC_MODE_MASK) |
			     RSTC_FULL);
}

void pm_power_off(uint64_t base)
{
	mmio_write32(base + PM_RSTS,
		     PASSWORD | (mmio_read32(base + PM_RSTS) & 0x00ffffffU) | RSTS_PARTITION);
	pm_reset(base);
}
