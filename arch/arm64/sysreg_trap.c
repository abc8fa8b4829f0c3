/* SPDX-License-Identifier: Apache-2.0 */
/* System registers that trap. What is not in the table is UNDEFINED for the guest. */
#include "arch/arm64/idregs.h"
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/log.h"

#define OSLSR_OSLM BIT(3) /* the OS lock is implemented, and unlocked */

struct sysreg {
	uint32_t reg;
	uint64_t (*read)(struct vcpu *v);              /* NULL: UNDEFINED */
	void (*write)(struct vcpu *v, uint64_t value); /* NULL: UNDEFINED */
};

static uint64_t read_zero(struct vcpu *v)
{
	(void)v;
	return 0;
}

static void write_ignore(struct vcpu *v, uint64_t value)
{
	(void)v;
	(void)value;
}

static uint64_t read_oslsr(struct vcpu *v)
{
	(void)v;
	return OSLSR_OSLM;
}

static void write_sgi1r(struct vcpu *v, uint64_t value)
{
	vgic_write_sgir(v, value, true);
}

static void write_sgi0r(struct vcpu *v, uint64_t value)
{
	vgic_write_sgir(v, value, false);
}

static void write_dir(struct vcpu *v, uint64_t value)
{
	vgic_deactivate(v, value & 0xffffff);
}

/* Hottest first. */
static const struct sysreg table[] = {
	{ISS_SYS_SGI1R, NULL, write_sgi1r},                    /* ICC_SGI1R_EL1 */
	{ISS_SYS_REG(3, 0, 12, 11, 6), NULL, write_sgi0r},     /* ICC_ASGI1R_EL1 */
	{ISS_SYS_REG(3, 0, 12, 11, 7), NULL, write_sgi0r},     /* ICC_SGI0R_EL1 */
	{ISS_SYS_REG(3, 0, 12, 11, 1), NULL, write_dir},       /* ICC_DIR_EL1 */
	{ISS_SYS_REG(3, 0, 1, 0, 1), read_zero, write_ignore}, /* ACTLR_EL1 */
	{ISS_SYS_REG(2, 0, 1, 0, 4), NULL, write_ignore},      /* OSLAR_EL1 */
	{ISS_SYS_REG(2, 0, 1, 1, 4), read_oslsr, NULL},        /* OSLSR_EL1 */
	{ISS_SYS_REG(2, 0, 1, 3, 4), read_zero, write_ignore}, /* OSDLR_EL1 */
	{ISS_SYS_REG(2, 0, 1, 4, 4), read_zero, write_ignore}, /* DBGPRCR_EL1 */
	{ISS_SYS_REG(2, 0, 1, 0, 0), read_zero, NULL},         /* MDRAR_EL1 */
};

static bool is_id_register(uint32_t iss)
{
	/* op0 = 3, op1 = 0, CRn = 0, CRm >= 1 */
	return (iss & (ISS_SYS_REG_MASK & ~ISS_SYS_REG(0U, 0U, 0U, 0xfU, 7U))) ==
		       ISS_SYS_REG(3U, 0U, 0U, 0U, 0U) &&
	       ISS_SYS_CRM(iss) >= 1 && ISS_SYS_CRM(iss) <= 7;
}

static const struct sysreg *find(uint32_t reg)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].reg == reg) {
			return &table[i];
		}
	}
	return NULL;
}

enum trap_result trap_sysreg(struct vcpu *v, uint64_t esr)
{
	uint32_t iss = (uint32_t)ESR_ISS(esr);
	const struct sysreg *s = find(iss & ISS_SYS_REG_MASK);

	if (s && (iss & ISS_SYS_READ) && s->read) {
		vcpu_set_reg(v, ISS_SYS_RT(iss), s->read(v));
		return TRAP_SKIP;
	}
	if (s && !(iss & ISS_SYS_READ) && s->write) {
		s->write(v, vcpu_get_reg(v, ISS_SYS_RT(iss)));
		return TRAP_SKIP;
	}
	if (!s && (iss & ISS_SYS_READ) && is_id_register(iss)) {
		vcpu_set_reg(v, ISS_SYS_RT(iss),
			     idreg_read(v->vm, ISS_SYS_CRM(iss), ISS_SYS_OP2(iss)));
		return TRAP_SKIP;
	}
	return TRAP_UNDEF;
}
