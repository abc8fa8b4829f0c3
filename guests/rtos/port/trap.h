/* Exceptions as vectors.S hands them over. */
#ifndef KEEL_TRAP_H
#define KEEL_TRAP_H

#include <stdint.h>

#include "guests/rtos/port/context.h"

void trap_sync(struct context *ctx);
void trap_irq(void);
_Noreturn void trap_unexpected(struct context *ctx, unsigned int vector);
_Noreturn void trap_fatal(unsigned int vector, struct context *ctx);

/* Enter sched_current(); the boot's stack is given up. */
_Noreturn void trap_return(void);

/* See probe.S: 0, or -1 if the access faulted. */
int probe_read32(uint64_t addr, uint32_t *value);
int probe_write32(uint64_t addr, uint32_t value);

#endif
