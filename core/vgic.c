/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vgic.h"

#include <string.h>

#include "core/arch.h"
#include "core/panic.h"
#include "core/vm.h"

/* GICD_IROUTER: affinity fields, and "any CPU" (IHI 0069, 12.9.22). */
#define ROUTE_ANY      BIT(31)
#define ROUTE_AFFINITY 0xff00ffffffUL

static void set_bit(uint64_t *map, uint32_t n)
{
	map[n / 64] |= BIT(n % 64);
}

static void clear_bit(uint64_t *map, uint32_t n)
{
	map[n / 64] &= ~BIT(n % 64);
}

struct virq *vgic_find(struct vm *vm, struct vcpu *bank, uint32_t intid)
{
	if (intid < VGIC_PRIVATE) {
		return bank ? &bank->vgic.priv[intid] : NULL;
	}
	return intid < GUEST_INTIDS ? &vm->vgic.spi[intid - VGIC_PRIVATE] : NULL;
}

static bool is_pending(const struct virq *irq)
{
	return irq->latch || irq->sources != 0 || (irq->line && !irq->edge);
}

/* May it be signalled, were it pending? */
static bool is_open(const struct vgic *g, const struct virq *irq)
{
	return irq->enabled && (irq->group1 ? g->enable_group1 : g->enable_group0);
}

static bool is_wanted(const struct vgic *g, const struct virq *irq)
{
	return is_pending(irq) && !irq->active && is_open(g, irq);
}

/* -- whose turn it is ---------------------------------------------------------------- */

static void mark_dirty(struct vcpu *v, const struct virq *irq)
{
	set_bit(v->vgic.dirty, irq->intid);
	v->vgic.is_dirty = true;
	if (v->vgic.online && v != arch_current_vcpu()) {
		arch_kick(v->cpu);
	}
}

void vgic_changed(struct vm *vm, struct virq *irq)
{
	ASSERT(spin_is_held(&vm->vgic.lock));
	if (irq->lr != VIRQ_NO_LR) {
		mark_dirty(&vm->vcpus[irq->holder], irq);
	} else if (irq->target != VIRQ_NO_TARGET && is_wanted(&vm->vgic, irq)) {
		mark_dirty(&vm->vcpus[irq->target], irq);
	}
}

static unsigned int first_online(const struct vm *vm, unsigned int mask)
{
	unsigned int first = VIRQ_NO_TARGET;

	for (unsigned int i = vm->vcpu_count; i-- > 0;) {
		if (mask & BIT(i)) {
			first = i;
		}
	}
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		if ((mask & BIT(i)) && vm->vcpus[i].vgic.online) {
			return i;
		}
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
	return (irq->route & ROUTE_AFFINITY) < vm->vcpu_count
		       ? (unsigned int)(irq->route & ROUTE_AFFINITY)
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

		clear_bit(old->waiting, irq->intid);
	}
	irq->target = (uint8_t)target;
	if (irq->hw && target != VIRQ_NO_TARGET) {
		gic.configure(irq->pintid, irq->edge, vm->vcpus[target].cpu);
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
static void withdraw_timer(const struct vm *vm, struct virq *irq)
{
	if (irq->hw && irq->latch && irq->intid < VGIC_PRIVATE && !irq->enabled &&
	    vm->vcpus[irq->target].cpu == arch_cpu_id()) {
		irq->latch = false;
		gic.deactivate(irq->pintid);
	}
}

void vgic_set_enabled(struct vm *vm, struct virq *irq, bool enabled)
{
	unsigned int target = irq->target == VIRQ_NO_TARGET ? 0 : irq->target;

	irq->enabled = enabled;
	if (irq->hw) {
		gic.set_enabled(vm->vcpus[target].cpu, irq->pintid, enabled);
	}
	if (irq->lr == VIRQ_NO_LR) {
		withdraw_timer(vm, irq);
	}
	vgic_changed(vm, irq);
}

/* -- list registers of this CPU ---------------------------------------------------------- */

static uint64_t lr_of(const struct virq *irq)
{
	return LR_PENDING | LR_PRIORITY(irq->priority) | (irq->group1 ? LR_GROUP1 : 0) | irq->intid;
}

static uint64_t lr_of_hw(const struct virq *irq)
{
	return lr_of(irq) | LR_HW | LR_PINTID(irq->pintid);
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
	}
	irq->soft = irq->hw ? irq->soft : irq->latch;
	irq->latch = false;
	irq->lr = (uint8_t)n;
	irq->holder = (uint8_t)v->index;
	v->vgic.used |= (uint32_t)BIT(n);
	v->vgic.lr_intid[n] = irq->intid;
	gic.lr_write(n, lr);
}

