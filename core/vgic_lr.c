/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: what is in the list registers of this CPU, and what waits for one. */
#include "core/vgic_parts.h"

#include "core/arch.h"
#include "core/panic.h"

static uint64_t lr_of(const struct virq *irq)
{
	return LR_PENDING | LR_PRIORITY(irq->priority) | (irq->group1 ? LR_GROUP1 : 0) | irq->intid;
}

static uint64_t lr_of_hw(const struct virq *irq)
{
	return lr_of(irq) | LR_HW | LR_PINTID(irq->intid);
}

/* Move what is pending of the interrupt into list register n. */
static void lr_load(struct vcpu *v, struct virq *irq, unsigned int n)
{
	uint64_t lr = lr_of(irq);

	if (irq->hw) {
		lr = lr_of_hw(irq);
	} else if (irq->sources) {
		irq->source = (uint8_t)__builtin_ctz(irq->sources);
		irq->sources &= (uint8_t)(irq->sources - 1);
		lr |= LR_SOURCE(irq->source) | (irq->sources ? LR_EOI : 0);
	} else if (!irq->edge) {
		lr |= LR_EOI; /* look at the line again when the guest is done */
		irq->soft = irq->latch;
	}
	irq->latch = false;
	if (irq->lr == VIRQ_NO_LR) {
		irq->lr = (uint8_t)n;
		irq->holder = (uint8_t)v->index;
		v->vgic.used |= (uint32_t)BIT(n);
		v->vgic.lr_intid[n] = irq->intid;
	}
	gic.lr_write(n, lr);
}

void vgic_lr_free(struct vcpu *v, struct virq *irq)
{
	v->vgic.used &= ~(uint32_t)BIT(irq->lr);
	irq->lr = VIRQ_NO_LR;
}

/* The pending state of a list register returns to memory; a line's level is there already. */
static void pend_in_memory(const struct vcpu *v, struct virq *irq)
{
	if (irq->intid < VGIC_SGIS && v->vm->vgic.version == GIC_V2) {
		irq->sources |= (uint8_t)BIT(irq->source);
	} else if (irq->edge || irq->hw || irq->soft) {
		irq->latch = true;
	}
}

/* Take an interrupt out of its list register: its state returns to memory. */
void vgic_lr_pull(struct vcpu *v, struct virq *irq, uint64_t lr)
{
	gic.lr_write(irq->lr, 0);
	vgic_lr_free(v, irq);
	if (lr & LR_PENDING) {
		pend_in_memory(v, irq);
		vgic_withdraw_timer(v->vm, irq);
	}
	if (lr & LR_ACTIVE) {
		irq->active = true;
		irq->spilled = true;
		v->vgic.spilled_count++;
	}
}

/* List registers that the guest has finished with are free again. */
static void fold(struct vcpu *v)
{
	uint32_t done = gic.lr_empty() & v->vgic.used;

	while (done) {
		unsigned int n = (unsigned int)__builtin_ctz(done);
		struct virq *irq = vgic_find(v->vm, v, v->vgic.lr_intid[n]);

		done &= done - 1;
		gic.lr_write(n, 0); /* or its EOI would be reported for ever */
		vgic_lr_free(v, irq);
		if (virq_is_wanted(&v->vm->vgic, irq)) {
			if (irq->target == v->index) {
				vgic_set_bit(v->vgic.waiting, irq->intid);
				v->vgic.waits = true;
			} else {
				vgic_changed(v->vm, irq);
			}
		}
	}
}

/* Bring the list register that an interrupt occupies in line. True: it was found empty. */
static bool reconcile_loaded(struct vcpu *v, struct virq *irq)
{
	uint64_t lr = gic.lr_read(irq->lr);
	const struct vgic *g = &v->vm->vgic;
	bool keep = virq_is_open(g, irq) && irq->target == v->index;

	if (!(lr & LR_STATE)) {
		gic.lr_write(irq->lr, 0);
		vgic_lr_free(v, irq);
		return true;
	}
	if (!irq->edge && !irq->hw && !irq->line && !irq->latch && !irq->soft) {
		keep = false; /* the level dropped before it was taken */
	}
	if ((lr & LR_STATE) == LR_PENDING) {
		if (!keep) {
			vgic_lr_pull(v, irq, lr);
			vgic_changed(v->vm, irq);
		} else if (irq->sources) {
			/* the same sender again: it is pending already */
			irq->sources &= (uint8_t)~BIT(irq->source);
			gic.lr_write(irq->lr, irq->sources ? lr | LR_EOI : lr);
		} else {
			irq->soft |= irq->latch;
			irq->latch = false;
		}
		return false;
	}
	if (!keep && (lr & LR_PENDING)) {
		pend_in_memory(v, irq);
		lr &= ~LR_PENDING;
	}
	if (keep && irq->latch && irq->sources == 0 && !irq->hw) {
		irq->soft = true;
		irq->latch = false;
		lr |= LR_PENDING;
	} else if (virq_is_pending(irq) && !irq->hw) {
		lr |= LR_EOI; /* its turn, here or elsewhere, comes when the guest is done */
	}
	gic.lr_write(irq->lr, lr);
	return false;
}

