/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI and SMCCC as a guest sees them (H31, H32, H33, H35). */
#include "tests/payloads/lib/payload.h"

#define CONTEXT 0x1122334455667788ull
#define GARBAGE 0xdead5a5a00000000ull
#define CYCLES  50

static void version(void)
{
	int v = psci(PSCI_VERSION, 0, 0, 0);

	CHECK(v >= 0x10000 && v < 0x30000, "PSCI_VERSION returned 0x%x", (unsigned)v);
}

static void features(void)
{
	static const uint32_t must[] = {
		PSCI_VERSION,    PSCI_CPU_SUSPEND,  PSCI_CPU_SUSPEND32, PSCI_CPU_OFF,
		PSCI_CPU_ON,     PSCI_CPU_ON32,     PSCI_AFFINITY_INFO, PSCI_AFFINITY_INFO32,
		PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES,
	};

	for (unsigned i = 0; i < ARRAY_LEN(must); i++) {
		int r = psci(PSCI_FEATURES, must[i], 0, 0);

		CHECK(r >= 0, "PSCI_FEATURES(0x%x) returned %d", must[i], r);
	}
	CHECK(psci(PSCI_FEATURES, 0x8400ffff, 0, 0) == PSCI_NOT_SUPPORTED,
	      "an unknown function has features");
}

static void migrate_info(void)
{
	int r = psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);

	CHECK(r == 2 || r == PSCI_NOT_SUPPORTED, "MIGRATE_INFO_TYPE returned %d", r);
}

static void smccc_version(void)
{
	int v = psci(SMCCC_VERSION, 0, 0, 0);
	int told = psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0);

	if (v == PSCI_NOT_SUPPORTED && !strict()) { /* QEMU's own PSCI */
		CHECK(told == PSCI_NOT_SUPPORTED, "features tells of an absent SMCCC_VERSION");
		skip("no SMCCC_VERSION here");
		return;
	}
	CHECK(v >= 0x10001, "SMCCC_VERSION returned 0x%x", (unsigned)v);
	CHECK(told == 0, "PSCI_FEATURES(SMCCC_VERSION) returned %d", told);
	CHECK(psci(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0) == 0,
	      "ARCH_FEATURES(SMCCC_VERSION) is not 0");
	CHECK(psci(SMCCC_ARCH_FEATURES, 0x8000abcd, 0, 0) == -1, "ARCH_FEATURES of nothing");
}

static void unknown_functions(void)
{
	static const uint64_t ids[] = {
		0,          0x80007fff, 0x8000ffff, 0x82000000, 0x83000000, 0x8400001f, 0x84000100,
		0xc400001f, 0xc4000100, 0x86000000, 0xbf000000, 0xffffffff, 0x7fffffff, 0x04000000,
	};

	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		int64_t r = hvc(ids[i], 0, 0, 0);

		CHECK((int32_t)r == -1, "function 0x%lx returned %ld", ids[i], r);
	}
}

static void registers_kept(void)
{
	static const uint32_t calls[] = {PSCI_VERSION, PSCI_AFFINITY_INFO, 0x8000abcd};

	for (unsigned c = 0; c < ARRAY_LEN(calls); c++) {
		uint64_t regs[18] = {calls[c], 0, 0, 0};

		for (unsigned i = 4; i < 18; i++) {
			regs[i] = CONTEXT * i;
		}
		hvc_regs(regs);
		for (unsigned i = 4; i < 18; i++) {
			CHECK(regs[i] == CONTEXT * i, "0x%x changed x%u to 0x%lx", calls[c], i,
			      regs[i]);
		}
	}
}

static void upper_bits(void)
{
	if (!strict()) {
		skip("QEMU compares all of x0");
		return;
	}
	CHECK((int)hvc(GARBAGE | PSCI_VERSION, 0, 0, 0) == psci(PSCI_VERSION, 0, 0, 0),
	      "bits 63:32 of x0 taken for the function");
	CHECK((int)hvc(PSCI_AFFINITY_INFO32, GARBAGE | cpus[0].mpidr, GARBAGE, 0) == PSCI_ON,
	      "bits 63:32 taken for a 32-bit call's argument");
	CHECK((int)hvc(PSCI_FEATURES, GARBAGE | PSCI_VERSION, 0, 0) == 0,
	      "bits 63:32 taken for PSCI_FEATURES' argument");
}

