/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What traps cost, seen from inside: the same on the bare machine and in a VM. Under
 * QEMU's -icount shift=0 with cntfrq=1000000000 a tick of the counter is an instruction.
 *
 *   BENCH operation thousandths      average of OPS operations, in instructions
 *   BENCH entry thousandths          from reset to this VM's first start: the two counters' offset
 *   BENCH restart thousandths        bootarg "crash": from a fault to the next instance's start
 *
 * x28 is nobody's here (rules.mk): the interrupt vector's first instruction puts the
 * counter there.
 */
#include "tests/payloads/lib/payload.h"

#define OPS    1000
#define AHEAD  20000u /* from arming a timer to its interrupt, in instructions */
#define SGI    5u
#define UNUSED 0x86ffff00u /* a function of nobody's */

/* Where there are several VMs. */
#define ALL_HAVE_STARTED 3000000000u
#define ALL_ARE_DONE     6000000000u

#define CRASH_AT 100000000u   /* counter value, when all is quiet */
#define NOWHERE  0x3ffff0000u /* an address that no VM has */

extern char bench_vectors[];
void bench_irq(uint64_t entered);

static volatile uint64_t entered_at;
static volatile unsigned taken;
static uint64_t next_tick, tick_period;
static unsigned ticks_left;

static void report(const char *name, uint64_t total)
{
	print("BENCH %s %lu\n", name, total * 1000 / OPS);
}

/* -- Calls and registers: a loop of each ------------------------------------------------------ */

static inline void call(uint64_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

static void bench_hypercall_null(void)
{
	uint64_t start = now();

	for (unsigned i = 0; i < OPS; i++) {
		call(UNUSED);
	}
	report("hypercall_null", now() - start);
}

static void bench_psci_version(void)
{
	uint64_t start = now();

	for (unsigned i = 0; i < OPS; i++) {
		call(PSCI_VERSION);
	}
	report("psci_version", now() - start);
}

static void bench_gicd_read(void)
{
	uintptr_t typer = gic.gicd + GICD_TYPER;
	uint64_t start = now();

	for (unsigned i = 0; i < OPS; i++) {
		(void)mmio_read32(typer);
	}
	report("gicd_read", now() - start);
}

static void bench_gic_enable_write(void)
{
	uintptr_t enable = gic_frame(SGI) + GIC_ISENABLER;
	uint64_t start = now();

	for (unsigned i = 0; i < OPS; i++) {
		mmio_write32(enable, BIT(SGI));
	}
	report("gic_enable_write", now() - start);
}

/* -- Interrupts ---------------------------------------------------------------------------------- */

/* As short as it gets: the target is known. */
static inline void send_sgi(unsigned cpu)
{
	if (gic.version == 2) {
		mmio_write32(gic.gicd + GICD_SGIR, (uint32_t)BIT(16 + cpu) | SGI);
	} else {
		__asm__ volatile("msr icc_sgi1r_el1, %0\n\tisb" ::"r"(SGI << 24 | BIT(cpu)));
	}
}

static void on_timer(void)
{
	if (ticks_left == 0 || --ticks_left == 0) {
		sysreg_write(cntv_ctl_el0, 0);
		isb();
		return;
	}
	next_tick += tick_period;
	sysreg_write(cntv_cval_el0, next_tick);
	isb();
}

void bench_irq(uint64_t entered)
{
	uint32_t iar = gic_ack();

	if (iar_intid(iar) == INTID_VTIMER) {
		on_timer();
	}
	if (this_cpu()->index == 0) {
		entered_at = entered;
		taken++;
	} else {
		send_sgi(0); /* there and back */
	}
	gic_eoi(iar);
}

static void bench_timer(const char *name, bool idle)
{
	uint64_t late = 0;

	for (unsigned i = 0; i < OPS; i++) {
		unsigned before = taken;
		uint64_t due = now() + AHEAD;

		sysreg_write(cntv_cval_el0, due);
		sysreg_write(cntv_ctl_el0, 1);
		isb();
		while (taken == before) {
			if (idle) {
				__asm__ volatile("wfi");
			}
		}
		late += entered_at - due;
	}
	report(name, late);
}

static void bench_sgi_self(void)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < OPS; i++) {
		unsigned before = taken;
		uint64_t start = now();

		send_sgi(0);
		while (taken == before) {}
		total += entered_at - start;
	}
	report("sgi_self", total);
}

