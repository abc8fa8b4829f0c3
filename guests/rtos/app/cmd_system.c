/* Commands that show the kernel's state, and those that end it. */
#include "guests/rtos/app/shell.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/boot.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/irq.h"
#include "guests/rtos/port/psci.h"

#define STATE(task) ((task) == sched_current() ? "running" : state_names[(task)->state])

extern const char __text_start[], __text_end[], __rodata_end[], __bss_start[], __end[];

static const char *const state_names[] = {
	[TASK_DEAD] = "dead",
	[TASK_READY] = "ready",
	[TASK_BLOCKED] = "blocked",
	[TASK_SLEEPING] = "sleeping",
};

static void print_task(struct task *task, void *arg)
{
	uint64_t us = clock_to_us(sched_cpu_time(task));

	(void)arg;
	console_printf("%-9s %4u %4u %-8s %8lu.%06lu %6zu/%zu\n", task->name, task->prio,
		       task->base_prio, STATE(task), us / 1000000, us % 1000000,
		       task_stack_used(task), task->stack_size);
}

void cmd_ps(int count, char **args)
{
	(void)count;
	(void)args;
	console_printf("%-9s %4s %4s %-8s %15s %s\n", "name", "prio", "base", "state", "cpu s",
		       "stack used/size");
	task_for_each(print_task, NULL);
	console_printf("switches %lu\n", sched_switch_count());
}

void cmd_uptime(int count, char **args)
{
	uint64_t us = clock_to_us(port_now() - boot_time());

	(void)count;
	(void)args;
	console_printf("uptime %lu.%06lu s\n", us / 1000000, us % 1000000);
}

static void print_part(const char *name, const char *start, const char *end, const char *rights)
{
	console_printf("%s %lu KiB %s\n", name, ((uintptr_t)end - (uintptr_t)start) >> 10, rights);
}

void cmd_mem(int count, char **args)
{
	const struct machine *m = boot_machine();

	(void)count;
	(void)args;
	console_printf("ram 0x%lx size %lu KiB\n", m->ram_base, m->ram_size >> 10);
	console_printf("image 0x%lx size %lu KiB\n", (uintptr_t)__text_start,
		       ((uintptr_t)__end - (uintptr_t)__text_start) >> 10);
	print_part("text", __text_start, __text_end, "rx");
	print_part("rodata", __text_end, __rodata_end, "ro");
	print_part("data", __rodata_end, __bss_start, "rw");
	print_part("bss", __bss_start, __end, "rw");
}

void cmd_irq(int count, char **args)
{
	(void)count;
	(void)args;
	for (unsigned int intid = 0; intid < IRQ_COUNT; intid++) {
		const struct irq *irq = irq_get(intid);

		if (irq != NULL) {
			console_printf("%u %s %lu\n", intid, irq->name, irq->count);
		}
	}
	console_printf("stray %lu\n", irq_stray_count());
}

void cmd_reboot(int count, char **args)
{
	(void)count;
	(void)args;
	console_printf("keel: reboot\n");
	console_polled();
	psci_system_reset();
	shell_error("reboot: PSCI refused SYSTEM_RESET");
}

void cmd_shutdown(int count, char **args)
{
	(void)count;
	(void)args;
	console_printf("keel: shutdown\n");
	console_polled();
	psci_system_off();
	shell_error("shutdown: PSCI refused SYSTEM_OFF");
}
