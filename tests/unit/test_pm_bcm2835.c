/* SPDX-License-Identifier: Apache-2.0 */
/* platform/pm_bcm2835.c: what it writes, in which order, and what it leaves as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/pm_bcm2835.c" /* NOLINT(bugprone-suspicious-include) */

#define BASE 0xfe100000UL

/* The registers drop what comes without the password, and never show it. */
static uint32_t registers[0x114 / 4];
static bool counting; /* the watchdog was set before it was let loose */

uint32_t mmio_read32(uint64_t address)
{
	return registers[(address - BASE) / 4];
}

void mmio_write32(uint64_t address, uint32_t value)
{
	assert_int_equal(value & 0xff000000U, PASSWORD);
	registers[(address - BASE) / 4] = value & 0x00ffffffU;
	if (address == BASE + PM_RSTC) {
		counting = registers[PM_WDOG / 4] != 0;
	}
}

static int setup(void **state)
{
	(void)state;
	counting = false;
	registers[PM_WDOG / 4] = 0;
	registers[PM_RSTC / 4] = 0x000102;
	registers[PM_RSTS / 4] = 0x001002;
	return 0;
}

static void test_reset(void **state)
{
	(void)state;
	pm_reset(BASE);
	assert_true(counting);
	assert_int_equal(registers[PM_RSTC / 4], 0x000122);
	assert_int_equal(registers[PM_RSTS / 4], 0x001002);
}

static void test_power_off_names_the_halt_partition(void **state)
{
	(void)state;
	pm_power_off(BASE);
	assert_true(counting);
	assert_int_equal(registers[PM_RSTS / 4], 0x001557);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_power_off_names_the_halt_partition, setup),
	};

	return cmocka_run_group_tests_name("pm_bcm2835", tests, NULL, NULL);
}