static void lr_free(struct vcpu *v, struct virq *irq)
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
static void lr_pull(struct vcpu *v, struct virq *irq, uint64_t lr)
{
	gic.lr_write(irq->lr, 0);
	lr_free(v, irq);
	if (lr & LR_PENDING) {
		pend_in_memory(v, irq);
		withdraw_timer(v->vm, irq);
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
		lr_free(v, irq);
		if (is_wanted(&v->vm->vgic, irq)) {
			if (irq->target == v->index) {
				set_bit(v->vgic.waiting, irq->intid);
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
	bool keep = is_open(g, irq) && irq->target == v->index;

	if (!(lr & LR_STATE)) {
		gic.lr_write(irq->lr, 0);
		lr_free(v, irq);
		return true;
	}
	if (!irq->edge && !irq->hw && !irq->line && !irq->latch && !irq->soft) {
		keep = false; /* the level dropped before it was taken */
	}
	if ((lr & LR_STATE) == LR_PENDING) {
		if (!keep) {
			lr_pull(v, irq, lr);
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
	} else if (is_pending(irq) && !irq->hw) {
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
	if (irq->target != v->index || !is_wanted(&v->vm->vgic, irq)) {
		clear_bit(c->waiting, irq->intid);
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
	set_bit(c->waiting, irq->intid);
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
			    !is_wanted(&v->vm->vgic, irq)) {
				clear_bit(v->vgic.waiting, intid);
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
		lr_pull(v, pending, pending_lr);
		set_bit(v->vgic.waiting, pending->intid);
		return true;
	}
	if (!pending && active) {
		lr_pull(v, active, active_lr);
		return true;
	}
	return false;
}

static void update_wants(struct vcpu *v)
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
		clear_bit(c->waiting, irq->intid);
		lr_load(v, irq, (unsigned int)__builtin_ctz(unused));
	}
	update_wants(v);
}

/* The active state of an interrupt that was spilled is gone. */
static void unspill(struct vm *vm, struct virq *irq)
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
static void end_spilled(struct vcpu *v)
{
	for (unsigned int count = gic.take_eoi_count(); count > 0; count--) {
		struct virq *irq = most_urgent_spilled(v);

		if (!irq) {
			break;
		}
		unspill(v->vm, irq);
		if (irq->hw) {
			gic.deactivate(irq->pintid);
		}
		vgic_changed(v->vm, irq);
	}
}

static void flush(struct vcpu *v)
{
	if (v->vgic.spilled_count) {
		end_spilled(v);
	}
	v->vgic.is_dirty = false;
	for (unsigned int w = 0; w < VGIC_WORDS; w++) {
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
	if (self && self->vgic.is_dirty && self->vgic.online) {
		flush(self);
	}
}

/* -- sources ------------------------------------------------------------------------------- */

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	struct virq *irq = vgic_find(vm, NULL, intid);
	struct vcpu *self = arch_current_vcpu();

	spin_lock(&vm->vgic.lock);
	if (irq->line != level) {
		irq->line = level;
		irq->latch |= level && irq->edge;
		vgic_changed(vm, irq);
		vgic_commit(self && self->vm == vm ? self : NULL);
	}
	spin_unlock(&vm->vgic.lock);
}

void vgic_inject_hw(struct vm *vm, struct vcpu *bank, uint32_t intid)
{
	struct virq *irq = vgic_find(vm, bank, intid);

	spin_lock(&vm->vgic.lock);
	irq->latch = true;
	if (irq->lr != VIRQ_NO_LR && bank && irq->holder == bank->index &&
	    irq->target == bank->index && is_open(&vm->vgic, irq)) {
		/* it fires again, so the guest has deactivated it: its list register is empty */
		lr_load(bank, irq, irq->lr);
	} else {
		vgic_changed(vm, irq);
		vgic_commit(bank);
	}
	spin_unlock(&vm->vgic.lock);
}

void vgic_inject_timer(struct vcpu *v, uint32_t intid)
{
	struct vgic *g = &v->vm->vgic;
	struct virq *irq = &v->vgic.priv[intid];

	spin_lock(&g->lock);
	irq->soft = !arch_timer_line(intid);
	if (irq->lr != VIRQ_NO_LR && is_open(g, irq)) {
		/* the same as for an SPI, and a private interrupt is nowhere else */
		gic.lr_write(irq->lr, lr_of_hw(irq));
	} else {
		irq->latch = true;
		vgic_changed(v->vm, irq);
		vgic_commit(v);
	}
	spin_unlock(&g->lock);
}

void vgic_send_sgi(struct vcpu *from, struct vcpu *to, uint32_t intid, bool group1)
{
	struct vgic *g = &to->vm->vgic;
	struct virq *irq = &to->vgic.priv[intid];
	struct vcpu *self = arch_current_vcpu();

	ASSERT(intid < VGIC_SGIS);
	spin_lock(&g->lock);
	if (g->version == GIC_V2) {
		irq->sources |= (uint8_t)BIT(from->index);
		vgic_changed(to->vm, irq);
	} else if (irq->group1 == group1) {
		irq->latch = true;
		vgic_changed(to->vm, irq);
	}
	/* from may be another vCPU, in whose name this one writes GICD_SPENDSGIR */
	vgic_commit(self && self->vm == to->vm ? self : NULL);
	spin_unlock(&g->lock);
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
		flush(v);
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

/* -- operations on the state, wherever it is ------------------------------------------------- */

static void clear_active_in_memory(struct vm *vm, struct virq *irq)
{
	if (irq->hw && irq->active && !irq->latch) {
		gic.deactivate(irq->pintid);
	}
	unspill(vm, irq);
	vgic_changed(vm, irq);
}

static bool operate_loaded(struct vcpu *v, struct virq *irq, enum vgic_op op)
{
	uint64_t lr = gic.lr_read(irq->lr);
	uint64_t now = lr;

	switch (op) {
	case VGIC_GET_PENDING:
		return (lr & LR_PENDING) || is_pending(irq) ||
		       (irq->hw && gic.is_pending(v->cpu, irq->pintid));
	case VGIC_GET_ACTIVE:
		return lr & LR_ACTIVE;
	case VGIC_SET_PENDING:
		if (!irq->hw) {
			irq->latch = true;
			vgic_changed(v->vm, irq);
		} else if (!(lr & LR_PENDING)) {
			/* fires when the guest is done */
			gic.set_pending(v->cpu, irq->pintid, true);
		}
		return false;
	case VGIC_CLEAR_PENDING:
		if (irq->hw) {
			gic.set_pending(v->cpu, irq->pintid, false);
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
		lr_free(v, irq);
		if (irq->hw && (lr & LR_STATE)) {
			gic.deactivate(irq->pintid);
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
		return is_pending(irq) || (irq->hw && gic.is_pending(cpu, irq->pintid));
	case VGIC_GET_ACTIVE:
		return irq->active;
	case VGIC_SET_PENDING:
		if (irq->hw && !irq->latch) {
			gic.set_pending(cpu, irq->pintid, true);
		} else if (!irq->hw) {
			irq->latch = true;
			vgic_changed(v->vm, irq);
		}
		break;
	case VGIC_CLEAR_PENDING:
		if (irq->hw && irq->latch) {
			gic.deactivate(irq->pintid);
		}
		if (irq->hw) {
			gic.set_pending(cpu, irq->pintid, false);
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
		lr_free(v, irq);
	} else if (!irq->latch) {
		return;
	}
	irq->latch = false;
	gic.deactivate(irq->pintid);
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
	    !(gic.lr_read(irq->lr) & LR_STATE)) {
		gic.lr_write(irq->lr, 0); /* the guest is done with it */
		lr_free(o->self, irq);
		vgic_changed(vm, irq);
	}
	if (irq->lr == VIRQ_NO_LR) {
		o->answer = operate_in_memory(o->self, o->bank, irq, o->op);
	} else if (irq->holder == o->self->index) {
		o->answer = operate_loaded(o->self, irq, o->op);
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

uint8_t vgic_sgi_senders(struct vcpu *self, uint32_t intid)
{
	const struct virq *irq = &self->vgic.priv[intid];
	uint8_t senders;

	spin_lock(&self->vm->vgic.lock);
	senders = irq->sources;
	if (irq->lr != VIRQ_NO_LR && (gic.lr_read(irq->lr) & LR_PENDING)) {
		senders |= (uint8_t)BIT(irq->source);
	}
	spin_unlock(&self->vm->vgic.lock);
	return senders;
}

void vgic_clear_sgi(struct vcpu *self, uint32_t intid, uint8_t senders)
{
	struct virq *irq = &self->vgic.priv[intid];
	uint8_t kept;

	spin_lock(&self->vm->vgic.lock);
	kept = irq->sources & (uint8_t)~senders;
	if (irq->lr != VIRQ_NO_LR && (senders & BIT(irq->source))) {
		(void)operate_loaded(self, irq, VGIC_CLEAR_PENDING);
	}
	irq->sources = kept;
	vgic_changed(self->vm, irq);
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
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
	flush(v);
	update_wants(v);
	spin_unlock(&vm->vgic.lock);
}

void vgic_cpu_offline(struct vcpu *v)
{
	struct vm *vm = v->vm;

	spin_lock(&vm->vgic.lock);
	end_spilled(v);
	for (uint32_t bits = v->vgic.used; bits; bits &= bits - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(bits);
		struct virq *irq = vgic_find(vm, v, v->vgic.lr_intid[n]);

		lr_pull(v, irq, gic.lr_read(n));
		vgic_changed(vm, irq);
	}
	for (uint32_t i = VGIC_SGIS; i < VGIC_PRIVATE; i++) {
		struct virq *irq = &v->vgic.priv[i];

		if (irq->hw) {
			gic.set_enabled(v->cpu, i, false);
			gic.deactivate(i);
			irq->latch = false;
			unspill(vm, irq);
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
	irq->hw = true;
	irq->pintid = (uint16_t)intid;
	irq->edge = edge;
}

static void reset_irq(struct virq *irq, uint32_t intid, unsigned int target)
{
	bool hw = irq->hw;
	bool edge = hw ? irq->edge : intid < VGIC_SGIS;

	*irq = (struct virq){
		.intid = (uint16_t)intid,
		.pintid = (uint16_t)intid,
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
	v->vgic.is_dirty = false;
}

void vgic_reset(struct vm *vm)
{
	spin_lock(&vm->vgic.lock);
	vm->vgic.version = vm->map.gic;
	vm->vgic.enable_group0 = false;
	vm->vgic.enable_group1 = false;
	for (uint32_t i = 0; i < VGIC_SPIS; i++) {
		struct virq *irq = &vm->vgic.spi[i];

		if (irq->hw) {
			gic.set_enabled(vm->vcpus[0].cpu, irq->pintid, false);
			gic.set_pending(vm->vcpus[0].cpu, irq->pintid, false);
			gic.deactivate(irq->pintid);
			gic.configure(irq->pintid, irq->edge, vm->vcpus[0].cpu);
		}
		reset_irq(irq, i + VGIC_PRIVATE, 0);
	}
	for (unsigned int c = 0; c < vm->vcpu_count; c++) {
		reset_cpu(&vm->vcpus[c]);
	}
	spin_unlock(&vm->vgic.lock);
}
