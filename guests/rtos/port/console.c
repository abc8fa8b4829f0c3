#include "guests/rtos/port/console.h"

#include <stdarg.h>
#include <stdbool.h>

#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/fmt.h"
#include "guests/rtos/port/irq.h"
#include "guests/rtos/port/machine.h"
#include "guests/rtos/port/mmu.h"

#define UART_SIZE 0x1000
#define UART_DR   0x00
#define UART_FR   0x18
#define UART_LCRH 0x2c
#define UART_CR   0x30
#define UART_IFLS 0x34
#define UART_IMSC 0x38
#define UART_ICR  0x44

#define FR_RXFE     (UINT32_C(1) << 4)
#define FR_TXFF     (UINT32_C(1) << 5)
#define LCRH_8BIT   (UINT32_C(3) << 5)
#define LCRH_FIFO   (UINT32_C(1) << 4)
#define CR_ENABLE   (UINT32_C(1) << 0)
#define CR_TX       (UINT32_C(1) << 8)
#define CR_RX       (UINT32_C(1) << 9)
#define INT_RX      (UINT32_C(1) << 4)
#define INT_TX      (UINT32_C(1) << 5)
#define INT_RX_IDLE (UINT32_C(1) << 6)
#define INT_ALL     UINT32_C(0x7ff)

/*
 * Characters sent or received with interrupts masked at one time: each may be a
 * trap to the hypervisor, and the control loop waits meanwhile.
 */
#define BURST 4

#define RX_SIZE 256u /* powers of two: the indices run free */
#define TX_SIZE 2048u

/* A lost transmit interrupt costs a writer this long, not for ever. */
#define TX_RETRY_US 10000

static struct {
	uint64_t base;
	bool polled;
	struct mutex writer; /* held over one console_write() */
	struct sem rx_ready, tx_space;
	/* The rest is written with interrupts masked only. */
	char rx[RX_SIZE], tx[TX_SIZE];
	uint32_t rx_head, rx_tail, tx_head, tx_tail; /* in at tail, out at head */
	uint32_t mask;                               /* of IMSC */
} console = {.polled = true};

void console_init(const struct machine *m)
{
	console.base = m->uart;
	mmu_map(m->uart, UART_SIZE, MMU_DEVICE);
	mmio_write32(console.base + UART_IMSC, 0);
	mmio_write32(console.base + UART_LCRH, LCRH_8BIT | LCRH_FIFO);
	mmio_write32(console.base + UART_CR, CR_ENABLE | CR_TX | CR_RX);
}

static void set_mask(uint32_t mask)
{
	if (mask != console.mask) {
		console.mask = mask;
		mmio_write32(console.base + UART_IMSC, mask);
	}
}

/* Move at most `limit` characters to the UART; the interrupt does the rest. */
static void pump(unsigned int limit)
{
	bool full = false;

	while (limit-- > 0 && console.tx_head != console.tx_tail && !full) {
		full = (mmio_read32(console.base + UART_FR) & FR_TXFF) != 0;
		if (!full) {
			mmio_write32(console.base + UART_DR,
				     (uint8_t)console.tx[console.tx_head++ % TX_SIZE]);
		}
	}
	if (console.tx_head != console.tx_tail) {
		set_mask(console.mask | INT_TX);
	} else {
		set_mask(console.mask & ~INT_TX);
	}
}

/*
 * Take in a burst of what has come. While there is more, or the ring is full,
 * the UART keeps the rest and its interrupt is off: console_read() goes on from
 * there. So a sender is held back.
 */
static void receive(void)
{
	for (unsigned int i = 0; i < BURST && console.rx_tail - console.rx_head < RX_SIZE; i++) {
		if ((mmio_read32(console.base + UART_FR) & FR_RXFE) != 0) {
			set_mask(console.mask | INT_RX | INT_RX_IDLE);
			return;
		}
		console.rx[console.rx_tail++ % RX_SIZE] = (char)mmio_read32(console.base + UART_DR);
		(void)sem_give(&console.rx_ready);
	}
	set_mask(console.mask & ~(INT_RX | INT_RX_IDLE));
}

static void interrupt(void *arg)
{
	(void)arg;
	mmio_write32(console.base + UART_ICR, INT_RX | INT_RX_IDLE | INT_TX);
	receive();
	pump(BURST);
	if (console.tx_tail - console.tx_head <= TX_SIZE / 2) {
		(void)sem_give(&console.tx_space);
	}
}

void console_start(const struct machine *m)
{
	mutex_init(&console.writer);
	sem_init(&console.rx_ready, 0, RX_SIZE);
	sem_init(&console.tx_space, 0, 1);
	mmio_write32(console.base + UART_ICR, INT_ALL);
	mmio_write32(console.base + UART_IFLS, 0); /* interrupt at 1/8 full */
	KEEL_ASSERT(irq_attach(m->uart_intid, "uart", interrupt, NULL) == KEEL_OK);
	set_mask(INT_RX | INT_RX_IDLE);
	console.polled = false;
}

static void put_polled(char c)
{
	while ((mmio_read32(console.base + UART_FR) & FR_TXFF) != 0) {}
	mmio_write32(console.base + UART_DR, (uint8_t)c);
}

static void drain(void)
{
	while (console.tx_head != console.tx_tail) {
		put_polled(console.tx[console.tx_head++ % TX_SIZE]);
	}
}

void console_polled(void)
{
	console.polled = true;
	if (console.base != 0) {
		drain();
	}
}

/* False: the ring is full. */
static bool put_ring(char c)
{
	uint64_t key = port_irq_save();
	bool fits = console.tx_tail - console.tx_head < TX_SIZE;

	if (fits) {
		console.tx[console.tx_tail++ % TX_SIZE] = c;
	}
	pump(BURST);
	port_irq_restore(key);
	return fits;
}

static void put(char c)
{
	if (console.polled || port_in_isr()) {
		drain();
		put_polled(c);
		return;
	}
	while (!put_ring(c)) {
		(void)sem_take(&console.tx_space, clock_from_us(TX_RETRY_US));
	}
}

static void put_all(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n') {
			put('\r');
		}
		put(text[i]);
	}
}

void console_write(const char *text, size_t length)
{
	if (console.base == 0) {
		return;
	}
	if (console.polled || port_in_isr()) {
		put_all(text, length);
		return;
	}
	(void)mutex_lock(&console.writer, KEEL_FOREVER);
	put_all(text, length);
	(void)mutex_unlock(&console.writer);
}

void console_printf(const char *format, ...)
{
	char line[CONSOLE_LINE];
	va_list args;
	size_t length;

	va_start(args, format);
	length = fmt_vprint(line, sizeof(line), format, args);
	va_end(args);
	console_write(line, length);
}

char console_read(void)
{
	uint64_t key;
	char c;

	(void)sem_take(&console.rx_ready, KEEL_FOREVER);
	key = port_irq_save();
	c = console.rx[console.rx_head++ % RX_SIZE];
	if ((console.mask & INT_RX) == 0) {
		receive();
	}
	port_irq_restore(key);
	return c;
}
