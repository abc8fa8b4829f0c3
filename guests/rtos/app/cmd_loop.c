/* Commands about the control loop. */
#include <string.h>

#include "guests/rtos/app/app.h"
#include "guests/rtos/app/control.h"
#include "guests/rtos/app/line.h"
#include "guests/rtos/app/motor.h"
#include "guests/rtos/app/shell.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"

static void print_us(const char *what, uint64_t ns)
{
	console_printf("%s %lu.%03lu us\n", what, ns / 1000, ns % 1000);
}

/* Bucket 0 is below 1 us, bucket n below 2^n us; one more takes the rest. */
static void print_octaves(const struct histogram *h)
{
	uint64_t sum = 0;
	unsigned int bucket = 0;

	for (unsigned int bin = 0; bin < HISTOGRAM_BINS - 1; bin++) {
		sum += h->bins[bin];
		if (histogram_floor(bin + 1) == UINT64_C(1000) << bucket) {
			if (sum != 0) {
				console_printf("hist <%u us %lu\n", 1u << bucket, sum);
			}
			sum = 0;
			bucket++;
		}
	}
	if (h->bins[HISTOGRAM_BINS - 1] != 0) {
		console_printf("hist >=%u us %lu\n", 1u << HISTOGRAM_OCTAVES,
			       h->bins[HISTOGRAM_BINS - 1]);
	}
}

static void print_bins(const struct histogram *h)
{
	for (unsigned int bin = 0; bin < HISTOGRAM_BINS; bin++) {
		if (h->bins[bin] != 0) {
			console_printf("bin %lu ns %lu\n", histogram_floor(bin), h->bins[bin]);
		}
	}
}

void loop_print(const struct control_stats *s, bool bins)
{
	console_printf("periods %lu\n", s->periods);
	console_printf("missed %lu\n", s->missed);
	console_printf("skipped %lu\n", s->skipped);
	print_us("late min", s->late.all.min_ns);
	print_us("late avg", span_average(&s->late.all));
	print_us("late max", s->late.all.max_ns);
	print_us("exec avg", span_average(&s->exec));
	print_us("exec max", s->exec.max_ns);
	console_printf("setpoint %d rpm\n", s->setpoint_rpm);
	console_printf("speed %d rpm\n", s->speed_rpm);
	if (bins) {
		print_bins(&s->late);
	} else {
		print_octaves(&s->late);
	}
}

void cmd_loop(int count, char **args)
{
	if (count == 1 || (count == 2 && strcmp(args[1], "bins") == 0)) {
		struct control_stats stats;

		control_get(&stats);
		loop_print(&stats, count == 2);
	} else if (count == 2 && strcmp(args[1], "reset") == 0) {
		if (control_reset() != KEEL_OK) {
			shell_error("loop: the control task is not taking commands");
			return;
		}
		console_printf("loop reset\n");
	} else {
		shell_error("loop: '%s' is neither 'reset' nor 'bins'", args[1]);
	}
}

void cmd_setpoint(int count, char **args)
{
	uint64_t rpm;

	if (count != 2) {
		shell_error("setpoint: needs one number, 0 to %d rpm", MOTOR_MAX_RPM);
	} else if (!line_number(args[1], &rpm)) {
		shell_error("setpoint: '%s' is not a number", args[1]);
	} else if (rpm > MOTOR_MAX_RPM) {
		shell_error("setpoint: %lu rpm is above %d", rpm, MOTOR_MAX_RPM);
	} else if (control_set((int32_t)rpm) != KEEL_OK) {
		shell_error("setpoint: the control task is not taking commands");
	} else {
		console_printf("setpoint %lu rpm\n", rpm);
	}
}
