/* SPDX-License-Identifier: Apache-2.0 */
/* The BCM2835 mini UART: 16550 registers at a stride of four bytes (BCM2711 ARM peripherals, 2.2). */
#include "arch/arm64/mmio.h"
#include "platform/uart.h"

#define MU_IO   0x00
#define MU_IER  0x04
#define MU_IIR  0x08
#define MU_LCR  0x0c
#define MU_LSR  0x14
#define MU_CNTL 0x20
/* Bits 3:2 are "don't care" in the manual; without them, it is said, none comes for what is received. */
#define IER_RX     (BIT(0) | BIT(2) | BIT(3))
#define IER_TX     BIT(1)
#define IIR_CLEAR  0x6U
#define LCR_8BIT   3U
#define LSR_READY  BIT(0)
#define LSR_SPACE  BIT(5)
#define LSR_IDLE   BIT(6)
#define IDLE_READS 100000U /* eight characters take 0.7 ms at 115200 baud */
#define CNTL_ON    3U

static uint64_t base;
static uint32_t mask;

static void init(uint64_t address)
{
	base = address;
	mask = 0;
	/* what the boot loader had to say yet, which IIR_CLEAR would throw away */
	for (unsigned int i = 0; i < IDLE_READS && !(mmio_read32(base + MU_LSR) & LSR_IDLE); i++) {}
	mmio_write32(base + MU_IER, 0);
	mmio_write32(base + MU_LCR, LCR_8BIT);
	mmio_write32(base + MU_IIR, IIR_CLEAR);
	mmio_write32(base + MU_CNTL, CNTL_ON);
}

static bool can_send(void)
{
	return mmio_read32(base + MU_LSR) & LSR_SPACE;
}

static void send(char c)
{
	mmio_write32(base + MU_IO, (uint8_t)c);
}

static bool receive(char *c)
{
	if (!(mmio_read32(base + MU_LSR) & LSR_READY)) {
		return false;
	}
	*c = (char)mmio_read32(base + MU_IO);
	return true;
}

static void set_mask(uint32_t wanted)
{
	if (wanted != mask) {
		mask = wanted;
		mmio_write32(base + MU_IER, mask);
	}
}

static void want_send_irq(bool want)
{
	set_mask(want ? mask | IER_TX : mask & ~(uint32_t)IER_TX);
}

static void want_receive_irq(void)
{
	set_mask(mask | IER_RX);
}

const struct uart_driver uart_mini = {
	.console = {can_send, send, receive, want_send_irq},
	.init = init,
	.want_receive_irq = want_receive_irq,
};
