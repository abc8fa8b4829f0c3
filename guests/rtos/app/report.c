/* One report of the control loop, which the boot arguments ask for. */
#include "guests/rtos/app/app.h"
#include "guests/rtos/app/control.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"

#define STACK_SIZE 16384

static struct task task;
TASK_STACK(stack, STACK_SIZE);

static unsigned int after;
static unsigned int periods;

static void report(void *arg)
{
	uint64_t period = clock_from_us(CONTROL_PERIOD_US);
	/* Half a period off the loop's releases: what it counts from when is no race. */
	struct control_stats stats;
	uint64_t start = port_now() + period / 2 + after * period;

	(void)arg;
	(void)task_sleep_until(start);
	KEEL_ASSERT(control_reset() == KEEL_OK);
	(void)task_sleep_until(start + (periods + 1) * period);
	control_get(&stats);
	console_printf("\nreport of the loop\n");
	loop_print(&stats, true);
	console_printf("end of the report\n");
}

void report_start(unsigned int first, unsigned int count)
{
	const struct task_config config = {
		.name = "report",
		.entry = report,
		.prio = PRIO_REPORT,
		STACK(stack),
	};

	after = first;
	periods = count;
	KEEL_ASSERT(task_create(&task, &config) == KEEL_OK);
}
