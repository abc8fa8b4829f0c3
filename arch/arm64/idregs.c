/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/idregs.h"

#include "arch/arm64/sysreg.h"

/* A field of four bits at a position, all of it. */
#define F(position) (0xfUL << (position))

#define PFR0_GIC      24
#define PFR0_CSV2     56
#define MMFR0_PARANGE 0
#define PARANGE_40    2UL
#define DFR0_DEBUG_V8 6UL

/*
 * Fields that a guest may see as they are. What needs state of its own that is
 * not in context.c, a trap that is armed, or an HCRX_EL2 enable is left out:
 * SVE, SME, MTE, pointer authentication, RAS, AMU, MPAM, PMU, trace, SPE, LS64,
 * MOPS, nested virtualisation, TCR2 and permission indirection.
 */
static const uint64_t visible[8][8] = {
	/* ID_PFR0, ID_PFR1, ID_DFR0 (no PMU), ID_AFR0, ID_MMFR0..3 */
	[1] = {0xffff, 0xf0000000 | 0xf0ffff, 0x00ffffff, 0, ~0UL, ~0UL, ~0UL, ~0UL},
	/* ID_ISAR0..5, ID_MMFR4, ID_ISAR6 */
	[2] = {~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL},
	/* MVFR0..2, -, ID_PFR2, ID_DFR1, ID_MMFR5 */
	[3] = {~0UL, ~0UL, ~0UL, 0, F(0) | F(4), 0, 0, 0},
	/* ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, DIT, CSV2, CSV3; PFR1: BT, SSBS */
	[4] = {F(0) | F(4) | F(16) | F(20) | F(48) | F(56) | F(60), F(0) | F(4)},
	/* ID_AA64DFR0: DebugVer, BRPs, WRPs, CTX_CMPs, DoubleLock */
	[5] = {F(0) | F(12) | F(20) | F(28) | F(36)},
	/* ID_AA64ISAR0: all but TME; ISAR1: DPB, JSCVT, FCMA, LRCPC, FRINTTS, SB, BF16, DGH, I8MM;
	   ISAR2: WFxT, RPRES, BC, CSSC */
	[6] = {~F(24), F(0) | F(12) | F(16) | F(20) | F(32) | F(36) | F(44) | F(48) | F(52),
	       F(0) | F(4) | F(20) | F(52)},
	/* ID_AA64MMFR0: without FGT, ECV and the stage-2 granules; MMFR1: HAFDBS, HPDS, LO, PAN, ETS,
	   nTLBPA, AFP; MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD */
	[7] = {F(0) | F(4) | F(8) | F(12) | F(16) | F(20) | F(24) | F(28) | F(44),
	       F(0) | F(12) | F(16) | F(20) | F(36) | F(44) | F(48),
	       F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(36) | F(48) | F(52) | F(60)},
};

/* The register itself: its name is part of the instruction. */
static uint64_t read_real(unsigned int crm, unsigned int op2)
{
#define CASE(m, o)                                                                                 \
	case (m)*8 + (o):                                                                          \
		return read_sysreg(s3_0_c0_c##m##_##o);
#define ROW(m)                                                                                     \
	CASE(m, 0) CASE(m, 1) CASE(m, 2) CASE(m, 3) CASE(m, 4) CASE(m, 5) CASE(m, 6) CASE(m, 7)
	switch (crm * 8 + op2) {
		ROW(1)
		ROW(2)
		ROW(3)
		ROW(4)
		ROW(5)
		ROW(6)
		ROW(7)
	}
	return 0;
}

static uint64_t at_most(uint64_t value, unsigned int position, uint64_t limit)
{
	uint64_t field = (value >> position) & 0xf;

	return (value & ~F(position)) | (MIN(field, limit) << position);
}

uint64_t idreg_read(const struct vm *vm, unsigned int crm, unsigned int op2)
{
	uint64_t value = visible[crm][op2] ? read_real(crm, op2) & visible[crm][op2] : 0;

	switch (crm * 8 + op2) {
	case 4 * 8 + 0: /* ID_AA64PFR0_EL1 */
		value |= vm->map.gic == GIC_V3 ? 1UL << PFR0_GIC : 0;
		return at_most(value, PFR0_CSV2, 1);
	case 5 * 8 + 0: /* ID_AA64DFR0_EL1 */
		return at_most(value, 0, DFR0_DEBUG_V8);
	case 7 * 8 + 0: /* ID_AA64MMFR0_EL1 */
		return at_most(value, MMFR0_PARANGE, PARANGE_40);
	default:
		return value;
	}
}
