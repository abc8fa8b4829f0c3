/* The boot, and the machine it found. */
#ifndef KEEL_BOOT_H
#define KEEL_BOOT_H

#include <stdint.h>

#include "guests/rtos/port/machine.h"

_Noreturn void boot_main(uint64_t fdt_pa);
const struct machine *boot_machine(void);

/* The counter when the kernel started. */
uint64_t boot_time(void);

#endif
