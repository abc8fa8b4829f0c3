/* SPDX-License-Identifier: Apache-2.0 */
/* Boot: from the loader's jump to the first guest. */
#ifndef ARCH_ARM64_BOOT_H
#define ARCH_ARM64_BOOT_H

#include "core/board.h"

/* The board that we run on; read-only once boot_early() is done. */
extern struct board board;
/* The VMs are built: CPUs may look for work. */
extern bool boot_done;

/* Stop this CPU for good, at the end of a panic. */
_Noreturn void panic_halt(void);

#endif
