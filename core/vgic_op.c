/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: reading and changing the state of an interrupt, wherever it is. */
#include "core/vgic_parts.h"

#include "core/arch.h"
#include "core/panic.h"

static void clear_active_in_memory(struct vm *vm, struct virq *irq)
{
	if (irq->hw && irq->active && !irq->latch) {
		gic.deactivate(irq->intid);
	}
	vgic_unspill(vm, irq);
	vgic_changed(vm, irq);
}

bool vgic_operate_loaded(struct vcpu *v, struct virq *irq, enum vgic_op op)
{
	uint64_t lr = gic.lr_read(irq->lr);
	uint64_t now = lr;

	switch (op) {
	case VGIC_GET_PENDING:
		return (lr & LR_PENDING) || virq_is_pending(irq) ||
		       (irq->hw && gic.is_pending(v->cpu, irq->intid));
	case VGIC_GET_ACTIVE:
		return lr & LR_ACTIVE;
	case VGIC_SET_PENDING:
		if (!irq->hw) {
			irq->latch = true;
			vgic_changed(v->vm, irq);
		} else if (!(lr & LR_PENDING)) {
			/* fires when the guest is done */
			gic.set_pending(v->cpu, irq->intid, true);
		}
		return false;
	case VGIC_CLEAR_PENDING:
		if (irq->hw) {
			gic.set_pending(v->cpu, irq->intid, false);
		}
		irq->latch = false;
		irq->sources = 0;
		now &= ~LR_PENDING;
		break;
	case VGIC_SET_ACTIVE:
		now = (irq->hw ? lr & ~LR_PENDING : lr) | LR_ACTIVE;
		break;
	case VGIC_CLEAR_ACTIVE:
		now &= ~LR_ACTIVE;
		break;
	}
	if (lr == now) {
		return false;
	}
	gic.lr_write(irq->lr, now & LR_STATE ? now : 0);
	if (!(now & LR_STATE)) {
		vgic_lr_free(v, irq);
		if (irq->hw && (lr & LR_STATE)) {
			gic.deactivate(irq->intid);
		}
		vgic_changed(v->vm, irq);
	}
	return false;
}

static bool operate_in_memory(struct vcpu *v, struct vcpu *bank, struct virq *irq, enum vgic_op op)
{
	unsigned int cpu = bank ? bank->cpu : v->cpu;

	switch (op) {
	case VGIC_GET_PENDING:
		return virq_is_pending(irq) || (irq->hw && gic.is_pending(cpu, irq->intid));
	case VGIC_GET_ACTIVE:
		return irq->active;
	case VGIC_SET_PENDING:
		if (irq->hw && !irq->latch) {
			gic.set_pending(cpu, irq->intid, true);
		} else if (!irq->hw) {
			irq->latch = true;
			vgic_changed(v->vm, irq);
		}
		break;
	case VGIC_CLEAR_PENDING:
		if (irq->hw && irq->latch) {
			gic.deactivate(irq->intid);
		}
		if (irq->hw) {
			gic.set_pending(cpu, irq->intid, false);
		}
		irq->latch = false;
		irq->sources = 0;
		break;
	case VGIC_SET_ACTIVE:
		irq->active = true;
		break;
	case VGIC_CLEAR_ACTIVE:
		clear_active_in_memory(v->vm, irq);
		break;
	}
	return false;
}

struct operation {
	struct vcpu *self; /* vCPU whose CPU carries it out */
	struct vcpu *bank;
	uint32_t intid;
	enum vgic_op op;
	bool answer;
	int holder; /* out: whom to ask instead, or -1 */
};

/*
 * A guest may stop or re-arm a timer whose interrupt was passed on but not taken
 * yet. The line has fallen then, and so has the pending state, unless software
 * had set that. Seen here, on the vCPU's own CPU, whenever the state is asked for.
 */
static void resample_timer(struct vcpu *v, struct virq *irq)
{
	uint64_t lr;

	if (!irq->hw || irq->intid >= VGIC_PRIVATE || irq->target != v->index || irq->soft ||
	    v != arch_current_vcpu() || arch_timer_line(irq->intid)) {
		return;
	}
	if (irq->lr != VIRQ_NO_LR) {
		lr = gic.lr_read(irq->lr);
		if ((lr & LR_STATE) != LR_PENDING) {
			return;
		}
		gic.lr_write(irq->lr, 0);
		vgic_lr_free(v, irq);
	} else if (!irq->latch) {
		return;
	}
	irq->latch = false;
	gic.deactivate(irq->intid);
}

static void operate_here(void *arg)
{
	struct operation *o = arg;
	struct vm *vm = o->self->vm;
	struct virq *irq = vgic_find(vm, o->bank, o->intid);

	spin_lock(&vm->vgic.lock);
	o->holder = -1;
	resample_timer(o->self, irq);
	if (irq->lr != VIRQ_NO_LR && irq->holder == o->self->index &&
	    !(gic.lr_state(irq->lr) & LR_STATE)) {
		gic.lr_write(irq->lr, 0); /* the guest is done with it */
		vgic_lr_free(o->self, irq);
		vgic_changed(vm, irq);
	}
	if (irq->lr == VIRQ_NO_LR) {
		o->answer = operate_in_memory(o->self, o->bank, irq, o->op);
	} else if (irq->holder == o->self->index) {
		o->answer = vgic_operate_loaded(o->self, irq, o->op);
	} else {
		o->holder = irq->holder;
	}
	vgic_commit(o->self);
	spin_unlock(&vm->vgic.lock);
}

bool vgic_operate(struct vcpu *self, struct vcpu *bank, uint32_t intid, enum vgic_op op)
{
	struct operation o = {.self = self, .bank = bank, .intid = intid, .op = op};

	/* it can move while nobody holds the lock, but not for ever: bounded */
	operate_here(&o);
	for (unsigned int tries = 0; o.holder >= 0 && tries < 2 * VM_VCPUS_MAX; tries++) {
		o.self = &self->vm->vcpus[o.holder];
		if (o.self == self) {
			operate_here(&o);
		} else {
			arch_call(o.self->cpu, operate_here, &o);
		}
	}
	return o.answer;
}

void vgic_deactivate(struct vcpu *v, uint32_t intid)
{
	struct virq *irq = vgic_find(v->vm, v, intid);

	if (irq) {
		vgic_operate(v, v, intid, VGIC_CLEAR_ACTIVE);
	}
}
