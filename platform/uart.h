/* SPDX-License-Identifier: Apache-2.0 */
/* The board's console UART: one of the drivers of platform/, chosen by the device tree. */
#ifndef PLATFORM_UART_H
#define PLATFORM_UART_H

#include "core/board.h"
#include "core/console.h"

struct uart_driver {
	struct console_uart console;
	void (*init)(uint64_t base);
	void (*want_receive_irq)(void);
};

extern const struct uart_driver uart_pl011;
extern const struct uart_driver uart_mini;

/* Bring the UART to a known state; baud rate and pins stay as firmware set them. */
void uart_init(const struct board_uart *uart);
/* Wait for the UART, character by character. Silent before uart_init(). */
void uart_puts_polled(const char *text);
const struct console_uart *uart_console(void);
void uart_want_receive_irq(void);

#endif
