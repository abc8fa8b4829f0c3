/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page ownership table: who owns each page of the board, and at which IPA
 * (the reverse map). One extent is a run of pages with consecutive IPAs, so the
 * table of a statically partitioned board is a few dozen lines.
 *
 * Every change of a stage-2 table goes through pages_map(), which claims the
 * pages first: isolation is decided here and nowhere else (I1 to I5, I8).
 */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include "core/lib/types.h"

#define PAGES_EXTENTS_MAX 256

enum page_kind {
	PAGE_HYPERVISOR, /* image, tables, bundle, firmware's: in no stage 2 */
	PAGE_RAM,        /* a VM's memory, read-write-execute */
	PAGE_ROM,        /* a VM's memory that it cannot write */
	PAGE_DEVICE,     /* registers of a device of one VM */
};

/* Owner of PAGE_HYPERVISOR; VMs are their index. */
#define OWNER_HYPERVISOR 0xff

struct page_extent {
	uint64_t pa;
	uint64_t size;
	uint64_t ipa;
	uint8_t owner;
	uint8_t kind; /* enum page_kind */
};

struct vm;

/* Claim pages for the hypervisor. Returns 0, or -1 if a page has an owner or the table is full. */
int pages_claim(paddr_t pa, uint64_t size) MUST_CHECK;

/*
 * Claim pages for a VM and map them in its stage 2. Returns 0, or -1 if a page
 * has another owner or tables run out; then nothing is claimed.
 */
int pages_map(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size,
	      enum page_kind kind) MUST_CHECK;

/*
 * Map the hardware's own virtual CPU interface (GICV), which every VM on a
 * GICv2 board sees as its GICC: banked by the hardware for each CPU, so shared by design.
 */
int pages_map_gicv(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size) MUST_CHECK;

/* The extent that holds a page, or NULL when it is free. */
const struct page_extent *pages_find(paddr_t pa);
/* Walk the table: NULL after the last. */
const struct page_extent *pages_at(unsigned int index);
/* Does every page of every VM's stage 2 agree with the table? For tests and debug builds. */
bool pages_check(struct vm *const *all, unsigned int count);

#endif
