#include "guests/rtos/app/motor.h"

#define PERIOD_S     0.001f
#define SUPPLY_V     24.0f
#define RPM_PER_V    300.0f /* no-load speed: 7200 rpm at the supply's limit */
#define TIME_CONST_S 0.150f
#define GAIN_P       0.010f /* volts per rpm */
#define GAIN_I       0.080f /* volts per rpm and second */

void motor_reset(struct motor *m)
{
	*m = (struct motor){0};
}

static float clamp(float value, float low, float high)
{
	if (value < low) {
		return low;
	}
	return value > high ? high : value;
}

void motor_step(struct motor *m, int32_t setpoint_rpm)
{
	float error = (float)setpoint_rpm - m->speed_rpm;
	float wanted = GAIN_P * error + m->integral;

	m->volts = clamp(wanted, 0.0f, SUPPLY_V);
	/* No integration into the limit: it would only overshoot afterwards. */
	if (m->volts == wanted) {
		m->integral += GAIN_I * error * PERIOD_S;
	}
	m->speed_rpm += (RPM_PER_V * m->volts - m->speed_rpm) * (PERIOD_S / TIME_CONST_S);
}

int32_t motor_speed_rpm(const struct motor *m)
{
	return (int32_t)(m->speed_rpm + 0.5f);
}
