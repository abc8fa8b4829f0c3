/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that does nothing but know whether it is whole. It fills its free memory
 * with a pattern, checks it for ever and counts 100 timer interrupts a second.
 * On its console: ? status, q power off, r reset, w touch what is not ours,
 * h hang with interrupts masked, u undefined instruction in a loop, i idle or busy.
 */
#include "tests/payloads/lib/payload.h"

#define RATE        100
#define SCAN_LIMIT  0x400000ull /* of memory looked at for leftovers, before the MMU */
#define CHUNK_WORDS 4096
#define NOT_OURS    0x7ff0000000ull

/* Before .bss is cleared these must survive: the leftovers found at start. */
static uint64_t leftover_at __attribute__((section(".data")));
static uint64_t leftover_count __attribute__((section(".data")));

static uint64_t first, last; /* the memory under watch */
static uint64_t sweeps, bad_count, at;
static volatile uint64_t beats, late;
static uint64_t next_beat, period;
static bool idle;

static uint64_t pattern(uint64_t address)
{
	return address * 0x9e3779b97f4a7c15ull ^ 0xca0a12ca0a12ca0aull;
}

/* The MMU and caches are off: what is read is what is in memory (H41, I20). */
void payload_early(uintptr_t fdt)
{
	uint64_t from = ((uintptr_t)_image_end + 0xfff) & ~0xfffull;

	for (uint64_t a = from; a < from + SCAN_LIMIT; a += 8) {
		if (fdt && a >= (fdt & ~0xfffull) && a < fdt + 0x200000) {
			continue;
		}
		if (mmio_read64(a) != 0 && leftover_count++ == 0) {
			leftover_at = a;
		}
	}
}

static void on_beat(uint32_t iar)
{
	uint64_t t = now();

	beats++;
	next_beat += period;
	if (t >= next_beat) { /* a whole period behind: say so and start afresh */
		late++;
		next_beat = t + period;
	}
	sysreg_write(cntv_cval_el0, next_beat);
	isb();
	gic_eoi(iar);
}

static void start_beat(void)
{
	period = sysreg_read(cntfrq_el0) / RATE;
	this_cpu()->irq_hook = on_beat;
	gic_enable(INTID_VTIMER);
	next_beat = now() + period;
	sysreg_write(cntv_cval_el0, next_beat);
	sysreg_write(cntv_ctl_el0, 1);
	irq_on();
}

static bool watched(uint64_t a)
{
	return !(machine.fdt && a >= (machine.fdt & ~0xfffull) &&
		 a < machine.fdt + machine.fdt_size + 0x1000);
}

static void choose_memory(void)
{
	uint64_t limit = bootarg_number("memory", 0x4000000);

	first = ((uintptr_t)_image_end + 0xffff) & ~0xffffull;
	last = first + 0x400000;
	if (machine.ram_size != 0) {
		last = machine.ram_base + machine.ram_size;
	}
	if (last - first > limit) {
		last = first + limit;
	}
}

static void fill(void)
{
	for (uint64_t a = first; a < last; a += 8) {
		if (watched(a)) {
			*(volatile uint64_t *)a = pattern(a);
		}
	}
}

static void check_some(void)
{
	for (unsigned i = 0; i < CHUNK_WORDS && at < last; i++, at += 8) {
		uint64_t got = *(volatile uint64_t *)at;

		if (!watched(at) || got == pattern(at)) {
			continue;
		}
		if (bad_count++ < 10) {
			print("CANARY BAD 0x%lx is 0x%lx not 0x%lx\n", at, got, pattern(at));
		}
		*(volatile uint64_t *)at = pattern(at);
	}
	if (at >= last) {
		at = first;
		sweeps++;
	}
}

static void status(void)
{
	print("CANARY %s %lu beats %lu late %lu bad %lu\n", bad_count ? "BAD" : "ok", sweeps, beats,
	      late, bad_count);
}

static void obey(int c)
{
	switch (c) {
	case '?':
		status();
		break;
	case 'q':
		print("CANARY off\n");
		psci(PSCI_SYSTEM_OFF, 0, 0, 0);
		break;
	case 'r':
		print("CANARY reset\n");
		psci(PSCI_SYSTEM_RESET, 0, 0, 0);
		break;
	case 'w':
		print("CANARY crash\n");
		mmio_write64(NOT_OURS, 1);
		break;
	case 'h':
		print("CANARY hang\n");
		irq_off();
		for (;;) {}
	case 'u':
		print("CANARY fault loop\n");
		sysreg_write(vbar_el1, NOT_OURS & ~0x7ffull);
		isb();
		__asm__ volatile(".inst 0");
		break;
	case 'i':
		idle = !idle;
		print("CANARY %s\n", idle ? "idle" : "busy");
		break;
	default:
		break;
	}
}

void payload_main(void)
{
	choose_memory();
	if (leftover_count) {
		print("CANARY start: %lu words left over, first at 0x%lx\n", leftover_count,
		      leftover_at);
	} else {
		print("CANARY start: memory zero\n");
	}
	fill();
	at = first;
	print("CANARY watches 0x%lx to 0x%lx\n", first, last);
	start_beat();
	for (;;) {
		obey(uart_getc());
		if (idle) {
			wfi();
		} else {
			check_some();
		}
	}
}
