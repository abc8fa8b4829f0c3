/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate.h"

#include "core/lib/fdt_read.h"

/*
 * PL011: DDI 0183, 3.3.10 and 3.3.11. SDHCI: SD Host Controller Specification 3.00, 2.2.18 and
 * 2.2.20. The others: BCM2835 ARM Peripherals, 2.2, 3.2 and 10.5. The mini UART's line status
 * register would lose an overrun when read, so AUX_MU_STAT_REG tells.
 */
static const struct gate gates[] = {
	{"arm,pl011", 0x38, 0x3c, 0x7ff, 0, {{0}}},
	{"brcm,bcm2711-emmc2", 0x38, 0x30, 0xffffffff, 0, {{0}}},
	{"brcm,bcm2835-sdhci", 0x38, 0x30, 0xffffffff, 0, {{0}}},
	{"brcm,bcm2835-aux-uart", 0x04, 0x24, BIT(0) | BIT(1), 2, {{0, 0}, {1, 8}}},
	{"brcm,bcm2835-i2c", 0x00, 0x04, BIT(8) | BIT(9) | BIT(10), 3, {{8, 1}, {9, 2}, {10, 3}}},
	{"brcm,bcm2835-spi", 0x00, 0x00, BIT(9) | BIT(10), 2, {{9, 16}, {10, 19}}},
};

const struct gate *gate_find(const void *fdt, int node)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(gates); i++) {
		if (fdt_read_compatible(fdt, node, gates[i].compatible)) {
			return &gates[i];
		}
	}
	return NULL;
}
