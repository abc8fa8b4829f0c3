/* SPDX-License-Identifier: Apache-2.0 */
/* ARM PL011 (DDI 0183). */
#include "arch/arm64/mmio.h"
#include "platform/uart.h"

#define UARTDR    0x000
#define UARTFR    0x018
#define UARTLCR_H 0x02c
#define UARTCR    0x030
#define UARTIMSC  0x038
#define UARTICR   0x044
#define FR_RXFE   BIT(4)
#define FR_TXFF   BIT(5)
#define INT_RX    BIT(4)
#define INT_TX    BIT(5)
#define INT_RT    BIT(6)
#define LCRH_FEN  BIT(4)
#define LCRH_8BIT (3U << 5)
#define CR_ON     (BIT(0) | BIT(8) | BIT(9))

static uint64_t base;
static uint32_t mask;

static void init(uint64_t address)
{
	base = address;
	mask = 0;
	mmio_write32(base + UARTIMSC, 0);
	mmio_write32(base + UARTICR, 0x7ff);
	mmio_write32(base + UARTLCR_H, LCRH_8BIT | LCRH_FEN);
	mmio_write32(base + UARTCR, CR_ON);
}

static bool can_send(void)
{
	return !(mmio_read32(base + UARTFR) & FR_TXFF);
}

static void send(char c)
{
	mmio_write32(base + UARTDR, (uint8_t)c);
}

/*
 * Reading ends the receive interrupts (3.4.2, 3.4.4). UARTICR would end them too, also
 * for a character that arrived since FR was read, and that one would then never be seen.
 */
static bool receive(char *c)
{
	if (mmio_read32(base + UARTFR) & FR_RXFE) {
		return false;
	}
	*c = (char)mmio_read32(base + UARTDR);
	return true;
}

static void set_mask(uint32_t wanted)
{
	if (wanted != mask) {
		mask = wanted;
		mmio_write32(base + UARTIMSC, mask);
	}
}

static void want_send_irq(bool want)
{
	set_mask(want ? mask | INT_TX : mask & ~(uint32_t)INT_TX);
}

static void want_receive_irq(void)
{
	set_mask(mask | INT_RX | INT_RT);
}

const struct uart_driver uart_pl011 = {
	.console = {can_send, send, receive, want_send_irq},
	.init = init,
	.want_receive_irq = want_receive_irq,
};
