/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts and constants for the assembler: the build turns each OFFSET into a #define. */
#include <assert.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/esr.h"

#define OFFSET(name, value) __asm__ volatile("\n.ascii \"->" #name " %0\"" ::"i"(value))

void offsets(void);

void offsets(void)
{
	OFFSET(CPU_SIZE, sizeof(struct cpu));
	OFFSET(CPU_AFFINITY, offsetof(struct cpu, affinity));
	OFFSET(CPU_STACK_TOP, offsetof(struct cpu, stack_top));
	OFFSET(BOARD_CPUS_MAX, BOARD_CPUS_MAX);
	OFFSET(ESR_EC_SHIFT, ESR_EC_SHIFT);
	OFFSET(EC_HVC64, EC_HVC64);
	OFFSET(ISS_FSC_MASK, ISS_FSC_MASK);
	OFFSET(ISS_FSC_EXTERNAL, ISS_FSC_EXTERNAL);
}

/* vectors.S stores pairs at fixed places of the frame */
static_assert(sizeof(struct vcpu_regs) == 256, "the frame is sixteen pairs");
static_assert(offsetof(struct vcpu_regs, x[19]) == 16 * 9 + 8, "x19 follows x18");
