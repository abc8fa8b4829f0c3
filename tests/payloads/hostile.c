/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations from a seed (bootargs: seed=N ops=N), on every CPU at once:
 * calls, GIC registers, system registers, SGIs, device registers (H02, H18, H23, H43).
 * Only this machine may suffer; it ends with a DONE line, or is stopped alone.
 */
#include "tests/payloads/lib/payload.h"

#define MRS_BASE 0xd5200000u
#define MSR_BASE 0xd5000000u
#define RET      0xd65f03c0u
#define ENC(op0, op1, crn, crm, op2)                                                               \
	((uint32_t)(op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5)

static uint32_t code[CPU_MAX][16] __attribute__((aligned(64)));
static uint64_t faults[CPU_MAX], done[CPU_MAX];
static uint64_t op_count;

/* What the program itself stands on is not written: translation, vectors, its mask. */
static const uint32_t keep[] = {
	ENC(3, 0, 1, 0, 0),  ENC(3, 0, 2, 0, 0),  ENC(3, 0, 2, 0, 1), ENC(3, 0, 2, 0, 2),
	ENC(3, 0, 10, 2, 0), ENC(3, 0, 12, 0, 0), ENC(3, 3, 4, 2, 1), ENC(3, 0, 4, 2, 0),
	ENC(3, 0, 4, 1, 0),  ENC(3, 0, 13, 0, 4), ENC(2, 0, 0, 2, 2), ENC(3, 0, 2, 0, 3),
	ENC(3, 3, 4, 2, 5),  ENC(3, 3, 4, 2, 6),  ENC(3, 3, 4, 2, 7), ENC(3, 0, 4, 2, 3),
	ENC(3, 0, 4, 2, 4),  ENC(3, 3, 4, 2, 0),  ENC(3, 0, 1, 0, 1), ENC(3, 0, 4, 3, 0),
};

static bool kept(uint32_t enc)
{
	for (unsigned i = 0; i < ARRAY_LEN(keep); i++) {
		if (keep[i] == enc) {
			return true;
		}
	}
	return false;
}

static uint64_t odd_value(uint64_t *s)
{
	static const uint64_t odd[] = {0,          1,          ~0ull,      0x80000000, 1ull << 32,
				       1ull << 63, 0xffffffff, 0x40080000, 0x08000000};
	uint64_t r = random_next(s);

	return r & 1 ? random_next(s) : odd[(r >> 1) % ARRAY_LEN(odd)];
}

static void call_op(uint64_t *s)
{
	static const uint32_t bases[] = {0x80000000, 0x84000000, 0xc4000000, 0x86000000,
					 0xc6000000, 0xc3000000, 0x82000000, 0};
	uint32_t range = random_next(s) & 1 ? 0x1f : 0xffff;
	uint32_t fn = bases[random_next(s) & 7] | ((uint32_t)random_next(s) & range);
	uint64_t regs[18] = {fn | (odd_value(s) << 32)};
	unsigned low = fn & 0x1f;

	if ((fn & 0xbfffffff) == 0x86000001) { /* Bulkhead's "I have crashed" */
		return;
	}
	/* Not what ends, stops or sleeps by its own right. */
	if ((fn & 0xbf000000) == 0x84000000 &&
	    (low == 1 || low == 2 || low == 5 || low == 8 || low == 9 || low == 0xc || low == 0xd ||
	     low == 0xe || low == 0x12 || low == 0x13)) {
		return;
	}
	for (unsigned i = 1; i < 8; i++) {
		regs[i] = odd_value(s);
	}
	if (low == 3) { /* a real CPU only to a real entry */
		regs[1] |= CPU_MAX;
		regs[2] = (uintptr_t)idle_entry;
	}
	hvc_regs(regs);
}

static void run_code(uint32_t insn, uint64_t x0)
{
	uint32_t *c = code[this_cpu()->index];
	register uint64_t r0 __asm__("x0") = x0;

	c[0] = insn;
	c[1] = RET;
	sync_code(c, 8);
	__asm__ volatile("blr %1" : "+r"(r0) : "r"(c) : "x30", "memory", "cc");
}

/* A write may have hit TPIDR_EL1, on which this_cpu() stands. */
static void restore_cpu_pointer(void)
{
	uint64_t me = sysreg_read(mpidr_el1) & 0xff;

	sysreg_write(tpidr_el1, (uintptr_t)&cpus[me]);
}

static void sysreg_op(uint64_t *s)
{
	uint64_t r = random_next(s);
	uint32_t enc = (2u | (r & 1)) << 19 | (uint32_t)((r >> 8) & 0x3fff) << 5;

	if (r & 0x80) { /* near what exists */
		enc &= ~(uint32_t)(0x4 << 16);
	}
	if ((r & 6) == 0 && !kept(enc)) {
		run_code(MSR_BASE | enc, random_next(s) & 1 ? 0 : odd_value(s));
		restore_cpu_pointer();
	} else {
		run_code(MRS_BASE | enc, 0);
	}
}

static void mmio_op(uintptr_t a, uint64_t *s)
{
	uint64_t r = random_next(s), v = odd_value(s);

	switch (r & 7) {
	case 0:
		mmio_write8(a, (uint8_t)v);
		break;
	case 1:
		mmio_write16(a & ~1ul, (uint16_t)v);
		break;
	case 2:
	case 3:
		mmio_write32(a & ~3ul, (uint32_t)v);
		break;
	case 4:
		mmio_write64(a & ~7ul, v);
		break;
	case 5:
		(void)mmio_read8(a);
		break;
	case 6:
		(void)mmio_read32(a & ~3ul);
		break;
	default:
		(void)mmio_read64(a & ~7ul);
	}
}

static void gicd_op(uint64_t *s)
{
	uint64_t size = gic.version == 3 ? 0x10000 : 0x1000;

	mmio_op(gic.gicd + random_next(s) % size, s);
}

static void gicr_op(uint64_t *s)
{
	if (gic.version == 3) {
		mmio_op(gic.gicr + random_next(s) % (cpu_count * (uint64_t)GICR_STRIDE), s);
	} else {
		mmio_op(gic.gicc + random_next(s) % 0x1004, s);
	}
}

static void sgi_op(uint64_t *s)
{
	uint64_t v = odd_value(s);

	if (gic.version == 3) {
		sysreg_write(icc_sgi1r_el1, v);
	} else {
		mmio_write32(gic.gicd + GICD_SGIR, (uint32_t)v);
	}
}

static void device_op(uint64_t *s)
{
	uint64_t r = random_next(s) & 0xfff;

	if (r >= 4) { /* not the data register: the console stays readable */
		mmio_op((random_next(s) & 1 ? PL011_BASE : PL031_BASE) + r, s);
	}
}

static void ack_op(uint64_t *s)
{
	uint32_t iar = gic_ack();

	if (random_next(s) & 1) {
		gic_eoi(iar);
	} else if (random_next(s) & 1) {
		gic_dir((uint32_t)random_next(s) & 0x3ff);
	}
}

static void (*const ops[])(uint64_t *s) = {call_op, sysreg_op, gicd_op,   gicr_op,
					   sgi_op,  ack_op,    device_op, gicd_op};

static void attack_job(void *arg)
{
	unsigned me = (unsigned)(sysreg_read(mpidr_el1) & 0xff);
	uint64_t seed = (uint64_t)(uintptr_t)arg * 0x9e3779b97f4a7c15ull + me + 1;

	for (uint64_t n = 0; n < op_count; n++) {
		fault_arm();
		ops[random_next(&seed) % ARRAY_LEN(ops)](&seed);
		faults[me] += fault_disarm();
		done[me]++;
		irq_off();
	}
}

static void attack(void)
{
	uint64_t seed = bootarg_number("seed", 1), total = 0, fault_total = 0;

	op_count = bootarg_number("ops", 20000);
	print("HOSTILE seed %lu ops %lu on %u CPUs\n", seed, op_count, cpu_count);
	for (unsigned i = 1; i < cpu_count; i++) {
		smp_post(i, attack_job, (void *)(uintptr_t)seed);
	}
	attack_job((void *)(uintptr_t)seed);
	sysreg_write(cntv_ctl_el0, 0);
	for (unsigned i = 1; i < cpu_count; i++) {
		while (!__atomic_load_n(&cpus[i].job_done, __ATOMIC_ACQUIRE)) {}
	}
	uart_init();
	for (unsigned i = 0; i < cpu_count; i++) {
		total += done[i];
		fault_total += faults[i];
	}
	print("HOSTILE did %lu, %lu faults\n", total, fault_total);
	CHECK(total == op_count * cpu_count, "%lu of %lu", total, op_count * cpu_count);
}

static const struct test tests[] = {{"hostile-H02-H18-H23-H43", attack}};

void payload_main(void)
{
	smp_start_all();
	run_tests(tests, ARRAY_LEN(tests));
}