static void cpu_count_matches(void)
{
	if (machine.fdt_cpu_count == 0) {
		skip("no device tree");
		return;
	}
	CHECK(cpu_count == machine.fdt_cpu_count, "PSCI knows %u CPUs, the tree %u", cpu_count,
	      machine.fdt_cpu_count);
}

/* -- CPU_ON's arguments --------------------------------------------------------------- */
static int cpu_on(unsigned cpu, void (*entry)(void), uint64_t context)
{
	return psci(PSCI_CPU_ON, cpus[cpu].mpidr, (uintptr_t)entry, context);
}

static void on_self(void)
{
	int r = cpu_on(0, raw_entry, 0);

	CHECK(r == PSCI_ALREADY_ON, "CPU_ON of oneself returned %d", r);
	r = psci(PSCI_CPU_ON32, cpus[0].mpidr, (uintptr_t)raw_entry, 0);
	CHECK(r == PSCI_ALREADY_ON, "CPU_ON (32) of oneself returned %d", r);
}

static void on_bad_mpidr(void)
{
	static const uint64_t bad[] = {
		CPU_MAX, 0xff, 0x100, 0x10000, 0x100000000ull, 0xff00ffffffull, ~0ull,
	};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		int r = psci(PSCI_CPU_ON, bad[i], (uintptr_t)raw_entry, 0);

		CHECK(r == PSCI_INVALID_PARAMETERS, "CPU_ON of MPIDR 0x%lx returned %d", bad[i], r);
		r = psci(PSCI_AFFINITY_INFO, bad[i], 0, 0);
		CHECK(r == PSCI_INVALID_PARAMETERS, "AFFINITY_INFO of MPIDR 0x%lx returned %d",
		      bad[i], r);
	}
}

static void on_bad_entry(void)
{
	static const uint64_t bad[] = {0,          0x08000000,        0x09000000,
				       0x3ffffffc, 0xfffffffffffcull, ~3ull};

	if (cpu_count < 2 || !strict()) {
		skip("only a hypervisor checks the entry address");
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		int r = psci(PSCI_CPU_ON, cpus[1].mpidr, bad[i], 0);

		CHECK(r == PSCI_INVALID_ADDRESS, "entry 0x%lx: %d", bad[i], r);
	}
	int r = psci(PSCI_CPU_ON, cpus[1].mpidr, (uintptr_t)raw_entry + 2, 0);

	CHECK(r == PSCI_INVALID_ADDRESS || r == PSCI_INVALID_PARAMETERS, "odd entry: %d", r);
	r = psci(PSCI_AFFINITY_INFO, cpus[1].mpidr, 0, 0);
	CHECK(r == PSCI_OFF, "a refused CPU_ON left the CPU in state %d", r);
}

static bool raw_on(unsigned cpu, uint32_t fn, uint64_t context)
{
	int r;

	raw_seen.done = 0;
	dcache_clean_inval(&raw_seen);
	r = psci(fn, cpus[cpu].mpidr, (uintptr_t)raw_entry, context);
	if (r != PSCI_SUCCESS) {
		fail("CPU_ON of CPU %u returned %d", cpu, r);
		return false;
	}
	if (!wait_for((dcache_clean_inval(&raw_seen), raw_seen.done == 1))) {
		fail("CPU %u did not start", cpu);
		return false;
	}
	if (!wait_for(psci(PSCI_AFFINITY_INFO, cpus[cpu].mpidr, 0, 0) == PSCI_OFF)) {
		fail("CPU %u did not go off", cpu);
		return false;
	}
	return true;
}

static void context_id(void)
{
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		if (!raw_on(cpu, PSCI_CPU_ON, CONTEXT + cpu)) {
			return;
		}
		CHECK(raw_seen.context == CONTEXT + cpu, "x0 is 0x%lx", raw_seen.context);
		CHECK(raw_seen.el == 1 << 2, "CurrentEL is 0x%lx", raw_seen.el);
		CHECK((raw_seen.sctlr & 0x1005) == 0, "SCTLR_EL1 is 0x%lx", raw_seen.sctlr);
		CHECK(raw_seen.daif == 0x3c0, "DAIF is 0x%lx", raw_seen.daif);
	}
}

