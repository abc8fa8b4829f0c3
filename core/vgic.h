/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC of a VM: one state machine for GICv2 and GICv3
 *
 *   a source changes an interrupt's state -> its vCPU is marked dirty (kicked
 *   if it runs elsewhere) -> vgic_flush() on that vCPU's CPU brings list
 *   registers in line with the state.
 *
 * The state of an interrupt lies in struct virq, except while it occupies a
 * list register: then its pending and active bits are there, and only the CPU
 * that holds it can see them. Everything here is guarded by vm->vgic.lock; list
 * registers are touched by their own CPU alone.
 */
#ifndef CORE_VGIC_H
#define CORE_VGIC_H

#include "core/gic.h"
#include "core/guest_map.h"
#include "core/lib/spinlock.h"
#include "core/lib/types.h"
#include "core/mmio.h"

#define VGIC_SGIS       16
#define VGIC_PRIVATE    32
#define VGIC_SPIS       (GUEST_INTIDS - VGIC_PRIVATE)
#define VGIC_WORDS      ((GUEST_INTIDS + 63) / 64)
#define VGIC_LRS_MAX    16
#define VIRQ_NO_LR      0xff
#define VIRQ_NO_TARGET  0xff
#define VGIC_ROUTE_MASK 0x80ffffffU /* GICD_IROUTER: Aff2 to Aff0, and "any CPU" */
#define VGIC_PRIO_MASK  0xf8        /* five priority bits, as GIC-400's virtual interface has */

struct vm;
struct vcpu;

struct virq {
	uint16_t intid; /* hw: also that of the physical interrupt behind it */
	uint8_t priority;
	uint8_t lr;      /* list register of vCPU `holder`, or VIRQ_NO_LR */
	uint8_t holder;  /* valid while lr is, or while active and spilled */
	uint8_t target;  /* SPI: vCPU it goes to, or VIRQ_NO_TARGET; private: its vCPU */
	uint8_t targets; /* GICv2 GICD_ITARGETSR */
	uint8_t sources; /* GICv2 SGI: pending, one bit for each sending vCPU */
	uint8_t source;  /* GICv2 SGI: sender of the one that is in the list register or active */
	bool enabled : 1;
	bool group1 : 1;
	bool edge : 1;
	bool hw : 1;
	bool latch : 1;   /* pending by an edge, by software or by hardware */
	bool line : 1;    /* level of the input that an emulated device drives */
	bool active : 1;  /* active and not in a list register */
	bool spilled : 1; /* that active state was evicted from a list register */
	bool soft : 1;    /* level, in a list register: pending by software, not by the line;
			     a timer's: the same, from when it fired */
	uint32_t route;   /* GICv3 GICD_IROUTER[31:0]: no Aff3 (GICD_TYPER.A3V is 0) */
};

/* The interrupts of one vCPU and the mirror of its list registers. */
struct vgic_cpu {
	struct virq priv[VGIC_PRIVATE];
	uint64_t dirty[VGIC_WORDS];   /* to be brought in line by vgic_flush() */
	uint32_t dirty_words;         /* which words of dirty are not zero */
	uint64_t waiting[VGIC_WORDS]; /* pending, no list register free */
	uint32_t used;                /* list registers that hold an interrupt */
	uint16_t lr_intid[VGIC_LRS_MAX];
	uint16_t spilled_count;
	bool online; /* its list registers are loaded: the vCPU runs */
	bool waits;  /* waiting is not empty */
};

struct vgic {
	struct spinlock lock;
	enum gic_version version;
	bool enable_group[2];
	struct virq spi[VGIC_SPIS];
};

/* Reset to the state after power-on: everything disabled, hardware interrupts of the VM masked. */
void vgic_reset(struct vm *vm);
/* Tie a virtual SPI to the physical one of the same number. Before the VM starts. */
void vgic_own_spi(struct vm *vm, uint32_t intid, bool edge);

/* This CPU begins and ends to run v: the list registers are its own in between. */
void vgic_cpu_online(struct vcpu *v);
void vgic_cpu_offline(struct vcpu *v);

/* The input of an SPI from an emulated device, from any CPU. */
void vgic_set_line(struct vm *vm, uint32_t intid, bool level);
/*
 * An SPI that the VM owns fired on this CPU; its priority is dropped, it stays active.
 * bank: the vCPU of this CPU, or NULL where none runs.
 */
void vgic_inject_hw(struct vm *vm, struct vcpu *bank, uint32_t intid);
/*
 * The same for one of the two timers of v, which runs here: irq is in v->vgic.priv.
 * line: the timer is due, and not only made pending by software.
 */
void vgic_inject_timer(struct vcpu *v, struct virq *irq, bool line);
struct vgic_sgi {
	uint32_t intid : 8;
	uint32_t from : 8; /* vCPU in whose name it is sent: GICv2; else 0 */
	bool group1 : 1;   /* of the register that sent it: GICv3 */
};

/* An SGI to those vCPUs of a list that exist. self: the vCPU of the VM that runs here. */
void vgic_send_sgi(struct vcpu *self, uint64_t list, struct vgic_sgi sgi);
/*
 * One that came as a physical SGI, on the CPU of v, which may be off. GICv3: from is 0, and
 * it was sent as group 1.
 */
void vgic_receive_sgi(struct vcpu *v, uint32_t intid, unsigned int from);
/* Bring list registers in line after a kick. */
void vgic_sync(struct vcpu *v);
/* Maintenance interrupt on v's CPU. */
void vgic_maintenance(struct vcpu *v);
/* Is an interrupt waiting to be taken, whatever the guest's masks say? */
bool vgic_is_pending(struct vcpu *v);
/* A write to GICC_DIR or ICC_DIR_EL1 that was trapped. */
void vgic_deactivate(struct vcpu *v, uint32_t intid);

/* -- for the register tables (vgic_dist.c) ---------------------------------- */

enum vgic_op {
	VGIC_GET_PENDING,
	VGIC_GET_ACTIVE,
	VGIC_SET_PENDING,
	VGIC_CLEAR_PENDING,
	VGIC_SET_ACTIVE,
	VGIC_CLEAR_ACTIVE,
};

/* NULL: no such interrupt. bank: the vCPU whose private interrupts are meant, or NULL. */
struct virq *vgic_find(struct vm *vm, struct vcpu *bank, uint32_t intid);
/* Carry out op where the interrupt's state is, on another CPU if need be. No lock held. */
bool vgic_operate(struct vcpu *self, struct vcpu *bank, uint32_t intid, enum vgic_op op);
/* The state of an interrupt changed: lock held. Calls for a flush where it matters. */
void vgic_changed(struct vm *vm, struct virq *irq);
/* Flush self if it is dirty: lock held. */
void vgic_commit(struct vcpu *self);
/* GICD_CTLR changed: look at all interrupts again. Lock held. */
void vgic_changed_all(struct vm *vm);
/* Work out irq->target after a change of targets or route. Lock held. */
void vgic_retarget(struct vm *vm, struct virq *irq);
void vgic_set_enabled(struct vm *vm, struct virq *irq, bool enabled);

/* -- emulated register frames (vgic_dist.c) ------------------ */

mmio_access vgic_dist_v2_access;
mmio_access vgic_dist_v3_access;
mmio_access vgic_redist_access;
/* GICv2: the page of GICC that holds GICC_DIR. */
mmio_access vgic_dir_access;
/* ICC_SGI1R_EL1 and friends. */
void vgic_write_sgir(struct vcpu *v, uint64_t value, bool group1);

#endif
