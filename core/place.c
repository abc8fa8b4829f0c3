/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where guest memory lies. Deterministic: the same configuration on the same board gives the
 * same places. Memory that must lie at its IPA comes first, direct-map memory that is free
 * to choose next and lowest (its devices may reach only low memory), then
 * the rest, largest first and from the top down.
 */
#include "core/config_parts.h"

struct placer {
	struct config *c;
	const struct board *b;
	const struct mem_range *taken;
	unsigned int taken_count;
	uint8_t placed[CONFIG_VMS_MAX]; /* bit n: region n has its place */
};

_Static_assert(VM_REGIONS_MAX <= 8, "one bit a region");

/* Something that guest memory must not touch. */
struct obstacle {
	struct mem_range range;
	const char *whose;
};

/* -- Obstacles --------------------------------------------------------------------------- */

static unsigned int obstacle_slots(const struct placer *p)
{
	return p->taken_count + p->b->reserved_count + p->c->vm_count * VM_REGIONS_MAX;
}

/* The obstacle of a slot; false when the slot holds none. */
static bool obstacle_get(const struct placer *p, unsigned int slot, struct obstacle *o)
{
	const struct vm_config *vm;
	unsigned int region;

	if (slot < p->taken_count) {
		*o = (struct obstacle){p->taken[slot], "the hypervisor"};
		return o->range.size != 0;
	}
	slot -= p->taken_count;
	if (slot < p->b->reserved_count) {
		*o = (struct obstacle){p->b->reserved[slot], "reserved memory of the board"};
		return true;
	}
	slot -= p->b->reserved_count;
	vm = &p->c->vms[slot / VM_REGIONS_MAX];
	region = slot % VM_REGIONS_MAX;
	if (vm->refused || !(p->placed[slot / VM_REGIONS_MAX] & BIT(region))) {
		return false;
	}
	*o = (struct obstacle){{vm->regions[region].pa, vm->regions[region].size}, vm->name};
	return true;
}

static bool obstacle_find(const struct placer *p, uint64_t base, uint64_t size, struct obstacle *o)
{
	for (unsigned int i = 0; i < obstacle_slots(p); i++) {
		if (obstacle_get(p, i, o) &&
		    ranges_overlap(base, size, o->range.base, o->range.size)) {
			return true;
		}
	}
	return false;
}

/* The end of the hole that begins at base: the next obstacle's begin, or the bank's end. */
static uint64_t hole_end(const struct placer *p, uint64_t base, uint64_t bank_end)
{
	uint64_t end = bank_end;
	struct obstacle o;

	for (unsigned int i = 0; i < obstacle_slots(p); i++) {
		if (obstacle_get(p, i, &o) && o.range.base >= base && o.range.base < end) {
			end = o.range.base;
		}
	}
	return end;
}

static struct mem_range largest_hole(const struct placer *p)
{
	struct mem_range largest = {0, 0};
	struct obstacle o;

	for (unsigned int i = 0; i < p->b->bank_count; i++) {
		uint64_t at = p->b->banks[i].base, bank_end = range_end(p->b->banks[i]);

		while (at < bank_end) {
			uint64_t end;

			if (obstacle_find(p, at, 1, &o)) {
				at = range_end(o.range);
				continue;
			}
			end = hole_end(p, at, bank_end);
			if (end - at > largest.size) {
				largest = (struct mem_range){at, end - at};
			}
			at = end;
		}
	}
	return largest;
}

/* -- Searching --------------------------------------------------------------------------- */

static uint64_t search_up(const struct placer *p, uint64_t size, uint64_t align, uint64_t limit)
{
	struct obstacle o;

	for (unsigned int i = 0; i < p->b->bank_count; i++) {
		const struct mem_range *bank = &p->b->banks[i];
		uint64_t at = ALIGN_UP(MAX(bank->base, SZ_4K), align); /* 0 stands for "choose" */

		while (range_within(at, size, bank->base, bank->size) && at + size <= limit) {
			if (!obstacle_find(p, at, size, &o)) {
				return at;
			}
			at = ALIGN_UP(range_end(o.range), align);
		}
	}
	return PA_ANY;
}

static uint64_t search_down(const struct placer *p, uint64_t size, uint64_t align)
{
	struct obstacle o;

	for (unsigned int i = p->b->bank_count; i-- > 0;) {
		const struct mem_range *bank = &p->b->banks[i];
		uint64_t top = range_end(*bank);

		while (top >= size) {
			uint64_t at = ALIGN_DOWN(top - size, align);

			if (!range_within(at, size, bank->base, bank->size)) {
				break;
			}
			if (!obstacle_find(p, at, size, &o)) {
				return at;
			}
			top = o.range.base;
		}
	}
	return PA_ANY;
}

