/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_arch.h"

#include "core/vm.h"

#define BASE_A 0x9000000UL
#define BASE_B 0x9010000UL

static struct mmio_map map;
static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;

/* What a frame or a register was last asked. */
static struct {
	unsigned int calls;
	void *device;
	struct mmio_op op;
	uint32_t offset;
	uint64_t value;
} last;

static uint64_t frame_access(struct vcpu *who, void *device, struct mmio_op op, uint64_t value)
{
	(void)value;
	assert_ptr_equal(who, v);
	last.calls++;
	last.device = device;
	last.op = op;
	return 0x1234;
}

static uint64_t reg_read(void *device, uint32_t offset)
{
	last.calls++;
	last.device = device;
	last.offset = offset;
	return 0x77;
}

static void reg_write(void *device, uint32_t offset, uint64_t value)
{
	last.calls++;
	last.device = device;
	last.offset = offset;
	last.value = value;
}

static const struct mmio_reg table[] = {
	{0x00, 4, 4, reg_read, reg_write}, {0x10, 8, 1 | 4, reg_read, reg_write},
	{0x20, 4, 4, reg_read, NULL},      {0x24, 4, 4, NULL, reg_write},
	{0x30, 8, 8, reg_read, reg_write},
};

static int device_a;
static int device_b;

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(&map, 0, sizeof(map));
	memset(&last, 0, sizeof(last));
	mmio_add(&map, BASE_A, SZ_4K, frame_access, &device_a);
	mmio_add(&map, BASE_B, SZ_4K, frame_access, &device_b);
	return 0;
}

static bool dispatch(uint64_t ipa, unsigned int size)
{
	const struct mmio_frame *f = mmio_find(&map, ipa);
	struct mmio_op op = {.size = (uint8_t)size};

	if (f) {
		op.offset = (uint32_t)(ipa - f->base);
		last.value = mmio_dispatch(f, v, op, 0xff);
	}
	return f;
}

static uint64_t read_reg(uint64_t offset, unsigned int size)
{
	struct mmio_op op = {.offset = (uint32_t)offset, .size = (uint8_t)size};

	return mmio_table_access(table, ARRAY_SIZE(table), &device_a, op, 0xff);
}

static void write_reg(uint64_t offset, unsigned int size, uint64_t value)
{
	struct mmio_op op = {.offset = (uint32_t)offset, .size = (uint8_t)size, .write = true};

	(void)mmio_table_access(table, ARRAY_SIZE(table), &device_a, op, value);
}

/* -- frames --------------------------------------------------------------------------- */

static void test_access_goes_to_its_frame(void **state)
{
	(void)state;
	assert_true(dispatch(BASE_B + 0x18, 4));
	assert_ptr_equal(last.device, &device_b);
	assert_int_equal(last.op.offset, 0x18);
	assert_int_equal(last.value, 0x1234);
	assert_true(dispatch(BASE_A, 1));
	assert_ptr_equal(last.device, &device_a);
}

static void test_ends_of_a_frame(void **state)
{
	(void)state;
	assert_true(dispatch(BASE_A + SZ_4K - 1, 1));
	assert_false(dispatch(BASE_A + SZ_4K, 1));
	assert_false(dispatch(BASE_A - 1, 1));
	assert_false(dispatch(0, 4));
	assert_false(dispatch(UINT64_MAX, 1));
	assert_int_equal(last.calls, 1);
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(mmio_find(&map, BASE_A), &map.frames[0]);
	assert_ptr_equal(mmio_find(&map, BASE_B + SZ_4K - 1), &map.frames[1]);
	assert_null(mmio_find(&map, BASE_A - 1));
	assert_null(mmio_find(&map, BASE_B + SZ_4K));
}

/* H10, H16: what is not aligned to its width reads zero and reaches no device. */
static void test_misaligned_access_is_nothing(void **state)
{
	(void)state;
	for (unsigned int size = 2; size <= 8; size *= 2) {
		for (unsigned int off = 1; off < size; off++) {
			assert_true(dispatch(BASE_A + 0x100 + off, size));
			assert_int_equal(last.value, 0);
		}
	}
	/* over the end of the frame as well */
	assert_true(dispatch(BASE_A + SZ_4K - 2, 4));
	assert_int_equal(last.calls, 0);
}

static void add_too_many(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i <= MMIO_FRAMES_MAX; i++) {
		mmio_add(&map, i * SZ_4K, SZ_4K, frame_access, NULL);
	}
}

static void test_too_many_frames_is_a_broken_invariant(void **state)
{
	(void)state;
	assert_int_equal(fake_run(add_too_many, NULL), FAKE_PANICKED);
	assert_int_equal(map.count, MMIO_FRAMES_MAX);
}

/* -- registers -------------------------------------------------------------------------- */

static void test_register_is_read_and_written(void **state)
{
	(void)state;
	assert_int_equal(read_reg(0, 4), 0x77);
	assert_ptr_equal(last.device, &device_a);
	write_reg(0, 4, 0xabcd);
	assert_int_equal(last.value, 0xabcd);
	assert_int_equal(last.calls, 2);
}

static void test_bank_gives_the_offset(void **state)
{
	(void)state;
	(void)read_reg(0x14, 4);
	assert_int_equal(last.offset, 0x14);
	write_reg(0x17, 1, 9);
	assert_int_equal(last.offset, 0x17);
	assert_int_equal(last.calls, 2);
}

static void test_width_not_allowed_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_reg(0, 1), 0);
	assert_int_equal(read_reg(0, 2), 0);
	assert_int_equal(read_reg(0, 8), 0);
	write_reg(0, 8, 1);
	write_reg(0x10, 2, 1);
	assert_int_equal(read_reg(0x30, 4), 0);
	assert_int_equal(last.calls, 0);
	assert_int_equal(read_reg(0x30, 8), 0x77);
}

static void test_one_way_registers(void **state)
{
	(void)state;
	write_reg(0x20, 4, 1);
	assert_int_equal(read_reg(0x24, 4), 0);
	assert_int_equal(last.calls, 0);
	assert_int_equal(read_reg(0x20, 4), 0x77);
	write_reg(0x24, 4, 5);
	assert_int_equal(last.value, 5);
}

static void test_no_register_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_reg(4, 4), 0);
	assert_int_equal(read_reg(0x18, 4), 0);
	assert_int_equal(read_reg(UINT64_MAX - 3, 4), 0);
	write_reg(0x28, 4, 1);
	assert_int_equal(last.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_access_goes_to_its_frame, setup),
		cmocka_unit_test_setup(test_ends_of_a_frame, setup),
		cmocka_unit_test_setup(test_find, setup),
		cmocka_unit_test_setup(test_misaligned_access_is_nothing, setup),
		cmocka_unit_test_setup(test_too_many_frames_is_a_broken_invariant, setup),
		cmocka_unit_test_setup(test_register_is_read_and_written, setup),
		cmocka_unit_test_setup(test_bank_gives_the_offset, setup),
		cmocka_unit_test_setup(test_width_not_allowed_is_nothing, setup),
		cmocka_unit_test_setup(test_one_way_registers, setup),
		cmocka_unit_test_setup(test_no_register_is_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
