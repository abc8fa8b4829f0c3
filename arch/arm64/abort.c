/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 faults: emulated registers, and what a VM does not own. */
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/mmio.h"
#include "core/vm.h"

/* ISS of a data abort (DDI 0487, ESR_ELx). */
#define ISS_WNR         BIT(6)
#define ISS_S1PTW       BIT(7)
#define ISS_CM          BIT(8)
#define ISS_SF          BIT(15)
#define ISS_SRT(e)      (((e) >> 16) & 0x1f)
#define ISS_SSE         BIT(21)
#define ISS_SAS(e)      (((e) >> 22) & 3)
#define ISS_ISV         BIT(24)
#define ISS_FSC_KIND(e) (((e) >> 2) & 0xf)

#define FSC_KIND_TRANSLATION 1
#define FSC_KIND_PERMISSION  3

static uint64_t fault_ipa(uint64_t far)
{
	return ((read_sysreg(hpfar_el2) & ~0xfUL) << 8) | (far & 0xfff);
}

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

static uint64_t extend(uint64_t value, uint64_t esr, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	if (esr & ISS_SSE) {
		value = (uint64_t)((int64_t)(value << unused) >> unused);
	} else {
		value = value << unused >> unused;
	}
	return esr & ISS_SF ? value : value & 0xffffffff;
}

static enum trap_result emulate(struct vcpu *v, uint64_t esr, uint64_t ipa)
{
	unsigned int rt = ISS_SRT(esr);
	struct mmio_access a = {
		.size = (uint8_t)BIT(ISS_SAS(esr)),
		.write = esr & ISS_WNR,
	};

	if (a.write) {
		a.value = vcpu_get_reg(v, rt);
		a.value &= a.size == 8 ? UINT64_MAX : BIT(8 * a.size) - 1;
	}
	mmio_dispatch(v, ipa, &a);
	if (!a.write) {
		vcpu_set_reg(v, rt, extend(a.value, esr, a.size));
	}
	return TRAP_SKIP;
}

enum trap_result trap_data_abort(struct vcpu *v, uint64_t esr)
{
	uint64_t far = read_sysreg(far_el2);
	uint64_t ipa;

	switch (ISS_FSC_KIND(esr)) {
	case FSC_KIND_TRANSLATION:
		ipa = fault_ipa(far);
		if (!mmio_is_emulated(v->vm, ipa)) {
			return crash(v, "access to memory that is not its own", esr, far, ipa);
		}
		if ((esr & (ISS_ISV | ISS_S1PTW)) == ISS_ISV) {
			return emulate(v, esr, ipa);
		}
		if (esr & ISS_CM) {
			return TRAP_SKIP; /* cache maintenance on registers: nothing to do */
		}
		/* a form that no device register takes, or a translation table in registers */
		inject_abort(false, far, esr & ISS_S1PTW);
		return TRAP_RETRY;
	case FSC_KIND_PERMISSION:
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

	if (ISS_FSC_KIND(esr) == FSC_KIND_PERMISSION || mmio_is_emulated(v->vm, fault_ipa(far))) {
		inject_abort(true, far, esr & ISS_S1PTW);
		return TRAP_RETRY;
	}
	return crash(v, "fetch from memory that is not its own", esr, far, fault_ipa(far));
}
