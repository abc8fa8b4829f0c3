/* SPDX-License-Identifier: Apache-2.0 */
/* SGIs: GICv2's registers for them (IHI 0048, 4.3.15 to 4.3.17), and GICv3's ICC_SGI1R_EL1. */
#include "core/vgic_parts.h"

#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20

#define SGIR_FILTER(v) (((v) >> 24) & 3)
#define SGIR_LIST(v)   (((v) >> 16) & 0xff)

/* ICC_SGI1R_EL1 (IHI 0069, 12.2.20). */
#define SGI1R_LIST(v)     ((v)&0xffff)
#define SGI1R_INTID(v)    (((v) >> 24) & 0xf)
#define SGI1R_IRM         BIT(40)
#define SGI1R_RANGE(v)    (((v) >> 44) & 0xf)
#define SGI1R_AFFINITY(v) ((v)&0x00ff00ff00ff0000UL)

/* Some travel as an SGI of the hardware: no lock, and the CPU that gets it does the rest. */
static bool is_physical(const struct vcpu *self, struct vgic_sgi sgi)
{
	return sgi.intid < GIC_GUEST_SGIS && (sgi.group1 || self->vm->vgic.version == GIC_V2);
}

static void send_physical(const struct vcpu *to, struct vgic_sgi sgi)
{
	gic.send_sgi(to->cpu, GIC_GUEST_SGI + sgi.intid);
}

/* One that the hardware does not carry. */
static void send_by_memory(struct vcpu *self, struct vcpu *to, struct vgic_sgi sgi)
{
	struct vgic *g = &self->vm->vgic;
	struct virq *irq = &to->vgic.priv[sgi.intid];

	spin_lock(&g->lock);
	if (g->version == GIC_V2) {
		irq->sources |= (uint8_t)BIT(sgi.from);
	} else if (irq->group1 == sgi.group1) {
		irq->latch = true;
	}
	vgic_signal(self, irq);
	spin_unlock(&g->lock);
}

static NOINLINE void send_all(struct vcpu *self, uint64_t list, struct vgic_sgi sgi)
{
	bool physical = is_physical(self, sgi);

	for (; list; list &= list - 1) {
		struct vcpu *to = &self->vm->vcpus[__builtin_ctzl(list)];

		if (!physical) {
			send_by_memory(self, to, sgi);
		} else if (to != self) {
			send_physical(to, sgi);
		} else {
			vgic_receive_sgi(self, sgi.intid, sgi.from);
		}
	}
}

void vgic_send_sgi(struct vcpu *self, uint64_t list, struct vgic_sgi sgi)
{
	struct vm *vm = self->vm;

	list &= BIT(vm->vcpu_count) - 1;
	/* the usual one: to one other */
	if (is_physical(self, sgi) && list && !(list & ((list - 1) | BIT(self->index)))) {
		send_physical(&vm->vcpus[__builtin_ctzl(list)], sgi);
		return;
	}
	send_all(self, list, sgi);
}

/* Which vCPUs have an SGI pending at self. */
static uint8_t sgi_senders(struct vcpu *self, uint32_t intid)
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

static void clear_sgi(struct vcpu *self, uint32_t intid, uint8_t senders)
{
	struct virq *irq = &self->vgic.priv[intid];
	uint8_t kept;

	spin_lock(&self->vm->vgic.lock);
	kept = irq->sources & (uint8_t)~senders;
	if (irq->lr != VIRQ_NO_LR && (senders & BIT(irq->source))) {
		(void)vgic_operate_loaded(self, irq, VGIC_CLEAR_PENDING);
	}
	irq->sources = kept;
	vgic_changed(self->vm, irq);
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
}

void vgic_write_gicd_sgir(struct vcpu *self, uint32_t value)
{
	uint64_t list = SGIR_LIST(value);

	if (SGIR_FILTER(value) != 0) {
		list = SGIR_FILTER(value) == 1   ? ~BIT(self->index)
		       : SGIR_FILTER(value) == 2 ? BIT(self->index)
						 : 0;
	}
	vgic_send_sgi(self, list, (struct vgic_sgi){value & 0xf, self->index, false});
}

/* GICD_SPENDSGIR and GICD_CPENDSGIR: a byte of source CPUs for each SGI (4.3.16, 4.3.17). */
static uint64_t read_sgi_pending(struct vcpu *self, uint32_t offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		value |= (uint64_t)sgi_senders(self, (offset & 0xf) + i) << (8 * i);
	}
	return value;
}

static COLD void write_sgi_pending(struct vcpu *self, uint32_t offset, unsigned int size,
				   uint64_t value)
{
	bool set = offset >= GICD_SPENDSGIR;

	for (unsigned int i = 0; i < size; i++) {
		uint32_t intid = (offset & 0xf) + i;
		uint8_t sources = (uint8_t)(value >> (8 * i));

		for (unsigned int c = 0; c < self->vm->vcpu_count; c++) {
			if (set && (sources & BIT(c))) {
				vgic_send_sgi(self, BIT(self->index),
					      (struct vgic_sgi){intid, c, false});
			}
		}
		if (!set && sources) {
			clear_sgi(self, intid, sources);
		}
	}
}

uint64_t vgic_read_sgi_block(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size)
{
	(void)bank;
	if (self->vm->vgic.version != GIC_V2) {
		return 0;
	}
	if (offset >= GICD_CPENDSGIR && offset + size <= GICD_SPENDSGIR + 0x10) {
		return read_sgi_pending(self, offset, size);
	}
	return 0;
}

void vgic_write_sgi_block(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	(void)bank;
	if (self->vm->vgic.version != GIC_V2) {
		return;
	}
	if (offset >= GICD_CPENDSGIR && offset + size <= GICD_SPENDSGIR + 0x10) {
		write_sgi_pending(self, offset, size, value);
	}
}

void vgic_write_sgir(struct vcpu *v, uint64_t value, bool group1)
{
	uint64_t list = SGI1R_LIST(value);

	if (value & SGI1R_IRM) {
		list = ~BIT(v->index);
	} else if (SGI1R_AFFINITY(value) != 0 || SGI1R_RANGE(value) != 0) {
		return; /* all our vCPUs are in cluster 0, range 0 */
	}
	vgic_send_sgi(v, list, (struct vgic_sgi){SGI1R_INTID(value), 0, group1});
}