/* A loop that takes a while, the same number of instructions each time. */
static uint64_t spin_for(uint64_t rounds)
{
	uint64_t start = now();

	__asm__ volatile("1:	subs	%0, %0, #1\n"
			 "	b.ne	1b\n"
			 : "+r"(rounds)::"cc");
	return now() - start;
}

/*
 * What OPS ticks of a timer add to a loop, the guest's own handler included: it is the
 * same on the bare machine, so the difference is the hypervisor's.
 */
static void bench_tick(void)
{
	uint64_t rounds = (uint64_t)OPS * AHEAD;
	uint64_t alone = spin_for(rounds);
	uint64_t with;

	ticks_left = OPS;
	tick_period = AHEAD;
	next_tick = now() + AHEAD;
	sysreg_write(cntv_cval_el0, next_tick);
	sysreg_write(cntv_ctl_el0, 1);
	with = spin_for(rounds);
	CHECK(ticks_left == 0, "%u ticks did not come", ticks_left);
	report("tick", with - alone);
}

static void peer_job(void *arg)
{
	(void)arg;
	sysreg_write(vbar_el1, (uint64_t)bench_vectors);
	irq_on();
	for (;;) {
		wfi();
	}
}

/* There and back. CPUs take turns under icount, so the least that was seen counts. */
static void bench_sgi_pair(void)
{
	uint64_t least = UINT64_MAX;

	smp_post(1, peer_job, NULL);
	delay_us(1000);
	for (unsigned i = 0; i < OPS; i++) {
		unsigned before = taken;
		uint64_t start = now(), span;

		send_sgi(1);
		while (taken == before) {
			__asm__ volatile("wfi");
		}
		span = entered_at - start;
		least = span < least ? span : least;
	}
	report("sgi_pair", least * OPS);
}

static void report_entry(void)
{
	uint64_t physical = sysreg_read(cntpct_el0);
	uint64_t virtual = sysreg_read(cntvct_el0);

	report("entry", (physical - virtual) * OPS);
}

/* Every SPI in use, none pending. */
static void enable_all(void)
{
	for (uint32_t intid = 32; intid < gic.irq_count; intid++) {
		gic_enable(intid);
	}
}

static void all(void)
{
	report_entry();
	if (bootarg("many")) {
		enable_all();
	}
	bench_hypercall_null();
	bench_psci_version();
	bench_gicd_read();
	bench_gic_enable_write();
	sysreg_write(vbar_el1, (uint64_t)bench_vectors);
	isb();
	gic_enable(INTID_VTIMER);
	irq_on();
	bench_timer("timer_busy", false);
	bench_timer("timer_wfi", true);
	bench_sgi_self();
	bench_tick();
	if (cpu_count > 1) {
		bench_sgi_pair();
	}
	irq_off();
}

/* Twice this VM starts; its memory is another's in between, its counter goes on. */
static void crash_and_restart(void)
{
	if (started_at < CRASH_AT) {
		while (now() < CRASH_AT) {}
		mmio_write32(NOWHERE, 0);
	}
	report_entry();
	report("restart", (started_at - CRASH_AT) * OPS);
}

static void sleep_until(uint64_t counter)
{
	gic_enable(INTID_VTIMER); /* wakes, and is not taken */
	sysreg_write(cntv_cval_el0, counter);
	sysreg_write(cntv_ctl_el0, 1);
	while (now() < counter) {
		wfi();
	}
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

void payload_main(void)
{
	static const struct test tests[] = {{"bench", all}};
	static const struct test restart[] = {{"restart", crash_and_restart}};

	print("BENCH counter %lu\n", sysreg_read(cntfrq_el0));
	if (bootarg("crash")) {
		run_tests(restart, ARRAY_LEN(restart));
		finish();
	}
	if (bootarg("idle")) { /* only there, until the others are done */
		sleep_until(ALL_ARE_DONE);
		finish();
	}
	if (bootarg("later")) {
		sleep_until(ALL_HAVE_STARTED);
	}
	smp_start_all();
	run_tests(tests, ARRAY_LEN(tests));
	finish();
}
