/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that may trap: each ends as the architecture says (H01, H10, H34, H43 to H47). */
#include "tests/payloads/lib/payload.h"

#define SYSREG_COUNT 32768u
#define MRS          0xd5300000u /* op0 is 2 + bit 19 */
#define SYS          0xd5080000u /* op0 1: DC, IC, AT, TLBI */
#define SYSL         0xd5280000u
#define RET          0xd65f03c0u
#define CHUNK        256u

/* Two instructions each: the one under test, with x0, and a return. */
static uint32_t code[CHUNK][2] __attribute__((aligned(4096)));
static uint8_t scratch[8192] __attribute__((aligned(4096)));

static uint64_t run_code(unsigned i, uint64_t arg)
{
	register uint64_t x0 __asm__("x0") = arg;

	__asm__ volatile("blr %1" : "+r"(x0) : "r"(code[i]) : "x30", "memory", "cc");
	return x0;
}

/* op1, CRn, CRm, op2 and the low bit of op0 in the instruction's own places. */
static uint32_t fields(uint32_t n)
{
	return n << 5;
}

static void load(uint32_t base, uint32_t first, uint32_t stride)
{
	for (unsigned i = 0; i < CHUNK; i++) {
		code[i][0] = base | fields((first + i) * stride);
		code[i][1] = RET;
	}
	sync_code(code, sizeof(code));
}

/* -- System registers -------------------------------------------------------------------- */
/* UNDEFINED, or what this program's own CPACR_EL1 asks for: it turns SVE and SME off. */
static bool is_refusal(unsigned class)
{
	return class == EC_UNKNOWN || class == EC_SYSREG || class == EC_SVE || class == EC_SME;
}

static void sysreg_sweep(void)
{
	unsigned undefined = 0, odd = 0, odd_class = 0;
	uint32_t odd_register = 0;

	for (uint32_t first = 0; first < SYSREG_COUNT; first += CHUNK) {
		load(MRS & ~BIT(19), first, 1);
		for (unsigned i = 0; i < CHUNK; i++) {
			uint32_t n = first + i;

			code[i][0] = (MRS & ~(uint32_t)BIT(19)) | (n & 0x4000 ? 1u << 19 : 0) |
				     (n & 0x3fff) << 5;
		}
		sync_code(code, sizeof(code));
		for (unsigned i = 0; i < CHUNK; i++) {
			fault_arm();
			run_code(i, 0);
			if (fault_disarm()) {
				undefined++;
				if (!is_refusal(fault_class())) {
					odd++;
					odd_class = fault_class();
					odd_register = first + i;
				}
			}
		}
	}
	CHECK(odd == 0, "%u reads took another exception than UNDEF: of 0x%x, class 0x%x", odd,
	      odd_register, odd_class);
	CHECK(undefined > SYSREG_COUNT / 2 && undefined < SYSREG_COUNT, "%u reads are UNDEF",
	      undefined);
}

/* All of op0 3, op1 0, CRn 0, CRm 0 to 7 are readable, the unallocated as zero. */
static void id_registers(void)
{
	for (uint32_t crm = 0; crm < 8; crm++) {
		for (uint32_t op2 = 0; op2 < 8; op2++) {
			uint32_t insn = 0xd5380000u | crm << 8 | op2 << 5;

			if (crm == 0 && op2 != 0 && op2 != 5 && op2 != 6) {
				continue;
			}
			code[0][0] = insn;
			code[0][1] = RET;
			sync_code(code, 8);
			fault_arm();
			run_code(0, 0);
			CHECK(fault_disarm() == 0, "ID register CRm %u op2 %u faults", crm, op2);
		}
	}
}

/* What a guest at EL1 must be told: AArch64 at EL1, and nothing that needs EL2's help. */
static void id_values(void)
{
	uint64_t pfr0 = sysreg_read(id_aa64pfr0_el1);

	CHECK((pfr0 & 0xf) != 0 && ((pfr0 >> 4) & 0xf) != 0, "ID_AA64PFR0 0x%lx", pfr0);
	CHECK((((pfr0 >> 24) & 0xf) != 0) == (gic.version == 3), "GIC field of 0x%lx", pfr0);
	CHECK((sysreg_read(mpidr_el1) & BIT(31)) != 0, "MPIDR 0x%lx", sysreg_read(mpidr_el1));
}

