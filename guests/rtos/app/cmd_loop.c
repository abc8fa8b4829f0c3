/* Commands about the control loop. */
#include <string.h>

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

static void print_histogram(const struct histogram *h)
{
	unsigned int last = HISTOGRAM_BUCKETS - 1;

	for (unsigned int i = 0; i < last; i++) {
		if (h->buckets[i] != 0) {
			console_printf("hist <%u us %lu\n", 1u << i, h->buckets[i]);
		}
	}
	if (h->buckets[last] != 0) {
		console_printf("hist >=%u us %lu\n", 1u << (last - 1), h->buckets[last]);
	}
}

static void print_loop(void)
{
	struct control_stats s;

	control_get(&s);
	console_printf("periods %lu\n", s.periods);
	console_printf("missed %lu\n", s.missed);
	console_printf("skipped %lu\n", s.skipped);
	print_us("late min", s.late.min_ns);
	print_us("late avg", histogram_average(&s.late));
	print_us("late max", s.late.max_ns);
	print_us("exec avg", histogram_average(&s.exec));
	print_us("exec max", s.exec.max_ns);
	console_printf("setpoint %d rpm\n", s.setpoint_rpm);
	console_printf("speed %d rpm\n", s.speed_rpm);
	print_histogram(&s.late);
}

void cmd_loop(int count, char **args)
{
	if (count == 1) {
		print_loop();
	} else if (count == 2 && strcmp(args[1], "reset") == 0) {
		if (control_reset() != KEEL_OK) {
			shell_error("loop: the control task is not taking commands");
			return;
		}
		console_printf("loop reset\n");
	} else {
		shell_error("loop: '%s' is not 'reset'", args[1]);
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
