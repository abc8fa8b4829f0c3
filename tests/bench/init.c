/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux's first process of a benchmark: says what the virtual counter was when it started, as
 * "BENCH init COUNTER", and powers off. Without a C library, so nothing else is counted.
 */
#include <stdint.h>

/* arm64's system calls (include/uapi/asm-generic/unistd.h). */
#define SYS_MOUNT  40
#define SYS_OPENAT 56
#define SYS_WRITE  64
#define SYS_REBOOT 142

#define AT_FDCWD  (-100)
#define O_WRONLY  1
#define MAGIC1    0xfee1dead
#define MAGIC2    672274793
#define POWER_OFF 0x4321fedc

void _start(void);

static long call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

static char *decimal(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return end;
}

void _start(void)
{
	static char line[] = "BENCH init                     \n";
	char *end = &line[sizeof(line) - 2];
	uint64_t counter;
	long console;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(counter));
	(void)decimal(end, counter);
	(void)call(SYS_MOUNT, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0);
	console = call(SYS_OPENAT, AT_FDCWD, (long)"/dev/console", O_WRONLY, 0, 0);
	(void)call(SYS_WRITE, console, (long)line, sizeof(line) - 1, 0, 0);
	(void)call(SYS_REBOOT, MAGIC1, MAGIC2, POWER_OFF, 0, 0);
	for (;;) {}
}
