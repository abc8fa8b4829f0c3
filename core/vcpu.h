/* SPDX-License-Identifier: Apache-2.0 */
/* One virtual CPU. All of its state is here or in struct vcpu_regs on its CPU's stack. */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/vgic.h"

#define VCPU_CONTEXT_WORDS 96

/*
 * PSCI state of a vCPU. OFF -> CLAIMED by compare-and-swap by the one caller of
 * CPU_ON that wins; CLAIMED -> ON_PENDING by the same once entry and context are
 * written; ON_PENDING -> ON by the vCPU's own CPU; ON -> OFF by itself.
 */
enum vcpu_power {
	VCPU_OFF,
	VCPU_CLAIMED,
	VCPU_ON_PENDING,
	VCPU_ON,
};

/* The registers that a trap saved; x19 to x29 only where the path says so (vectors.S). */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t pad; /* keeps the stack 16-byte aligned */
};

struct vcpu {
	struct vm *vm;
	unsigned int index; /* in the VM: Aff0 of its MPIDR */
	unsigned int cpu;   /* board CPU that it owns */
	struct vcpu_regs *regs;
	enum vcpu_power power;
	uint64_t entry; /* set by CPU_ON, read when it goes from ON_PENDING to ON */
	uint64_t entry_x0;
	struct vgic_cpu vgic;
	/* EL1 and EL0 system registers while the vCPU is not loaded (arch/arm64/context.c). */
	uint64_t context[VCPU_CONTEXT_WORDS];
};

/* General register n of the vCPU that trapped here; 31 is the zero register. */
static inline uint64_t vcpu_get_reg(const struct vcpu *v, unsigned int n)
{
	return n == 31 ? 0 : v->regs->x[n];
}

static inline void vcpu_set_reg(struct vcpu *v, unsigned int n, uint64_t value)
{
	if (n != 31) {
		v->regs->x[n] = value;
	}
}

#endif
