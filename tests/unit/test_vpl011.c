/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated PL011, with the vGIC and the console replaced by what they are told. */
#include "tests/unit/fake_arch.h"

#include "core/vm.h"

#define DR      0x00
#define FR      0x18
#define IBRD    0x24
#define FBRD    0x28
#define LCR_H   0x2c
#define CR      0x30
#define IFLS    0x34
#define IMSC    0x38
#define RIS     0x3c
#define MIS     0x40
#define ICR     0x44
#define DMACR   0x48
#define ID      0xfe0
#define FR_RXFE 0x10U
#define FR_TXFF 0x20U
#define FR_RXFF 0x40U
#define FR_TXFE 0x80U
#define INT_RX  0x10U
#define INT_TX  0x20U
#define INT_RT  0x40U
#define FEN     0x10U
#define INTID   33

static struct vm vm;
static struct console_port port;
static bool line;
static char sent[64];
static size_t sent_count;

void vgic_set_line(struct vm *who, uint32_t intid, bool level)
{
	assert_ptr_equal(who, &vm);
	assert_int_equal(intid, INTID);
	line = level;
}

void console_write(struct console_port *p, const char *text, size_t length)
{
	assert_ptr_equal(p, &port);
	for (size_t i = 0; i < length; i++) {
		sent[sent_count++ % sizeof(sent)] = text[i];
	}
}

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(&vm, 0, sizeof(vm));
	vm.console = &port;
	line = false;
	sent_count = 0;
	vpl011_reset(&vm.uart, &vm, INTID);
	return 0;
}

static uint32_t access(uint64_t offset, unsigned int size, bool write, uint32_t value)
{
	struct mmio_op op = {.offset = (uint32_t)offset, .size = (uint8_t)size, .write = write};

	value = (uint32_t)vpl011_access(&vm.vcpus[0], &vm.uart, op, value);
	assert_false(spin_is_held(&vm.uart.lock));
	return write ? 0 : value;
}

static uint32_t get(uint64_t offset)
{
	return access(offset, 4, false, 0x55);
}

static void put(uint64_t offset, uint32_t value)
{
	(void)access(offset, 4, true, value);
}

static void type(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		vpl011_receive(&vm.uart, (char)('a' + i % 26));
	}
}

/* -- out --------------------------------------------------------------------------------- */

static void test_written_bytes_go_to_the_console(void **state)
{
	(void)state;
	put(DR, 'h');
	(void)access(DR, 1, true, 'i');
	(void)access(DR, 2, true, 0x100 | '!');
	assert_int_equal(sent_count, 3);
	assert_memory_equal(sent, "hi!", 3);
}

static void test_transmitter_is_always_empty(void **state)
{
	(void)state;
	put(DR, 'x');
	assert_int_equal(get(FR) & (FR_TXFE | FR_TXFF), FR_TXFE);
}

static void test_transmit_interrupt_follows_a_byte(void **state)
{
	(void)state;
	put(IMSC, INT_TX);
	assert_false(line);
	put(DR, 'x');
	assert_true(line);
	put(ICR, INT_TX);
	assert_false(line);
}

/* -- in ---------------------------------------------------------------------------------- */

static void test_keys_come_out_in_order(void **state)
{
	(void)state;
	assert_true(get(FR) & FR_RXFE);
	type(3);
	assert_false(get(FR) & FR_RXFE);
	assert_int_equal(get(DR), 'a');
	assert_int_equal(access(DR, 1, false, 0), 'b');
	assert_int_equal(get(DR), 'c');
	assert_true(get(FR) & FR_RXFE);
	assert_int_equal(get(DR), 0);
}

static void test_byte_above_127_is_not_negative(void **state)
{
	(void)state;
	vpl011_receive(&vm.uart, (char)0xe9);
	assert_int_equal(get(DR), 0xe9);
}