#define EXPECT_UNDEF(text)                                                                         \
	do {                                                                                       \
		fault_arm();                                                                       \
		__asm__ volatile(text ::: "x0", "memory");                                         \
		CHECK(fault_disarm() == 1 && fault_class() == EC_UNKNOWN,                          \
		      "%s: %u faults, class 0x%x", text, this_cpu()->fault.count, fault_class());  \
	} while (0)

static void el2_registers(void)
{
	EXPECT_UNDEF("mrs x0, s3_4_c1_c1_0");  /* HCR_EL2 */
	EXPECT_UNDEF("mrs x0, s3_4_c2_c1_0");  /* VTTBR_EL2 */
	EXPECT_UNDEF("mrs x0, s3_4_c12_c0_0"); /* VBAR_EL2 */
	EXPECT_UNDEF("mrs x0, s3_4_c1_c0_0");  /* SCTLR_EL2 */
	EXPECT_UNDEF("mrs x0, s3_4_c14_c2_1"); /* CNTHP_CTL_EL2 */
	EXPECT_UNDEF("mrs x0, s3_6_c1_c1_0");  /* SCR_EL3 */
	EXPECT_UNDEF("msr s3_4_c1_c1_0, xzr");
	EXPECT_UNDEF("msr s3_4_c2_c1_0, xzr");
	EXPECT_UNDEF("mrs x0, s3_4_c12_c12_0");  /* ICH_LR0_EL2 */
	EXPECT_UNDEF("msr s3_4_c12_c11_0, xzr"); /* ICH_HCR_EL2 */
	EXPECT_UNDEF(".inst 0xd50c831f");        /* TLBI ALLE2IS */
	EXPECT_UNDEF(".inst 0xd50c839f");        /* TLBI ALLE1IS */
	EXPECT_UNDEF("mrs x0, s3_0_c15_c15_7");
	EXPECT_UNDEF(".inst 0x00000000");
}

/* Hidden or not, SVE, SME, MTE and pointer keys agree with the ID registers (H47). */
static void hidden_features(void)
{
	uint64_t pfr0 = sysreg_read(id_aa64pfr0_el1), pfr1 = sysreg_read(id_aa64pfr1_el1);
	uint64_t isar1 = sysreg_read(id_aa64isar1_el1);

	fault_arm();
	__asm__ volatile("mrs x0, s3_0_c1_c2_0" ::: "x0"); /* ZCR_EL1 */
	CHECK((fault_disarm() == 0) == (((pfr0 >> 32) & 0xf) != 0), "ZCR_EL1 and PFR0 0x%lx", pfr0);
	fault_arm();
	__asm__ volatile("mrs x0, s3_0_c1_c2_6" ::: "x0"); /* SMCR_EL1 */
	CHECK((fault_disarm() == 0) == (((pfr1 >> 24) & 0xf) != 0), "SMCR_EL1 and PFR1 0x%lx",
	      pfr1);
	fault_arm();
	__asm__ volatile("mrs x0, s3_0_c1_c0_6" ::: "x0"); /* GCR_EL1 */
	CHECK((fault_disarm() == 0) == (((pfr1 >> 8) & 0xf) >= 2), "GCR_EL1 and PFR1 0x%lx", pfr1);
	fault_arm();
	__asm__ volatile("mrs x0, s3_0_c2_c1_0" ::: "x0"); /* APIAKeyLo_EL1 */
	CHECK((fault_disarm() == 0) ==
		      (((isar1 >> 4) & 0xff) != 0 || (sysreg_read(s3_0_c0_c6_2) & 0xf000) != 0),
	      "APIAKeyLo_EL1 and ISAR1 0x%lx", isar1);
}

