/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_arch.h"

#include "core/pgtable.h"

#define POOL_PAGES 64
#define ATTRIBUTES (PTE_AF | (0xfUL << 2) | (3UL << 6))
/* Random test: pages of a window that straddles two 1 GiB blocks. */
#define WINDOW       (SZ_1G - 8 * SZ_2M)
#define WINDOW_PAGES 8192U

static uint8_t pool_memory[POOL_PAGES * SZ_4K] __attribute__((aligned(SZ_4K)));
static struct page_pool pool;
static struct pgtable table;
static unsigned int invalidations;
static uint64_t invalidated;
static uint64_t invalidated_size;

/* Break-before-make: nothing may be translated there now, and the walker has been told. */
static void invalidate(struct pgtable *t, uint64_t address, uint64_t size)
{
	paddr_t pa;

	assert_ptr_equal(t, &table);
	assert_true(fake.table_syncs > 0);
	assert_int_equal(pgtable_lookup(t, address, &pa, NULL), 0);
	assert_int_equal(pgtable_lookup(t, address + size - SZ_4K, &pa, NULL), 0);
	invalidations++;
	invalidated = address;
	invalidated_size = size;
	fake.table_syncs = 0;
}

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(pool_memory, 0xa5, sizeof(pool_memory));
	pool = (struct page_pool){.base = pool_memory, .page_count = POOL_PAGES};
	invalidations = 0;
	return pgtable_init(&table, &pool, invalidate);
}

static int map(uint64_t address, uint64_t pa, uint64_t size)
{
	return pgtable_map(&table, address, (paddr_t){pa}, size, ATTRIBUTES);
}

static void assert_mapped(uint64_t address, uint64_t pa, uint64_t block)
{
	uint64_t block_size = 0;
	paddr_t found = {0};
	uint64_t pte = pgtable_lookup(&table, address, &found, &block_size);

	assert_int_not_equal(pte & PTE_VALID, 0);
	assert_int_equal(found.pa, pa);
	assert_int_equal(block_size, block);
	assert_int_equal(pte & ATTRIBUTES, ATTRIBUTES);
	/* a page has the table bit, a block must not */
	assert_int_equal(!!(pte & PTE_TABLE), block == SZ_4K);
}

static void assert_unmapped(uint64_t address)
{
	paddr_t pa;

	assert_int_equal(pgtable_lookup(&table, address, &pa, NULL), 0);
}

/* -- blocks ---------------------------------------------------------------------------- */

static void test_new_table_maps_nothing(void **state)
{
	(void)state;
	assert_unmapped(0);
	assert_unmapped(SZ_1G);
	assert_unmapped((1UL << PGTABLE_BITS) - SZ_4K);
	assert_unmapped(1UL << PGTABLE_BITS);
	assert_unmapped(UINT64_MAX);
}

static void test_gigabyte_is_one_block(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_1G, 4 * SZ_1G, SZ_1G), 0);
	assert_mapped(SZ_1G, 4 * SZ_1G, SZ_1G);
	assert_mapped(2 * SZ_1G - 1, 5 * SZ_1G - 1, SZ_1G);
	assert_unmapped(2 * SZ_1G);
	assert_unmapped(SZ_1G - 1);
	assert_int_equal(pool.used, 1);
}

static void test_two_megabytes_are_one_block(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_2M, 6 * SZ_2M, SZ_2M), 0);
	assert_mapped(SZ_2M + 5, 6 * SZ_2M + 5, SZ_2M);
	assert_unmapped(2 * SZ_2M);
	assert_int_equal(pool.used, 2);
}

static void test_page_is_a_page(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_4K, 7 * SZ_4K, SZ_4K), 0);
	assert_mapped(SZ_4K + 0xfff, 7 * SZ_4K + 0xfff, SZ_4K);
	assert_unmapped(0);
	assert_unmapped(2 * SZ_4K);
	assert_int_equal(pool.used, 3);
}

static void test_ragged_range_uses_each_size(void **state)
{
	uint64_t base = SZ_1G - SZ_2M - SZ_4K;

	(void)state;
	assert_int_equal(map(base, base, SZ_4K + SZ_2M + SZ_1G + SZ_2M + SZ_4K), 0);
	assert_mapped(base, base, SZ_4K);
	assert_mapped(SZ_1G - SZ_2M, SZ_1G - SZ_2M, SZ_2M);
	assert_mapped(SZ_1G, SZ_1G, SZ_1G);
	assert_mapped(2 * SZ_1G, 2 * SZ_1G, SZ_2M);
	assert_mapped(2 * SZ_1G + SZ_2M, 2 * SZ_1G + SZ_2M, SZ_4K);
	assert_unmapped(base - SZ_4K);
	assert_unmapped(2 * SZ_1G + SZ_2M + SZ_4K);
}

