/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stage2.h"

#include "core/arch.h"
#include "core/config.h"
#include "core/panic.h"

/* VTTBR_EL2.VMID; 8 bits are there on every core. */
#define VTTBR_VMID_SHIFT 48

static const uint64_t attributes[] = {
	[PAGE_RAM] = PTE_AF | S2_NORMAL_WB | S2_INNER_SHARE | S2_READ | S2_WRITE,
	[PAGE_ROM] = PTE_AF | S2_NORMAL_WB | S2_INNER_SHARE | S2_READ,
	[PAGE_DEVICE] = PTE_AF | S2_DEVICE_nGnRE | S2_READ | S2_WRITE | S2_XN,
};

static void invalidate(struct pgtable *s2, uint64_t ipa, uint64_t size)
{
	arch_stage2_invalidate(s2->vttbr, (ipaddr_t){ipa}, size);
}

_Static_assert(VM_IPA_LIMIT >> PGTABLE_BITS == 1, "all IPAs of a VM can be mapped");

int stage2_init(struct pgtable *s2, struct page_pool *pool, unsigned int vmid)
{
	ASSERT(vmid > 0 && vmid < 256);
	if (pgtable_init(s2, pool, invalidate) != 0) {
		return -1;
	}
	s2->vttbr = arch_pa(s2->root).pa | (uint64_t)vmid << VTTBR_VMID_SHIFT;
	return 0;
}

int stage2_map(struct pgtable *s2, ipaddr_t ipa, paddr_t pa, uint64_t size, enum page_kind kind)
{
	ASSERT(kind != PAGE_HYPERVISOR);
	return pgtable_map(s2, ipa.ipa, pa, size, attributes[kind]);
}

bool stage2_is_kind(uint64_t descriptor, enum page_kind kind)
{
	return kind != PAGE_HYPERVISOR &&
	       (descriptor & ~(PTE_ADDRESS | PTE_VALID | PTE_TABLE)) == attributes[kind];
}

bool stage2_lookup(const struct pgtable *s2, ipaddr_t ipa, paddr_t *pa)
{
	return pgtable_lookup(s2, ipa.ipa, pa, NULL) != 0;
}