/* A register that is trapped for sharing keeps what the guest wrote. */
static void el1_registers_kept(void)
{
	sysreg_write(tpidr_el0, 0x1234567890abcdefull);
	sysreg_write(tpidrro_el0, 0xfedcba0987654321ull);
	sysreg_write(contextidr_el1, 0x55aa);
	sysreg_write(par_el1, 0);
	sysreg_write(csselr_el1, 0);
	for (unsigned i = 0; i < 100; i++) {
		psci(PSCI_VERSION, 0, 0, 0);
		(void)mmio_read32(gic.gicd + GICD_TYPER);
	}
	CHECK(sysreg_read(tpidr_el0) == 0x1234567890abcdefull, "TPIDR_EL0");
	CHECK(sysreg_read(tpidrro_el0) == 0xfedcba0987654321ull, "TPIDRRO_EL0");
	CHECK(sysreg_read(contextidr_el1) == 0x55aa, "CONTEXTIDR_EL1");
}

/* DC, IC, AT and TLBI in every encoding, on a page of ours; nothing is lost. */
static void sys_sweep(uint32_t base)
{
	for (uint32_t first = 0; first < 16384; first += CHUNK) {
		for (unsigned i = 0; i < CHUNK; i++) {
			code[i][0] = base | (first + i) << 5;
			code[i][1] = RET;
		}
		sync_code(code, sizeof(code));
		for (unsigned i = 0; i < CHUNK; i++) {
			fault_arm();
			run_code(i, (uintptr_t)scratch);
			fault_disarm();
		}
	}
}

static void sys_instructions(void)
{
	sys_sweep(SYS);
	sys_sweep(SYSL);
}

static void set_way(void)
{
	for (unsigned i = 0; i < sizeof(scratch); i++) {
		scratch[i] = (uint8_t)(i * 7);
	}
	for (uint64_t level = 0; level < 3; level++) {
		for (uint64_t set = 0; set < 64; set++) {
			uint64_t v = level << 1 | set << 6;

			fault_arm();
			__asm__ volatile("dc csw, %0\n\tdc cisw, %0" ::"r"(v) : "memory");
			fault_disarm();
		}
	}
	dsb();
	for (unsigned i = 0; i < sizeof(scratch); i++) {
		CHECK(scratch[i] == (uint8_t)(i * 7), "byte %u changed", i);
	}
}

static void mmu_toggled(void)
{
	uint64_t sctlr = sysreg_read(sctlr_el1);

	for (unsigned i = 0; i < 100; i++) {
		sysreg_write(sctlr_el1, sctlr & ~4ull); /* data cache off */
		isb();
		sysreg_write(sctlr_el1, sctlr);
		isb();
	}
	CHECK(sysreg_read(sctlr_el1) == sctlr, "SCTLR_EL1 0x%lx, was 0x%lx", sysreg_read(sctlr_el1),
	      sctlr);
}

/* -- Debug and the performance monitor ------------------------------------------------------- */
static void debug_registers(void)
{
	fault_arm();
	__asm__ volatile("msr oslar_el1, xzr\n\tmrs x0, oslsr_el1\n\tmrs x0, mdscr_el1\n\t"
			 "msr mdscr_el1, x0\n\tmrs x0, dbgbcr0_el1\n\tmsr dbgbvr0_el1, xzr\n\t"
			 "mrs x0, dbgwcr0_el1\n\tmsr osdlr_el1, xzr\n\tmrs x0, mdrar_el1\n\t"
			 "mrs x0, dbgauthstatus_el1" ::
				 : "x0", "memory");
	fault_disarm();
	/* Any of them may be UNDEF where the debugger's registers are hidden. */
	CHECK(this_cpu()->fault.count == 0 || fault_class() == EC_UNKNOWN, "class 0x%x",
	      fault_class());
}

static void pmu_registers(void)
{
	fault_arm();
	__asm__ volatile("mrs x0, pmcr_el0\n\tmsr pmcntenset_el0, xzr\n\tmrs x0, pmccntr_el0\n\t"
			 "msr pmuserenr_el0, xzr\n\tmrs x0, pmovsclr_el0\n\tmrs x0, pmceid0_el0" ::
				 : "x0", "memory");
	fault_disarm();
	CHECK(this_cpu()->fault.count == 0 || fault_class() == EC_UNKNOWN, "class 0x%x",
	      fault_class());
}

