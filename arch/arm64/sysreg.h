/* SPDX-License-Identifier: Apache-2.0 */
/* System registers and barriers (DDI 0487, chapter D19). */
#ifndef ARCH_ARM64_SYSREG_H
#define ARCH_ARM64_SYSREG_H

#include "core/lib/types.h"

/* Names may be macros: those that the assembler knows only by encoding. */
#define STRING_(x) #x
#define STRING(x)  STRING_(x)

#define read_sysreg(reg)                                                                           \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " STRING(reg) : "=r"(value_));                           \
		value_;                                                                            \
	})
#define write_sysreg(reg, value)                                                                   \
	__asm__ volatile("msr " STRING(reg) ", %0" ::"r"((uint64_t)(value)))

#define isb()      __asm__ volatile("isb" ::: "memory")
#define dsb(scope) __asm__ volatile("dsb " #scope ::: "memory")
#define wfi()      __asm__ volatile("wfi" ::: "memory")
#define wfe()      __asm__ volatile("wfe" ::: "memory")
#define sev()      __asm__ volatile("sev" ::: "memory")

/* HCR_EL2 */
#define HCR_VM     BIT(0)
#define HCR_SWIO   BIT(1) /* invalidate by set/way cleans as well */
#define HCR_PTW    BIT(2)
#define HCR_FMO    BIT(3)
#define HCR_IMO    BIT(4)
#define HCR_AMO    BIT(5)
#define HCR_BSU_IS BIT(10)
#define HCR_TID3   BIT(18)
#define HCR_TSC    BIT(19)
#define HCR_TIDCP  BIT(20)
#define HCR_TACR   BIT(21)
#define HCR_RW     BIT(31)

/* CPTR_EL2 without VHE: RES1, the SVE and SME traps among them; trace and AMU trapped */
#define CPTR_RES1 0x33ffUL
#define CPTR_TTA  BIT(20)
#define CPTR_TAM  BIT(30)

/* MDCR_EL2 */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA  BIT(11)
#define MDCR_TPMS  BIT(14)
#define MDCR_TTRF  BIT(19)

/* CNTHCTL_EL2: EL1 and EL0 reach the physical counter and timer */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN  BIT(1)

/* SCTLR_EL2 and SCTLR_EL1 */
#define SCTLR_M         BIT(0)
#define SCTLR_A         BIT(1)
#define SCTLR_C         BIT(2)
#define SCTLR_SA        BIT(3)
#define SCTLR_I         BIT(12)
#define SCTLR_WXN       BIT(19)
#define SCTLR_EL2_RES1  0x30c50830UL
#define SCTLR_EL1_RESET 0x30d00800UL
#define SCTLR_EL1_SPAN  BIT(23)

/* SPSR */
#define SPSR_EL1H    0x5UL
#define SPSR_EL2H    0x9UL
#define SPSR_DAIF    (0xfUL << 6)
#define SPSR_M32     BIT(4)
#define SPSR_PAN     BIT(22)
#define SPSR_MODE(s) ((s)&0xf)

#define MPIDR_AFFINITY 0xff00ffffffUL

/* The affinity of this CPU, in the layout of a device tree's cpu node. */
static inline uint64_t cpu_affinity(void)
{
	return read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
}

#endif
