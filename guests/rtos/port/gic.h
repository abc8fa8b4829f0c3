/* The interrupt controller, version 2 or 3 behind one const table. */
#ifndef KEEL_GIC_H
#define KEEL_GIC_H

#include <stdint.h>

struct machine;

#define GIC_SPECIAL    1020 /* INTIDs from here on mean "none" */
#define GIC_INTID(ack) ((ack)&0x3ff)
#define GIC_PRIORITY   0x80 /* the same for all: handlers do not nest */

struct gic_ops {
	void (*init)(const struct machine *m);
	void (*enable)(unsigned int intid);
	void (*disable)(unsigned int intid);
	void (*raise)(unsigned int sgi);
	uint32_t (*acknowledge)(void); /* GIC_INTID() of it names the interrupt */
	void (*end)(uint32_t ack);
};

extern const struct gic_ops gicv2_ops;
extern const struct gic_ops gicv3_ops;

/* Choose by m->gic_version and initialise. */
void gic_init(const struct machine *m);
const struct gic_ops *gic_ops(void);

/* What both versions' distributors share (IHI 0048B 4.3, IHI 0069 12.9). */
#define GICD_CTLR          0x000
#define GICD_TYPER         0x004
#define GICD_IGROUPR(n)    (0x080 + 4 * (n))
#define GICD_ISENABLER(n)  (0x100 + 4 * (n))
#define GICD_ICENABLER(n)  (0x180 + 4 * (n))
#define GICD_ICPENDR(n)    (0x280 + 4 * (n))
#define GICD_ICACTIVER(n)  (0x380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x400 + (n))
#define GICD_ITARGETSR(n)  (0x800 + (n))
#define GICD_SGIR          0xf00

/* Disable, forget and give a priority to the 32 INTIDs of register `n`. */
void gic_reset_bank(uint64_t base, unsigned int n);

#endif
