/* SPDX-License-Identifier: Apache-2.0 */
#include "core/panic.h"

#include "arch/arm64/boot.h"
#include "arch/arm64/cpu.h"
#include "arch/arm64/firmware.h"
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/console.h"
#include "core/lib/fmt.h"
#include "core/log.h"

/* For -fstack-protector: fixed, there is no secret in an image that anyone can read. */
uint64_t __stack_chk_guard = 0x62756c6b68656164UL;
_Noreturn void __stack_chk_fail(void);

/* For the others to leave what they are in. */
#define STOP_TIMEOUT_MS 2000

static bool panicking;

void panic_halt(void)
{
	__atomic_store_n(&this_cpu()->stopped, true, __ATOMIC_RELEASE);
	for (;;) {
		wfi();
	}
}

static void stop_others(void)
{
	for (unsigned int i = 0; i < board.cpu_count; i++) {
		if (cpus[i].online && i != this_cpu()->id) {
			__atomic_store_n(&cpus[i].stop, true, __ATOMIC_RELEASE);
			arch_kick(i);
		}
	}
}

static void write_line(const char *line)
{
	struct console_port *log = console_log_port();

	/* no lock: whoever holds it was stopped, did not answer, or is us */
	for (; *line; line++) {
		log->ring[log->head++ % CONSOLE_RING_SIZE] = *line;
	}
}

static void print(const char *format, ...) PRINTF_LIKE(1, 2);

static void print(const char *format, ...)
{
	char line[200];
	va_list args;

	va_start(args, format);
	fmt_vprint(line, sizeof(line), format, args);
	va_end(args);
	write_line(line);
	write_line("\r\n");
}

static bool is_still_running(unsigned int cpu)
{
	return cpus[cpu].online && cpu != this_cpu()->id &&
	       !__atomic_load_n(&cpus[cpu].stopped, __ATOMIC_ACQUIRE);
}

/* Before a word is written: nobody else writes then, without a lock. */
static void begin(void)
{
	uint64_t give_up = arch_counter() + arch_counter_hz() * STOP_TIMEOUT_MS / 1000;

	if (__atomic_exchange_n(&panicking, true, __ATOMIC_ACQ_REL)) {
		panic_halt();
	}
	stop_others();
	for (unsigned int i = 0; i < board.cpu_count; i++) {
		while (is_still_running(i) && arch_counter() <= give_up) {}
	}
}

/* A CPU that waits in EL2 for what this one holds never answers: it runs no guest either. */
static void print_others(void)
{
	for (unsigned int i = 0; i < board.cpu_count; i++) {
		if (is_still_running(i)) {
			print("bulkhead: CPU %u is busy in EL2 and stays there", i);
		}
	}
	print("bulkhead: no CPU runs a guest any more");
}

static _Noreturn void end(void)
{
	print("bulkhead: ESR_EL2 0x%lx ELR_EL2 0x%lx FAR_EL2 0x%lx SPSR_EL2 0x%lx",
	      read_sysreg(esr_el2), read_sysreg(elr_el2), read_sysreg(far_el2),
	      read_sysreg(spsr_el2));
	print_others();
	if (board.reset_on_failure) {
		print("bulkhead: " FIRMWARE_RESET_NOTICE);
	}
	console_panic_flush();
	if (board.reset_on_failure) {
		firmware_reset_later(&board);
	}
	panic_halt();
}

void panic(const char *format, ...)
{
	char line[200];
	va_list args;

	begin();
	va_start(args, format);
	fmt_vprint(line, sizeof(line), format, args);
	va_end(args);
	print("bulkhead: PANIC on CPU %u: %s (from 0x%lx)", this_cpu()->id, line,
	      (uint64_t)__builtin_return_address(0));
	end();
}

void trap_fatal(uint64_t vector, const struct vcpu_regs *regs)
{
	begin();
	print("bulkhead: PANIC on CPU %u: exception in EL2, vector %lu, SP 0x%lx", this_cpu()->id,
	      vector, read_sysreg(sp_el1));
	for (unsigned int i = 0; i + 2 < 31; i += 3) {
		print("  x%-2u 0x%016lx  x%-2u 0x%016lx  x%-2u 0x%016lx", i, regs->x[i], i + 1,
		      regs->x[i + 1], i + 2, regs->x[i + 2]);
	}
	print("  x30 0x%016lx", regs->x[30]);
	end();
}

void __stack_chk_fail(void)
{
	panic("stack smashed");
}
