/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/mmu.h"

#include "arch/arm64/sysreg.h"
#include "core/arch.h"
#include "core/lib/spinlock.h"
#include "core/panic.h"
#include "core/pgtable.h"

#define TABLE_PAGES 96

/* Descriptor bits of stage 1 at EL2 (DDI 0487, D8.3.1). */
#define S1_NORMAL      (0UL << 2) /* index into MAIR_EL2 */
#define S1_DEVICE      (1UL << 2)
#define S1_RES1        BIT(6) /* AP[1] in a regime with one privilege level */
#define S1_READ_ONLY   BIT(7)
#define S1_INNER_SHARE (3UL << 8)
#define S1_XN          BIT(54)

#define MAIR            0x04ffUL /* 0: Normal write-back, 1: Device-nGnRE */
#define TCR_RES1        (BIT(31) | BIT(23))
#define TCR_T0SZ        (64 - PGTABLE_BITS)
#define TCR_WB_WA       (BIT(8) | BIT(10))
#define TCR_INNER_SHARE (3UL << 12)
#define TCR_PS_SHIFT    16
#define PARANGE_MAX     5 /* 48 bits: what a 4 KiB granule without LPA2 can say */

#define TEXT   (PTE_AF | S1_NORMAL | S1_INNER_SHARE | S1_RES1 | S1_READ_ONLY)
#define RODATA (TEXT | S1_XN)
#define DATA   (PTE_AF | S1_NORMAL | S1_INNER_SHARE | S1_RES1 | S1_XN)
#define DEVICE (PTE_AF | S1_DEVICE | S1_RES1 | S1_XN)

static uint8_t table_pages[TABLE_PAGES * SZ_4K] __attribute__((aligned(SZ_4K)));
static struct page_pool table_pool = {.base = table_pages, .page_count = TABLE_PAGES};
static struct pgtable el2;
static struct spinlock lock;

/* What lies behind it in the image is never used: its place in the map, and the table for that, is. */
static uint8_t window[ARCH_WINDOW_SIZE] __attribute__((aligned(SZ_4K)));

/* Read by mmu_enable() in head.S, in this order. */
struct {
	uint64_t ttbr0;
	uint64_t tcr;
	uint64_t mair;
	uint64_t sctlr;
} mmu_boot;

/* EL2's own translations are few: above this, all of them at once, one broadcast instead of many. */
#define INVALIDATE_MAX SZ_64K

static void invalidate(struct pgtable *t, uint64_t address, uint64_t size)
{
	(void)t;
	if (!(read_sysreg(sctlr_el2) & SCTLR_M)) {
		return;
	}
	if (size > INVALIDATE_MAX) {
		__asm__ volatile("tlbi alle2is" ::: "memory");
	} else {
		for (uint64_t at = 0; at < size; at += SZ_4K) {
			__asm__ volatile("tlbi vae2is, %0" ::"r"((address + at) >> 12) : "memory");
		}
	}
	dsb(ish);
	isb();
}

static int map(uint64_t base, uint64_t end, uint64_t attributes)
{
	base = ALIGN_DOWN(base, SZ_4K);
	end = ALIGN_UP(end, SZ_4K);
	return base == end ? 0 : pgtable_map(&el2, base, (paddr_t){base}, end - base, attributes);
}

static int map_image(void)
{
	uint64_t start = (uint64_t)image_start;

	return map(start, (uint64_t)text_end, TEXT) != 0 ||
			       map((uint64_t)text_end, (uint64_t)rodata_end, RODATA) != 0 ||
			       map((uint64_t)rodata_end, (uint64_t)image_end, DATA) != 0
		       ? -1
		       : 0;
}

static int map_range(struct mem_range r, uint64_t attributes)
{
	return r.size == 0 ? 0 : map(r.base, range_end(r), attributes);
}

static int map_devices(const struct board *b)
{
	int ret = map_range(b->uart.regs, DEVICE) | map_range(b->pm, DEVICE) |
		  map_range(b->gic.dist, DEVICE) | map_range(b->gic.cpu, DEVICE) |
		  map_range(b->gic.hyp, DEVICE);

	for (unsigned int i = 0; i < b->gic.redist_count; i++) {
		ret |= map_range(b->gic.redist[i], DEVICE);
	}
	return ret;
}

