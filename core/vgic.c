/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vgic_parts.h"

#include <string.h>

#include "core/arch.h"
#include "core/panic.h"

/* GICD_IROUTER: affinity fields, and "any CPU" (IHI 0069, 12.9.22). */
#define ROUTE_ANY      BIT(31)
#define ROUTE_AFFINITY 0xffffffU

struct virq *vgic_find(struct vm *vm, struct vcpu *bank, uint32_t intid)
{
	if (intid < VGIC_PRIVATE) {
		return bank ? &bank->vgic.priv[intid] : NULL;
	}
	return intid < GUEST_INTIDS ? &vm->vgic.spi[intid - VGIC_PRIVATE] : NULL;
}

/* -- whose turn it is ---------------------------------------------------------------- */

static void mark_dirty(struct vcpu *v, const struct virq *irq)
{
	vgic_set_bit(v->vgic.dirty, irq->intid);
	v->vgic.dirty_words |= (uint32_t)BIT(irq->intid / 64);
	if (v->vgic.online && v != arch_current_vcpu()) {
		arch_kick(v->cpu);
	}
}

void vgic_changed(struct vm *vm, struct virq *irq)
{
	ASSERT(spin_is_held(&vm->vgic.lock));
	if (irq->lr != VIRQ_NO_LR) {
		mark_dirty(&vm->vcpus[irq->holder], irq);
	} else if (irq->target != VIRQ_NO_TARGET && virq_is_wanted(&vm->vgic, irq)) {
		mark_dirty(&vm->vcpus[irq->target], irq);
	}
}

/* The first of these vCPUs that is online, else the first of them. */
static NOINLINE unsigned int first_online(const struct vm *vm, unsigned int mask)
{
	unsigned int first = VIRQ_NO_TARGET;

	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		if (!(mask & BIT(i))) {
			continue;
		}
		if (vm->vcpus[i].vgic.online) {
			return i;
		}
		first = first == VIRQ_NO_TARGET ? i : first;
	}
	return first;
}

static unsigned int target_of(const struct vm *vm, const struct virq *irq)
{
	if (vm->vgic.version == GIC_V2) {
		return first_online(vm, irq->targets);
	}
	if (irq->route & ROUTE_ANY) {
		return first_online(vm, 0xff);
	}
	return (irq->route & ROUTE_AFFINITY) < vm->vcpu_count ? irq->route & ROUTE_AFFINITY
							      : VIRQ_NO_TARGET;
}

void vgic_retarget(struct vm *vm, struct virq *irq)
{
	unsigned int target = target_of(vm, irq);

	ASSERT(spin_is_held(&vm->vgic.lock));
	if (target == irq->target) {
		return;
	}
	if (irq->target != VIRQ_NO_TARGET) {
		struct vgic_cpu *old = &vm->vcpus[irq->target].vgic;

		vgic_clear_bit(old->waiting, irq->intid);
	}
	irq->target = (uint8_t)target;
	if (irq->hw && target != VIRQ_NO_TARGET) {
		gic.configure(irq->intid, irq->edge, vm->vcpus[target].cpu);
	}
	vgic_changed(vm, irq);
}

/* A vCPU came or went: SPIs that may go to several follow those that are there. */
static void retarget_all(struct vm *vm)
{
	for (unsigned int i = 0; i < VGIC_SPIS; i++) {
		vgic_retarget(vm, &vm->vgic.spi[i]);
	}
}

void vgic_changed_all(struct vm *vm)
{
	for (unsigned int i = 0; i < VGIC_SPIS; i++) {
		vgic_changed(vm, &vm->vgic.spi[i]);
	}
	for (unsigned int c = 0; c < vm->vcpu_count; c++) {
		for (unsigned int i = 0; i < VGIC_PRIVATE; i++) {
			vgic_changed(vm, &vm->vcpus[c].vgic.priv[i]);
		}
	}
}

/*
 * A timer's interrupt that is disabled before it was taken: the guest may stop the
 * timer meanwhile, unseen by us, so the physical line is asked again when it is
 * enabled. Only its own CPU can do that; from another it stays pending.
 */
void vgic_withdraw_timer(const struct vm *vm, struct virq *irq)
{
	if (irq->hw && irq->latch && irq->intid < VGIC_PRIVATE && !irq->enabled &&
	    vm->vcpus[irq->target].cpu == arch_cpu_id()) {
		irq->latch = false;
		gic.deactivate(irq->intid);
	}
}

void vgic_set_enabled(struct vm *vm, struct virq *irq, bool enabled)
{
	unsigned int target = irq->target == VIRQ_NO_TARGET ? 0 : irq->target;

	irq->enabled = enabled;
	/* of a CPU that is off, nobody would take it: vgic_cpu_online() does it then */
	if (irq->hw && (irq->intid >= VGIC_PRIVATE || vm->vcpus[target].vgic.online)) {
		gic.set_enabled(vm->vcpus[target].cpu, irq->intid, enabled);
	}
	if (irq->lr == VIRQ_NO_LR) {
		vgic_withdraw_timer(vm, irq);
	}
	vgic_changed(vm, irq);
}

/* -- sources ------------------------------------------------------------------------------- */