/* -- Calls and waits ------------------------------------------------------------------------- */
#define HVC_IMM(imm)                                                                               \
	do {                                                                                       \
		uint64_t r_;                                                                       \
		fault_arm();                                                                       \
		__asm__ volatile("mov x0, %1\n\thvc #" #imm "\n\tmov %0, x0"                       \
				 : "=r"(r_)                                                        \
				 : "r"((uint64_t)PSCI_VERSION)                                     \
				 : "x0", "x1", "x2", "x3", "memory");                              \
		if (!fault_disarm()) {                                                             \
			CHECK((int)r_ == -1 || (r_ >= 0x10000 && r_ < 0x30000),                    \
			      "HVC %s returned 0x%lx", #imm, r_);                                  \
		} else {                                                                           \
			CHECK(fault_class() == EC_UNKNOWN, "HVC %s: class 0x%x", #imm,             \
			      fault_class());                                                      \
		}                                                                                  \
	} while (0)

static void hvc_immediates(void)
{
	HVC_IMM(1);
	HVC_IMM(2);
	HVC_IMM(0x4a48);
	HVC_IMM(0x8000);
	HVC_IMM(0xffff);
	for (uint32_t imm = 1; imm < 0x10000; imm += 0x101) {
		code[0][0] = 0xd4000002u | imm << 5;
		code[0][1] = RET;
		sync_code(code, 8);
		fault_arm();
		run_code(0, 0xffffffff);
		fault_disarm();
	}
}

/* QEMU without EL3 and EL2 makes both UNDEF or its own PSCI; none may end the machine. */
static void smc_immediates(void)
{
	for (uint32_t imm = 0; imm < 0x10000; imm += 0x101) {
		code[0][0] = 0xd4000003u | imm << 5;
		code[0][1] = RET;
		sync_code(code, 8);
		fault_arm();
		uint64_t r = run_code(0, 0xffffffff);

		if (fault_disarm()) {
			CHECK(fault_class() == EC_UNKNOWN, "SMC %u: class 0x%x", imm,
			      fault_class());
		} else {
			CHECK((int)r == -1, "SMC %u returned 0x%lx", imm, r);
		}
	}
}

static void waits(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		__asm__ volatile("sev\n\twfe\n\tyield\n\tsevl\n\twfe");
	}
}

/* -- Device access without a syndrome (H10) --------------------------------------------------- */
#define PERIPH_ID 0xfe0ul /* PL011: 0x11, 0x10, 0x?4, 0x00 */

#define MMIO_FORM(text, check)                                                                     \
	do {                                                                                       \
		uintptr_t a_ = PL011_BASE + PERIPH_ID;                                             \
		uint64_t v_ = 0, w_ = 0;                                                           \
		fault_arm();                                                                       \
		__asm__ volatile(text : "+r"(v_), "+r"(w_), "+r"(a_)::"memory");                   \
		if (fault_disarm()) {                                                              \
			CHECK(fault_class() == EC_DABT_CUR || fault_class() == EC_UNKNOWN,         \
			      "%s: class 0x%x", text, fault_class());                              \
		} else {                                                                           \
			CHECK(check, "%s: 0x%lx 0x%lx", text, v_, w_);                             \
		}                                                                                  \
	} while (0)

static void mmio_forms(void)
{
	MMIO_FORM("ldp %w0, %w1, [%2]", v_ == 0x11 && w_ == 0x10);
	MMIO_FORM("ldr %w0, [%2], #4", v_ == 0x11 && a_ == PL011_BASE + PERIPH_ID + 4);
	MMIO_FORM("ldr %w0, [%2, #4]!", v_ == 0x10 && a_ == PL011_BASE + PERIPH_ID + 4);
	MMIO_FORM("ldrb %w0, [%2]", v_ == 0x11);
	MMIO_FORM("ldrh %w0, [%2]", v_ == 0x11);
	MMIO_FORM("ldrsb %0, [%2]", v_ == 0x11);
	MMIO_FORM("ldrsw %0, [%2]", v_ == 0x11);
	MMIO_FORM("ldar %w0, [%2]", v_ == 0x11);
	MMIO_FORM("stp wzr, wzr, [%2]", true);
	MMIO_FORM("str wzr, [%2], #4", true);
}

