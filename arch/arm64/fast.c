/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traps that a guest makes most, told by one look at ESR_EL2: a 32-bit access to an
 * emulated register, and an SGI by ICC_SGI1R_EL1. Only what C may clobber is saved, so the
 * instruction's register is one of x0 to x15. Anything else takes the long way, trap_sync().
 */
#include "arch/arm64/trap.h"
#include "core/mmio.h"
#include "core/vm.h"

#define IS_EC(ec) ((uint32_t)(ec) << ESR_EC_SHIFT | ESR_IL)

/* A data abort: translation fault, described in full, 32 bits, zero-extended, Rt below 16. */
#define ABORT_MASK                                                                                 \
	(IS_EC(0x3f) | ISS_ISV | ISS_SAS_MASK | ISS_SSE | ISS_SRT_BIT4 | ISS_S1PTW |               \
	 ISS_FSC_KIND_MASK)
#define ABORT_WORD (IS_EC(EC_DABT_LOWER) | ISS_ISV | ISS_SAS_WORD | ISS_FSC_KIND_TRANSLATION)

/* A write to ICC_SGI1R_EL1, Rt below 16. */
#define SYSREG_MASK  (IS_EC(0x3f) | ISS_SYS_REG_MASK | ISS_SYS_READ | ISS_SYS_RT_BIT4)
#define SYSREG_SGI1R (IS_EC(EC_SYSREG) | ISS_SYS_SGI1R)

static void skip(void)
{
	write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
}

static bool emulate_word(uint32_t esr)
{
	struct cpu *c = this_cpu();
	struct vcpu *v = c->current;
	uint64_t ipa = trap_fault_ipa(read_sysreg(far_el2));
	const struct mmio_frame *f = mmio_find(&v->vm->mmio, ipa);
	struct mmio_op op = {.size = 4, .write = esr & ISS_WNR};
	uint64_t value;

	if (!f || (ipa & 3)) {
		return false;
	}
	op.offset = (uint32_t)(ipa - f->base);
	value = f->access(v, f->device, op, (uint32_t)cpu_frame(c)->x[ISS_SRT(esr)]);
	/* asked again, they need not be kept over the call */
	esr = (uint32_t)read_sysreg(esr_el2);
	if (!(esr & ISS_WNR)) {
		cpu_frame(this_cpu())->x[ISS_SRT(esr)] = (uint32_t)value;
	}
	skip();
	return true;
}

static bool send_sgi(uint32_t esr)
{
	struct cpu *c = this_cpu();

	vgic_write_sgir(c->current, cpu_frame(c)->x[ISS_SYS_RT(esr)], true);
	skip();
	return true;
}

bool trap_fast(uint64_t esr)
{
	if (((uint32_t)esr & ABORT_MASK) == ABORT_WORD) {
		return emulate_word((uint32_t)esr);
	}
	if (((uint32_t)esr & SYSREG_MASK) == SYSREG_SGI1R) {
		return send_sgi((uint32_t)esr);
	}
	return false;
}
