/* SPDX-License-Identifier: Apache-2.0 */
/* core/vpl031.c: the clock that a guest sets, and its alarm (ARM DDI 0224). */
#include "tests/unit/fake_arch.h"

#include "core/mmio.h"
#include "core/vm.h"

#define DR   0x00
#define MR   0x04
#define LR   0x08
#define IMSC 0x10
#define RIS  0x14
#define MIS  0x18
#define ICR  0x1c

static struct vm vm;
static struct vpl031 rtc;
static bool line;

void vgic_set_line(struct vm *to, uint32_t intid, bool level)
{
	assert_ptr_equal(to, &vm);
	assert_int_equal(intid, GUEST_RTC_INTID);
	line = level;
}

static uint32_t read32(uint32_t offset)
{
	struct mmio_op op = {.offset = offset, .size = 4};

	return (uint32_t)vpl031_access(NULL, &rtc, op, 0);
}

static void write32(uint32_t offset, uint32_t value)
{
	struct mmio_op op = {.offset = offset, .size = 4, .write = true};

	vpl031_access(NULL, &rtc, op, value);
}

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	fake.counter = 100 * FAKE_HZ + 7;
	line = false;
	memset(&rtc, 0, sizeof(rtc));
	vpl031_reset(&rtc, &vm);
	return 0;
}

static void pass(uint64_t seconds)
{
	fake.counter += seconds * FAKE_HZ;
}

static void test_counts_from_zero_and_from_what_is_loaded(void **state)
{
	(void)state;
	assert_int_equal(read32(DR), 0);
	pass(3);
	assert_int_equal(read32(DR), 3);
	write32(LR, 1000);
	pass(2);
	assert_int_equal(read32(DR), 1002);
	assert_int_equal(read32(LR), 1000);
}

static void test_alarm_comes_when_the_clock_matches(void **state)
{
	(void)state;
	write32(IMSC, 1);
	write32(MR, 5);
	assert_int_equal(fake.alarm, 105 * FAKE_HZ);
	pass(4);
	vpl031_poll(&rtc);
	assert_false(line);
	fake.counter = 105 * FAKE_HZ;
	vpl031_poll(&rtc);
	assert_true(line);
	assert_int_equal(read32(DR), 5);
	assert_int_equal(read32(MIS), 1);
	write32(ICR, 1);
	assert_false(line);
	assert_int_equal(read32(RIS), 0);
}

static void test_masked_alarm_is_seen_in_the_raw_state_alone(void **state)
{
	(void)state;
	write32(MR, 2);
	assert_int_equal(fake.alarm, 0);
	pass(2);
	assert_int_equal(read32(RIS), 1);
	assert_int_equal(read32(MIS), 0);
	assert_false(line);
	write32(IMSC, 1);
	assert_true(line);
}

static void test_match_of_this_second_comes_at_once(void **state)
{
	(void)state;
	write32(IMSC, 1);
	write32(MR, read32(DR));
	assert_true(line);
}

static void test_match_in_the_past_comes_after_the_clock_wraps(void **state)
{
	(void)state;
	pass(10);
	write32(IMSC, 1);
	write32(MR, 3);
	assert_int_equal(fake.alarm, (110UL + 0xfffffff9UL) * FAKE_HZ);
	pass(1000);
	assert_int_equal(read32(RIS), 0);
}

static void test_setting_the_clock_moves_the_alarm(void **state)
{
	(void)state;
	write32(IMSC, 1);
	write32(MR, 500);
	write32(LR, 498);
	assert_int_equal(fake.alarm, 102 * FAKE_HZ);
}

static void test_no_alarm_before_a_match_is_set(void **state)
{
	(void)state;
	assert_int_equal(read32(RIS), 0);
	pass(5);
	assert_int_equal(read32(RIS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_counts_from_zero_and_from_what_is_loaded, setup),
		cmocka_unit_test_setup(test_alarm_comes_when_the_clock_matches, setup),
		cmocka_unit_test_setup(test_masked_alarm_is_seen_in_the_raw_state_alone, setup),
		cmocka_unit_test_setup(test_match_of_this_second_comes_at_once, setup),
		cmocka_unit_test_setup(test_match_in_the_past_comes_after_the_clock_wraps, setup),
		cmocka_unit_test_setup(test_setting_the_clock_moves_the_alarm, setup),
		cmocka_unit_test_setup(test_no_alarm_before_a_match_is_set, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
