/* Commands that break things, or look where it may hurt. */
#include <stddef.h>
#include <string.h>

#include "guests/rtos/app/line.h"
#include "guests/rtos/app/shell.h"
#include "guests/rtos/keel/keel.h"
#include "guests/rtos/port/console.h"
#include "guests/rtos/port/cpu.h"
#include "guests/rtos/port/mmu.h"
#include "guests/rtos/port/trap.h"

#define VICTIM_PRIO  3
#define VICTIM_STACK 4096

static struct task victim;
TASK_STACK(victim_stack, VICTIM_STACK);

static void crash_null(void)
{
	mmio_write32(0, 1);
}

/* Recursion is the point here: it runs until the guard page stops it. */
static unsigned int recurse(unsigned int depth)
{
	volatile unsigned int frame[32];

	frame[depth % 32] = depth;
	return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % 32];
}

static void overflow(void *arg)
{
	(void)arg;
	console_printf("depth %u\n", recurse(100000));
}

static void crash_stack(void)
{
	const struct task_config config = {
		.name = "victim",
		.entry = overflow,
		.prio = VICTIM_PRIO,
		STACK(victim_stack),
	};

	(void)task_create(&victim, &config);
}

static void crash_undef(void)
{
	__asm__ volatile("udf #0");
}

static void crash_assert(void)
{
	KEEL_ASSERT(!"asked for by the shell");
}

static void crash_hang(void)
{
	(void)port_irq_save();
	for (;;) {
		__asm__ volatile("" : : : "memory");
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} crashes[] = {
	{"null", crash_null},     {"stack", crash_stack}, {"undef", crash_undef},
	{"assert", crash_assert}, {"hang", crash_hang},
};

void cmd_crash(int count, char **args)
{
	for (size_t i = 0; count == 2 && i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		if (strcmp(args[1], crashes[i].name) == 0) {
			console_printf("crash %s\n", args[1]);
			task_sleep(clock_from_us(1000));
			crashes[i].run();
			return;
		}
	}
	shell_error("crash: needs one of null, stack, undef, assert, hang");
}

/* False, with the error said, unless args[index] is a number up to `limit`. */
static bool number(char **args, int index, uint64_t limit, uint64_t *value)
{
	if (!line_number(args[index], value)) {
		shell_error("%s: '%s' is not a number", args[0], args[index]);
		return false;
	}
	if (*value > limit) {
		shell_error("%s: 0x%lx is above 0x%lx", args[0], *value, limit);
		return false;
	}
	return true;
}

#define ADDRESS_MAX ((UINT64_C(1) << 48) - 4)

static bool address(char **args, uint64_t *addr)
{
	if (!number(args, 1, ADDRESS_MAX, addr)) {
		return false;
	}
	if (*addr % sizeof(uint32_t) != 0) {
		shell_error("%s: 0x%lx is not a multiple of 4", args[0], *addr);
		return false;
	}
	return true;
}

void cmd_peek(int count, char **args)
{
	uint64_t addr;
	uint32_t value;

	if (count != 2) {
		shell_error("peek: needs an address");
		return;
	}
	if (!address(args, &addr)) {
		return;
	}
	if (probe_read32(mmu_window(addr), &value) != 0) {
		shell_error("peek: reading 0x%lx faulted", addr);
		return;
	}
	console_printf("0x%lx 0x%08x\n", addr, value);
}

void cmd_poke(int count, char **args)
{
	uint64_t addr, value;

	if (count != 3) {
		shell_error("poke: needs an address and a value");
		return;
	}
	if (!address(args, &addr) || !number(args, 2, UINT32_MAX, &value)) {
		return;
	}
	if (probe_write32(mmu_window(addr), (uint32_t)value) != 0) {
		shell_error("poke: writing 0x%lx faulted", addr);
		return;
	}
	console_printf("0x%lx <- 0x%08lx\n", addr, value);
}
