/*
 * A simulated DC motor of first order and the PI controller that drives it.
 * Compiled with floating point; its interface has none, so that callers that
 * may not use the FP registers can include it.
 */
#ifndef KEEL_MOTOR_H
#define KEEL_MOTOR_H

#include <stdint.h>

#define MOTOR_MAX_RPM 6000

struct motor {
	float speed_rpm;
	float integral; /* of the controller, in volts */
	float volts;    /* what it applies, 0 to the supply's limit */
};

void motor_reset(struct motor *m);

/* One control period of 1 ms. */
void motor_step(struct motor *m, int32_t setpoint_rpm);

/* Rounded to the nearest. */
int32_t motor_speed_rpm(const struct motor *m);

#endif