static void test_full_flag_follows_the_fifo(void **state)
{
	(void)state;
	type(1);
	assert_true(get(FR) & FR_RXFF); /* FIFO off: one byte deep */
	put(LCR_H, FEN);
	assert_false(get(FR) & FR_RXFF);
	type(30);
	assert_false(get(FR) & FR_RXFF);
	type(1);
	assert_true(get(FR) & FR_RXFF);
}

static void test_pasted_text_waits_in_the_queue(void **state)
{
	(void)state;
	type(VPL011_QUEUE);
	for (unsigned int i = 0; i < VPL011_QUEUE; i++) {
		assert_int_equal(get(DR), 'a' + i % 26);
	}
	assert_true(get(FR) & FR_RXFE);
}

static void test_overflow_drops_the_newest(void **state)
{
	(void)state;
	type(VPL011_QUEUE);
	vpl011_receive(&vm.uart, '!');
	for (unsigned int i = 0; i < VPL011_QUEUE; i++) {
		assert_int_not_equal(get(DR), '!');
	}
	assert_true(get(FR) & FR_RXFE);
	vpl011_receive(&vm.uart, '?');
	assert_int_equal(get(DR), '?');
}

static void test_queue_survives_the_wrap_of_its_counters(void **state)
{
	(void)state;
	vm.uart.fifo_in = vm.uart.fifo_out = UINT32_MAX - 2;
	type(6);
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(get(DR), 'a' + i);
	}
	assert_true(get(FR) & FR_RXFE);
}

/* -- interrupts ------------------------------------------------------------------------------ */

static void test_masked_interrupt_is_raw_only(void **state)
{
	(void)state;
	type(1);
	assert_int_equal(get(RIS) & (INT_RX | INT_RT), INT_RX | INT_RT);
	assert_int_equal(get(MIS), 0);
	assert_false(line);
	put(IMSC, INT_RX);
	assert_int_equal(get(MIS), INT_RX);
	assert_true(line);
	put(IMSC, 0);
	assert_false(line);
}

static void test_reading_the_last_byte_ends_both(void **state)
{
	(void)state;
	put(IMSC, INT_RX | INT_RT);
	type(2);
	(void)get(DR);
	assert_true(line);
	(void)get(DR);
	assert_int_equal(get(RIS), 0);
	assert_false(line);
}

static void test_timeout_needs_no_level(void **state)
{
	(void)state;
	put(LCR_H, FEN);
	put(IMSC, INT_RX | INT_RT);
	type(1);
	assert_int_equal(get(MIS), INT_RT);
	assert_true(line);
}

static void test_receive_interrupt_rises_at_its_level(void **state)
{
	static const unsigned int levels[] = {4, 8, 16, 24, 28};

	for (uint32_t i = 0; i < ARRAY_SIZE(levels); i++) {
		(void)setup(state);
		put(LCR_H, FEN);
		put(IFLS, i << 3);
		put(IMSC, INT_RX);
		type(levels[i] - 1);
		assert_false(line);
		type(1);
		assert_true(line);
		(void)get(DR); /* below it again */
		assert_false(line);
	}
}

static void test_cleared_interrupt_comes_with_the_next_key(void **state)
{
	(void)state;
	put(IMSC, INT_RX | INT_RT);
	type(1);
	put(ICR, 0x7ff);
	assert_false(line);
	assert_int_equal(get(RIS), 0);
	type(1);
	assert_true(line);
}

/* -- registers ---------------------------------------------------------------------------------- */

static void test_reset_values(void **state)
{
	(void)state;
	assert_int_equal(get(CR), 0x300);
	assert_int_equal(get(IFLS), 0x12);
	assert_int_equal(get(FR), FR_TXFE | FR_RXFE);
	assert_int_equal(get(IMSC), 0);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(LCR_H), 0);
}

static void test_reset_forgets_keys_and_masks(void **state)
{
	(void)state;
	put(IMSC, 0x7ff);
	type(5);
	vpl011_reset(&vm.uart, &vm, INTID);
	assert_true(get(FR) & FR_RXFE);
	assert_int_equal(get(IMSC), 0);
	assert_int_equal(get(RIS), 0);
}

