#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guests/rtos/app/motor.h"

static struct motor motor;

static int setup(void **state)
{
	(void)state;
	motor_reset(&motor);
	return 0;
}

static int32_t peak_after(unsigned int ms, int32_t setpoint)
{
	int32_t peak = 0;

	for (unsigned int i = 0; i < ms; i++) {
		motor_step(&motor, setpoint);
		if (motor_speed_rpm(&motor) > peak) {
			peak = motor_speed_rpm(&motor);
		}
	}
	return peak;
}

static void test_speed_settles_on_the_setpoint(void **state)
{
	(void)state;
	(void)peak_after(2000, 1500);
	assert_in_range(motor_speed_rpm(&motor), 1499, 1501);
}

static void test_overshoot_is_small_even_from_the_limit(void **state)
{
	(void)state;
	assert_in_range(peak_after(2000, MOTOR_MAX_RPM), 0, MOTOR_MAX_RPM * 11 / 10);
}

static void test_it_slows_down_again(void **state)
{
	(void)state;
	(void)peak_after(2000, 3000);
	(void)peak_after(3000, 500);
	assert_in_range(motor_speed_rpm(&motor), 499, 501);
}

static void test_voltage_stays_within_the_supply(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		motor_step(&motor, MOTOR_MAX_RPM);
		assert_true(motor.volts >= 0.0f && motor.volts <= 24.0f);
	}
}

static void test_it_stands_still_at_zero(void **state)
{
	(void)state;
	assert_int_equal(peak_after(100, 0), 0);
}

#define MOTOR_TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOTOR_TEST(test_speed_settles_on_the_setpoint),
		MOTOR_TEST(test_overshoot_is_small_even_from_the_limit),
		MOTOR_TEST(test_it_slows_down_again),
		MOTOR_TEST(test_voltage_stays_within_the_supply),
		MOTOR_TEST(test_it_stands_still_at_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
