/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 translation of a VM: attributes over core/pgtable. Changed by core/pages.c alone. */
#ifndef CORE_STAGE2_H
#define CORE_STAGE2_H

#include "core/pages.h"
#include "core/pgtable.h"

/* Descriptor bits of a stage-2 block (DDI 0487, D8.3.1.2). */
#define S2_NORMAL_WB    (0xfUL << 2)
#define S2_DEVICE_nGnRE (0x1UL << 2)
#define S2_READ         BIT(6)
#define S2_WRITE        BIT(7)
#define S2_INNER_SHARE  (3UL << 8)
#define S2_XN           BIT(54)

int stage2_init(struct pgtable *s2, struct page_pool *pool, unsigned int vmid) MUST_CHECK;
int stage2_map(struct pgtable *s2, ipaddr_t ipa, paddr_t pa, uint64_t size,
	       enum page_kind kind) MUST_CHECK;
/* Does a descriptor give the rights of this kind, and no others? */
bool stage2_is_kind(uint64_t descriptor, enum page_kind kind);
bool stage2_lookup(const struct pgtable *s2, ipaddr_t ipa, paddr_t *pa);

#endif
