/* The contract of keel/port.h on AArch64, but for what has a file of its own. */
#include "guests/rtos/keel/port.h"

#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/fp.h"
#include "guests/rtos/port/time.h"

#define PSTATE_EL1T   UINT64_C(0x4)
#define PSTATE_D      (UINT64_C(1) << 9) /* debug exceptions stay masked */
#define CNTV_ENABLE   1
#define CNTV_DISABLED 0

uint64_t port_irq_save(void)
{
	uint64_t key = cpu_read(daif);

	__asm__ volatile("msr daifset, #2" : : : "memory");
	return key;
}

void port_irq_restore(uint64_t key)
{
	cpu_write(daif, key);
}

/* Tasks run on SP_EL0, everything else on SP_EL1: see vectors.S. */
bool port_in_isr(void)
{
	return (cpu_read(spsel) & 1) != 0;
}

uint64_t port_now(void)
{
	/* Without it the counter may be read ahead of program order (D11.2.2). */
	cpu_isb();
	return cpu_read(cntvct_el0);
}

void port_alarm_set(uint64_t deadline)
{
	cpu_write(cntv_cval_el0, deadline);
	cpu_write(cntv_ctl_el0, CNTV_ENABLE);
	cpu_isb();
}

void port_alarm_off(void)
{
	cpu_write(cntv_ctl_el0, CNTV_DISABLED);
	cpu_isb();
}

void time_interrupt(void *arg)
{
	(void)arg;
	port_alarm_off();
	clock_tick();
}

void port_switch(void)
{
	__asm__ volatile("svc #0" : : : "memory");
}

void port_activate(struct task *next)
{
	fp_activate(next);
}

void port_task_init(struct task *task, void (*entry)(void *), void *arg)
{
	task->ctx = (struct context){
		.sp = (uintptr_t)task->stack + task->stack_size,
		.pc = (uintptr_t)entry,
		.pstate = PSTATE_EL1T | PSTATE_D,
	};
	task->ctx.x[0] = (uintptr_t)arg;
	task->ctx.x[30] = (uintptr_t)task_exit;
	fp_task_init(task);
}
