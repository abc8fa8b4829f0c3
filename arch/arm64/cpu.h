/* SPDX-License-Identifier: Apache-2.0 */
/* The physical CPUs: one struct each, found through TPIDR_EL2. */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include "arch/arm64/sysreg.h"
#include "core/board.h"
#include "core/lib/spinlock.h"
#include "core/vcpu.h"

#define STACK_SIZE SZ_16K
#define SZ_16K     0x4000UL

struct cpu {
	uint64_t affinity;    /* first: head.S looks itself up by it */
	uint64_t stack_top;   /* above it lies the frame of a guest's registers */
	struct vcpu *current; /* its registers are loaded here */
	struct vcpu *owner;   /* the vCPU that owns this CPU, or NULL */
	unsigned int id;
	bool online;
	bool stop;    /* panic on another CPU asks it to */
	bool stopped; /* and it did: it runs no guest again */
	/* arch_call(): one caller at a time */
	struct spinlock call_lock;
	void (*call_fn)(void *arg);
	void *call_arg;
};

extern struct cpu cpus[BOARD_CPUS_MAX];

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_sysreg(tpidr_el2);
}

/* Where a trap saves the guest's registers on a CPU: C's stack begins below. */
static inline struct vcpu_regs *cpu_frame(const struct cpu *c)
{
	return (struct vcpu_regs *)c->stack_top;
}

/* CNTV_CTL_EL0 or CNTP_CTL_EL0: does the timer ask for its interrupt, on, due and not masked? */
static inline bool timer_line(uint64_t ctl)
{
	return (ctl & 7) == 5;
}

/* Fill the table from the board; the boot CPU's own entry gets its identity. */
void cpu_init_table(const struct board *b);
/* Take the page below each stack out of EL2's map. Returns 0 or -1: no page table for it. */
int cpu_guard_stacks(const struct board *b) MUST_CHECK;
/* Start the others. Returns how many CPUs are up; those that are not are named in the log. */
unsigned int cpu_start_others(const struct board *b);
/* EL2's own registers on this CPU, all of them. */
void cpu_init_el2(void);
/* Run a call that another CPU asks for. */
void cpu_serve_call(void);
/* This CPU's life: wait for work, enter its guest. */
_Noreturn void cpu_idle(void);

#endif
