/* SPDX-License-Identifier: Apache-2.0 */
/* Exception entry to EL1, done by hand (DDI 0487, AArch64.TakeException). */
#include "arch/arm64/sysreg.h"
#include "arch/arm64/trap.h"

#define VECTOR_CURRENT_SP0 0x000
#define VECTOR_CURRENT_SPX 0x200
#define VECTOR_LOWER_A64   0x400
#define VECTOR_LOWER_A32   0x600

#define FSC_EXTERNAL      0x10 /* synchronous external abort, not on a table walk */
#define FSC_EXTERNAL_WALK 0x17 /* on a walk, level 3 */

/* PSTATE bits that an exception entry keeps (D1.3.3): the condition flags and PAN. */
#define SPSR_KEPT (0xfUL << 28 | SPSR_PAN)

static uint64_t vector_offset(uint64_t spsr)
{
	if (spsr & SPSR_M32) {
		return VECTOR_LOWER_A32;
	}
	switch (SPSR_MODE(spsr)) {
	case 0:
		return VECTOR_LOWER_A64;
	case 4:
		return VECTOR_CURRENT_SP0;
	default:
		return VECTOR_CURRENT_SPX;
	}
}

static bool from_el0(uint64_t spsr)
{
	return (spsr & SPSR_M32) || SPSR_MODE(spsr) == 0;
}

static void take(uint64_t esr)
{
	uint64_t spsr = read_sysreg(spsr_el2);
	uint64_t entered = (spsr & SPSR_KEPT) | SPSR_DAIF | SPSR_EL1H;

	if (!(read_sysreg(sctlr_el1) & SCTLR_EL1_SPAN) &&
	    (read_sysreg(id_aa64mmfr1_el1) >> 20 & 0xf)) {
		entered |= SPSR_PAN;
	}
	write_sysreg(elr_el1, read_sysreg(elr_el2));
	write_sysreg(spsr_el1, spsr);
	write_sysreg(esr_el1, esr);
	write_sysreg(elr_el2, read_sysreg(vbar_el1) + vector_offset(spsr));
	write_sysreg(spsr_el2, entered);
}

void inject_undefined(void)
{
	take((uint64_t)EC_UNKNOWN << 26 | ESR_IL);
}

void inject_abort(bool instruction, uint64_t far, bool on_walk)
{
	bool lower = from_el0(read_sysreg(spsr_el2));
	uint64_t ec = instruction ? (lower ? EC_IABT_LOWER : EC_IABT_SAME)
				  : (lower ? EC_DABT_LOWER : EC_DABT_SAME);

	write_sysreg(far_el1, far);
	take(ec << 26 | ESR_IL | (on_walk ? FSC_EXTERNAL_WALK : FSC_EXTERNAL));
}
