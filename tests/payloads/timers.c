/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual and the physical timer of every CPU (H36 to H38). */
#include "tests/payloads/lib/payload.h"

#define CTL_ENABLE  1ull
#define CTL_IMASK   2ull
#define CTL_ISTATUS 4ull

/* One of the two timers, so that each test is written once. */
struct timer {
	unsigned intid;
	uint64_t (*count)(void);
	void (*set_ctl)(uint64_t v);
	uint64_t (*ctl)(void);
	void (*set_cval)(uint64_t v);
	uint64_t (*cval)(void);
	void (*set_tval)(int32_t v);
	int32_t (*tval)(void);
};

#define TIMER(name, counter, prefix)                                                               \
	static uint64_t name##_count(void)                                                         \
	{                                                                                          \
		isb();                                                                             \
		return sysreg_read(counter);                                                       \
	}                                                                                          \
	static void name##_set_ctl(uint64_t v)                                                     \
	{                                                                                          \
		sysreg_write(prefix##_ctl_el0, v);                                                 \
		isb();                                                                             \
	}                                                                                          \
	static uint64_t name##_ctl(void)                                                           \
	{                                                                                          \
		isb();                                                                             \
		return sysreg_read(prefix##_ctl_el0);                                              \
	}                                                                                          \
	static void name##_set_cval(uint64_t v)                                                    \
	{                                                                                          \
		sysreg_write(prefix##_cval_el0, v);                                                \
		isb();                                                                             \
	}                                                                                          \
	static uint64_t name##_cval(void)                                                          \
	{                                                                                          \
		return sysreg_read(prefix##_cval_el0);                                             \
	}                                                                                          \
	static void name##_set_tval(int32_t v)                                                     \
	{                                                                                          \
		sysreg_write(prefix##_tval_el0, (uint64_t)(int64_t)v);                             \
		isb();                                                                             \
	}                                                                                          \
	static int32_t name##_tval(void)                                                           \
	{                                                                                          \
		return (int32_t)sysreg_read(prefix##_tval_el0);                                    \
	}

TIMER(virt, cntvct_el0, cntv)
TIMER(phys, cntpct_el0, cntp)

static const struct timer timers[] = {
	{INTID_VTIMER, virt_count, virt_set_ctl, virt_ctl, virt_set_cval, virt_cval, virt_set_tval,
	 virt_tval},
	{INTID_PTIMER, phys_count, phys_set_ctl, phys_ctl, phys_set_cval, phys_cval, phys_set_tval,
	 phys_tval},
};

/* -- What the interrupt handler does -------------------------------------------------- */
struct seen {
	unsigned count;
	uint64_t first; /* counter at the first interrupt */
	unsigned keep;  /* leave the line high this many times */
};
static struct seen seen[CPU_MAX];

static const struct timer *timer_of(unsigned intid)
{
	return intid == INTID_VTIMER ? &timers[0] : &timers[1];
}

static void on_timer(uint32_t iar)
{
	struct seen *s = &seen[this_cpu()->index];
	const struct timer *t = timer_of(iar_intid(iar));

	if (s->count++ == 0) {
		s->first = t->count();
	}
	if (s->count > s->keep) {
		t->set_ctl(0);
	}
	gic_eoi(iar);
}

static struct seen *begin(const struct timer *t)
{
	struct seen *s = &seen[this_cpu()->index];

	irq_off();
	t->set_ctl(0);
	*s = (struct seen){0};
	this_cpu()->irq_hook = on_timer;
	gic_enable(t->intid);
	irq_on();
	return s;
}

static void end(const struct timer *t)
{
	irq_off();
	t->set_ctl(0);
	gic_disable(t->intid);
	gic_drain();
	this_cpu()->irq_hook = NULL;
}

#define SEEN(s) (*(volatile unsigned *)&(s)->count)

static void each_timer(void (*fn)(void *timer))
{
	for (unsigned i = 0; i < ARRAY_LEN(timers); i++) {
		fn((void *)(uintptr_t)&timers[i]);
	}
}

/* -- Tests -------------------------------------------------------------------------------- */
static void fires_at(const struct timer *t, uint64_t cval)
{
	struct seen *s = begin(t);

	t->set_cval(cval);
	t->set_ctl(CTL_ENABLE);
	CHECK(wait_for(SEEN(s) > 0), "INTID %u on CPU %u did not fire", t->intid,
	      this_cpu()->index);
	CHECK(s->count == 0 || s->first >= cval, "INTID %u fired %lu ticks early", t->intid,
	      cval - s->first);
	CHECK(s->count <= 1, "INTID %u fired %u times", t->intid, s->count);
	end(t);
}

static void fires_job(void *arg)
{
	const struct timer *t = arg;

	for (unsigned i = 0; i < 10; i++) {
		fires_at(t, t->count() + 5 * ticks_per_ms());
	}
}

static void fires(void)
{
	each_timer(fires_job);
}

static void all_cpus_job(void *arg)
{
	(void)arg;
	each_timer(fires_job);
}

static void all_cpus(void)
{
	smp_call_all(all_cpus_job, NULL);
}

static void cval_past_job(void *arg)
{
	const struct timer *t = arg;

	fires_at(t, 0);
	fires_at(t, 1);
	fires_at(t, t->count());
	fires_at(t, t->count() + 1);
}

static void cval_past(void)
{
	each_timer(cval_past_job);
}

static void cval_far_job(void *arg)
{
	static const uint64_t far[] = {~0ull, ~0ull >> 1, 1ull << 62};
	const struct timer *t = arg;

	for (unsigned i = 0; i < ARRAY_LEN(far); i++) {
		struct seen *s = begin(t);

		t->set_cval(far[i]);
		t->set_ctl(CTL_ENABLE);
		delay_us(2000);
		CHECK(SEEN(s) == 0, "INTID %u with CVAL 0x%lx fired", t->intid, far[i]);
		CHECK(!(t->ctl() & CTL_ISTATUS), "INTID %u: ISTATUS, CVAL 0x%lx", t->intid, far[i]);
		CHECK(t->cval() == far[i], "CVAL reads 0x%lx for 0x%lx", t->cval(), far[i]);
		end(t);
	}
}

static void cval_far(void)
{
	each_timer(cval_far_job);
}

static void tval_job(void *arg)
{
	static const int32_t past[] = {0, -1, -100000};
	const struct timer *t = arg;
	uint64_t before, after;
	struct seen *s;

	before = t->count();
	t->set_tval(1000000);
	after = t->count();
	CHECK(t->cval() >= before + 1000000 && t->cval() <= after + 1000000,
	      "INTID %u: TVAL 1000000 at 0x%lx made CVAL 0x%lx", t->intid, before, t->cval());
	CHECK(t->tval() <= 1000000, "TVAL reads %d", t->tval());
	for (unsigned i = 0; i < ARRAY_LEN(past); i++) {
		s = begin(t);
		t->set_tval(past[i]);
		t->set_ctl(CTL_ENABLE);
		CHECK(wait_for(SEEN(s) > 0), "INTID %u with TVAL %d: none", t->intid, past[i]);
		CHECK(t->tval() <= past[i], "TVAL %d reads %d", past[i], t->tval());
		end(t);
	}
	s = begin(t);
	t->set_tval(INT32_MAX);
	t->set_ctl(CTL_ENABLE);
	delay_us(1000);
	CHECK(SEEN(s) == 0, "INTID %u with the largest TVAL fired", t->intid);
	end(t);
}

static void tval(void)
{
	each_timer(tval_job);
}

static void imask_job(void *arg)
{
	const struct timer *t = arg;
	struct seen *s = begin(t);

	t->set_cval(0);
	t->set_ctl(CTL_ENABLE | CTL_IMASK);
	CHECK(t->ctl() == (CTL_ENABLE | CTL_IMASK | CTL_ISTATUS), "CTL is 0x%lx", t->ctl());
	delay_us(2000);
	CHECK(SEEN(s) == 0, "INTID %u fired though IMASK", t->intid);
	t->set_ctl(CTL_ENABLE);
	CHECK(wait_for(SEEN(s) > 0), "INTID %u: none after IMASK", t->intid);
	end(t);
	CHECK((t->ctl() & CTL_ENABLE) == 0, "CTL is 0x%lx when off", t->ctl());
}

static void imask(void)
{
	each_timer(imask_job);
}

/* The line stays high: as often as it is ended uncleared it comes again. */
static void level_job(void *arg)
{
	const struct timer *t = arg;
	struct seen *s = begin(t);

	irq_off();
	s->keep = 20;
	t->set_cval(0);
	t->set_ctl(CTL_ENABLE);
	irq_on();
	CHECK(wait_for(SEEN(s) > 20), "INTID %u came %u times of 21", t->intid, s->count);
	delay_us(1000);
	CHECK(SEEN(s) == 21, "INTID %u came %u times of 21", t->intid, s->count);
	end(t);
}

static void level(void)
{
	each_timer(level_job);
}

/* The line falls while the interrupt waits to be taken: it must not be taken. */
static void withdrawn_job(void *arg)
{
	const struct timer *t = arg;
	struct seen *s = begin(t);

	for (unsigned i = 0; i < 50; i++) {
		irq_off();
		t->set_cval(0);
		t->set_ctl(CTL_ENABLE);
		delay_us(50);
		CHECK(wait_for(gic_get(GIC_ISPENDR, t->intid)), "INTID %u not pending", t->intid);
		if (i & 1) {
			t->set_ctl(0);
		} else {
			t->set_cval(~0ull);
		}
		CHECK(wait_for(!gic_get(GIC_ISPENDR, t->intid)), "INTID %u stays pending",
		      t->intid);
		irq_on();
	}
	delay_us(1000);
	CHECK(SEEN(s) == 0, "INTID %u came %u times, never due", t->intid, s->count);
	end(t);
	fires_at(t, t->count() + ticks_per_ms());
}

static void withdrawn(void)
{
	each_timer(withdrawn_job);
}

/* Disabled at the distributor while due: taken when enabled again. */
static void gic_disabled_job(void *arg)
{
	const struct timer *t = arg;
	struct seen *s = begin(t);

	gic_disable(t->intid);
	t->set_cval(0);
	t->set_ctl(CTL_ENABLE);
	delay_us(2000);
	CHECK(SEEN(s) == 0, "INTID %u fired though disabled", t->intid);
	CHECK(gic_get(GIC_ISPENDR, t->intid), "INTID %u is not pending", t->intid);
	gic_enable(t->intid);
	CHECK(wait_for(SEEN(s) > 0), "INTID %u: none when enabled", t->intid);
	end(t);
	CHECK(!gic_get(GIC_ISPENDR, t->intid), "INTID %u stays pending", t->intid);
}

static void gic_disabled(void)
{
	each_timer(gic_disabled_job);
}

static void rearm_job(void *arg)
{
	const struct timer *t = arg;

	for (unsigned i = 0; i < 2000; i++) {
		struct seen *s = begin(t);

		t->set_tval(1);
		t->set_ctl(CTL_ENABLE);
		if (!wait_for(SEEN(s) > 0)) {
			fail("INTID %u lost in round %u", t->intid, i);
			end(t);
			return;
		}
	}
	end(t);
}

static void rearm(void)
{
	each_timer(rearm_job);
}

static void both_job(void *arg)
{
	struct seen *s = begin(&timers[0]);

	(void)arg;
	irq_off();
	gic_enable(timers[1].intid);
	for (unsigned i = 0; i < 2; i++) {
		timers[i].set_cval(0);
		timers[i].set_ctl(CTL_ENABLE);
	}
	irq_on();
	CHECK(wait_for(SEEN(s) == 2), "%u of two timers due at once came", s->count);
	end(&timers[0]);
	end(&timers[1]);
}

static void both(void)
{
	smp_call_all(both_job, NULL);
}

static void wfi_wakes(void)
{
	const struct timer *t = &timers[0];

	for (unsigned i = 0; i < 20; i++) {
		struct seen *s = begin(t);

		irq_off();
		t->set_tval((int32_t)ticks_per_ms());
		t->set_ctl(CTL_ENABLE);
		while (!(t->ctl() & CTL_ISTATUS)) {
			wfi();
		}
		irq_on();
		CHECK(wait_for(SEEN(s) == 1), "round %u", i);
		end(t);
	}
}

/* WFI with an interrupt pending but masked returns at once (H39). */
static void wfi_masked(void)
{
	begin(&timers[0]);
	irq_off();
	timers[0].set_cval(0);
	timers[0].set_ctl(CTL_ENABLE);
	for (unsigned i = 0; i < 10000; i++) {
		wfi();
	}
	end(&timers[0]);
}

/* -- Counters ------------------------------------------------------------------------------ */
static void monotone_job(void *arg)
{
	uint64_t v = virt_count(), p = phys_count();

	(void)arg;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t v2 = virt_count(), p2 = phys_count();

		CHECK(v2 >= v && p2 >= p, "a counter went back");
		v = v2;
		p = p2;
	}
}

static void monotone(void)
{
	smp_call_all(monotone_job, NULL);
}

static volatile uint64_t handed;

static void hand_job(void *arg)
{
	(void)arg;
	handed = virt_count();
}

/* All CPUs of a machine see one virtual counter. */
static void same_on_all(void)
{
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		for (unsigned i = 0; i < 100; i++) {
			uint64_t before = virt_count();

			smp_call(cpu, hand_job, NULL);
			CHECK(handed >= before && handed <= virt_count(),
			      "CPU %u's counter is off: 0x%lx <= 0x%lx", cpu, before, handed);
		}
	}
}

static void after_off(void)
{
	if (cpu_count < 2) {
		skip("one CPU");
		return;
	}
	for (unsigned i = 0; i < 10; i++) {
		uint64_t before = virt_count();

		if (!smp_stop(1) || !smp_start(1)) {
			return;
		}
		smp_call(1, hand_job, NULL);
		CHECK(handed >= before, "CNTVCT went back over CPU_OFF");
		smp_call(1, fires_job, (void *)(uintptr_t)&timers[0]);
	}
}

static void frequency(void)
{
	uint64_t f = sysreg_read(cntfrq_el0);

	CHECK(f >= 1000000 && f <= 2000000000, "CNTFRQ is %lu", f);
}

static const struct test tests[] = {
	{"timers-frequency", frequency},
	{"timers-fire-H36", fires},
	{"timers-cval-past-H36", cval_past},
	{"timers-cval-far-H36", cval_far},
	{"timers-tval-H36", tval},
	{"timers-imask-H36", imask},
	{"timers-level-H27", level},
	{"timers-withdrawn-H36", withdrawn},
	{"timers-gic-disabled-H36", gic_disabled},
	{"timers-rearm-H36", rearm},
	{"timers-wfi-H39", wfi_wakes},
	{"timers-wfi-masked-H39", wfi_masked},
	{"timers-monotone-H38", monotone},
	{"timers-all-cpus-H37", all_cpus},
	{"timers-both-at-once-H37", both},
	{"timers-same-counter-H38", same_on_all},
	{"timers-after-off-H38", after_off},
};

void payload_main(void)
{
	smp_start_all();
	run_tests(tests, ARRAY_LEN(tests));
}
