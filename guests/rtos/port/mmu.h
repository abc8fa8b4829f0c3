/* The one address space: identity, write xor execute, 4 KiB pages. */
#ifndef KEEL_MMU_H
#define KEEL_MMU_H

#include <stdint.h>

enum mmu_kind {
	MMU_NONE,   /* any access faults */
	MMU_TEXT,   /* read, execute */
	MMU_CONST,  /* read */
	MMU_DATA,   /* read, write */
	MMU_DEVICE, /* read, write, device nGnRE */
};

/* Map the image and turn the MMU and the caches on. */
void mmu_init(void);

/* Map the pages that [addr, addr + size) touches to themselves. */
void mmu_map(uint64_t addr, uint64_t size, enum mmu_kind kind);

/*
 * Map the page of physical address `pa`, whatever it is, as a device and
 * return the address that reaches `pa`. The next call ends this mapping.
 */
uint64_t mmu_window(uint64_t pa);

#endif
