/* SPDX-License-Identifier: Apache-2.0 */
/* Data caches by VA, to the point of coherency. */
#include <string.h>

#include "arch/arm64/sysreg.h"
#include "core/arch.h"

#define CTR_DMINLINE(ctr) (4UL << (((ctr) >> 16) & 0xf))
#define DCZID_DZP         BIT(4) /* DC ZVA prohibited */
#define DCZID_BLOCK(d)    (4UL << ((d)&0xf))

/* On eight lines from at: a VM's memory is many. */
#define EIGHT_TIMES(operation, at, line)                                                           \
	do {                                                                                       \
		uint64_t to_do = (at);                                                             \
                                                                                                   \
		__asm__ volatile(".rept 8\n\t" operation ", %0\n\tadd %0, %0, %1\n\t.endr"         \
				 : "+r"(to_do)                                                     \
				 : "r"(line)                                                       \
				 : "memory");                                                      \
	} while (0)

/* CIVAC, not CVAC: Cortex-A53 errata 819472, 824069, 826319, 827319. */
void arch_clean_poc(const void *va, uint64_t size)
{
	uint64_t line = CTR_DMINLINE(read_sysreg(ctr_el0));
	uint64_t end = (uint64_t)va + size;
	uint64_t at = ALIGN_DOWN((uint64_t)va, line);

	/* not before a device said that it wrote: DDI 0487, "Ordering ... of data cache instructions" */
	dsb(sy);
	for (; end - at >= 8 * line; at += 8 * line) {
		EIGHT_TIMES("dc civac", at, line);
	}
	for (; at < end; at += line) {
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	}
	dsb(sy);
}

static void zero_blocks(uint64_t at, uint64_t end, uint64_t block)
{
	for (; end - at >= 8 * block; at += 8 * block) {
		EIGHT_TIMES("dc zva", at, block);
	}
	for (; at < end; at += block) {
		__asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
	}
}

/* Where a block is a line, which is all that we know: one pass. at and end are whole lots. */
static void zero_and_clean(uint64_t at, uint64_t end, uint64_t line)
{
	for (; at < end; at += 8 * line) {
		EIGHT_TIMES("dc zva, %0\n\tdc civac", at, line);
	}
	dsb(sy);
}

void arch_zero(void *va, uint64_t size)
{
	uint64_t dczid = read_sysreg(dczid_el0);
	uint64_t block = DCZID_BLOCK(dczid);
	uint64_t at = (uint64_t)va;

	if ((dczid & DCZID_DZP) || !IS_ALIGNED(at | size, block)) {
		memset(va, 0, size);
	} else if (block == CTR_DMINLINE(read_sysreg(ctr_el0)) && IS_ALIGNED(size, 8 * block)) {
		zero_and_clean(at, at + size, block);
		return;
	} else {
		zero_blocks(at, at + size, block);
	}
	arch_clean_poc(va, size);
}