/* The largest block size that the region can use, then the smaller ones. */
static uint64_t search(const struct placer *p, const struct vm_region *region, bool direct)
{
	static const uint64_t blocks[] = {SZ_1G, SZ_2M, SZ_4K};
	uint64_t pa = PA_ANY;

	for (unsigned int i = 0; i < ARRAY_SIZE(blocks) && pa == PA_ANY; i++) {
		if (region->size < blocks[i] || (!direct && !IS_ALIGNED(region->ipa, blocks[i]))) {
			continue;
		}
		pa = direct ? search_up(p, region->size, blocks[i], VM_IPA_LIMIT)
			    : search_down(p, region->size, blocks[i]);
	}
	return pa;
}

/* -- Placing ----------------------------------------------------------------------------- */

/* A region whose place the configuration fixes. */
static void place_fixed(struct placer *p, unsigned int vm_index, unsigned int index,
			struct report *r)
{
	struct vm_config *vm = &p->c->vms[vm_index];
	struct vm_region *region = &vm->regions[index];
	struct obstacle o;

	if (!board_is_ram(p->b, region->pa, region->size)) {
		config_refuse(vm, r, "memory",
			      "direct-map of 0x%lx+0x%lx, which is not (all) RAM of this board; "
			      "largest free is 0x%lx+0x%lx",
			      region->pa, region->size, largest_hole(p).base, largest_hole(p).size);
	} else if (obstacle_find(p, region->pa, region->size, &o)) {
		config_refuse(vm, r, "memory", "region 0x%lx+0x%lx overlaps 0x%lx+0x%lx of %s",
			      region->pa, region->size, o.range.base, o.range.size, o.whose);
	} else {
		p->placed[vm_index] |= (uint8_t)BIT(index);
	}
}

static void place_free(struct placer *p, unsigned int vm_index, unsigned int index,
		       struct report *r)
{
	struct vm_config *vm = &p->c->vms[vm_index];
	struct vm_region *region = &vm->regions[index];
	uint64_t pa = search(p, region, vm->direct_map);

	if (pa == PA_ANY) {
		config_refuse(vm, r, "memory",
			      "0x%lx bytes wanted; the largest free range is 0x%lx+0x%lx",
			      region->size, largest_hole(p).base, largest_hole(p).size);
		return;
	}
	region->pa = pa;
	if (vm->direct_map) {
		region->ipa = pa;
	}
	p->placed[vm_index] |= (uint8_t)BIT(index);
}

/* The largest region of all VMs not refused that waits for a place; false: none. */
static bool largest_waiting(const struct placer *p, unsigned int *vm_index, unsigned int *index)
{
	uint64_t largest = 0;

	for (unsigned int i = 0; i < p->c->vm_count; i++) {
		const struct vm_config *vm = &p->c->vms[i];

		for (unsigned int j = 0; j < vm->region_count && !vm->refused; j++) {
			if (!(p->placed[i] & BIT(j)) && vm->regions[j].size > largest) {
				largest = vm->regions[j].size;
				*vm_index = i;
				*index = j;
			}
		}
	}
	return largest != 0;
}

/* All direct-map regions: fixed ones, or those that are free to choose. */
static void place_direct(struct placer *p, bool fixed, struct report *r)
{
	for (unsigned int i = 0; i < p->c->vm_count; i++) {
		struct vm_config *vm = &p->c->vms[i];

		for (unsigned int j = 0; j < vm->region_count; j++) {
			bool is_fixed = vm->regions[j].pa != PA_ANY;

			if (vm->refused || !vm->direct_map || p->placed[i] & BIT(j) ||
			    is_fixed != fixed) {
				continue;
			}
			if (fixed) {
				place_fixed(p, i, j, r);
			} else {
				place_free(p, i, j, r);
			}
		}
	}
}

void config_place(struct config *c, const struct board *b, const struct mem_range *taken,
		  unsigned int taken_count, struct report *r)
{
	struct placer p = {.c = c, .b = b, .taken = taken, .taken_count = taken_count};
	unsigned int vm_index, index;

	place_direct(&p, true, r);
	place_direct(&p, false, r);
	while (largest_waiting(&p, &vm_index, &index)) {
		place_free(&p, vm_index, index, r);
	}
}
