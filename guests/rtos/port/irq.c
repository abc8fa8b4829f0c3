#include "guests/rtos/port/irq.h"

#include <stddef.h>

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/status.h"
#include "guests/rtos/port/gic.h"

static struct irq irqs[IRQ_COUNT];
static uint64_t stray_count;

int irq_attach(unsigned int intid, const char *name, void (*handler)(void *arg), void *arg)
{
	uint64_t key;

	if (intid >= IRQ_COUNT || irqs[intid].name != NULL) {
		return KEEL_INVALID;
	}
	key = port_irq_save();
	irqs[intid] = (struct irq){.name = name, .handler = handler, .arg = arg};
	gic_ops()->enable(intid);
	port_irq_restore(key);
	return KEEL_OK;
}

void irq_detach(unsigned int intid)
{
	uint64_t key = port_irq_save();

	gic_ops()->disable(intid);
	irqs[intid].name = NULL;
	port_irq_restore(key);
}

void irq_raise(unsigned int intid)
{
	gic_ops()->raise(intid);
}

const struct irq *irq_get(unsigned int intid)
{
	return intid < IRQ_COUNT && irqs[intid].name != NULL ? &irqs[intid] : NULL;
}

uint64_t irq_stray_count(void)
{
	return stray_count;
}

static void handle(unsigned int intid)
{
	if (irq_get(intid) == NULL) {
		stray_count++;
		gic_ops()->disable(intid);
		return;
	}
	irqs[intid].count++;
	irqs[intid].handler(irqs[intid].arg);
}

void irq_dispatch(void)
{
	const struct gic_ops *gic = gic_ops();
	uint32_t ack = gic->acknowledge();

	while (GIC_INTID(ack) < GIC_SPECIAL) {
		handle(GIC_INTID(ack));
		gic->end(ack);
		ack = gic->acknowledge();
	}
}
