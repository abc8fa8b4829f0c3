/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BCM2711's GPIO controller, of which each VM has some lines (gpio-lines). A VM sees the
 * registers where the board has them, with the bits of its own lines; those of others read as
 * zero, and writing them does nothing. Source: BCM2711 ARM Peripherals, chapter 5.
 *
 * Its interrupts are taken by the hypervisor, on the boot CPU, which notes the event for the line's
 * VM and stops detecting on that line until the VM has cleared it: a line that never rests
 * interrupts no more often than its VM serves it. And a VM that had more than GPIO_EVENTS_HZ
 * events a second cannot clear one, or ask for others, before its time has come: its vCPU makes the
 * access again and again, and takes interrupts between. So in t seconds it has at most GPIO_EVENTS_HZ * t +
 * GPIO_EVENTS_AHEAD events, and one for each of its lines.
 */
#ifndef CORE_VGPIO_H
#define CORE_VGPIO_H

#include "core/config.h"
#include "core/mmio.h"

#define GPIO_EVENTS_HZ    10000
#define GPIO_EVENTS_AHEAD 20

#define GPIO_LINES   58
#define GPIO_SIZE    0x100 /* the registers, in bytes */
#define GPIO_WORDS   2     /* of registers with a bit for each line */
#define GPIO_DETECTS 6     /* kinds of events: edges, levels, asynchronous edges */
#define GPIO_IRQS    4     /* lines 0 to 27, 28 to 45, 46 to 57, and all */
#define GPIO_SETTLED 10    /* words of function and pull, which outlive no instance of a VM */

struct vgpio {
	struct vm *vm;  /* NULL: no line is the VM's */
	uint64_t base;  /* IPA = PA */
	uint64_t lines; /* the VM's own */
	uint32_t intids[GPIO_IRQS];
	unsigned int irq_count;
	uint32_t detect[GPIO_DETECTS][GPIO_WORDS]; /* what the VM asked for */
	uint32_t events[GPIO_WORDS];               /* noted, not yet cleared */
	bool raised[GPIO_IRQS];                    /* its lines of the virtual GIC */
	uint64_t paid_at;               /* when it may have its next event: counter value */
	uint32_t settled[GPIO_SETTLED]; /* as the firmware left function and pull */
	uint64_t levels;                /* as it left all lines */
};

/* Have the accesses to the controller pass here. Returns 0, or -1: no tables left. */
int vgpio_add(struct vm *vm, const struct vm_device *device) MUST_CHECK;
/*
 * The VM stopped or is about to start: its lines are as the firmware left them. A line that was no
 * output is low when it becomes one.
 */
void vgpio_reset(struct vm *vm);
/* A physical interrupt came. False: it is not the controller's. */
bool vgpio_interrupt(uint32_t intid);

#endif
