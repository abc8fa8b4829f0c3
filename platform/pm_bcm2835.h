/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power manager of BCM2835 and its successors, whose watchdog resets the board (Linux,
 * drivers/watchdog/bcm2835_wdt.c; the data sheets leave it out).
 */
#ifndef PLATFORM_PM_BCM2835_H
#define PLATFORM_PM_BCM2835_H

#include "core/lib/types.h"

/* Reset the board in some 150 us. base: the registers. */
void pm_reset(uint64_t base);
/* The same, and ask the firmware to stay off then. */
void pm_power_off(uint64_t base);

#endif