static void reconcile(struct vcpu *v, struct virq *irq)
{
	struct vgic_cpu *c = &v->vgic;
	uint32_t unused;

	if (irq->lr != VIRQ_NO_LR && !(irq->holder == v->index && reconcile_loaded(v, irq))) {
		return;
	}
	if (irq->target != v->index || !virq_is_wanted(&v->vm->vgic, irq)) {
		vgic_clear_bit(c->waiting, irq->intid);
		if (irq->lr == VIRQ_NO_LR && irq->target != v->index) {
			vgic_changed(v->vm, irq); /* its new vCPU has not been told */
		}
		return;
	}
	unused = ~c->used & (uint32_t)(BIT(gic.lr_count) - 1);
	if (unused && !c->waits) {
		lr_load(v, irq, (unsigned int)__builtin_ctz(unused));
		return;
	}
	vgic_set_bit(c->waiting, irq->intid);
	c->waits = true;
}

/* The most urgent of the waiting ones: lowest priority value, then lowest INTID. */
static struct virq *most_urgent(struct vcpu *v)
{
	struct virq *best = NULL;

	for (unsigned int w = 0; w < VGIC_WORDS; w++) {
		for (uint64_t bits = v->vgic.waiting[w]; bits; bits &= bits - 1) {
			uint32_t intid = w * 64 + (uint32_t)__builtin_ctzl(bits);
			struct virq *irq = vgic_find(v->vm, v, intid);

			if (irq->lr != VIRQ_NO_LR || irq->target != v->index ||
			    !virq_is_wanted(&v->vm->vgic, irq)) {
				vgic_clear_bit(v->vgic.waiting, intid);
			} else if (!best || irq->priority < best->priority) {
				best = irq;
			}
		}
	}
	return best;
}

/*
 * Make room for a more urgent interrupt: the least urgent pending one goes back
 * to wait; if none is pending, the active one that will end last is spilled (its
 * EOI is then counted). False: all that is there is more urgent.
 */
static bool evict(struct vcpu *v, const struct virq *newcomer)
{
	struct virq *pending = NULL;
	struct virq *active = NULL;
	uint64_t pending_lr = 0;
	uint64_t active_lr = 0;

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		struct virq *irq = vgic_find(v->vm, v, v->vgic.lr_intid[n]);
		uint64_t lr = gic.lr_read(n);

		ASSERT(irq); /* no list register is unused */
		if ((lr & LR_STATE) == LR_PENDING &&
		    (!pending || irq->priority >= pending->priority)) {
			pending = irq;
			pending_lr = lr;
		} else if ((lr & LR_ACTIVE) && (!active || irq->priority >= active->priority)) {
			active = irq;
			active_lr = lr;
		}
	}
	if (pending && pending->priority > newcomer->priority) {
		vgic_lr_pull(v, pending, pending_lr);
		vgic_set_bit(v->vgic.waiting, pending->intid);
		return true;
	}
	if (!pending && active) {
		vgic_lr_pull(v, active, active_lr);
		return true;
	}
	return false;
}

void vgic_update_wants(struct vcpu *v)
{
	gic.want((v->vgic.waits ? GIC_WANT_NO_PENDING : 0) |
		 (v->vgic.spilled_count ? GIC_WANT_EOI_COUNT : 0));
}

/* Fill list registers with the most urgent of those that wait. Each round places one. */
static void refill(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;

	fold(v);
	for (unsigned int round = 0; round <= 2 * VGIC_LRS_MAX; round++) {
		struct virq *irq = most_urgent(v);
		uint32_t unused = ~c->used & (uint32_t)(BIT(gic.lr_count) - 1);

		c->waits = irq != NULL;
		if (!irq || (!unused && !evict(v, irq))) {
			break;
		}
		unused = ~c->used & (uint32_t)(BIT(gic.lr_count) - 1);
		vgic_clear_bit(c->waiting, irq->intid);
		lr_load(v, irq, (unsigned int)__builtin_ctz(unused));
	}
	vgic_update_wants(v);
}

/* The active state of an interrupt that was spilled is gone. */
void vgic_unspill(struct vm *vm, struct virq *irq)
{
	if (irq->spilled) {
		irq->spilled = false;
		vm->vcpus[irq->holder].vgic.spilled_count--;
	}
	irq->active = false;
}

static struct virq *most_urgent_spilled(struct vcpu *v)
{
	struct virq *best = NULL;

	for (uint32_t i = 0; i < GUEST_INTIDS; i++) {
		struct virq *irq = vgic_find(v->vm, v, i);

		if (irq->spilled && irq->holder == v->index &&
		    (!best || irq->priority < best->priority)) {
			best = irq;
		}
	}
	return best;
}

/*
 * The guest ended interrupts that are in no list register: the most urgent ones
 * first. To be done before anything else is spilled, and before gic.want() resets the count.
 */
void vgic_end_spilled(struct vcpu *v)
{
	for (unsigned int count = gic.take_eoi_count(); count > 0; count--) {
		struct virq *irq = most_urgent_spilled(v);

		if (!irq) {
			break;
		}
		vgic_unspill(v->vm, irq);
		if (irq->hw) {
			gic.deactivate(irq->intid);
		}
		vgic_changed(v->vm, irq);
	}
}