int mmu_init(const struct board *b, size_t fdt_size)
{
	uint64_t parange = read_sysreg(id_aa64mmfr0_el1) & 0xf;

	if (pgtable_init(&el2, &table_pool, invalidate) != 0 || map_image() != 0 ||
	    pgtable_unmap(&el2, (uint64_t)window, sizeof(window)) != 0 ||
	    map((uint64_t)b->fdt, (uint64_t)b->fdt + fdt_size, RODATA) != 0 ||
	    map_range(b->bundle, RODATA) != 0 || map_devices(b) != 0) {
		return -1;
	}
	mmu_boot.ttbr0 = (uint64_t)el2.root;
	mmu_boot.tcr = TCR_RES1 | TCR_T0SZ | TCR_WB_WA | TCR_INNER_SHARE |
		       MIN(parange, PARANGE_MAX) << TCR_PS_SHIFT;
	mmu_boot.mair = MAIR;
	mmu_boot.sctlr =
		SCTLR_EL2_RES1 | SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN;
	return 0;
}

int mmu_map_device(uint64_t base, uint64_t size)
{
	int ret;

	spin_lock(&lock);
	ret = map(base, base + size, DEVICE);
	spin_unlock(&lock);
	return ret;
}

int arch_map_device(paddr_t pa, uint64_t size)
{
	return mmu_map_device(pa.pa, size);
}

int mmu_guard(uint64_t page)
{
	return pgtable_unmap(&el2, page, SZ_4K);
}

static NOINLINE void *map_memory(uint64_t va, paddr_t pa, uint64_t size)
{
	int ret;

	spin_lock(&lock);
	ret = pgtable_map(&el2, va, pa, size, DATA);
	spin_unlock(&lock);
	return ret == 0 ? (void *)va : NULL;
}

void *arch_map(paddr_t pa, uint64_t size)
{
	return map_memory(pa.pa, pa, size);
}

void *arch_window(paddr_t pa, uint64_t size)
{
	return map_memory((uint64_t)window, pa, size);
}

void arch_unmap(void *va, uint64_t size)
{
	spin_lock(&lock);
	if (pgtable_unmap(&el2, (uint64_t)va, size) != 0) {
		panic("no page table to unmap 0x%lx", (uint64_t)va);
	}
	spin_unlock(&lock);
}

void *arch_table(paddr_t pa)
{
	return (void *)pa.pa;
}

paddr_t arch_pa(const void *va)
{
	return (paddr_t){(uint64_t)va};
}

void arch_table_sync(void)
{
	dsb(ishst);
	isb();
}

/* Switch VTTBR to the VM concerned, then back (pitfall 16). EL2 runs with its guest's loaded. */
static uint64_t vttbr_enter(uint64_t vttbr)
{
	uint64_t old = read_sysreg(vttbr_el2);

	dsb(ishst);
	if (old != vttbr) {
		write_sysreg(vttbr_el2, vttbr);
		isb();
	}
	return old;
}

static void vttbr_leave(uint64_t vttbr, uint64_t old)
{
	dsb(ish);
	if (old != vttbr) {
		write_sysreg(vttbr_el2, old);
	}
	isb();
}

void arch_stage2_invalidate_all(uint64_t vttbr)
{
	uint64_t old = vttbr_enter(vttbr);

	__asm__ volatile("tlbi vmalls12e1is" ::: "memory");
	vttbr_leave(vttbr, old);
}

void arch_stage2_invalidate(uint64_t vttbr, ipaddr_t ipa, uint64_t size)
{
	uint64_t old;

	if (size > SZ_2M) {
		arch_stage2_invalidate_all(vttbr);
		return;
	}
	old = vttbr_enter(vttbr);
	for (uint64_t at = 0; at < size; at += SZ_4K) {
		__asm__ volatile("tlbi ipas2e1is, %0" ::"r"((ipa.ipa + at) >> 12) : "memory");
	}
	dsb(ish);
	__asm__ volatile("tlbi vmalle1is" ::: "memory");
	vttbr_leave(vttbr, old);
}
