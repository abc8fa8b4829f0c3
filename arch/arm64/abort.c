/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 faults: emulated registers, and what a VM does not own. */
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/mmio.h"
#include "core/vm.h"

/*
 * HPFAR_EL2 is not written for a permission fault (D8.2.13): translate the VA as
 * the guest's EL1 does. 0 when that fails meanwhile.
 */
static uint64_t permission_ipa(uint64_t far)
{
	uint64_t saved = read_sysreg(par_el1);
	uint64_t par;

	__asm__ volatile("at s1e1r, %0" ::"r"(far));
	isb();
	par = read_sysreg(par_el1);
	write_sysreg(par_el1, saved);
	return par & 1 ? 0 : (par & 0x000ffffffffff000UL) | (far & 0xfff);
}

static enum trap_result crash(struct vcpu *v, const char *what, uint64_t esr, uint64_t far,
			      uint64_t ipa)
{
	vm_crash(v, what, read_sysreg(elr_el2), esr, far, ipa);
	return TRAP_CRASH;
}

static uint64_t low_bytes(uint64_t value, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	return value << unused >> unused;
}

static uint64_t extend(uint64_t value, uint64_t esr, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	if (!(esr & ISS_SSE)) {
		return low_bytes(value, size);
	}
	value = (uint64_t)((int64_t)(value << unused) >> unused);
	return esr & ISS_SF ? value : value & 0xffffffff;
}

static void emulate(struct vcpu *v, uint64_t esr, const struct mmio_frame *f, uint64_t ipa)
{
	unsigned int rt = ISS_SRT(esr);
	struct mmio_op op = {
		.offset = (uint32_t)(ipa - f->base),
		.size = (uint8_t)(1U << ISS_SAS(esr)),
		.write = esr & ISS_WNR,
	};

	if (op.write) {
		(void)mmio_dispatch(f, v, op, low_bytes(vcpu_get_reg(v, rt), op.size));
	} else {
		vcpu_set_reg(v, rt, extend(mmio_dispatch(f, v, op, 0), esr, op.size));
	}
}

/* An access that the syndrome describes in full, to an emulated register. False: it is not that. */
static bool emulated(struct vcpu *v, uint64_t esr, uint64_t ipa)
{
	const struct mmio_frame *f = mmio_find(&v->vm->mmio, ipa);

	if (!f || (esr & (ISS_ISV | ISS_S1PTW)) != ISS_ISV) {
		return false;
	}
	emulate(v, esr, f, ipa);
	trap_skip_instruction(esr);
	return true;
}

static enum trap_result translation_fault(struct vcpu *v, uint64_t esr, uint64_t far)
{
	uint64_t ipa = trap_fault_ipa(far);

	if (emulated(v, esr, ipa)) {
		return TRAP_RETRY;
	}
	if (!mmio_find(&v->vm->mmio, ipa)) {
		return crash(v, "access to memory that is not its own", esr, far, ipa);
	}
	if ((esr & ISS_CM) && !(esr & ISS_ISV)) {
		return TRAP_SKIP; /* cache maintenance on registers: nothing to do */
	}
	/* a form that no device register takes, or a translation table in registers */
	inject_abort(false, far, esr & ISS_S1PTW);
	return TRAP_RETRY;
}

enum trap_result trap_data_abort(struct vcpu *v, uint64_t esr)
{
	uint64_t far = read_sysreg(far_el2);

	switch (esr & ISS_FSC_KIND_MASK) {
	case ISS_FSC_KIND_TRANSLATION:
		return translation_fault(v, esr, far);
	case ISS_FSC_KIND_PERMISSION:
		/* a write to read-only memory is refused as a bus would */
		inject_abort(false, far, esr & ISS_S1PTW);
		return TRAP_RETRY;
	default:
		return crash(v, "external abort", esr, far, permission_ipa(far));
	}
}

enum trap_result trap_instruction_abort(struct vcpu *v, uint64_t esr)
{
	uint64_t far = read_sysreg(far_el2);

	if ((esr & ISS_FSC_KIND_MASK) == ISS_FSC_KIND_PERMISSION ||
	    mmio_find(&v->vm->mmio, trap_fault_ipa(far))) {
		inject_abort(true, far, esr & ISS_S1PTW);
		return TRAP_RETRY;
	}
	return crash(v, "fetch from memory that is not its own", esr, far, trap_fault_ipa(far));
}
