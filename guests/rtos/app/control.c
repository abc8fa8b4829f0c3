#include "guests/rtos/app/control.h"

#include "guests/rtos/app/app.h"
#include "guests/rtos/app/motor.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/gpio.h"

#define STACK_SIZE    8192
#define FIRST_RPM     1500
#define COMMAND_COUNT 4

struct command {
	enum {
		COMMAND_SETPOINT,
		COMMAND_RESET,
	} kind;
	int32_t setpoint_rpm;
};

static struct task task;
TASK_STACK(stack, STACK_SIZE);
static struct command command_slots[COMMAND_COUNT];
static struct queue commands;

/*
 * Written by the control task only, which no reader can interrupt. A reader that
 * it has interrupted reads again: the loop waits for none.
 */
static struct control_stats stats;
static uint32_t written; /* periods; never starts anew */

static void reset_stats(void)
{
	stats.periods = 0;
	stats.missed = 0;
	stats.skipped = 0;
	stats.late = (struct histogram){0};
	stats.exec = (struct span){0};
}

/* Returns whether the counts shall start anew with the next period. */
static bool take_commands(void)
{
	struct command command;
	bool anew = false;

	while (queue_receive(&commands, &command, KEEL_NO_WAIT) == KEEL_OK) {
		if (command.kind == COMMAND_SETPOINT) {
			stats.setpoint_rpm = command.setpoint_rpm;
		} else {
			anew = true;
		}
	}
	return anew;
}

static void record(uint64_t release, uint64_t woken, uint64_t done, int32_t speed)
{
	stats.periods++;
	histogram_add(&stats.late, clock_to_ns(woken - release));
	span_add(&stats.exec, clock_to_ns(done - woken));
	stats.speed_rpm = speed;
}

/* The last release that is not after now, or the next; counts a step that ran into its successor. */
static uint64_t next_release(uint64_t release, uint64_t period)
{
	uint64_t now = port_now();
	uint64_t next = release + period;

	if (!clock_before(now, next)) {
		uint64_t behind = (now - next) / period;

		stats.missed++;
		stats.skipped += behind;
		next += behind * period;
	}
	return next;
}

static void control_loop(void *arg)
{
	uint64_t period = clock_from_us(CONTROL_PERIOD_US);
	uint64_t release = port_now() + period;
	struct motor motor;

	(void)arg;
	motor_reset(&motor);
	for (;;) {
		uint64_t woken;
		bool anew;

		(void)task_sleep_until(release);
		woken = port_now();
		gpio_set_loop_line(true);
		anew = take_commands();
		motor_step(&motor, stats.setpoint_rpm);
		gpio_set_loop_line(false);
		record(release, woken, port_now(), motor_speed_rpm(&motor));
		if (anew) {
			reset_stats();
		}
		release = next_release(release, period);
		__atomic_store_n(&written, written + 1, __ATOMIC_RELEASE);
	}
}

void control_start(void)
{
	const struct task_config config = {
		.name = "control",
		.entry = control_loop,
		.prio = PRIO_CONTROL,
		STACK(stack),
	};

	stats.setpoint_rpm = FIRST_RPM;
	queue_init(&commands, command_slots, COMMAND_COUNT, sizeof(command_slots[0]));
	KEEL_ASSERT(task_create(&task, &config) == KEEL_OK);
}

void control_get(struct control_stats *copy)
{
	uint32_t before;

	do {
		before = __atomic_load_n(&written, __ATOMIC_ACQUIRE);
		*copy = stats;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	} while (__atomic_load_n(&written, __ATOMIC_RELAXED) != before);
}

int control_set(int32_t setpoint_rpm)
{
	struct command command = {.kind = COMMAND_SETPOINT, .setpoint_rpm = setpoint_rpm};

	return queue_send(&commands, &command, KEEL_NO_WAIT);
}

int control_reset(void)
{
	struct command command = {.kind = COMMAND_RESET};

	return queue_send(&commands, &command, KEEL_NO_WAIT);
}
