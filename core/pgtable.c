/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgtable.h"

#include <string.h>

#include "core/arch.h"
#include "core/panic.h"

#define LEVEL_FIRST 1
#define LEVEL_LAST  3
#define ENTRIES     512

static unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * (LEVEL_LAST - level);
}

static uint64_t level_size(unsigned int level)
{
	return 1UL << level_shift(level);
}

static unsigned int level_index(uint64_t address, unsigned int level)
{
	return (address >> level_shift(level)) % ENTRIES;
}

static bool is_table(uint64_t pte, unsigned int level)
{
	return level < LEVEL_LAST && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static uint64_t *pool_take(struct page_pool *pool)
{
	void *page;

	if (pool->used == pool->page_count) {
		return NULL;
	}
	page = pool->base + pool->used++ * SZ_4K;
	memset(page, 0, SZ_4K);
	return page;
}

int pgtable_init(struct pgtable *t, struct page_pool *pool,
		 void (*invalidate)(struct pgtable *t, uint64_t address, uint64_t size))
{
	*t = (struct pgtable){.pool = pool, .invalidate = invalidate, .root = pool_take(pool)};
	return t->root ? 0 : -1;
}

/*
 * The one place where a live descriptor changes. A valid one is first made
 * invalid, and everything cached of it is gone, before the new one is seen
 * (DDI 0487, D8.14.1 break-before-make).
 */
static void pte_replace(struct pgtable *t, uint64_t *entry, uint64_t pte, uint64_t address,
			uint64_t size)
{
	if (*entry & PTE_VALID) {
		__atomic_store_n(entry, 0, __ATOMIC_RELAXED);
		arch_table_sync();
		t->invalidate(t, address, size);
	}
	__atomic_store_n(entry, pte, __ATOMIC_RELEASE);
	arch_table_sync();
}

/* A table that maps what the block maps, then put in its place. */
static uint64_t *split(struct pgtable *t, uint64_t *entry, unsigned int level, uint64_t address)
{
	uint64_t *table = pool_take(t->pool);
	uint64_t step = level_size(level + 1);
	uint64_t pte = *entry;
	uint64_t base = ALIGN_DOWN(address, level_size(level));

	if (!table) {
		return NULL;
	}
	if (pte & PTE_VALID) {
		uint64_t attributes = pte & ~PTE_ADDRESS & ~PTE_TABLE;

		attributes |= level + 1 == LEVEL_LAST ? PTE_TABLE : 0;
		for (unsigned int i = 0; i < ENTRIES; i++) {
			table[i] = ((pte & PTE_ADDRESS) + i * step) | attributes;
		}
	}
	pte_replace(t, entry, arch_pa(table).pa | PTE_VALID | PTE_TABLE, base, level_size(level));
	return table;
}

/* The entry of address at a level, tables made on the way. NULL: pool empty. */
static uint64_t *descend(struct pgtable *t, uint64_t address, unsigned int to)
{
	uint64_t *table = t->root;

	for (unsigned int level = LEVEL_FIRST; level < to; level++) {
		uint64_t *entry = &table[level_index(address, level)];

		if (is_table(*entry, level)) {
			table = arch_table((paddr_t){*entry & PTE_ADDRESS});
		} else {
			table = split(t, entry, level, address);
		}
		if (!table) {
			return NULL;
		}
	}
	return &table[level_index(address, to)];
}

/* The deepest entry that there is for address, and its level. */
static uint64_t *walk(const struct pgtable *t, uint64_t address, unsigned int *level)
{
	uint64_t *table = t->root;
	uint64_t *entry;

	for (*level = LEVEL_FIRST;; (*level)++) {
		entry = &table[level_index(address, *level)];
		if (!is_table(*entry, *level)) {
			return entry;
		}
		table = arch_table((paddr_t){*entry & PTE_ADDRESS});
	}
}

/* The largest block that may stand at address for what is left of a mapping. */
static unsigned int best_level(const struct pgtable *t, uint64_t address, uint64_t pa,
			       uint64_t left)
{
	unsigned int present;

	(void)walk(t, address, &present);
	for (unsigned int level = LEVEL_FIRST; level < LEVEL_LAST; level++) {
		if (IS_ALIGNED(address | pa, level_size(level)) && left >= level_size(level) &&
		    present <= level) {
			return level;
		}
	}
	return LEVEL_LAST;
}

/*
 * Two tables at either ragged end, less those that are there. Between them none, unless IPA and PA
 * differ modulo a block's size: then one for each block.
 */
static bool pool_suffices(const struct pgtable *t, uint64_t address, uint64_t pa, uint64_t size)
{
	uint64_t worst = 2UL * LEVEL_LAST;
	unsigned int first, last;

	(void)walk(t, address, &first);
	(void)walk(t, address + size - 1, &last);
	worst -= first + last;
	for (unsigned int level = LEVEL_FIRST; level < LEVEL_LAST; level++) {
		worst += IS_ALIGNED(address - pa, level_size(level)) ? 0 : size / level_size(level);
	}
	return t->pool->page_count - t->pool->used >= worst;
}

static bool range_is_bad(uint64_t address, uint64_t size)
{
	return !IS_ALIGNED(address | size, SZ_4K) || size == 0 ||
	       !range_within(address, size, 0, 1UL << PGTABLE_BITS);
}

/* A bit above the address field would be an attribute. */
static bool pa_is_bad(paddr_t pa, uint64_t size)
{
	return !IS_ALIGNED(pa.pa, SZ_4K) || !range_within(pa.pa, size, 0, PTE_ADDRESS + SZ_4K);
}

int pgtable_map(struct pgtable *t, uint64_t address, paddr_t pa, uint64_t size, uint64_t attributes)
{
	if (range_is_bad(address, size) || pa_is_bad(pa, size) ||
	    !pool_suffices(t, address, pa.pa, size)) {
		return -1;
	}
	while (size > 0) {
		unsigned int level = best_level(t, address, pa.pa, size);
		uint64_t *entry = descend(t, address, level);
		uint64_t step = level_size(level);

		if (!entry) {
			return -1;
		}
		pte_replace(t, entry,
			    pa.pa | attributes | PTE_VALID | (level == LEVEL_LAST ? PTE_TABLE : 0),
			    address, step);
		address += step;
		pa.pa += step;
		size -= step;
	}
	return 0;
}

int pgtable_unmap(struct pgtable *t, uint64_t address, uint64_t size)
{
	if (range_is_bad(address, size)) {
		return -1;
	}
	while (size > 0) {
		unsigned int level;
		uint64_t *entry = walk(t, address, &level);
		uint64_t step = level_size(level) - address % level_size(level);

		if (!(*entry & PTE_VALID)) {
			step = MIN(step, size);
		} else if (step == level_size(level) && step <= size) {
			pte_replace(t, entry, 0, address, step);
		} else if (split(t, entry, level, address)) {
			continue;
		} else {
			return -1;
		}
		address += step;
		size -= step;
	}
	return 0;
}

uint64_t pgtable_lookup(const struct pgtable *t, uint64_t address, paddr_t *pa,
			uint64_t *block_size)
{
	unsigned int level;
	uint64_t *entry;

	if (address >> PGTABLE_BITS) {
		return 0;
	}
	entry = walk(t, address, &level);
	if (block_size) {
		*block_size = level_size(level);
	}
	if (!(*entry & PTE_VALID)) {
		return 0;
	}
	pa->pa = (*entry & PTE_ADDRESS) + address % level_size(level);
	return *entry;
}
