/* SPDX-License-Identifier: Apache-2.0 */
/* The board's PSCI firmware, and spin tables. SMC is issued only where the tree says so (pitfall 1). */
#ifndef ARCH_ARM64_FIRMWARE_H
#define ARCH_ARM64_FIRMWARE_H

#include "core/board.h"

/* Start a CPU at entry. Returns 0, or -1 when firmware refuses or there is no way to start it. */
int firmware_cpu_on(const struct board *b, const struct board_cpu *cpu, uint64_t entry) MUST_CHECK;
/* Turn the board off, if firmware can; returns when it cannot. */
void firmware_power_off(const struct board *b);

#endif