static void mmio_simd(void)
{
	uintptr_t a = PL011_BASE + PERIPH_ID;

	fault_arm();
	__asm__ volatile(
		".arch_extension simd\n\tldr d0, [%0]\n\tldr q1, [%0]\n\tld1 {v2.4s}, [%0]\n\t"
		"stp d0, d0, [%0]" ::"r"(a)
		: "memory");
	fault_disarm();
	CHECK(this_cpu()->fault.count == 0 || fault_class() == EC_DABT_CUR ||
		      fault_class() == EC_UNKNOWN,
	      "class 0x%x", fault_class());
}

/* A store of the zero register (H14) and all widths to the distributor (H16). */
static void mmio_widths(void)
{
	uintptr_t a = gic.gicd + GICD_TYPER;
	uint32_t typer = mmio_read32(a);

	__asm__ volatile("str wzr, [%0]\n\tldr wzr, [%0]" ::"r"(a) : "memory");
	CHECK(mmio_read32(a) == typer, "TYPER changed");
	fault_arm();
	(void)mmio_read8(a);
	(void)mmio_read16(a);
	(void)mmio_read64(gic.gicd);
	mmio_write8(a, 0xff);
	mmio_write16(a, 0xffff);
	fault_disarm();
	CHECK(mmio_read32(a) == typer, "TYPER changed");
}

static void misaligned_device(void)
{
	fault_arm();
	(void)*(volatile uint32_t *)(gic.gicd + 5);
	(void)mmio_read32(gic.gicd + 6);
	(void)mmio_read64(gic.gicd + 0xffc);
	CHECK(fault_disarm() >= 2, "a misaligned access to a device did not fault");
}

/* -- FP/SIMD: kept over traps (H47) ------------------------------------------------------------- */
static void simd_kept(void)
{
	uint64_t got;

	__asm__ volatile(
		".arch_extension simd\n\tfmov d0, %0\n\tfmov d31, %0" ::"r"(0xabcdef0123456789ull));
	for (unsigned i = 0; i < 1000; i++) {
		psci(PSCI_VERSION, 0, 0, 0);
		(void)mmio_read32(gic.gicd + GICD_TYPER);
	}
	__asm__ volatile("fmov %0, d0" : "=r"(got));
	CHECK(got == 0xabcdef0123456789ull, "d0 is 0x%lx", got);
	__asm__ volatile("fmov %0, d31" : "=r"(got));
	CHECK(got == 0xabcdef0123456789ull, "d31 is 0x%lx", got);
}

static void all_cpus_job(void *arg)
{
	(void)arg;
	el2_registers();
	waits();
}

static void all_cpus(void)
{
	smp_call_all(all_cpus_job, NULL);
}

static const struct test tests[] = {
	{"traps-id-registers-H43", id_registers},
	{"traps-id-values-H47", id_values},
	{"traps-el2-registers-H43", el2_registers},
	{"traps-hidden-H47", hidden_features},
	{"traps-el1-kept", el1_registers_kept},
	{"traps-sysreg-sweep-H43", sysreg_sweep},
	{"traps-sys-sweep-H44", sys_instructions},
	{"traps-set-way-H42", set_way},
	{"traps-mmu-toggled-H42", mmu_toggled},
	{"traps-debug-H45", debug_registers},
	{"traps-pmu-H46", pmu_registers},
	{"traps-hvc-immediates-H01", hvc_immediates},
	{"traps-smc-immediates-H34", smc_immediates},
	{"traps-waits-H39", waits},
	{"traps-mmio-forms-H10", mmio_forms},
	{"traps-mmio-simd-H10", mmio_simd},
	{"traps-mmio-widths-H16", mmio_widths},
	{"traps-misaligned-H09", misaligned_device},
	{"traps-simd-kept-H47", simd_kept},
	{"traps-all-cpus-H43", all_cpus},
};

void payload_main(void)
{
	smp_start_all();
	run_tests(tests, ARRAY_LEN(tests));
}