void vgic_flush(struct vcpu *v)
{
	if (v->vgic.spilled_count) {
		vgic_end_spilled(v);
	}
	for (; v->vgic.dirty_words; v->vgic.dirty_words &= v->vgic.dirty_words - 1) {
		unsigned int w = (unsigned int)__builtin_ctz(v->vgic.dirty_words);
		uint64_t bits = v->vgic.dirty[w];

		v->vgic.dirty[w] = 0;
		for (; bits; bits &= bits - 1) {
			uint32_t intid = w * 64 + (uint32_t)__builtin_ctzl(bits);

			reconcile(v, vgic_find(v->vm, v, intid));
		}
	}
	if (v->vgic.waits) {
		refill(v);
	}
}

void vgic_commit(struct vcpu *self)
{
	if (self && self->vgic.dirty_words && self->vgic.online) {
		vgic_flush(self);
	}
}

void vgic_sync(struct vcpu *v)
{
	spin_lock(&v->vm->vgic.lock);
	vgic_commit(v);
	spin_unlock(&v->vm->vgic.lock);
}

void vgic_maintenance(struct vcpu *v)
{
	spin_lock(&v->vm->vgic.lock);
	if (v->vgic.online) {
		vgic_flush(v);
		refill(v);
	}
	spin_unlock(&v->vm->vgic.lock);
}

bool vgic_is_pending(struct vcpu *v)
{
	bool pending;

	spin_lock(&v->vm->vgic.lock);
	vgic_commit(v);
	pending = v->vgic.waits;
	for (uint32_t bits = v->vgic.used; bits && !pending; bits &= bits - 1) {
		pending = gic.lr_read((unsigned int)__builtin_ctz(bits)) & LR_PENDING;
	}
	spin_unlock(&v->vm->vgic.lock);
	return pending;
}

/* -- what a source does --------------------------------------------------------------------- */

/*
 * The common case, straight into a list register: an interrupt of a vCPU's own CPU,
 * free to be signalled, while nothing else waits for a list register. False: it is not that.
 */
static bool deliver(struct vcpu *v, struct virq *irq)
{
	struct vgic_cpu *c = &v->vgic;
	unsigned int n = irq->lr;
	uint32_t unused;

	if (irq->target != v->index || !c->online || c->dirty_words || c->waits ||
	    !virq_is_wanted(&v->vm->vgic, irq)) {
		return false;
	}
	if (n == VIRQ_NO_LR) {
		unused = ~c->used & (uint32_t)(BIT(gic.lr_count) - 1);
		if (!unused) {
			return false;
		}
		n = (unsigned int)__builtin_ctz(unused);
	} else if (irq->holder != v->index || (gic.lr_state(n) & LR_STATE)) {
		return false;
	}
	lr_load(v, irq, n);
	return true;
}

void vgic_signal(struct vcpu *self, struct virq *irq)
{
	if (!deliver(self, irq)) {
		vgic_changed(self->vm, irq);
		vgic_commit(self);
	}
}

void vgic_inject_timer(struct vcpu *v, struct virq *irq, bool line)
{
	struct vgic *g = &v->vm->vgic;

	spin_lock(&g->lock);
	irq->soft = !line;
	if (irq->lr != VIRQ_NO_LR && virq_is_open(g, irq)) {
		/* it fires again, so the guest has deactivated it: its list register is empty */
		uint64_t lr = lr_of_hw(irq);
		unsigned int n = irq->lr;

		spin_unlock(&g->lock);
		gic.lr_write(n, lr);
		return;
	}
	irq->latch = true;
	vgic_signal(v, irq);
	spin_unlock(&g->lock);
}

/*
 * The usual SGI, into the list register where its last one was: the guest has ended that, and
 * nothing else waits. GICv3 names no sender. False: it is another case.
 */
static bool reload_sgi(struct vcpu *v, struct virq *irq, unsigned int from)
{
	const struct vgic_cpu *c = &v->vgic;

	if (irq->lr == VIRQ_NO_LR || irq->sources || !virq_is_open(&v->vm->vgic, irq) ||
	    !c->online || c->dirty_words || c->waits || (gic.lr_state(irq->lr) & LR_STATE)) {
		return false;
	}
	irq->source = (uint8_t)from;
	gic.lr_write(irq->lr, lr_of(irq) | LR_SOURCE(from));
	return true;
}

void vgic_receive_sgi(struct vcpu *v, uint32_t intid, unsigned int from)
{
	struct virq *irq = &v->vgic.priv[intid];
	struct vgic *g = &v->vm->vgic;

	spin_lock(&g->lock);
	if ((g->version == GIC_V2 || irq->group1) && !reload_sgi(v, irq, from)) {
		irq->latch |= g->version == GIC_V3;
		irq->sources |= (uint8_t)(g->version == GIC_V2 ? BIT(from) : 0);
		vgic_signal(v, irq);
	}
	spin_unlock(&g->lock);
}
