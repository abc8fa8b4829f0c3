/* Interrupt handlers by INTID. */
#ifndef KEEL_IRQ_H
#define KEEL_IRQ_H

#include <stdint.h>

#define IRQ_COUNT 256 /* INTIDs 0 to 255 can be attached */

struct irq {
	const char *name; /* NULL: nothing attached */
	void (*handler)(void *arg);
	void *arg;
	uint64_t count;
};

/*
 * Call `handler(arg)` in interrupt context for each `intid` from now on.
 * KEEL_INVALID: no such INTID, or taken.
 */
int irq_attach(unsigned int intid, const char *name, void (*handler)(void *arg), void *arg);
void irq_detach(unsigned int intid);

/* Make software-generated interrupt `intid` (0 to 15) pending on this CPU. */
void irq_raise(unsigned int intid);

/* NULL if nothing is attached. */
const struct irq *irq_get(unsigned int intid);

/* Interrupts that nobody had attached; each is disabled when it shows up. */
uint64_t irq_stray_count(void);

/* Handle all that is pending; from the vector, interrupts masked. */
void irq_dispatch(void);

#endif
