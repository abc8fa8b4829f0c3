/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/uart.h"

static const struct uart_driver *driver;

void uart_init(const struct board_uart *uart)
{
	static const struct uart_driver *const drivers[] = {
		[UART_PL011] = &uart_pl011,
		[UART_MINI] = &uart_mini,
	};

	driver = uart->type == UART_NONE ? NULL : drivers[uart->type];
	if (driver) {
		driver->init(uart->regs.base);
	}
}

void uart_puts_polled(const char *text)
{
	for (; driver && *text; text++) {
		while (!driver->console.can_send()) {}
		driver->console.send(*text);
	}
}

const struct console_uart *uart_console(void)
{
	return driver ? &driver->console : NULL;
}

void uart_want_receive_irq(void)
{
	driver->want_receive_irq();
}
