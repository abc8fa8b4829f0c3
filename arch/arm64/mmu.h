/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own translation: VA = PA. Code read-execute, constants read-only, data
 * never executable, a guard page under each stack, devices by page; the device
 * tree and the bundle read-only. Guest memory is mapped only while it is copied.
 */
#ifndef ARCH_ARM64_MMU_H
#define ARCH_ARM64_MMU_H

#include "core/board.h"

extern uint8_t image_start[], text_end[], rodata_end[], bss_start[], image_end[];

/* Build the tables; runs with the MMU off, before the caches are on. Returns 0 or -1. */
int mmu_init(const struct board *b, size_t fdt_size) MUST_CHECK;
/*
 * Take a page out of the map for good: a guard. Only before the MMU is on, since a block may have
 * to be broken up that the stack and the tables themselves lie in. Returns 0 or -1.
 */
int mmu_guard(uint64_t page) MUST_CHECK;
/* Map device registers, at any time. */
int mmu_map_device(uint64_t base, uint64_t size) MUST_CHECK;

#endif
