/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vpl011.h"

#include <string.h>

#include "core/mmio.h"
#include "core/vm.h"

#define UARTDR    0x000
#define UARTFR    0x018
#define UARTIBRD  0x024
#define UARTFBRD  0x028
#define UARTLCR_H 0x02c
#define UARTCR    0x030
#define UARTIFLS  0x034
#define UARTIMSC  0x038
#define UARTRIS   0x03c
#define UARTMIS   0x040
#define UARTICR   0x044
#define UARTDMACR 0x048
#define UARTID    0xfe0

#define FR_RXFE    BIT(4)
#define FR_TXFE    BIT(7)
#define FR_RXFF    BIT(6)
#define INT_RX     BIT(4)
#define INT_TX     BIT(5)
#define INT_RT     BIT(6)
#define INT_ALL    0x7ffU
#define LCRH_FEN   BIT(4)
#define CR_RESET   0x300U /* transmitter and receiver on, UART off (3.3.8) */
#define IFLS_RESET 0x12U

/* Bytes waiting, those behind the FIFO included. */
static uint32_t fifo_level(const struct vpl011 *u)
{
	return u->fifo_in - u->fifo_out;
}

static uint32_t fifo_depth(const struct vpl011 *u)
{
	return u->line & LCRH_FEN ? VPL011_FIFO : 1;
}

/* Bytes at which the receive interrupt rises (UARTIFLS.RXIFLSEL: 1/8 to 7/8). */
static uint32_t trigger_level(const struct vpl011 *u)
{
	static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

	return u->line & LCRH_FEN ? VPL011_FIFO * eighths[(u->ifls >> 3) & 7] / 8 : 1;
}

static void update_line(struct vpl011 *u)
{
	vgic_set_line(u->vm, u->intid, (u->raw & u->mask) != 0);
}

void vpl011_reset(struct vpl011 *u, struct vm *vm, uint32_t intid)
{
	/* a key may arrive meanwhile: the lock itself is not reset */
	spin_lock(&u->lock);
	memset(&u->vm, 0, sizeof(*u) - offsetof(struct vpl011, vm));
	u->vm = vm;
	u->intid = intid;
	u->control = CR_RESET;
	u->ifls = IFLS_RESET;
	spin_unlock(&u->lock);
}

void vpl011_receive(void *uart, char c)
{
	struct vpl011 *u = uart;

	spin_lock(&u->lock);
	if (fifo_level(u) < VPL011_QUEUE) {
		u->queue[u->fifo_in++ % VPL011_QUEUE] = c;
		/* the line is quiet after a key, so the timeout (RT) is due at once */
		u->raw |= INT_RT | (fifo_level(u) >= trigger_level(u) ? INT_RX : 0);
	}
	update_line(u);
	spin_unlock(&u->lock);
}

static uint64_t read_data(void *uart, uint32_t offset)
{
	struct vpl011 *u = uart;
	uint64_t c = 0;

	(void)offset;
	if (fifo_level(u) > 0) {
		c = (uint8_t)u->queue[u->fifo_out++ % VPL011_QUEUE];
	}
	if (fifo_level(u) < trigger_level(u)) {
		u->raw &= ~(uint32_t)INT_RX;
	}
	if (fifo_level(u) == 0) {
		u->raw &= ~(uint32_t)INT_RT;
	}
	update_line(u);
	return c;
}

static void write_data(void *uart, uint32_t offset, uint64_t value)
{
	struct vpl011 *u = uart;
	char c = (char)value;

	(void)offset;
	console_write(u->vm->console, &c, 1);
	u->raw |= INT_TX; /* sent, and room again */
	update_line(u);
}

static uint64_t read_flags(void *uart, uint32_t offset)
{
	const struct vpl011 *u = uart;

	(void)offset;
	return FR_TXFE | (fifo_level(u) == 0 ? FR_RXFE : 0) |
	       (fifo_level(u) >= fifo_depth(u) ? FR_RXFF : 0);
}

/* The registers that only remember what was written. */
static uint32_t *plain_register(struct vpl011 *u, uint32_t offset)
{
	switch (offset) {
	case UARTIBRD:
		return &u->ibrd;
	case UARTFBRD:
		return &u->fbrd;
	case UARTLCR_H:
		return &u->line;
	case UARTCR:
		return &u->control;
	case UARTIFLS:
		return &u->ifls;
	case UARTIMSC:
		return &u->mask;
	default:
		return &u->dmacr;
	}
}

static uint64_t read_plain(void *uart, uint32_t offset)
{
	return *plain_register(uart, offset);
}

static void write_plain(void *uart, uint32_t offset, uint64_t value)
{
	*plain_register(uart, offset) = (uint32_t)value & 0xffff;
	update_line(uart);
}

static void write_mask(void *uart, uint32_t offset, uint64_t value)
{
	write_plain(uart, offset, value & INT_ALL);
}

static uint64_t read_raw(void *uart, uint32_t offset)
{
	const struct vpl011 *u = uart;

	return offset == UARTMIS ? u->raw & u->mask : u->raw;
}

static void write_clear(void *uart, uint32_t offset, uint64_t value)
{
	struct vpl011 *u = uart;

	(void)offset;
	u->raw &= ~(uint32_t)value;
	update_line(u);
}

/* PrimeCell identification (3.3.14 to 3.3.21): PL011 r1p5. */
static uint64_t read_id(void *uart, uint32_t offset)
{
	static const uint8_t id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)uart;
	return id[(offset - UARTID) / 4 % 8];
}

#define ANY (1 | 2 | 4)

static const struct mmio_reg registers[] = {
	{UARTDR, 4, ANY, read_data, write_data},
	{UARTFR, 4, ANY, read_flags, NULL},
	{UARTIMSC, 4, ANY, read_plain, write_mask},
	{UARTRIS, 8, ANY, read_raw, NULL},
	{UARTICR, 4, ANY, NULL, write_clear},
	{UARTIBRD, 20, ANY, read_plain, write_plain}, /* IBRD, FBRD, LCR_H, CR, IFLS */
	{UARTDMACR, 4, ANY, read_plain, write_plain},
	{UARTID, 32, ANY, read_id, NULL},
};

uint64_t vpl011_access(struct vcpu *v, void *uart, struct mmio_op op, uint64_t value)
{
	struct vpl011 *u = uart;

	(void)v;
	if (op.offset & 3) {
		return 0; /* the upper bytes of a register are reserved */
	}
	spin_lock(&u->lock);
	value = mmio_table_access(registers, ARRAY_SIZE(registers), u, op, value);
	spin_unlock(&u->lock);
	return value;
}