static void test_plain_registers_remember(void **state)
{
	static const uint32_t plain[] = {IBRD, FBRD, LCR_H, CR, IFLS, DMACR};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(plain); i++) {
		put(plain[i], 0x10 + i);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(plain); i++) {
		assert_int_equal(get(plain[i]), 0x10 + i);
	}
	put(IMSC, 0xffffffff);
	assert_int_equal(get(IMSC), 0x7ff);
}

static void test_identification(void **state)
{
	static const uint8_t id[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(id); i++) {
		assert_int_equal(get(ID + 4 * i), id[i]);
		put(ID + 4 * i, 0);
		assert_int_equal(get(ID + 4 * i), id[i]);
	}
}

static void test_status_cannot_be_written(void **state)
{
	(void)state;
	put(FR, 0xffff);
	put(RIS, 0xffff);
	put(MIS, 0xffff);
	assert_int_equal(get(FR), FR_TXFE | FR_RXFE);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(ICR), 0);
}

/* A byte inside a register is not the next register's. */
static void test_odd_offsets_change_nothing(void **state)
{
	static const uint32_t plain[] = {IBRD, FBRD, LCR_H, CR, IFLS, DMACR, IMSC};
	uint32_t before[ARRAY_SIZE(plain)];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(plain); i++) {
		before[i] = get(plain[i]);
	}
	for (uint32_t offset = 0x24; offset < 0x4c; offset++) {
		if (offset % 4) {
			(void)access(offset, 1, true, 0xff);
			assert_int_equal(access(offset, 1, false, 0), 0);
		}
	}
	type(1);
	for (uint32_t offset = 1; offset < 4; offset++) {
		assert_int_equal(access(DR + offset, 1, false, 0), 0);
	}
	assert_int_equal(get(DR), 'a');
	for (uint32_t i = 0; i < ARRAY_SIZE(plain); i++) {
		assert_int_equal(get(plain[i]), before[i]);
	}
}

static void test_every_offset_is_survived(void **state)
{
	(void)state;
	for (uint64_t offset = 0; offset < SZ_4K; offset++) {
		for (unsigned int size = 1; size <= 8; size *= 2) {
			if (offset % size == 0) {
				(void)access(offset, size, true, 0xffffffff);
				(void)access(offset, size, false, 0);
			}
		}
	}
	assert_int_equal(access(DR, 8, false, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_written_bytes_go_to_the_console, setup),
		cmocka_unit_test_setup(test_transmitter_is_always_empty, setup),
		cmocka_unit_test_setup(test_transmit_interrupt_follows_a_byte, setup),
		cmocka_unit_test_setup(test_keys_come_out_in_order, setup),
		cmocka_unit_test_setup(test_byte_above_127_is_not_negative, setup),
		cmocka_unit_test_setup(test_full_flag_follows_the_fifo, setup),
		cmocka_unit_test_setup(test_pasted_text_waits_in_the_queue, setup),
		cmocka_unit_test_setup(test_overflow_drops_the_newest, setup),
		cmocka_unit_test_setup(test_queue_survives_the_wrap_of_its_counters, setup),
		cmocka_unit_test_setup(test_masked_interrupt_is_raw_only, setup),
		cmocka_unit_test_setup(test_reading_the_last_byte_ends_both, setup),
		cmocka_unit_test_setup(test_timeout_needs_no_level, setup),
		cmocka_unit_test_setup(test_receive_interrupt_rises_at_its_level, setup),
		cmocka_unit_test_setup(test_cleared_interrupt_comes_with_the_next_key, setup),
		cmocka_unit_test_setup(test_reset_values, setup),
		cmocka_unit_test_setup(test_reset_forgets_keys_and_masks, setup),
		cmocka_unit_test_setup(test_plain_registers_remember, setup),
		cmocka_unit_test_setup(test_identification, setup),
		cmocka_unit_test_setup(test_status_cannot_be_written, setup),
		cmocka_unit_test_setup(test_odd_offsets_change_nothing, setup),
		cmocka_unit_test_setup(test_every_offset_is_survived, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
