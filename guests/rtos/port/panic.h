/*
 * The end of the machine. The policy, for every fatal error:
 *  1. print a report on the console, polled;
 *  2. tell the hypervisor, by HVC with function id PANIC_HVC, x1 = reason,
 *     x2 = the PC; Bulkhead stops the VM as crashed and does not return;
 *  3. elsewhere (QEMU answers NOT_SUPPORTED) PSCI SYSTEM_OFF.
 */
#ifndef KEEL_PANIC_H
#define KEEL_PANIC_H

#include <stdint.h>

#include "guests/rtos/port/context.h"

/* SMCCC: fast call, 32-bit, vendor-specific hypervisor service. */
#define PANIC_HVC 0x86000001

enum panic_reason {
	PANIC_ASSERT = 1,    /* port_panic(): a broken invariant */
	PANIC_EXCEPTION = 2, /* a task's exception */
	PANIC_STACK = 3,     /* a task's stack overflow */
	PANIC_KERNEL = 4,    /* an exception in the kernel itself */
};

struct task;

struct panic_info {
	const char *why;
	enum panic_reason reason;
	const struct context *ctx; /* NULL: no registers to show */
	const struct task *task;   /* whose fault; NULL: the running task's */
	unsigned int vector;       /* for PANIC_KERNEL */
	uint64_t esr, far;
};

_Noreturn void panic_report(const struct panic_info *info);

#endif
