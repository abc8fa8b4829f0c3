/* From start.S to the first task. */
#include "guests/rtos/port/boot.h"

#include <libfdt.h>

#include "guests/rtos/app/app.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/gic.h"
#include "guests/rtos/port/gpio.h"
#include "guests/rtos/port/irq.h"
#include "guests/rtos/port/mmu.h"
#include "guests/rtos/port/psci.h"
#include "guests/rtos/port/time.h"
#include "guests/rtos/port/trap.h"

#define FDT_ALIGN      8
#define FDT_HEADER     40
#define FDT_SIZE_LIMIT (UINT64_C(2) << 20)

#define IDLE_STACK  4096
#define PFR0_GIC(r) ((r) >> 24 & 0xf) /* ID_AA64PFR0_EL1: 0, no system registers */

static struct machine machine;
static uint64_t started_at;
static struct task idle;
TASK_STACK(idle_stack, IDLE_STACK);

const struct machine *boot_machine(void)
{
	return &machine;
}

uint64_t boot_time(void)
{
	return started_at;
}

/* Map the tree read-only; NULL if there is none that could be one. */
static const void *map_tree(uint64_t pa)
{
	const void *fdt = (const void *)(uintptr_t)pa;

	if (pa == 0 || pa % FDT_ALIGN != 0) {
		return NULL;
	}
	mmu_map(pa, FDT_HEADER, MMU_CONST);
	if (fdt_check_header(fdt) != 0 || fdt_totalsize(fdt) > FDT_SIZE_LIMIT) {
		return NULL;
	}
	mmu_map(pa, fdt_totalsize(fdt), MMU_CONST);
	return fdt;
}

static void find_machine(uint64_t fdt_pa)
{
	machine_parse(&machine, map_tree(fdt_pa));
	if (machine.gic_version == 0) {
		machine.gic_version = PFR0_GIC(cpu_read(id_aa64pfr0_el1)) != 0 ? 3 : 2;
	}
	psci_init(machine.psci_smc);
}

static void idle_entry(void *arg)
{
	(void)arg;
	for (;;) {
		cpu_wfi();
	}
}

static void start_kernel(void)
{
	const struct task_config config = {
		.name = "idle",
		.entry = idle_entry,
		.prio = 0,
		STACK(idle_stack),
	};

	clock_init((uint32_t)cpu_read(cntfrq_el0));
	task_init();
	sched_init();
	KEEL_ASSERT(task_create(&idle, &config) == KEEL_OK);
	KEEL_ASSERT(irq_attach(machine.timer_intid, "timer", time_interrupt, NULL) == KEEL_OK);
}

void boot_main(uint64_t fdt_pa)
{
	mmu_init();
	started_at = port_now();
	find_machine(fdt_pa);
	console_init(&machine);
	gic_init(&machine);
	gpio_init(&machine);
	start_kernel();
	app_main(&machine);
	console_start(&machine);
	sched_start();
	trap_return();
}
