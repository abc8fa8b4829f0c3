#include "guests/rtos/port/fp.h"

#include <string.h>

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/port/cpu.h"

#define CPACR_FPEN (UINT64_C(3) << 20) /* 0: traps from EL1 and EL0 */

/* Whose values the FP registers hold; written with interrupts masked. */
static struct task *owner;

void fp_activate(const struct task *next)
{
	/* eret on the way to the task synchronises this. */
	cpu_write(cpacr_el1, next == owner ? CPACR_FPEN : 0);
}

void fp_trap(void)
{
	struct task *self = sched_current();

	cpu_write(cpacr_el1, CPACR_FPEN);
	cpu_isb();
	if (owner != NULL) {
		fp_save(&owner->fp);
	}
	fp_restore(&self->fp);
	owner = self;
}

void fp_task_init(struct task *task)
{
	uint64_t key = port_irq_save();

	if (owner == task) {
		owner = NULL;
	}
	port_irq_restore(key);
	memset(&task->fp, 0, sizeof(task->fp));
}
