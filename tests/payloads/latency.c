/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How late a periodic timer wakes a guest that does nothing else: from the compare value to
 * the handler's first instruction, in counter ticks, which are instructions where bench.c
 * says so. Prints "LATE ticks times" for each value that was seen, in order.
 */
#include "tests/payloads/lib/payload.h"

#define TICKS    2000u
#define PERIOD   100000u
#define FIRST    400000000u /* what else there is has started */
#define VALUES   4096u      /* the last takes what is later */
#define LATE_MAX (VALUES - 1)

extern char bench_vectors[];
void bench_irq(uint64_t entered);

static uint32_t times[VALUES];
static volatile unsigned taken;
static uint64_t due;

void bench_irq(uint64_t entered)
{
	uint32_t iar = gic_ack();
	uint64_t late = entered - due;

	times[late < LATE_MAX ? late : LATE_MAX]++;
	taken++;
	due += PERIOD;
	sysreg_write(cntv_cval_el0, due);
	isb();
	gic_eoi(iar);
}

static void wake_up(void)
{
	due = now() + FIRST;
	sysreg_write(vbar_el1, (uint64_t)bench_vectors);
	isb();
	gic_enable(INTID_VTIMER);
	sysreg_write(cntv_cval_el0, due);
	sysreg_write(cntv_ctl_el0, 1);
	irq_on();
	while (taken < TICKS) {
		wfi();
	}
	irq_off();
	sysreg_write(cntv_ctl_el0, 0);
	for (unsigned i = 0; i < VALUES; i++) {
		if (times[i]) {
			print("LATE %u %u\n", i, times[i]);
		}
	}
}

void payload_main(void)
{
	static const struct test tests[] = {{"latency", wake_up}};

	run_tests(tests, ARRAY_LEN(tests));
	finish();
}