static void test_shifted_addresses_use_what_both_allow(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_1G, SZ_2M, SZ_1G), 0);
	assert_mapped(SZ_1G, SZ_2M, SZ_2M);
	assert_int_equal(map(4 * SZ_1G, SZ_4K, 2 * SZ_2M), 0);
	assert_mapped(4 * SZ_1G + SZ_2M, SZ_2M + SZ_4K, SZ_4K);
}

static void test_last_page_of_the_space(void **state)
{
	uint64_t last = (1UL << PGTABLE_BITS) - SZ_4K;

	(void)state;
	assert_int_equal(map(last, 0, SZ_4K), 0);
	assert_mapped(last, 0, SZ_4K);
	assert_unmapped(last + (1UL << PGTABLE_BITS)); /* not an alias */
	assert_unmapped(last | 1UL << 47);
}

/* -- changes ------------------------------------------------------------------------------- */

static void test_first_mapping_needs_no_invalidation(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, SZ_2M), 0);
	assert_int_equal(invalidations, 0);
	assert_true(fake.table_syncs > 0);
}

static void test_replacing_breaks_before_it_makes(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_2M, 0, SZ_2M), 0);
	assert_int_equal(map(SZ_2M, SZ_1G, SZ_2M), 0);
	assert_int_equal(invalidations, 1);
	assert_int_equal(invalidated, SZ_2M);
	assert_int_equal(invalidated_size, SZ_2M);
	assert_true(fake.table_syncs > 0); /* the new one is made visible as well */
	assert_mapped(SZ_2M, SZ_1G, SZ_2M);
}

static void test_split_invalidates_the_whole_block(void **state)
{
	(void)state;
	assert_int_equal(map(SZ_1G, SZ_1G, SZ_1G), 0);
	assert_int_equal(pgtable_unmap(&table, SZ_1G + 3 * SZ_2M, SZ_2M), 0);
	assert_int_equal(invalidations, 2); /* the block, then the part */
	assert_unmapped(SZ_1G + 3 * SZ_2M);
	assert_mapped(SZ_1G + 3 * SZ_2M - 1, SZ_1G + 3 * SZ_2M - 1, SZ_2M);
	assert_mapped(SZ_1G + 4 * SZ_2M, SZ_1G + 4 * SZ_2M, SZ_2M);
	assert_mapped(2 * SZ_1G - 1, 2 * SZ_1G - 1, SZ_2M);
}

static void test_split_to_pages_keeps_the_rest(void **state)
{
	uint64_t hole = SZ_1G + SZ_2M + 9 * SZ_4K;

	(void)state;
	assert_int_equal(map(SZ_1G, 5 * SZ_1G, SZ_1G), 0);
	assert_int_equal(pgtable_unmap(&table, hole, SZ_4K), 0);
	assert_unmapped(hole);
	assert_mapped(hole - SZ_4K, hole + 4 * SZ_1G - SZ_4K, SZ_4K);
	assert_mapped(hole + SZ_4K, hole + 4 * SZ_1G + SZ_4K, SZ_4K);
	assert_mapped(SZ_1G, 5 * SZ_1G, SZ_2M);
}

static void test_page_over_a_block_splits_it(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, SZ_2M), 0);
	assert_int_equal(map(SZ_4K, SZ_1G, SZ_4K), 0);
	assert_mapped(0, 0, SZ_4K);
	assert_mapped(SZ_4K, SZ_1G, SZ_4K);
	assert_mapped(2 * SZ_4K, 2 * SZ_4K, SZ_4K);
}

static void test_unmap_crosses_blocks_and_holes(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, SZ_2M), 0);
	assert_int_equal(map(2 * SZ_2M, 2 * SZ_2M, SZ_2M), 0);
	assert_int_equal(pgtable_unmap(&table, SZ_4K, 2 * SZ_2M), 0);
	assert_mapped(0, 0, SZ_4K);
	assert_unmapped(SZ_4K);
	assert_unmapped(2 * SZ_2M);
	assert_mapped(2 * SZ_2M + SZ_4K, 2 * SZ_2M + SZ_4K, SZ_4K);
}

static void test_unmap_of_nothing_is_fine(void **state)
{
	(void)state;
	assert_int_equal(pgtable_unmap(&table, 0, 1UL << PGTABLE_BITS), 0);
	assert_int_equal(invalidations, 0);
	assert_int_equal(pool.used, 1);
}

/* -- hostile ranges --------------------------------------------------------------------------- */