static void context_id_32(void)
{
	if (cpu_count < 2) {
		skip("one CPU");
		return;
	}
	if (raw_on(1, PSCI_CPU_ON32, 0x12345678)) {
		CHECK(raw_seen.context == 0x12345678, "x0 is 0x%lx", raw_seen.context);
	}
}

/* -- States ------------------------------------------------------------------------------ */
static void off_and_on_again(void)
{
	for (unsigned n = 0; n < CYCLES; n++) {
		for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
			int state = psci(PSCI_AFFINITY_INFO, cpus[cpu].mpidr, 0, 0);

			CHECK(state == PSCI_OFF, "CPU %u is in state %d before", cpu, state);
			if (!smp_start(cpu)) {
				return;
			}
			state = psci(PSCI_AFFINITY_INFO, cpus[cpu].mpidr, 0, 0);
			CHECK(state == PSCI_ON, "CPU %u runs in state %d", cpu, state);
			int r = cpu_on(cpu, raw_entry, 0);

			CHECK(r == PSCI_ALREADY_ON, "CPU_ON of a CPU that is on: %d", r);
			if (!smp_stop(cpu)) {
				return;
			}
		}
	}
}

/* QEMU's own PSCI lets both callers win while the CPU is still starting. */
static void on_twice_at_once(void)
{
	if (!strict()) {
		skip("QEMU has no ON_PENDING");
		return;
	}
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		int first, second, state;

		dcache_clean_inval(&cpus[cpu]);
		first = cpu_on(cpu, secondary_entry, (uintptr_t)&cpus[cpu]);
		second = cpu_on(cpu, raw_entry, 0);
		state = psci(PSCI_AFFINITY_INFO, cpus[cpu].mpidr, 0, 0);
		CHECK(first == PSCI_SUCCESS, "first CPU_ON: %d", first);
		CHECK(second == PSCI_ON_PENDING || second == PSCI_ALREADY_ON, "second CPU_ON: %d",
		      second);
		CHECK(state == PSCI_ON || state == PSCI_ON_PENDING_STATE, "state %d", state);
		CHECK(wait_for(cpus[cpu].online), "CPU %u did not come up", cpu);
		smp_stop(cpu);
	}
}

static unsigned race_target, race_ready, race_go, race_won, race_odd;

static void race_job(void *arg)
{
	int r;

	(void)arg;
	__atomic_fetch_add(&race_ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&race_go, __ATOMIC_ACQUIRE)) {}
	r = cpu_on(race_target, secondary_entry, (uintptr_t)&cpus[race_target]);
	if (r == PSCI_SUCCESS) {
		__atomic_fetch_add(&race_won, 1, __ATOMIC_SEQ_CST);
	} else if (r != PSCI_ALREADY_ON && r != PSCI_ON_PENDING) {
		__atomic_fetch_add(&race_odd, 1, __ATOMIC_SEQ_CST);
	}
}

static bool race_round(unsigned target)
{
	race_target = target;
	race_ready = race_go = race_won = race_odd = 0;
	dcache_clean_inval(&cpus[target]);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		if (cpu != target) {
			smp_post(cpu, race_job, NULL);
		}
	}
	if (!wait_for(__atomic_load_n(&race_ready, __ATOMIC_SEQ_CST) == cpu_count - 2)) {
		fail("callers not ready");
		return false;
	}
	__atomic_store_n(&race_go, 1, __ATOMIC_RELEASE);
	race_job(NULL);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		if (cpu != target && !smp_wait(cpu)) {
			return false;
		}
	}
	CHECK(race_won == 1, "%u callers had SUCCESS for one CPU", race_won);
	CHECK(race_odd == 0, "%u callers had an odd answer", race_odd);
	CHECK(wait_for(cpus[target].online), "CPU %u did not come up", target);
	return smp_stop(target);
}

