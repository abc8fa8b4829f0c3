/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's interrupt controller: what core asks of it. GICv2 and GICv3 are
 * two const tables, chosen once at boot (arch/arm64/gicv2.c, gicv3.c).
 *
 * List registers are exchanged in GICv3's layout (IHI 0069, ICH_LR<n>_EL2), which
 * the GICv2 driver re-encodes: state [63:62], HW [61], group [60], priority
 * [55:48], physical INTID or EOI [41] and source CPU [34:32], virtual INTID [31:0].
 */
#ifndef CORE_GIC_H
#define CORE_GIC_H

#include "core/board.h"
#include "core/lib/types.h"

#define GIC_INTID_NONE 1020 /* this and above: nothing pending */

/*
 * What physical SGIs are for. Seven of a guest's sixteen travel as SGIs of the hardware: the
 * CPUs that they go between belong to its vCPUs alone. Eight and up may be the firmware's.
 */
#define GIC_KICK_SGI   0
#define GIC_GUEST_SGI  1 /* the guest's SGI 0, and so on */
#define GIC_GUEST_SGIS 7

#define LR_PENDING     BIT(62)
#define LR_ACTIVE      BIT(63)
#define LR_STATE       (LR_PENDING | LR_ACTIVE)
#define LR_HW          BIT(61)
#define LR_GROUP1      BIT(60)
#define LR_PRIORITY(p) ((uint64_t)(p) << 48)
#define LR_PINTID(i)   ((uint64_t)(i) << 32)
#define LR_EOI         BIT(41)
#define LR_SOURCE(c)   ((uint64_t)(c) << 32)
#define LR_INTID(lr)   ((uint32_t)(lr)&0xffffffffU)

/* What the hypervisor wants to be told by the maintenance interrupt. */
#define GIC_WANT_NO_PENDING 1 /* no list register is pending (NPIE) */
#define GIC_WANT_EOI_COUNT  2 /* an EOI for an interrupt in no list register (LRENPIE) */

struct gic_ops {
	enum gic_version version;
	void (*init_dist)(const struct board *b);
	void (*init_cpu)(unsigned int cpu);
	/* Send a physical SGI to a CPU. */
	void (*send_sgi)(unsigned int cpu, uint32_t intid);
	/* Owned and private interrupts; cpu matters for INTID < 32 and for route. */
	void (*set_enabled)(unsigned int cpu, uint32_t intid, bool enabled);
	void (*set_pending)(unsigned int cpu, uint32_t intid, bool pending);
	bool (*is_pending)(unsigned int cpu, uint32_t intid);
	void (*deactivate)(uint32_t intid);
	void (*configure)(uint32_t intid, bool edge, unsigned int cpu);
	/* This CPU's list registers. */
	unsigned int lr_count;
	uint64_t (*lr_read)(unsigned int n);
	uint64_t (*lr_state)(unsigned int n); /* the same, but only LR_STATE counts */
	void (*lr_write)(unsigned int n, uint64_t lr);
	uint32_t (*lr_empty)(void);           /* ELRSR, and EISR: ended, and to be reported */
	void (*want)(unsigned int wants);     /* GIC_WANT_* */
	unsigned int (*take_eoi_count)(void); /* and set it to zero */
	/* Bring this CPU's virtual CPU interface to its reset state. */
	void (*virt_reset)(void);
	/* Stop the virtual interface, all list registers emptied. */
	void (*virt_off)(void);
};

/* The controller in use; set before the first VM is built. */
extern struct gic_ops gic;

#endif
