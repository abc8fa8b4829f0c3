/* PSCI (DEN0022) and the SMCCC conduit below it. */
#ifndef KEEL_PSCI_H
#define KEEL_PSCI_H

#include <stdbool.h>
#include <stdint.h>

/* The conduit: HVC unless the device tree says SMC. */
void psci_init(bool use_smc);

int64_t psci_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3);

/* They return only if the firmware refuses. */
void psci_system_off(void);
void psci_system_reset(void);

#endif
