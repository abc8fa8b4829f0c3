/* SPDX-License-Identifier: Apache-2.0 */
/* platform/uart_pl011.c over a PL011 that sends and receives while the driver looks away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/uart_pl011.c" /* NOLINT(bugprone-suspicious-include) */

#define BASE       0x9000000UL
#define FIFO_DEPTH 16

/*
 * The receive interrupt is an event of the FIFO: it rises with the first character and
 * ends with the last one read (DDI 0183, 3.4.2, trigger level 1), or by UARTICR.
 */
static struct {
	char fifo[FIFO_DEPTH];
	unsigned int level;
	uint32_t raw;
	uint32_t mask;
	/* What arrives right after the driver has read UARTFR; 0: nothing. */
	char after_flags;
	char sent;
	bool full;
} uart;

static void arrive(char c)
{
	assert_true(uart.level < FIFO_DEPTH);
	uart.fifo[uart.level++] = c;
	if (uart.level == 1) {
		uart.raw |= INT_RX;
	}
}

static uint32_t take(void)
{
	char c = uart.fifo[0];

	assert_true(uart.level > 0);
	uart.level--;
	for (unsigned int i = 0; i < uart.level; i++) {
		uart.fifo[i] = uart.fifo[i + 1];
	}
	if (uart.level == 0) {
		uart.raw &= ~(uint32_t)INT_RX;
	}
	return (uint8_t)c;
}

uint32_t mmio_read32(uint64_t address)
{
	uint32_t flags = (uart.level == 0 ? FR_RXFE : 0) | (uart.full ? FR_TXFF : 0);

	if (address == BASE + UARTDR) {
		return take();
	}
	assert_int_equal(address, BASE + UARTFR);
	if (uart.after_flags) {
		arrive(uart.after_flags);
		uart.after_flags = 0;
	}
	return flags;
}

void mmio_write32(uint64_t address, uint32_t value)
{
	if (address == BASE + UARTICR) {
		uart.raw &= ~value;
	} else if (address == BASE + UARTIMSC) {
		uart.mask = value;
	} else if (address == BASE + UARTDR) {
		uart.sent = (char)value;
	} else {
		assert_true(address == BASE + UARTLCR_H || address == BASE + UARTCR);
	}
}

static bool interrupt_is_up(void)
{
	return uart.raw & uart.mask;
}

static int set_up(void **state)
{
	(void)state;
	uart.level = 0;
	uart.raw = 0;
	uart.after_flags = 0;
	uart.full = false;
	uart_pl011.init(BASE);
	uart_pl011.want_receive_irq();
	return 0;
}

static void test_receives_in_order(void **state)
{
	char c = 0;

	(void)state;
	arrive('a');
	arrive('b');
	assert_true(interrupt_is_up());
	assert_true(uart_pl011.console.receive(&c));
	assert_int_equal(c, 'a');
	assert_true(uart_pl011.console.receive(&c));
	assert_int_equal(c, 'b');
	assert_false(uart_pl011.console.receive(&c));
	assert_false(interrupt_is_up());
}

static void test_a_late_character_keeps_its_interrupt(void **state)
{
	char c = 0;

	(void)state;
	arrive('a');
	assert_true(uart_pl011.console.receive(&c));
	uart.after_flags = 'b';
	assert_false(uart_pl011.console.receive(&c));
	assert_true(interrupt_is_up());
	assert_true(uart_pl011.console.receive(&c));
	assert_int_equal(c, 'b');
}

static void test_stopping_early_keeps_the_interrupt(void **state)
{
	char c = 0;

	(void)state;
	arrive('a');
	arrive('b');
	assert_true(uart_pl011.console.receive(&c));
	assert_true(interrupt_is_up());
}

static void test_sends_when_there_is_room(void **state)
{
	(void)state;
	uart.full = true;
	assert_false(uart_pl011.console.can_send());
	uart.full = false;
	assert_true(uart_pl011.console.can_send());
	uart_pl011.console.send('x');
	assert_int_equal(uart.sent, 'x');
}

static void test_send_interrupt_leaves_receive_alone(void **state)
{
	(void)state;
	uart_pl011.console.want_send_irq(true);
	assert_int_equal(uart.mask, INT_RX | INT_RT | INT_TX);
	uart_pl011.console.want_send_irq(false);
	assert_int_equal(uart.mask, INT_RX | INT_RT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_receives_in_order, set_up),
		cmocka_unit_test_setup(test_a_late_character_keeps_its_interrupt, set_up),
		cmocka_unit_test_setup(test_stopping_early_keeps_the_interrupt, set_up),
		cmocka_unit_test_setup(test_sends_when_there_is_room, set_up),
		cmocka_unit_test_setup(test_send_interrupt_leaves_receive_alone, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