static void test_bad_ranges_are_refused(void **state)
{
	static const struct {
		uint64_t address, pa, size;
	} bad[] = {
		{0, 0, 0},
		{1, 0, SZ_4K},
		{0, 1, SZ_4K},
		{0, 0, SZ_4K - 1},
		{SZ_4K / 2, SZ_4K / 2, SZ_4K},
		{1UL << PGTABLE_BITS, 0, SZ_4K},
		{(1UL << PGTABLE_BITS) - SZ_4K, 0, 2 * SZ_4K},
		{0, 0, (1UL << PGTABLE_BITS) + SZ_4K},
		{UINT64_MAX - SZ_4K + 1, 0, SZ_4K},
		{SZ_4K, 0, UINT64_MAX - SZ_4K + 1},
		{UINT64_MAX - SZ_4K + 1, 0, 2 * SZ_4K},
		{1UL << 63, 0, SZ_4K},
		/* no physical address has more than 48 bits: the others are attributes */
		{0, 1UL << 48, SZ_4K},
		{0, BIT(54), SZ_4K},
		{0, (1UL << 48) - SZ_4K, 2 * SZ_4K},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(map(bad[i].address, bad[i].pa, bad[i].size), -1);
		if (bad[i].pa == 0) {
			assert_int_equal(pgtable_unmap(&table, bad[i].address, bad[i].size), -1);
		}
	}
	assert_int_equal(pool.used, 1);
	assert_unmapped(0);
}

/* -- pools that run out ------------------------------------------------------------------------- */

static void test_no_root_no_table(void **state)
{
	struct page_pool none = {.base = pool_memory, .page_count = 0};
	struct pgtable t;

	(void)state;
	assert_int_equal(pgtable_init(&t, &none, invalidate), -1);
}

static void test_exhaustion_changes_nothing(void **state)
{
	static uint8_t before[sizeof(pool_memory)];
	unsigned int refused = 0;

	(void)state;
	for (uint64_t i = 0; i < 64; i++) {
		unsigned int used = pool.used;

		memcpy(before, pool_memory, sizeof(before));
		/* each needs two tables */
		if (map(i * SZ_1G + SZ_4K, 0, SZ_4K) != 0) {
			assert_memory_equal(before, pool_memory, sizeof(before));
			assert_int_equal(pool.used, used);
			refused++;
		} else {
			assert_int_equal(refused, 0);
		}
		assert_true(pool.used <= pool.page_count);
	}
	assert_true(refused > 0);
	assert_true(64 - refused >= POOL_PAGES / 2 - 4); /* and not long before it is empty */
}

/* Every range that is not refused fits, whatever its alignment. */
static void test_accepted_range_never_runs_dry(void **state)
{
	static const uint64_t sizes[] = {SZ_4K,     SZ_2M, SZ_2M + SZ_4K,
					 3 * SZ_2M, SZ_1G, SZ_1G + SZ_2M + SZ_4K};
	static const uint64_t starts[] = {
		0, SZ_4K, SZ_1G - SZ_4K, SZ_1G - SZ_2M - SZ_4K, SZ_1G / 2 + SZ_4K, SZ_1G - SZ_2M};

	for (unsigned int pages = 1; pages < 16; pages++) {
		for (size_t i = 0; i < 2 * ARRAY_SIZE(starts) * ARRAY_SIZE(sizes); i++) {
			uint64_t at = starts[i / 2 / ARRAY_SIZE(sizes)];
			/* half of them so that no block fits */
			uint64_t pa = at + (i & 1) * SZ_4K;
			uint64_t size = sizes[i / 2 % ARRAY_SIZE(sizes)];

			assert_int_equal(setup(state), 0);
			pool.page_count = pages;
			if (map(at, pa, size) != 0) {
				assert_int_equal(pool.used, 1);
				assert_unmapped(at);
				continue;
			}
			assert_true(pool.used <= pages);
			for (uint64_t a = at; a < at + size; a += SZ_2M / 2) {
				paddr_t found;

				assert_int_not_equal(pgtable_lookup(&table, a, &found, NULL), 0);
			}
		}
	}
}

/* What is loaded again and again, at either end not of 2 MiB, and a window of two pages. */
static void test_tables_that_are_there_need_no_pool(void **state)
{
	const uint64_t start = SZ_1G - 3 * SZ_2M - SZ_4K, size = SZ_1G + 5 * SZ_2M,
		       window = 4 * SZ_1G;
	unsigned int used;

	(void)state;
	assert_int_equal(map(start, start, size), 0);
	assert_int_equal(map(window, window, 2 * SZ_4K), 0);
	used = pool.used;
	pool.page_count = used; /* none is left */
	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(pgtable_unmap(&table, start, size), 0);
		assert_int_equal(map(start, start, size), 0);
		assert_mapped(SZ_1G, SZ_1G, SZ_1G);
		assert_int_equal(pgtable_unmap(&table, window, 2 * SZ_4K), 0);
		assert_int_equal(map(window, i * SZ_2M, 2 * SZ_4K), 0);
		assert_mapped(window + SZ_4K, i * SZ_2M + SZ_4K, SZ_4K);
	}
	assert_int_equal(pool.used, used);
	assert_int_equal(map(start - SZ_2M, start - SZ_2M, SZ_4K), -1);
}