static void on_race(void)
{
	unsigned target = cpu_count - 1;

	if (cpu_count < 3 || !strict()) {
		skip(strict() ? "fewer than three CPUs" : "QEMU has no ON_PENDING");
		return;
	}
	for (unsigned cpu = 1; cpu < target; cpu++) {
		if (!smp_start(cpu)) {
			return;
		}
	}
	for (unsigned n = 0; n < CYCLES; n++) {
		if (!race_round(target)) {
			return;
		}
	}
	for (unsigned cpu = 1; cpu < target; cpu++) {
		smp_stop(cpu);
	}
}

/* -- Suspend ------------------------------------------------------------------------------- */
static void suspend_with(uint32_t fn)
{
	int r;

	gic_enable(INTID_VTIMER);
	sysreg_write(cntv_cval_el0, now() + 20 * ticks_per_ms());
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	r = psci(fn, 0, (uintptr_t)raw_entry, 0);
	CHECK(r == PSCI_SUCCESS, "CPU_SUSPEND returned %d", r);
	CHECK(wait_for(sysreg_read(cntv_ctl_el0) & 4), "the timer did not fire");
	sysreg_write(cntv_ctl_el0, 0);
	gic_disable(INTID_VTIMER);
	gic_drain();
}

static void suspend(void)
{
	suspend_with(PSCI_CPU_SUSPEND);
	suspend_with(PSCI_CPU_SUSPEND32);
}

static void suspend_pending(void)
{
	gic_enable(INTID_VTIMER);
	sysreg_write(cntv_cval_el0, 0);
	sysreg_write(cntv_ctl_el0, 1);
	isb();
	for (unsigned i = 0; i < 100; i++) {
		CHECK(psci(PSCI_CPU_SUSPEND, 0, 0, 0) == PSCI_SUCCESS, "round %u", i);
	}
	sysreg_write(cntv_ctl_el0, 0);
	gic_disable(INTID_VTIMER);
	gic_drain();
}

static void reset2_bad_type(void)
{
	/* Architectural types other than 0 are reserved; vendor ones (bit 31) unknown. */
	if (psci(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0) < 0) {
		skip("no SYSTEM_RESET2");
		return;
	}
	int r = psci(PSCI_SYSTEM_RESET2_32, 0x7f, 0, 0);

	CHECK(r == PSCI_INVALID_PARAMETERS || r == PSCI_NOT_SUPPORTED, "type 0x7f: %d", r);
}

/* -- SMC ------------------------------------------------------------------------------------- */
static void smc(void)
{
	uint64_t x0;

	fault_arm();
	__asm__ volatile("mov x0, %1\n\tsmc #0\n\tmov %0, x0"
			 : "=r"(x0)
			 : "r"((uint64_t)PSCI_VERSION)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	if (fault_disarm()) {
		CHECK(fault_class() == EC_UNKNOWN, "SMC took exception class 0x%x", fault_class());
	} else {
		CHECK((int)x0 == -1 || ((int)x0 >= 0x10000 && (int)x0 < 0x30000),
		      "SMC returned 0x%lx", x0);
	}
}

static const struct test tests[] = {
	{"psci-version", version},
	{"psci-features", features},
	{"psci-migrate-info", migrate_info},
	{"psci-smccc-version", smccc_version},
	{"psci-unknown-function-H33", unknown_functions},
	{"psci-registers-kept-H35", registers_kept},
	{"psci-upper-bits-H35", upper_bits},
	{"psci-cpu-count", cpu_count_matches},
	{"psci-on-self-H31", on_self},
	{"psci-on-bad-mpidr-H31", on_bad_mpidr},
	{"psci-on-bad-entry-H31", on_bad_entry},
	{"psci-context-id-H31", context_id},
	{"psci-context-id-32-H35", context_id_32},
	{"psci-off-on-H32", off_and_on_again},
	{"psci-on-twice-H31", on_twice_at_once},
	{"psci-on-race-H31", on_race},
	{"psci-suspend", suspend},
	{"psci-suspend-pending", suspend_pending},
	{"psci-reset2-bad-type-H33", reset2_bad_type},
	{"psci-smc-H34", smc},
};

void payload_main(void)
{
	run_tests(tests, ARRAY_LEN(tests));
}
