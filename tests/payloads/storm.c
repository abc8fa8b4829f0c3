/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that does one thing as fast as it can, for ever: bootarg memory, hypercalls, registers,
 * interrupts or console. Without one it sleeps.
 */
#include "tests/payloads/lib/payload.h"

#define SGI 5u

static uint64_t block[1 << 17]; /* 1 MiB */

static void memory(void)
{
	for (unsigned i = 0; i < ARRAY_LEN(block); i++) {
		block[i] = block[(i * 4097u) % ARRAY_LEN(block)] + i;
	}
}

static void hypercalls(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

static void registers(void)
{
	mmio_write32(gic_frame(SGI) + GIC_ISENABLER, BIT(SGI));
}

/* An SGI to itself, and a timer that is due at once. */
static void interrupts(void)
{
	gic_sgi(0, SGI);
	sysreg_write(cntv_cval_el0, now() + 200);
	sysreg_write(cntv_ctl_el0, 1);
}

static void console(void)
{
	print("a storm on the console of a VM beside\n");
}

static void asleep(void)
{
	wfi();
}

void payload_main(void)
{
	static const struct {
		const char *name;
		void (*round)(void);
	} storms[] = {{"memory", memory},
		      {"hypercalls", hypercalls},
		      {"registers", registers},
		      {"interrupts", interrupts},
		      {"console", console}};

	void (*round)(void) = asleep;

	gic_enable(SGI);
	gic_enable(INTID_VTIMER);
	irq_on();
	for (unsigned i = 0; i < ARRAY_LEN(storms); i++) {
		if (bootarg(storms[i].name)) {
			round = storms[i].round;
		}
	}
	for (;;) {
		round();
	}
}
