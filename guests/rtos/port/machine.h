/* Where this machine's devices are: the device tree, or QEMU virt's map. */
#ifndef KEEL_MACHINE_H
#define KEEL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
	bool from_tree;
	const char *missing; /* the first thing the tree did not say; NULL: none */
	uint64_t ram_base, ram_size;
	unsigned int gic_version; /* 2 or 3; 0: neither the tree nor the CPU says */
	uint64_t gicd;
	uint64_t gicc;            /* version 2 */
	uint64_t gicr, gicr_size; /* version 3: the first region */
	uint64_t uart;
	unsigned int uart_intid;
	unsigned int timer_intid; /* the virtual timer's */
	bool psci_smc;
	uint64_t gpio;          /* BCM2711's controller; 0: none */
	unsigned int loop_line; /* of it, as the bootargs say: loop-line=17 */
	/* loop-report=AFTER,PERIODS: periods of the control loop; no more than a million, 0: no report */
	unsigned int report_after, report_periods;
};

#define MACHINE_NO_LINE UINT32_MAX

/*
 * Fill `m` from the tree at `fdt`, taking QEMU virt's fixed map for whatever
 * it does not say. Pure: reads nothing else. `fdt` NULL or bad: all fixed.
 */
void machine_parse(struct machine *m, const void *fdt);

#endif
