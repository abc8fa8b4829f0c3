/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/context.h"

#include <assert.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/sysreg.h"
#include "core/arch.h"
#include "core/vm.h"

/*
 * Every register of EL1 and EL0 that a guest can write, and its value after
 * reset. Translation is off before its tables change and on after them: SCTLR_EL1 is first here
 * with its reset value and last when loaded (Cortex-A72 erratum 1319367).
 */
#define CONTEXT_REGISTERS(X)                                                                       \
	X(ttbr0_el1, 0)                                                                            \
	X(ttbr1_el1, 0)                                                                            \
	X(tcr_el1, 0)                                                                              \
	X(mair_el1, 0)                                                                             \
	X(amair_el1, 0)                                                                            \
	X(contextidr_el1, 0)                                                                       \
	X(cpacr_el1, 0)                                                                            \
	X(vbar_el1, 0)                                                                             \
	X(elr_el1, 0)                                                                              \
	X(spsr_el1, 0)                                                                             \
	X(esr_el1, 0)                                                                              \
	X(far_el1, 0)                                                                              \
	X(afsr0_el1, 0)                                                                            \
	X(afsr1_el1, 0)                                                                            \
	X(par_el1, 0)                                                                              \
	X(csselr_el1, 0)                                                                           \
	X(cntkctl_el1, 0)                                                                          \
	X(cntv_ctl_el0, 0)                                                                         \
	X(cntv_cval_el0, 0)                                                                        \
	X(cntp_ctl_el0, 0)                                                                         \
	X(cntp_cval_el0, 0)                                                                        \
	X(sp_el0, 0)                                                                               \
	X(sp_el1, 0)                                                                               \
	X(tpidr_el0, 0)                                                                            \
	X(tpidrro_el0, 0)                                                                          \
	X(tpidr_el1, 0)                                                                            \
	X(mdscr_el1, 0)                                                                            \
	X(fpcr, 0)                                                                                 \
	X(fpsr, 0)                                                                                 \
	X(sctlr_el1, SCTLR_EL1_RESET)

#define COUNT(reg, reset) +1
static_assert(0 CONTEXT_REGISTERS(COUNT) <= VCPU_CONTEXT_WORDS, "struct vcpu holds them all");

/* Hardware breakpoints and watchpoints that are there (ID_AA64DFR0_EL1). */
#define DFR0_BRPS(d) (((d) >> 12) & 0xf)
#define DFR0_WRPS(d) (((d) >> 20) & 0xf)

void context_reset(struct vcpu *v)
{
	uint64_t *word = v->context;

#define RESET(reg, reset) *word++ = (reset);
	CONTEXT_REGISTERS(RESET)
}

void context_load(const struct vcpu *v)
{
	const uint64_t *word = v->context;

	write_sysreg(sctlr_el1, SCTLR_EL1_RESET);
	isb();
#define LOAD(reg, reset) write_sysreg(reg, *word++);
	CONTEXT_REGISTERS(LOAD)
	isb();
}

void context_save(struct vcpu *v)
{
	uint64_t *word = v->context;

#define SAVE(reg, reset) *word++ = read_sysreg(reg);
	CONTEXT_REGISTERS(SAVE)
}

/* Disarm what a guest may have left in the debug unit: one case for each pair. */
static void debug_disarm(void)
{
	uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);

#define BREAK(n)                                                                                   \
	if (DFR0_BRPS(dfr0) + 1 > (n)) {                                                           \
		write_sysreg(dbgbcr##n##_el1, 0);                                                  \
		write_sysreg(dbgbvr##n##_el1, 0);                                                  \
	}
#define WATCH(n)                                                                                   \
	if (DFR0_WRPS(dfr0) + 1 > (n)) {                                                           \
		write_sysreg(dbgwcr##n##_el1, 0);                                                  \
		write_sysreg(dbgwvr##n##_el1, 0);                                                  \
	}
#define EACH(X)                                                                                    \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
	EACH(BREAK)
	EACH(WATCH)
}

void arch_vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
	struct cpu *c = this_cpu();

	v->regs = cpu_frame(c);
	memset(v->regs, 0, sizeof(*v->regs));
	v->regs->x[0] = x0;
	write_sysreg(elr_el2, entry);
	write_sysreg(spsr_el2, SPSR_EL1H | SPSR_DAIF);
	write_sysreg(vmpidr_el2, BIT(31) | v->index);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1));
	write_sysreg(cntvoff_el2, v->vm->counter_offset);
	context_reset(v);
	context_load(v);
	debug_disarm();
	write_sysreg(vttbr_el2, v->vm->stage2.vttbr);
	isb();
	/* nothing of the previous run is left in this CPU's TLB and instruction cache */
	__asm__ volatile("tlbi vmalls12e1\n\tic iallu" ::: "memory");
	dsb(nsh);
	isb();
	c->current = v;
}

uint64_t arch_vm_counter_offset(void)
{
	return arch_counter();
}
