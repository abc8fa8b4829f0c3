/* SPDX-License-Identifier: Apache-2.0 */
/* The board's PSCI firmware, and spin tables. SMC is issued only where the tree says so (pitfall 1). */
#ifndef ARCH_ARM64_FIRMWARE_H
#define ARCH_ARM64_FIRMWARE_H

#include "core/board.h"

/* Start a CPU at entry. Returns 0, or -1 when firmware refuses or there is no way to start it. */
int firmware_cpu_on(const struct board *b, const struct board_cpu *cpu, uint64_t entry) MUST_CHECK;
/* Turn the board off by PSCI, or where there is none by its power manager; returns if neither can. */
void firmware_power_off(const struct board *b);
/* Reset it, likewise. */
void firmware_reset(const struct board *b);

/* After a failure that a reset may cure: time to read why, then the reset. */
#define FIRMWARE_RESET_SECONDS 3
#define FIRMWARE_RESET_NOTICE  "nothing runs: the board is reset in 3 s, as its boot loader asked"
/* Reset after that time, spent here: works with the MMU off and in a panic. */
void firmware_reset_later(const struct board *b);

#endif
