#include "guests/rtos/port/panic.h"

#include "guests/rtos/keel/port.h"
#include "guests/rtos/keel/task.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/psci.h"

static bool panicking;

static _Noreturn void stop(enum panic_reason reason, uint64_t pc)
{
	psci_call(PANIC_HVC, reason, pc, 0);
	psci_system_off();
	for (;;) {
		cpu_wfi();
	}
}

static void print_registers(const struct context *ctx)
{
	for (unsigned int i = 0; i < 30; i += 2) {
		console_printf("*** x%-2u %016lx x%-2u %016lx\n", i, ctx->x[i], i + 1,
			       ctx->x[i + 1]);
	}
}

static void print_place(const struct panic_info *info)
{
	const struct context *ctx = info->ctx;

	console_printf("*** pc %016lx lr %016lx sp %016lx pstate %08lx\n", ctx->pc, ctx->x[30],
		       ctx->sp, ctx->pstate);
	console_printf("*** esr %08lx far %016lx\n", info->esr, info->far);
	print_registers(ctx);
}

void panic_report(const struct panic_info *info)
{
	const struct task *task = info->task != NULL ? info->task : sched_current();
	uint64_t pc = info->ctx != NULL ? info->ctx->pc : 0;

	(void)port_irq_save();
	if (panicking) {
		stop(info->reason, pc);
	}
	panicking = true;
	console_polled();
	console_printf("\n*** keel panic: %s", info->why);
	if (info->reason == PANIC_KERNEL) {
		console_printf(" (vector %u)", info->vector);
	}
	console_printf(", task %s\n", task != NULL ? task->name : "none (boot)");
	if (info->ctx != NULL) {
		print_place(info);
	}
	console_printf("*** keel stopped, reason %d\n", info->reason);
	stop(info->reason, pc);
}

void port_panic(const char *why)
{
	struct panic_info info = {.why = why, .reason = PANIC_ASSERT};
	struct context ctx = {.pc = (uintptr_t)__builtin_return_address(0)};

	ctx.sp = (uintptr_t)__builtin_frame_address(0);
	info.ctx = &ctx;
	panic_report(&info);
}
