/* SPDX-License-Identifier: Apache-2.0 */
/* Traps from a guest: entered from vectors.S, with the guest's registers in its frame. */
#ifndef ARCH_ARM64_TRAP_H
#define ARCH_ARM64_TRAP_H

#include "arch/arm64/cpu.h"
#include "arch/arm64/esr.h"
#include "core/gic.h"

/* What became of a trapped instruction. */
enum trap_result {
	TRAP_SKIP,  /* carried out: go on after it */
	TRAP_RETRY, /* go on at the PC as it is now (an exception was injected, or HVC) */
	TRAP_UNDEF, /* the architecture says it is UNDEFINED here */
	TRAP_CRASH, /* the VM did what it must not: already reported */
};

/* The guest's x0 to x3; returns its new x0. */
uint64_t trap_hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
void trap_sync(uint64_t esr);
/*
 * fast.c: the traps that a guest makes most, while only x0 to x18 of its registers are saved.
 * False: it is another, and nothing was done.
 */
bool trap_fast(uint64_t esr);
void trap_irq(void);
void trap_serror(void);

/* Where a translation fault was, from FAR_EL2. */
static inline uint64_t trap_fault_ipa(uint64_t far)
{
	return ((read_sysreg(hpfar_el2) & ~0xfUL) << 8) | (far & 0xfff);
}

/* Go on after the instruction that trapped. */
static inline void trap_skip_instruction(uint64_t esr)
{
	write_sysreg(elr_el2, read_sysreg(elr_el2) + (esr & ESR_IL ? 4 : 2));
}
_Noreturn void trap_fatal(uint64_t vector, const struct vcpu_regs *regs);

/* inject.c: exceptions taken to the guest's EL1, as the architecture enters them. */
void inject_undefined(void);
void inject_abort(bool instruction, uint64_t far, bool on_walk);

/* sysreg.c */
enum trap_result trap_sysreg(struct vcpu *v, uint64_t esr);
/* abort.c */
enum trap_result trap_data_abort(struct vcpu *v, uint64_t esr);
enum trap_result trap_instruction_abort(struct vcpu *v, uint64_t esr);
/* irq.c: what gic_cpu.take() returned. */
void irq_handle(uint32_t iar);
/* It is an SGI that a vCPU sends to the one that owns this CPU. */
static inline bool irq_is_guest_sgi(uint32_t iar)
{
	/* without GICv2's source CPU, which is zero in GICv3 */
	return (iar & ~0x1c00U) - GIC_GUEST_SGI < GIC_GUEST_SGIS;
}
void irq_receive_sgi(uint32_t iar);
void irq_init_cpu(void);
/* Which VM an SPI belongs to; set while VMs are built. */
void irq_set_owner(uint32_t intid, struct vm *vm);
/* That it belongs to devices of several (vfilter.h): taken by this CPU, which serves the console. */
void irq_share(uint32_t intid);
/* v may send SGIs from now on. */
void irq_set_sender(const struct vcpu *v);
void irq_set_console(uint32_t intid);

#endif
