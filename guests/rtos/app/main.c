#include "guests/rtos/app/app.h"

#include "guests/rtos/app/control.h"
#include "guests/rtos/app/shell.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/machine.h"

#define MIDR_PART(midr) ((midr) >> 4 & 0xfff)

static const struct {
	unsigned int part;
	const char *name;
} cpu_names[] = {
	{0xd03, "Cortex-A53"}, {0xd04, "Cortex-A35"}, {0xd05, "Cortex-A55"}, {0xd07, "Cortex-A57"},
	{0xd08, "Cortex-A72"}, {0xd09, "Cortex-A73"}, {0xd0b, "Cortex-A76"}, {0x051, "QEMU max"},
};

static const char *cpu_name(uint64_t midr)
{
	for (unsigned int i = 0; i < sizeof(cpu_names) / sizeof(cpu_names[0]); i++) {
		if (cpu_names[i].part == MIDR_PART(midr)) {
			return cpu_names[i].name;
		}
	}
	return "unknown";
}

static void print_banner(const struct machine *m)
{
	uint64_t midr = cpu_read(midr_el1);

	console_printf("\nkeel %s\n", KEEL_VERSION);
	console_printf("machine: %s\n", m->from_tree ? "device tree" : "QEMU virt's fixed map");
	if (m->missing != NULL) {
		console_printf("machine: no %s in the device tree, fixed value taken\n",
			       m->missing);
	}
	console_printf("cpu: %s (midr 0x%08lx) at EL1\n", cpu_name(midr), midr);
	console_printf("gic: version %u at 0x%lx\n", m->gic_version, m->gicd);
	console_printf("timer: %u Hz, virtual, INTID %u\n", clock_frequency(), m->timer_intid);
	if (m->gpio != 0) {
		console_printf("gpio: 0x%lx, line %u is high during each step of the loop\n",
			       m->gpio, m->loop_line);
	}
	console_printf("memory: %lu MiB at 0x%lx\n", m->ram_size >> 20, m->ram_base);
}

void app_main(const struct machine *m)
{
	print_banner(m);
	control_start();
	if (m->report_periods != 0) {
		report_start(m->report_after, m->report_periods);
	}
	shell_start();
}
