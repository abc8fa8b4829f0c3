/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar types, and the few macros that every file uses. */
#ifndef CORE_LIB_TYPES_H
#define CORE_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SZ_4K  0x1000UL
#define SZ_64K 0x10000UL
#define SZ_1M  0x100000UL
#define SZ_2M  0x200000UL
#define SZ_1G  0x40000000UL

#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#define BIT(n)            (1UL << (n))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(x, a)  ((x) & ~((uint64_t)(a)-1))
#define ALIGN_UP(x, a)    ALIGN_DOWN((uint64_t)(x) + (a)-1, a)
#define IS_ALIGNED(x, a)  (((uint64_t)(x) & ((uint64_t)(a)-1)) == 0)
#define COLD              __attribute__((cold, noinline)) /* kept out of its caller's way */
#define NOINLINE          __attribute__((noinline))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/*
 * Addresses that must not be mixed up are one-member structs: a physical
 * address of the board, and an intermediate physical address of one guest.
 */
typedef struct {
	uint64_t pa;
} paddr_t;

typedef struct {
	uint64_t ipa;
} ipaddr_t;

/* A run of physical addresses of the board: [base, base + size). */
struct mem_range {
	uint64_t base;
	uint64_t size;
};

static inline uint64_t range_end(struct mem_range r)
{
	return r.base + r.size;
}

/* Does [base, base + size) wrap past the end of the address space? */
static inline bool range_wraps(uint64_t base, uint64_t size)
{
	return size != 0 && base + (size - 1) < base;
}

static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size != 0 && b_size != 0 && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

/* Is [base, base + size) inside [outer, outer + outer_size)? Safe against wrap. */
static inline bool range_within(uint64_t base, uint64_t size, uint64_t outer, uint64_t outer_size)
{
	return base >= outer && size <= outer_size && base - outer <= outer_size - size;
}

#endif
