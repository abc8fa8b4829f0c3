#include "guests/rtos/port/mmu.h"

#include <assert.h>
#include <stddef.h>

#include "guests/rtos/keel/port.h"
#include "guests/rtos/port/cpu.h"

#define PAGE_SIZE   UINT64_C(4096)
#define PAGE_MASK   (PAGE_SIZE - 1)
#define VA_BITS     39 /* translation starts at level 1 */
#define ENTRY_COUNT 512
#define TABLE_COUNT 24

/* VMSAv8-64 descriptors (Arm ARM D8.3). */
#define DESC_VALID    (UINT64_C(1) << 0)
#define DESC_TABLE    (UINT64_C(1) << 1) /* at level 3: a page */
#define DESC_ATTR(n)  ((uint64_t)(n) << 2)
#define DESC_READONLY (UINT64_C(1) << 7)
#define DESC_INNER    (UINT64_C(3) << 8)
#define DESC_ACCESSED (UINT64_C(1) << 10)
#define DESC_PXN      (UINT64_C(1) << 53)
#define DESC_UXN      (UINT64_C(1) << 54)
#define DESC_ADDRESS  UINT64_C(0x0000fffffffff000)

#define MAIR_DEVICE 0 /* index 0: 0x04, device nGnRE */
#define MAIR_NORMAL 1 /* index 1: 0xff, write-back */
#define MAIR_VALUE  UINT64_C(0xff04)

#define TCR_T0SZ     ((uint64_t)64 - VA_BITS)
#define TCR_IRGN_WB  (UINT64_C(1) << 8)
#define TCR_ORGN_WB  (UINT64_C(1) << 10)
#define TCR_SH_INNER (UINT64_C(3) << 12)
#define TCR_EPD1     (UINT64_C(1) << 23)
#define TCR_IPS(n)   ((uint64_t)(n) << 32)
#define PARANGE_MAX  5 /* 48 bits: what DESC_ADDRESS can hold */

#define SCTLR_M   (UINT64_C(1) << 0)
#define SCTLR_C   (UINT64_C(1) << 2)
#define SCTLR_SA  (UINT64_C(1) << 3)
#define SCTLR_I   (UINT64_C(1) << 12)
#define SCTLR_WXN (UINT64_C(1) << 19)

#define WINDOW_VA (UINT64_C(0x7f) << 32)

extern const char __text_start[], __text_end[], __rodata_end[], __end[];
extern uint8_t trap_stack[], trap_fatal_stack[];

static uint64_t tables[TABLE_COUNT][ENTRY_COUNT] __attribute__((aligned(4096)));
/* Beside tables[0], of level 1. In .bss: it is counted with the caches off (start.S). */
static size_t tables_used;

#define NORMAL (DESC_ATTR(MAIR_NORMAL) | DESC_INNER | DESC_UXN)

static const uint64_t kind_bits[] = {
	[MMU_NONE] = 0,
	[MMU_TEXT] = DESC_VALID | NORMAL | DESC_READONLY,
	[MMU_CONST] = DESC_VALID | NORMAL | DESC_READONLY | DESC_PXN,
	[MMU_DATA] = DESC_VALID | NORMAL | DESC_PXN,
	[MMU_DEVICE] = DESC_VALID | DESC_ATTR(MAIR_DEVICE) | DESC_UXN | DESC_PXN,
};

static uint64_t *next_table(uint64_t *entry)
{
	if (*entry == 0) {
		if (tables_used == TABLE_COUNT - 1) {
			port_panic("mmu: out of page tables");
		}
		/* The tables are zero from boot; the walker must see that first. */
		cpu_dsb();
		*entry = (uintptr_t)tables[++tables_used] | DESC_VALID | DESC_TABLE;
	}
	return (uint64_t *)(uintptr_t)(*entry & DESC_ADDRESS);
}

static uint64_t *level3_entry(uint64_t va)
{
	uint64_t *table;

	if (va >> VA_BITS != 0) {
		port_panic("mmu: address beyond 512 GiB");
	}
	table = next_table(&tables[0][va >> 30]);
	table = next_table(&table[va >> 21 & (ENTRY_COUNT - 1)]);
	return &table[va >> 12 & (ENTRY_COUNT - 1)];
}

/* Break before make (Arm ARM D8.13.1): the only place that changes an entry. */
static void set_page(uint64_t va, uint64_t pa, enum mmu_kind kind)
{
	uint64_t *entry = level3_entry(va);

	if (*entry != 0) {
		*(volatile uint64_t *)entry = 0;
		cpu_dsb();
		__asm__ volatile("tlbi vaae1, %0" : : "r"(va >> 12) : "memory");
		cpu_dsb();
		cpu_isb();
	}
	if (kind != MMU_NONE) {
		*(volatile uint64_t *)entry =
			(pa & DESC_ADDRESS) | kind_bits[kind] | DESC_TABLE | DESC_ACCESSED;
		cpu_dsb();
		cpu_isb();
	}
}

void mmu_map(uint64_t addr, uint64_t size, enum mmu_kind kind)
{
	uint64_t end = addr + size;

	for (uint64_t page = addr & ~PAGE_MASK; page < end; page += PAGE_SIZE) {
		set_page(page, page, kind);
	}
}

uint64_t mmu_window(uint64_t pa)
{
	set_page(WINDOW_VA, pa & ~PAGE_MASK, MMU_DEVICE);
	return WINDOW_VA | (pa & PAGE_MASK);
}

static void map_range(const void *start, const void *end, enum mmu_kind kind)
{
	mmu_map((uintptr_t)start, (uintptr_t)end - (uintptr_t)start, kind);
}

static void enable(void)
{
	uint64_t range = cpu_read(id_aa64mmfr0_el1) & 0xf;

	cpu_write(mair_el1, MAIR_VALUE);
	cpu_write(tcr_el1, TCR_T0SZ | TCR_IRGN_WB | TCR_ORGN_WB | TCR_SH_INNER | TCR_EPD1 |
				   TCR_IPS(range < PARANGE_MAX ? range : PARANGE_MAX));
	cpu_write(ttbr0_el1, (uintptr_t)tables[0]);
	cpu_dsb();
	cpu_isb();
	__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
	cpu_write(sctlr_el1,
		  cpu_read(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN);
	cpu_isb();
}

void mmu_init(void)
{
	map_range(__text_start, __text_end, MMU_TEXT);
	map_range(__text_end, __rodata_end, MMU_CONST);
	map_range(__rodata_end, __end, MMU_DATA);
	port_guard(trap_stack);
	port_guard(trap_fatal_stack);
	enable();
}

void port_guard(void *page)
{
	mmu_map((uintptr_t)page, PAGE_SIZE, MMU_NONE);
}
