/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/trap.h"

#include "arch/arm64/boot.h"
#include "arch/arm64/gic_hw.h"

#include "core/arch.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/vm.h"

_Noreturn void enter_guest(struct vcpu_regs *frame);
_Noreturn void cpu_switch_to_idle(uint64_t stack_top);

struct vcpu *arch_current_vcpu(void)
{
	return this_cpu()->current;
}

void arch_enter_guest(struct vcpu *v)
{
	enter_guest(v->regs);
}

void arch_leave_guest(void)
{
	struct cpu *c = this_cpu();

	c->current = NULL;
	cpu_switch_to_idle(c->stack_top);
}

uint64_t trap_hvc(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	return psci_call(x0, x1, x2, x3, this_cpu()->current);
}

static enum trap_result trap_smc(struct vcpu *v, uint64_t esr)
{
	(void)esr;
	/* nothing reaches the firmware: an SMC is served as the same call by HVC */
	write_sysreg(elr_el2, read_sysreg(elr_el2) + 4);
	vcpu_set_reg(v, 0,
		     psci_call(vcpu_get_reg(v, 0), vcpu_get_reg(v, 1), vcpu_get_reg(v, 2),
			       vcpu_get_reg(v, 3), v));
	return TRAP_RETRY;
}

/* EC values that mean an instruction which our guest's architecture does not have. */
static enum trap_result trap_undefined(struct vcpu *v, uint64_t esr)
{
	(void)v;
	(void)esr;
	return TRAP_UNDEF;
}

static enum trap_result trap_wfx(struct vcpu *v, uint64_t esr)
{
	(void)v;
	(void)esr;
	return TRAP_SKIP; /* not trapped while a vCPU owns its CPU; a NOP is always allowed */
}

static const struct {
	enum trap_result (*handle)(struct vcpu *v, uint64_t esr);
} handlers[64] = {
	[EC_UNKNOWN] = {trap_undefined},
	[EC_WFX] = {trap_wfx},
	[0x03] = {trap_undefined}, /* AArch32 CP15, CP14, LDC, FP ID from EL0 */
	[0x04] = {trap_undefined},
	[0x05] = {trap_undefined},
	[0x06] = {trap_undefined},
	[0x07] = {trap_undefined}, /* SVE, SIMD and FP trapped to EL2 */
	[0x08] = {trap_undefined},
	[0x09] = {trap_undefined}, /* pointer authentication */
	[0x0a] = {trap_undefined}, /* LD64B and family */
	[0x0c] = {trap_undefined},
	[0x14] = {trap_undefined}, /* MSRR, MRRS, SYSP */
	[EC_SMC64] = {trap_smc},
	[EC_SYSREG] = {trap_sysreg},
	[0x19] = {trap_undefined}, /* SVE */
	[0x1a] = {trap_undefined}, /* ERET with nested virtualisation */
	[0x1b] = {trap_undefined}, /* TME */
	[0x1d] = {trap_undefined}, /* SME */
	[EC_IABT_LOWER] = {trap_instruction_abort},
	[EC_DABT_LOWER] = {trap_data_abort},
	[0x27] = {trap_undefined}, /* MOPS */
};

static _Noreturn void leave(struct vcpu *v)
{
	vm_vcpu_off(v);
	arch_leave_guest();
}

void trap_sync(uint64_t esr)
{
	struct vcpu *v = this_cpu()->current;
	enum trap_result result;

	if (!handlers[ESR_EC(esr)].handle) {
		vm_crash(v, "an exception that no guest should cause", read_sysreg(elr_el2), esr,
			 read_sysreg(far_el2), 0);
		leave(v);
	}
	result = handlers[ESR_EC(esr)].handle(v, esr);
	switch (result) {
	case TRAP_SKIP:
		trap_skip_instruction(esr);
		break;
	case TRAP_RETRY:
		break;
	case TRAP_UNDEF:
		inject_undefined();
		break;
	case TRAP_CRASH:
		leave(v);
	}
}

/* An asynchronous external abort while a guest ran: its device access, most likely. */
void trap_serror(void)
{
	struct vcpu *v = this_cpu()->current;

	vm_crash(v, "SError", read_sysreg(elr_el2), read_sysreg(esr_el2), 0, 0);
	leave(v);
}

void trap_irq(void)
{
	uint32_t iar = gic_cpu.take();

	/* the tick of every guest first: a PPI's IAR is its INTID */
	if (iar == board.timer.virt_intid) {
		struct vcpu *v = this_cpu()->current;

		vgic_inject_timer(v, &v->vgic.priv[GUEST_VTIMER_INTID],
				  timer_line(read_sysreg(cntv_ctl_el0)));
		return;
	}
	if (irq_is_guest_sgi(iar)) {
		irq_receive_sgi(iar);
		return;
	}
	irq_handle(iar);
	if (vm_is_stopping(this_cpu()->current->vm)) { /* whoever stops it sends a kick */
		leave(this_cpu()->current);
	}
}