/* self: the vCPU of the VM that runs here, or NULL. */
static void signal(struct vm *vm, struct vcpu *self, struct virq *irq)
{
	if (self) {
		vgic_signal(self, irq);
	} else {
		vgic_changed(vm, irq);
	}
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	struct virq *irq = vgic_find(vm, NULL, intid);
	struct vcpu *self = arch_current_vcpu();

	spin_lock(&vm->vgic.lock);
	if (irq->line != level) {
		irq->line = level;
		irq->latch |= level && irq->edge;
		signal(vm, self && self->vm == vm ? self : NULL, irq);
	}
	spin_unlock(&vm->vgic.lock);
}

void vgic_inject_hw(struct vm *vm, struct vcpu *bank, uint32_t intid)
{
	struct virq *irq = vgic_find(vm, bank, intid);

	spin_lock(&vm->vgic.lock);
	irq->latch = true;
	signal(vm, bank, irq);
	spin_unlock(&vm->vgic.lock);
}

/* -- life ------------------------------------------------------------------------------------ */

void vgic_cpu_online(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->vgic.lock);
	gic.virt_reset();
	v->vgic.used = 0;
	v->vgic.online = true;
	for (uint32_t i = VGIC_SGIS; i < VGIC_PRIVATE; i++) {
		if (v->vgic.priv[i].hw) {
			gic.set_enabled(v->cpu, i, v->vgic.priv[i].enabled);
		}
	}
	retarget_all(vm);
	for (uint32_t i = 0; i < GUEST_INTIDS; i++) {
		struct virq *irq = vgic_find(vm, v, i);

		if (irq->target == v->index) {
			vgic_changed(vm, irq);
		}
	}
	vgic_flush(v);
	vgic_update_wants(v);
	spin_unlock(&vm->vgic.lock);
}

void vgic_cpu_offline(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->vgic.lock);
	vgic_end_spilled(v);
	for (uint32_t bits = v->vgic.used; bits; bits &= bits - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(bits);
		struct virq *irq = vgic_find(vm, v, v->vgic.lr_intid[n]);

		vgic_lr_pull(v, irq, gic.lr_read(n));
		vgic_changed(vm, irq);
	}
	for (uint32_t i = VGIC_SGIS; i < VGIC_PRIVATE; i++) {
		struct virq *irq = &v->vgic.priv[i];

		if (irq->hw) {
			gic.set_enabled(v->cpu, i, false);
			gic.deactivate(i);
			irq->latch = false;
			vgic_unspill(vm, irq);
		}
	}
	v->vgic.online = false;
	gic.virt_off();
	retarget_all(vm);
	spin_unlock(&vm->vgic.lock);
}

void vgic_own_spi(struct vm *vm, uint32_t intid, bool edge)
{
	struct virq *irq = vgic_find(vm, NULL, intid);

	ASSERT(irq && intid >= VGIC_PRIVATE);
	irq->intid = (uint16_t)intid; /* the first vgic_reset() asks for it */
	irq->hw = true;
	irq->edge = edge;
}

static void reset_irq(struct virq *irq, uint32_t intid, unsigned int target)
{
	bool hw = irq->hw;
	bool edge = hw ? irq->edge : intid < VGIC_SGIS;

	*irq = (struct virq){
		.intid = (uint16_t)intid,
		.lr = VIRQ_NO_LR,
		.target = (uint8_t)target,
		.targets = (uint8_t)BIT(target),
		.edge = edge,
		.hw = hw,
		.enabled = false,
	};
}

static void reset_cpu(struct vcpu *v)
{
	for (uint32_t i = 0; i < VGIC_PRIVATE; i++) {
		reset_irq(&v->vgic.priv[i], i, v->index);
		/* the timers are the CPU's own, linked to the physical interrupt */
		v->vgic.priv[i].hw = i == GUEST_VTIMER_INTID || i == GUEST_PTIMER_INTID;
	}
	memset(v->vgic.dirty, 0, sizeof(v->vgic.dirty));
	memset(v->vgic.waiting, 0, sizeof(v->vgic.waiting));
	v->vgic.used = 0;
	v->vgic.spilled_count = 0;
	v->vgic.waits = false;
	v->vgic.dirty_words = 0;
}

void vgic_reset(struct vm *vm)
{
	spin_lock(&vm->vgic.lock);
	vm->vgic.version = vm->map.gic;
	vm->vgic.enable_group[0] = false;
	vm->vgic.enable_group[1] = false;
	for (uint32_t i = 0; i < VGIC_SPIS; i++) {
		struct virq *irq = &vm->vgic.spi[i];

		if (irq->hw) {
			gic.set_enabled(vm->vcpus[0].cpu, irq->intid, false);
			gic.set_pending(vm->vcpus[0].cpu, irq->intid, false);
			gic.deactivate(irq->intid);
			gic.configure(irq->intid, irq->edge, vm->vcpus[0].cpu);
		}
		reset_irq(irq, i + VGIC_PRIVATE, 0);
	}
	for (unsigned int c = 0; c < vm->vcpu_count; c++) {
		reset_cpu(&vm->vcpus[c]);
	}
	spin_unlock(&vm->vgic.lock);
}
