/* SPDX-License-Identifier: Apache-2.0 */
/* ESR_ELx: why an exception was taken (DDI 0487, D17.2.37). */
#ifndef ARCH_ARM64_ESR_H
#define ARCH_ARM64_ESR_H

#include "core/lib/types.h"

#define ESR_EC_SHIFT 26
#define ESR_EC(esr)  (((esr) >> ESR_EC_SHIFT) & 0x3f)
#define ESR_IL       BIT(25)
#define ESR_ISS(esr) ((esr)&0x1ffffff)

#define EC_UNKNOWN    0x00
#define EC_WFX        0x01
#define EC_HVC64      0x16
#define EC_SMC64      0x17
#define EC_SYSREG     0x18
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME  0x21
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME  0x25
#define EC_SERROR     0x2f

/* ISS of a data abort. */
#define ISS_WNR      BIT(6)
#define ISS_S1PTW    BIT(7)
#define ISS_CM       BIT(8)
#define ISS_SF       BIT(15)
#define ISS_SRT(e)   (((e) >> 16) & 0x1f)
#define ISS_SRT_BIT4 BIT(20)
#define ISS_SSE      BIT(21)
#define ISS_SAS(e)   (((e) >> 22) & 3)
#define ISS_SAS_MASK (3UL << 22)
#define ISS_SAS_WORD (2UL << 22)
#define ISS_ISV      BIT(24)

#define ISS_FSC_MASK     0x3f
#define ISS_FSC_EXTERNAL 0x10 /* a synchronous external abort, of no table walk */
/* The fault status code without its level. */
#define ISS_FSC_KIND_MASK        (0xfUL << 2)
#define ISS_FSC_KIND_TRANSLATION (1UL << 2)
#define ISS_FSC_KIND_PERMISSION  (3UL << 2)

/* ISS of a trapped MSR or MRS, EC_SYSREG: op0, op1, CRn, CRm, op2 of the register. */
#define ISS_SYS_REG(op0, op1, crn, crm, op2)                                                       \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_SYS_REG_MASK 0x3ffc1eU
#define ISS_SYS_READ     BIT(0)
#define ISS_SYS_RT(iss)  (((iss) >> 5) & 0x1f)
#define ISS_SYS_RT_BIT4  BIT(9)
#define ISS_SYS_CRM(iss) (((iss) >> 1) & 0xf)
#define ISS_SYS_OP2(iss) (((iss) >> 17) & 7)

#define ISS_SYS_SGI1R ISS_SYS_REG(3, 0, 12, 11, 5) /* ICC_SGI1R_EL1 */

#endif
