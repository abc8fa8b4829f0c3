/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity map of 512 GiB in 1 GiB blocks: the first is devices, the next three
 * memory, the rest devices. Caches on, so that exclusives work between CPUs.
 */
#include "tests/payloads/lib/payload.h"

#define PTE_BLOCK     1ull
#define PTE_AF        BIT(10)
#define PTE_SH_INNER  (3ull << 8)
#define PTE_ATTR(n)   ((uint64_t)(n) << 2)
#define PTE_XN        (3ull << 53)
#define ATTR_DEVICE   0
#define ATTR_NORMAL   1
#define MAIR_VALUE    0xff04ull
#define SCTLR_RES1    0x30d00800ull
#define SCTLR_M_C_I   0x1005ull
#define TCR_T0SZ(n)   (64ull - (n))
#define TCR_WB_INNER  ((1ull << 8) | (1ull << 10) | (3ull << 12))
#define TCR_EPD1      BIT(23)
#define TCR_IPS_SHIFT 32
#define PARANGE_48    5

static uint64_t table[512] __attribute__((aligned(4096)));

void mmu_tables(void)
{
	for (uint64_t i = 0; i < ARRAY_LEN(table); i++) {
		bool memory = i >= 1 && i <= 3;

		table[i] = i << 30 | PTE_BLOCK | PTE_AF | PTE_SH_INNER |
			   (memory ? PTE_ATTR(ATTR_NORMAL) : PTE_ATTR(ATTR_DEVICE) | PTE_XN);
	}
	dsb();
}

void mmu_on(void)
{
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	if (range > PARANGE_48) {
		range = PARANGE_48;
	}
	sysreg_write(mair_el1, MAIR_VALUE);
	sysreg_write(tcr_el1, TCR_T0SZ(39) | TCR_WB_INNER | TCR_EPD1 | range << TCR_IPS_SHIFT);
	sysreg_write(ttbr0_el1, (uintptr_t)table);
	sysreg_write(cpacr_el1, 3ull << 20);
	__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
	sysreg_write(sctlr_el1, SCTLR_RES1 | SCTLR_M_C_I);
	isb();
}

void sync_code(void *start, size_t size)
{
	for (uintptr_t a = (uintptr_t)start & ~15ul; a < (uintptr_t)start + size; a += 16) {
		__asm__ volatile("dc cvau, %0" ::"r"(a) : "memory");
	}
	__asm__ volatile("dsb ish\n\tic iallu\n\tdsb ish\n\tisb" ::: "memory");
}
