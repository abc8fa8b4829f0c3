/* SPDX-License-Identifier: Apache-2.0 */
/* The ID registers that a guest reads: what is not virtualised is not there (pitfall 20, I14). */
#ifndef ARCH_ARM64_IDREGS_H
#define ARCH_ARM64_IDREGS_H

#include "core/vm.h"

/* op0 = 3, op1 = 0, CRn = 0, CRm 1 to 7. Anything not known reads as zero, as the architecture says. */
uint64_t idreg_read(const struct vm *vm, unsigned int crm, unsigned int op2);

#endif