static void test_split_without_a_page_keeps_the_block(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, SZ_1G), 0);
	pool.page_count = pool.used;
	assert_int_equal(pgtable_unmap(&table, SZ_2M, SZ_2M), -1);
	assert_mapped(SZ_2M, SZ_2M, SZ_1G);
	assert_int_equal(invalidations, 0);
}

/* -- against a model: one word for each page ------------------------------------------------------ */

static uint64_t model[WINDOW_PAGES]; /* the PA, or 1 for none */
static uint64_t seed;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % n;
}

/* A run of pages in the window, often a whole number of 2 MiB. */
static void random_range(uint64_t *first, uint64_t *count)
{
	uint64_t unit = random_below(2) ? 512 : 1;

	*first = random_below(WINDOW_PAGES / unit) * unit;
	*count = (1 + random_below(3 * 512 / unit)) * unit;
	*count = MIN(*count, WINDOW_PAGES - *first);
}

static void compare(void)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
		paddr_t pa = {1};
		uint64_t pte = pgtable_lookup(&table, WINDOW + i * SZ_4K, &pa, NULL);

		if (model[i] == 1) {
			assert_int_equal(pte, 0);
		} else if (pte == 0 || pa.pa != model[i]) {
			fail_msg("page %lu: 0x%lx, not 0x%lx", i, pa.pa, model[i]);
		}
	}
	assert_unmapped(WINDOW - SZ_4K);
	assert_unmapped(WINDOW + WINDOW_PAGES * SZ_4K);
}

static void test_random_changes_agree_with_a_model(void **state)
{
	(void)state;
	seed = 0x9e3779b97f4a7c15;
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		model[i] = 1;
	}
	for (unsigned int step = 0; step < 600; step++) {
		uint64_t first;
		uint64_t count;
		uint64_t pa = random_below(64) * (random_below(2) ? SZ_2M : SZ_4K);
		bool unmap = random_below(3) == 0;

		random_range(&first, &count);
		if (unmap) {
			assert_int_equal(
				pgtable_unmap(&table, WINDOW + first * SZ_4K, count * SZ_4K), 0);
		} else {
			assert_int_equal(map(WINDOW + first * SZ_4K, pa, count * SZ_4K), 0);
		}
		for (uint64_t i = 0; i < count; i++) {
			model[first + i] = unmap ? 1 : pa + i * SZ_4K;
		}
		compare();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_new_table_maps_nothing, setup),
		cmocka_unit_test_setup(test_gigabyte_is_one_block, setup),
		cmocka_unit_test_setup(test_two_megabytes_are_one_block, setup),
		cmocka_unit_test_setup(test_page_is_a_page, setup),
		cmocka_unit_test_setup(test_ragged_range_uses_each_size, setup),
		cmocka_unit_test_setup(test_shifted_addresses_use_what_both_allow, setup),
		cmocka_unit_test_setup(test_last_page_of_the_space, setup),
		cmocka_unit_test_setup(test_first_mapping_needs_no_invalidation, setup),
		cmocka_unit_test_setup(test_replacing_breaks_before_it_makes, setup),
		cmocka_unit_test_setup(test_split_invalidates_the_whole_block, setup),
		cmocka_unit_test_setup(test_split_to_pages_keeps_the_rest, setup),
		cmocka_unit_test_setup(test_page_over_a_block_splits_it, setup),
		cmocka_unit_test_setup(test_unmap_crosses_blocks_and_holes, setup),
		cmocka_unit_test_setup(test_unmap_of_nothing_is_fine, setup),
		cmocka_unit_test_setup(test_bad_ranges_are_refused, setup),
		cmocka_unit_test_setup(test_no_root_no_table, setup),
		cmocka_unit_test_setup(test_exhaustion_changes_nothing, setup),
		cmocka_unit_test_setup(test_accepted_range_never_runs_dry, setup),
		cmocka_unit_test_setup(test_tables_that_are_there_need_no_pool, setup),
		cmocka_unit_test_setup(test_split_without_a_page_keeps_the_block, setup),
		cmocka_unit_test_setup(test_random_changes_agree_with_a_model, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
