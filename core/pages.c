/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pages.h"

#include <string.h>

#include "core/lib/spinlock.h"
#include "core/panic.h"
#include "core/stage2.h"
#include "core/vm.h"

/* Sorted by pa, not overlapping. Grows while VMs are built, then only read. */
static struct page_extent extents[PAGES_EXTENTS_MAX];
static unsigned int extent_count;
static struct spinlock lock;
/* The one page that belongs to nobody and is in every VM of a GICv2 board; size 0: none yet. */
static struct mem_range gicv;

/* The first extent that ends after pa: where pa is, or where it would be put. */
static unsigned int search(uint64_t pa)
{
	unsigned int low = 0;
	unsigned int high = extent_count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (extents[middle].pa + extents[middle].size <= pa) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static int claim(const struct page_extent *e)
{
	unsigned int at = search(e->pa);

	ASSERT(spin_is_held(&lock));
	if (!IS_ALIGNED(e->pa | e->size, SZ_4K) || e->size == 0 || range_wraps(e->pa, e->size) ||
	    extent_count == PAGES_EXTENTS_MAX) {
		return -1;
	}
	if (at < extent_count && ranges_overlap(e->pa, e->size, extents[at].pa, extents[at].size)) {
		return -1;
	}
	memmove(&extents[at + 1], &extents[at], (extent_count - at) * sizeof(extents[0]));
	extents[at] = *e;
	extent_count++;
	return 0;
}

static void release(uint64_t pa)
{
	unsigned int at = search(pa);

	ASSERT(spin_is_held(&lock));
	ASSERT(at < extent_count && extents[at].pa == pa);
	extent_count--;
	memmove(&extents[at], &extents[at + 1], (extent_count - at) * sizeof(extents[0]));
}

int pages_claim(paddr_t pa, uint64_t size)
{
	struct page_extent e = {
		.pa = pa.pa, .size = size, .owner = OWNER_HYPERVISOR, .kind = PAGE_HYPERVISOR};
	int ret;

	spin_lock(&lock);
	ret = claim(&e);
	spin_unlock(&lock);
	return ret;
}

int pages_map(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size, enum page_kind kind)
{
	struct page_extent e = {.pa = pa.pa,
				.size = size,
				.ipa = ipa.ipa,
				.owner = (uint8_t)vm->index,
				.kind = (uint8_t)kind};
	int ret;

	ASSERT(kind != PAGE_HYPERVISOR);
	spin_lock(&lock);
	ret = claim(&e);
	if (ret == 0) {
		ret = stage2_map(&vm->stage2, ipa, pa, size, kind);
		if (ret != 0) {
			release(pa.pa);
		}
	}
	spin_unlock(&lock);
	return ret;
}

int pages_map_gicv(struct vm *vm, ipaddr_t ipa, paddr_t pa, uint64_t size)
{
	int ret;

	spin_lock(&lock);
	gicv = (struct mem_range){pa.pa, size};
	ret = stage2_map(&vm->stage2, ipa, pa, size, PAGE_DEVICE);
	spin_unlock(&lock);
	return ret;
}

const struct page_extent *pages_find(paddr_t pa)
{
	unsigned int at = search(pa.pa);

	return at < extent_count && extents[at].pa <= pa.pa ? &extents[at] : NULL;
}

const struct page_extent *pages_at(unsigned int index)
{
	return index < extent_count ? &extents[index] : NULL;
}

/* Is every page of the extent translated to itself in the VM that owns it? */
static bool extent_agrees(const struct page_extent *e, const struct vm *owner)
{
	for (uint64_t offset = 0; offset < e->size; offset += SZ_4K) {
		paddr_t pa;

		if (!stage2_lookup(&owner->stage2, (ipaddr_t){e->ipa + offset}, &pa) ||
		    pa.pa != e->pa + offset) {
			return false;
		}
	}
	return true;
}

/* Does the table say of a block that this VM has it there, with these rights? */
static bool block_agrees(const struct vm *vm, uint64_t ipa, uint64_t pa, uint64_t size,
			 uint64_t descriptor)
{
	const struct page_extent *e = pages_find((paddr_t){pa});

	if (!e) {
		return range_within(pa, size, gicv.base, gicv.size) &&
		       stage2_is_kind(descriptor, PAGE_DEVICE);
	}
	return e->owner == vm->index && e->ipa + (pa - e->pa) == ipa &&
	       range_within(pa, size, e->pa, e->size) &&
	       stage2_is_kind(descriptor, (enum page_kind)e->kind);
}

static bool stage2_agrees(const struct vm *vm)
{
	uint64_t size;

	for (uint64_t ipa = 0; ipa >> PGTABLE_BITS == 0; ipa += size) {
		paddr_t pa;
		uint64_t descriptor = pgtable_lookup(&vm->stage2, ipa, &pa, &size);

		if (descriptor && !block_agrees(vm, ipa, pa.pa, size, descriptor)) {
			return false;
		}
	}
	return true;
}

static bool extents_agree(const struct vm *vm)
{
	for (unsigned int i = 0; i < extent_count; i++) {
		if (i > 0 && extents[i - 1].pa + extents[i - 1].size > extents[i].pa) {
			return false;
		}
		if (extents[i].owner == vm->index && !extent_agrees(&extents[i], vm)) {
			return false;
		}
	}
	return true;
}

bool pages_check(struct vm *const *all, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!extents_agree(all[i]) || !stage2_agrees(all[i])) {
			return false;
		}
	}
	return true;
}
