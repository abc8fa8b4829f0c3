/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interrupt controller with virtualisation on the build host: physical
 * interrupts, and for each CPU its list registers and the interface that the
 * guest sees of them (IHI 0069, chapter 5; IHI 0048, chapter 5).
 */
#ifndef TESTS_UNIT_FAKE_GIC_H
#define TESTS_UNIT_FAKE_GIC_H

#include "core/gic.h"
#include "core/vm.h"
#include "tests/unit/fake_arch.h"

#define FAKE_INTIDS 288
#define FAKE_NONE   1023U

struct fake_phys {
	bool enabled;
	bool pending; /* edge, or by software */
	bool line;    /* level that the device drives */
	bool active;
	bool edge;
	uint8_t cpu; /* SPI: where it goes */
	unsigned int deactivations;
};

struct fake_gic_cpu {
	uint64_t lr[VGIC_LRS_MAX];
	unsigned int wants;
	unsigned int eoi_count;
	bool is_on;
	/* Active priorities, the running one last. */
	uint8_t running[FAKE_INTIDS];
	unsigned int depth;
	unsigned int source; /* GICv2: sender of the SGI taken last */
	struct fake_phys priv[VGIC_PRIVATE];
};

struct fake_gic {
	struct fake_gic_cpu cpu[FAKE_CPUS];
	struct fake_phys spi[FAKE_INTIDS];
	/* Told of each physical interrupt that is passed on. May be NULL. */
	void (*on_fire)(unsigned int cpu, uint32_t intid);
	unsigned int maintenances;
	unsigned int sgis;           /* physical ones */
	unsigned int remote_enables; /* of another CPU's PPI */
};

extern struct fake_gic fake_gic;

void fake_gic_setup(enum gic_version version, unsigned int lr_count);
struct fake_phys *fake_phys(unsigned int cpu, uint32_t intid);

/* -- what the guest does on a CPU ------------------------------------------------------ */

/* IAR: the most urgent pending interrupt becomes active. FAKE_NONE: spurious. */
uint32_t fake_take(unsigned int cpu);
/* EOIR with EOImode 0: priority drop and deactivation. */
void fake_end(unsigned int cpu, uint32_t intid);
/* EOIR with EOImode 1: priority drop alone; DIR is trapped. */
void fake_drop(unsigned int cpu);
/* Priority of the interrupt that a CPU handles; 0x100 when idle. */
unsigned int fake_running(unsigned int cpu);

/* -- what hardware does ------------------------------------------------------------------ */

/* The list register that holds an interrupt on a CPU: its value, 0 when none. */
uint64_t fake_lr_of(unsigned int cpu, uint32_t intid);
bool fake_maintenance_due(unsigned int cpu);
/* Serve kicks, physical and maintenance interrupts of one CPU until it is quiet. */
void fake_serve(struct vm *vm, unsigned int cpu);
/* The same of all CPUs. */
void fake_settle(struct vm *vm);

#endif
