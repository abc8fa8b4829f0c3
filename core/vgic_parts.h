/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the virtual GIC share. vgic.lock is held unless a line says otherwise. */
#ifndef CORE_VGIC_PARTS_H
#define CORE_VGIC_PARTS_H

#include "core/vm.h"

static inline void vgic_set_bit(uint64_t *map, uint32_t n)
{
	map[n / 64] |= BIT(n % 64);
}

static inline void vgic_clear_bit(uint64_t *map, uint32_t n)
{
	map[n / 64] &= ~BIT(n % 64);
}

static inline bool virq_is_pending(const struct virq *irq)
{
	return irq->latch || irq->sources != 0 || (irq->line && !irq->edge);
}

/* May it be signalled, were it pending? */
static inline bool virq_is_open(const struct vgic *g, const struct virq *irq)
{
	return irq->enabled && g->enable_group[irq->group1];
}

static inline bool virq_is_wanted(const struct vgic *g, const struct virq *irq)
{
	return virq_is_pending(irq) && !irq->active && virq_is_open(g, irq);
}

/* vgic.c: a timer's interrupt that is disabled before it was taken. */
void vgic_withdraw_timer(const struct vm *vm, struct virq *irq);

/* -- vgic_lr.c: list registers, on v's own CPU -------------------------------------------- */

void vgic_lr_free(struct vcpu *v, struct virq *irq);
/* Take an interrupt out of its list register: its state, lr, returns to memory. */
void vgic_lr_pull(struct vcpu *v, struct virq *irq, uint64_t lr);
/* The active state of an interrupt that was spilled is gone. */
void vgic_unspill(struct vm *vm, struct virq *irq);
void vgic_end_spilled(struct vcpu *v);
/* Bring list registers in line with all that changed. */
void vgic_flush(struct vcpu *v);
/* A source made irq pending: to a list register of self, a vCPU of its VM which runs here, or to wait. */
void vgic_signal(struct vcpu *self, struct virq *irq);
/* Choose what maintenance interrupts to have. */
void vgic_update_wants(struct vcpu *v);

/* -- vgic_op.c and vgic_sgi.c ---------------------------------------------------------------- */

/* vgic_operate() on an interrupt that is in a list register of this CPU. */
bool vgic_operate_loaded(struct vcpu *v, struct virq *irq, enum vgic_op op);
/* GICv2's GICD_SGIR. No lock held. */
void vgic_write_gicd_sgir(struct vcpu *self, uint32_t value);
/* GICD_CPENDSGIR and GICD_SPENDSGIR: RAZ/WI with GICv3. No lock held. */
uint64_t vgic_read_sgi_block(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size);
void vgic_write_sgi_block(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value);

#endif
