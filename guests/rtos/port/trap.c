#include "guests/rtos/port/trap.h"

#include "guests/rtos/keel/task.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/fp.h"
#include "guests/rtos/port/irq.h"
#include "guests/rtos/port/panic.h"

#define TRAP_STACK_SIZE  (4096 + 16384) /* a guard page and the stack */
#define FATAL_STACK_SIZE (4096 + 8192)

#define ESR_EC(esr) ((esr) >> 26 & 0x3f)

/* Exception classes (Arm ARM D17.2.37). */
enum {
	EC_UNKNOWN = 0x00,
	EC_FP = 0x07,
	EC_ILLEGAL = 0x0e,
	EC_SVC = 0x15,
	EC_SYSREG = 0x18,
	EC_FETCH = 0x21,
	EC_PC_ALIGN = 0x22,
	EC_DATA = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_BRK = 0x3c,
	EC_COUNT = 0x40,
};

static const char *const ec_names[EC_COUNT] = {
	[EC_UNKNOWN] = "undefined instruction",
	[EC_ILLEGAL] = "illegal execution state",
	[EC_SYSREG] = "trapped system register",
	[EC_FETCH] = "instruction abort",
	[EC_PC_ALIGN] = "misaligned pc",
	[EC_DATA] = "data abort",
	[EC_SP_ALIGN] = "misaligned stack pointer",
	[EC_BRK] = "breakpoint",
};

static const char *const vector_names[] = {"synchronous exception", "irq", "fiq", "SError"};

uint8_t trap_stack[TRAP_STACK_SIZE] __attribute__((aligned(4096)));
uint8_t trap_fatal_stack[FATAL_STACK_SIZE] __attribute__((aligned(4096)));
struct context trap_fatal_context;

/* For start.S and vectors.S, which cannot add. */
__asm__(".global trap_stack_top, trap_fatal_stack_top\n"
	"trap_stack_top = trap_stack + 4096 + 16384\n"
	"trap_fatal_stack_top = trap_fatal_stack + 4096 + 8192\n");

extern const char probe_load[], probe_store[], probe_failed[];

static bool is_probe(uint64_t pc)
{
	return pc == (uintptr_t)probe_load || pc == (uintptr_t)probe_store;
}

static const char *ec_name(uint64_t esr)
{
	const char *name = ec_names[ESR_EC(esr)];

	return name != NULL ? name : "unexpected exception";
}

static _Noreturn void die(const struct context *ctx, uint64_t esr)
{
	uint64_t far = cpu_read(far_el1);
	struct panic_info info = {
		.why = ec_name(esr), .reason = PANIC_EXCEPTION, .ctx = ctx, .esr = esr, .far = far};

	if (ESR_EC(esr) == EC_DATA && task_of_guard(far) != NULL) {
		info.why = "stack overflow";
		info.reason = PANIC_STACK;
		info.task = task_of_guard(far);
	}
	panic_report(&info);
}

void trap_sync(struct context *ctx)
{
	uint64_t esr = cpu_read(esr_el1);

	switch (ESR_EC(esr)) {
	case EC_SVC:
		sched_switch();
		return;
	case EC_FP:
		fp_trap();
		return;
	case EC_DATA:
		if (is_probe(ctx->pc)) {
			ctx->pc = (uintptr_t)probe_failed;
			return;
		}
		break;
	}
	die(ctx, esr);
}

void trap_irq(void)
{
	irq_dispatch();
	sched_switch();
}

void trap_unexpected(struct context *ctx, unsigned int vector)
{
	struct panic_info info = {.why = vector_names[vector & 3],
				  .reason = PANIC_EXCEPTION,
				  .ctx = ctx,
				  .esr = cpu_read(esr_el1),
				  .far = cpu_read(far_el1)};

	panic_report(&info);
}

void trap_fatal(unsigned int vector, struct context *ctx)
{
	struct panic_info info = {.why = "exception in the kernel",
				  .reason = PANIC_KERNEL,
				  .ctx = ctx,
				  .vector = vector,
				  .esr = cpu_read(esr_el1),
				  .far = cpu_read(far_el1)};

	panic_report(&info);
}
