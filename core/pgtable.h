/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 4 KiB-granule translation table of three levels (39 bits): stage 2 of a VM,
 * and stage 1 of EL2. Attributes are given as the bits of a block descriptor; this
 * file knows only the shape of the tables (DDI 0487, D8.3).
 */
#ifndef CORE_PGTABLE_H
#define CORE_PGTABLE_H

#include "core/lib/types.h"

#define PGTABLE_BITS 39
#define PTE_VALID    BIT(0)
#define PTE_TABLE    BIT(1) /* levels 1, 2: a table; level 3: a page */
#define PTE_AF       BIT(10)
#define PTE_ADDRESS  0x0000fffffffff000UL

/* Pages for tables, taken once and never given back. */
struct page_pool {
	uint8_t *base;
	unsigned int page_count;
	unsigned int used;
};

struct pgtable {
	uint64_t *root;
	struct page_pool *pool;
	/* Invalidate what is cached of [address, address + size): break-before-make needs it. */
	void (*invalidate)(struct pgtable *t, uint64_t address, uint64_t size);
	uint64_t vttbr; /* stage 2: the register's value */
};

/* Returns 0, or -1 when the pool is empty. */
int pgtable_init(struct pgtable *t, struct page_pool *pool,
		 void (*invalidate)(struct pgtable *t, uint64_t address, uint64_t size)) MUST_CHECK;

/*
 * Map [address, address + size) to pa with the largest blocks that fit. Decides
 * first: returns -1, with nothing changed that a walk could see, when the pool is
 * too small or the range is bad. What was mapped there before is replaced by
 * break-before-make.
 */
int pgtable_map(struct pgtable *t, uint64_t address, paddr_t pa, uint64_t size,
		uint64_t attributes) MUST_CHECK;

/* Unmap; splits blocks where it must. Returns -1 when a split finds no page. */
int pgtable_unmap(struct pgtable *t, uint64_t address, uint64_t size) MUST_CHECK;

/* The descriptor that translates address, 0 if none. block_size: also of a hole; may be NULL. */
uint64_t pgtable_lookup(const struct pgtable *t, uint64_t address, paddr_t *pa,
			uint64_t *block_size);

#endif
