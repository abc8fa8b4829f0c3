/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/arch.h on the build host: a few CPUs that the test switches between, a
 * counter that the test sets, RAM that is an array, and page tables at their own
 * host addresses. What does not return on the board ends fake_run() here.
 */
#ifndef TESTS_UNIT_FAKE_ARCH_H
#define TESTS_UNIT_FAKE_ARCH_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arch.h"
#include "core/vm.h"

#define FAKE_CPUS     8
#define FAKE_HZ       1000000U
#define FAKE_RAM_BASE 0x40000000UL
#define FAKE_RAM_SIZE (16 * SZ_1M)

/* How a call ended. */
enum fake_exit {
	FAKE_RETURNED,
	FAKE_LEFT_GUEST,
	FAKE_ENTERED_GUEST,
	FAKE_POWERED_OFF,
	FAKE_PANICKED,
};

struct fake_arch {
	unsigned int cpu; /* the one that executes */
	struct vcpu *current[FAKE_CPUS];
	unsigned int kicks[FAKE_CPUS];
	unsigned int calls; /* arch_call() */
	uint64_t counter;
	uint64_t counter_offset; /* what arch_vm_counter_offset() says */
	uint64_t alarm;          /* arch_alarm() */
	/* memory */
	uint8_t *ram;
	bool map_fails;
	int mapped; /* arch_map() and arch_window() less arch_unmap() */
	unsigned int table_syncs;
	unsigned int invalidations;
	uint64_t invalidated_vttbr;
	uint64_t invalidated_ipa;
	uint64_t invalidated_size;
	/* arch_vcpu_reset() */
	struct vcpu *reset_vcpu;
	uint64_t reset_entry;
	uint64_t reset_x0;
	struct vcpu *entered; /* arch_enter_guest() */
	/* Called by arch_wait(): something for the CPU to wake up to. */
	void (*on_wait)(void);
	unsigned int nothing_runs; /* arch_nothing_runs() */
	unsigned int repeats;      /* arch_repeat_access() */
	unsigned int waits;
	unsigned int polls;
	uint64_t poll_ticks; /* that one takes */
	char panic_text[256];
};

extern struct fake_arch fake;

/* Everything as at power-on. The RAM is filled with 0xa5. */
void fake_arch_setup(void);

/* Call fn(arg) and say how it ended. A panic outside of it fails the test. */
enum fake_exit fake_run(void (*fn)(void *arg), void *arg);

/* An SMCCC call of v, with its registers. */
static inline void fake_hvc(struct vcpu *v)
{
	uint64_t *x = v->regs->x;

	x[0] = psci_call(x[0], x[1], x[2], x[3], v);
}

/* Carry on as another CPU; returns the one it was. */
unsigned int fake_on_cpu(unsigned int cpu);

#endif
