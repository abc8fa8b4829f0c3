/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts: EL2's own, and those of the VMs, which are passed on. */
#include "arch/arm64/boot.h"
#include "arch/arm64/gic_hw.h"
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/console.h"
#include "core/log.h"
#include "core/vm.h"

#define INTIDS 1020

static struct vm *owner[INTIDS];
static uint32_t console_intid;
static uint8_t sender[8]; /* GICv2: the vCPU of a CPU that IAR names; GICv3 names none */

void irq_set_owner(uint32_t intid, struct vm *vm)
{
	owner[intid] = vm;
}

void irq_set_sender(const struct vcpu *v)
{
	if (gic.version == GIC_V2) {
		sender[gicv2_number(v->cpu)] = (uint8_t)v->index;
	}
}

void irq_set_console(uint32_t intid)
{
	console_intid = intid;
	gic.configure(intid, false, this_cpu()->id);
	gic.set_enabled(this_cpu()->id, intid, true);
}

void irq_share(uint32_t intid)
{
	gic.configure(intid, false, this_cpu()->id);
	gic.set_enabled(this_cpu()->id, intid, true);
}

void irq_init_cpu(void)
{
	unsigned int cpu = this_cpu()->id;

	gic.init_cpu(cpu);
	gic.set_enabled(cpu, board.gic.maintenance_intid, true);
	gic.set_enabled(cpu, board.timer.hyp_intid, true);
}

static void serve_kick(struct cpu *c)
{
	/* what it announces is read after IAR was (DDI 0487, B2.3); a sender's half: send_sgi() */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	cpu_serve_call();
	if (c->current) {
		vgic_sync(c->current);
	}
}

/* The console, and what several VMs have parts of. */
static void serve_devices(const struct cpu *c, uint32_t intid)
{
	bool known =
		vfilter_interrupt(intid) || vgpio_interrupt(intid) || vmailbox_interrupt(intid);

	if (intid == console_intid) {
		console_interrupt();
	} else if (!known) {
		log_warn("interrupt %u has no owner: disabled", intid);
		gic.set_enabled(c->id, intid, false);
	}
}

/* EL2's own: served, then deactivated. */
static void serve_own(struct cpu *c, uint32_t intid)
{
	if (intid == board.gic.maintenance_intid) {
		if (c->current) {
			vgic_maintenance(c->current);
		}
	} else if (intid == board.timer.hyp_intid) {
		write_sysreg(cnthp_ctl_el2, 0);
		if (c->owner) {
			vpl031_poll(&c->owner->vm->rtc);
		}
	} else {
		serve_devices(c, intid);
	}
}

bool arch_timer_line(uint32_t intid)
{
	return timer_line(intid == GUEST_VTIMER_INTID ? read_sysreg(cntv_ctl_el0)
						      : read_sysreg(cntp_ctl_el0));
}

void irq_receive_sgi(uint32_t iar)
{
	struct vcpu *v = this_cpu()->owner;

	if (v) { /* else nobody's: no vCPU sends one to such a CPU */
		vgic_receive_sgi(v, (iar & 0xf) - GIC_GUEST_SGI, sender[iar >> 10 & 7]);
	}
	gic_cpu.end(iar);
}

void irq_handle(uint32_t iar)
{
	struct cpu *c = this_cpu();
	struct vcpu *v = c->current;
	uint32_t intid = gic_intid(iar);

	if (intid == GIC_KICK_SGI) {
		serve_kick(c);
		gic_cpu.end(iar);
	} else if (irq_is_guest_sgi(iar)) {
		irq_receive_sgi(iar);
	} else if (intid >= GIC_INTID_NONE) {
		return;
	} else if (intid == board.timer.virt_intid && v) {
		vgic_inject_timer(v, &v->vgic.priv[GUEST_VTIMER_INTID],
				  arch_timer_line(GUEST_VTIMER_INTID));
	} else if (intid == board.timer.phys_intid && v) {
		vgic_inject_timer(v, &v->vgic.priv[GUEST_PTIMER_INTID],
				  arch_timer_line(GUEST_PTIMER_INTID));
	} else if (intid >= 32 && owner[intid]) {
		vgic_inject_hw(owner[intid], v && v->vm == owner[intid] ? v : NULL, intid);
	} else {
		serve_own(c, intid);
		gic_cpu.end(iar);
	}
}

void arch_poll(void)
{
	uint32_t iar = gic_cpu.take();

	while (gic_intid(iar) < GIC_INTID_NONE) {
		irq_handle(iar);
		iar = gic_cpu.take();
	}
}

void arch_alarm(uint64_t at)
{
	write_sysreg(cnthp_cval_el2, at);
	write_sysreg(cnthp_ctl_el2, 1);
	isb();
}

void arch_wait(uint64_t deadline)
{
	if (deadline != UINT64_MAX) {
		arch_alarm(deadline);
	}
	dsb(sy);
	if (deadline != 0) {
		wfi();
	}
	arch_poll();
}
