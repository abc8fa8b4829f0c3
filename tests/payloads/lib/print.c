/* SPDX-License-Identifier: Apache-2.0 */
/* PL011 output, a small printf, and the PASS/FAIL/DONE lines. */
#include <stdarg.h>
#include "tests/payloads/lib/payload.h"

#define UARTDR   0x00
#define UARTFR   0x18
#define UARTLCRH 0x2c
#define UARTCR   0x30
#define UARTIMSC 0x38
#define FR_RXFE  BIT(4)
#define FR_TXFF  BIT(5)

static spinlock_t uart_lock;
static struct {
	const char *name;
	bool failed;
	const char *skipped;
} running;
static unsigned passed, failed, skipped;

void uart_init(void)
{
	mmio_write32(PL011_BASE + UARTCR, 0);
	mmio_write32(PL011_BASE + UARTIMSC, 0);
	mmio_write32(PL011_BASE + UARTLCRH, 0x70);
	mmio_write32(PL011_BASE + UARTCR, 0x301);
}

void uart_putc(char c)
{
	while (mmio_read32(PL011_BASE + UARTFR) & FR_TXFF) {}
	mmio_write32(PL011_BASE + UARTDR, (uint8_t)c);
}

int uart_getc(void)
{
	if (mmio_read32(PL011_BASE + UARTFR) & FR_RXFE) {
		return -1;
	}
	return (int)(mmio_read32(PL011_BASE + UARTDR) & 0xff);
}

static void put_string(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n') {
			uart_putc('\r');
		}
		uart_putc(*s);
	}
}

static void put_number(uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[24];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	for (; width > n; width--) {
		uart_putc(pad);
	}
	while (n > 0) {
		uart_putc(digits[--n]);
	}
}

static void put_signed(int64_t v, unsigned width, char pad)
{
	if (v < 0) {
		uart_putc('-');
		v = -v;
	}
	put_number((uint64_t)v, 10, width, pad);
}

static void vprint(const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		char pad = ' ';
		unsigned width = 0;
		bool is_long = false;

		if (*fmt != '%') {
			put_string((const char[]){*fmt, 0});
			continue;
		}
		fmt++;
		if (*fmt == '0') {
			pad = '0';
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
			width = width * 10 + (unsigned)(*fmt - '0');
		}
		for (; *fmt == 'l'; fmt++) {
			is_long = true;
		}
		switch (*fmt) {
		case 's':
			put_string(va_arg(ap, const char *));
			break;
		case 'c':
			uart_putc((char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(is_long ? va_arg(ap, int64_t) : va_arg(ap, int), width, pad);
			break;
		case 'u':
		case 'x':
			put_number(is_long ? va_arg(ap, uint64_t) : va_arg(ap, unsigned),
				   *fmt == 'x' ? 16 : 10, width, pad);
			break;
		default:
			uart_putc(*fmt);
		}
	}
}

void print(const char *fmt, ...)
{
	va_list ap;

	spin_lock(&uart_lock);
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	spin_unlock(&uart_lock);
}

void fail(const char *fmt, ...)
{
	va_list ap;

	if (__atomic_exchange_n(&running.failed, true, __ATOMIC_RELAXED)) {
		return;
	}
	spin_lock(&uart_lock);
	put_string("FAIL ");
	put_string(running.name ? running.name : "start");
	put_string(": ");
	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
	put_string("\n");
	spin_unlock(&uart_lock);
}

void skip(const char *reason)
{
	running.skipped = reason;
}

static void end_test(void)
{
	if (running.failed) {
		failed++;
	} else if (running.skipped) {
		skipped++;
		print("SKIP %s: %s\n", running.name, running.skipped);
	} else {
		passed++;
		print("PASS %s\n", running.name);
	}
}

void run_tests(const struct test *tests, size_t count)
{
	const char *only = bootarg("only");

	for (size_t i = 0; i < count; i++) {
		running.name = tests[i].name;
		running.failed = false;
		running.skipped = NULL;
		if (only) {
			size_t n = 0;

			while (tests[i].name[n] && tests[i].name[n] == only[n]) {
				n++;
			}
			if (only[n] && only[n] != ' ') {
				continue;
			}
		}
		if (bootarg("verbose")) {
			print("RUN %s\n", tests[i].name);
		}
		tests[i].run();
		end_test();
	}
	running.name = "end";
	running.failed = false;
}

void finish(void)
{
	if (running.failed) { /* outside run_tests(), or in a test that could not go on */
		failed++;
	}
	print("DONE passed %u failed %u skipped %u\n", passed, failed, skipped);
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;) {
		wfi();
	}
}
