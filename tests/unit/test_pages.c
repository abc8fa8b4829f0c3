/* SPDX-License-Identifier: Apache-2.0 */
/* The source is included: the table is grown at boot and never reset, except by a test. */
#include "core/pages.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/unit/fake_arch.h"

#define VMS        3
#define POOL_PAGES 400
#define RAM        0x40000000UL
#define GICV       0x8040000UL

static uint8_t pool_memory[POOL_PAGES * SZ_4K] __attribute__((aligned(SZ_4K)));
static struct page_pool pool;
static struct vm vm[VMS];
static struct vm *const all[VMS] = {&vm[0], &vm[1], &vm[2]};

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	extent_count = 0;
	gicv = (struct mem_range){0};
	memset(&lock, 0, sizeof(lock));
	pool = (struct page_pool){.base = pool_memory, .page_count = POOL_PAGES};
	for (unsigned int i = 0; i < VMS; i++) {
		memset(&vm[i], 0, sizeof(vm[i]));
		vm[i].index = i;
		assert_int_equal(stage2_init(&vm[i].stage2, &pool, i + 1), 0);
	}
	return 0;
}

static int map(unsigned int who, uint64_t ipa, uint64_t pa, uint64_t size)
{
	return pages_map(&vm[who], (ipaddr_t){ipa}, (paddr_t){pa}, size, PAGE_RAM);
}

static bool is_mapped(unsigned int who, uint64_t ipa, uint64_t pa)
{
	paddr_t found;

	return stage2_lookup(&vm[who].stage2, (ipaddr_t){ipa}, &found) && found.pa == pa;
}

static void assert_unmapped(unsigned int who, uint64_t ipa)
{
	paddr_t pa;

	assert_false(stage2_lookup(&vm[who].stage2, (ipaddr_t){ipa}, &pa));
}

/* -- ownership ------------------------------------------------------------------------- */

static void test_mapped_pages_have_an_owner(void **state)
{
	const struct page_extent *e;

	(void)state;
	assert_int_equal(map(1, 0x80000000, RAM, SZ_2M), 0);
	e = pages_find((paddr_t){RAM + SZ_2M - 1});
	assert_non_null(e);
	assert_int_equal(e->owner, 1);
	assert_int_equal(e->ipa, 0x80000000);
	assert_int_equal(e->kind, PAGE_RAM);
	assert_null(pages_find((paddr_t){RAM - 1}));
	assert_null(pages_find((paddr_t){RAM + SZ_2M}));
	assert_true(is_mapped(1, 0x80000000 + SZ_4K, RAM + SZ_4K));
	assert_unmapped(0, 0x80000000);
}

static void test_page_of_another_vm_is_refused(void **state)
{
	(void)state;
	assert_int_equal(map(0, RAM, RAM, SZ_2M), 0);
	assert_int_equal(map(1, RAM, RAM, SZ_2M), -1);
	assert_int_equal(map(1, RAM, RAM + SZ_2M - SZ_4K, SZ_4K), -1);
	assert_int_equal(map(1, RAM, RAM - SZ_4K, SZ_2M + 2 * SZ_4K), -1);
	assert_int_equal(map(1, RAM, RAM - SZ_4K, 2 * SZ_4K), -1);
	assert_unmapped(1, RAM);
	assert_int_equal(map(1, RAM, RAM + SZ_2M, SZ_4K), 0);
	assert_int_equal(map(1, RAM - SZ_4K, RAM - SZ_4K, SZ_4K), 0);
}

static void test_page_is_given_once_even_to_its_owner(void **state)
{
	(void)state;
	assert_int_equal(map(0, RAM, RAM, SZ_4K), 0);
	assert_int_equal(map(0, RAM + SZ_1G, RAM, SZ_4K), -1);
	assert_unmapped(0, RAM + SZ_1G);
}

static void test_hypervisor_pages_are_never_mapped(void **state)
{
	(void)state;
	assert_int_equal(pages_claim((paddr_t){RAM + SZ_2M}, SZ_2M), 0);
	assert_int_equal(map(0, RAM, RAM, SZ_1G), -1);
	assert_int_equal(map(0, 0, RAM + SZ_2M, SZ_4K), -1);
	assert_int_equal(map(0, 0, RAM + 2 * SZ_2M - SZ_4K, SZ_4K), -1);
	assert_unmapped(0, 0);
	assert_unmapped(0, RAM);
}

static void test_hypervisor_cannot_take_a_vms_page(void **state)
{
	(void)state;
	assert_int_equal(map(0, RAM, RAM, SZ_2M), 0);
	assert_int_equal(pages_claim((paddr_t){RAM + SZ_4K}, SZ_4K), -1);
	assert_int_equal(pages_claim((paddr_t){RAM - SZ_4K}, SZ_1G), -1);
}

static void test_bad_ranges_are_refused(void **state)
{
	static const struct mem_range bad[] = {
		{RAM, 0},
		{RAM + 1, SZ_4K},
		{RAM, SZ_4K - 1},
		{UINT64_MAX - SZ_4K + 1, 2 * SZ_4K},
		{SZ_4K, UINT64_MAX - SZ_4K + 1 + SZ_4K - 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(pages_claim((paddr_t){bad[i].base}, bad[i].size), -1);
		assert_int_equal(map(0, 0, bad[i].base, bad[i].size), -1);
	}
	assert_null(pages_at(0));
}

static void test_refused_mapping_claims_nothing(void **state)
{
	(void)state;
	/* the IPA is beyond the table's 39 bits */
	assert_int_equal(map(0, 1UL << PGTABLE_BITS, RAM, SZ_4K), -1);
	assert_null(pages_find((paddr_t){RAM}));
	pool.page_count = pool.used;
	assert_int_equal(map(0, 0, RAM, SZ_4K), -1);
	assert_null(pages_find((paddr_t){RAM}));
	assert_null(pages_at(0));
	pool.page_count = POOL_PAGES;
	assert_int_equal(map(1, 0, RAM, SZ_4K), 0);
}

static void test_full_table_refuses(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < PAGES_EXTENTS_MAX; i++) {
		assert_int_equal(pages_claim((paddr_t){RAM + 2 * i * SZ_4K}, SZ_4K), 0);
	}
	assert_int_equal(map(0, 0, RAM + SZ_4K, SZ_4K), -1);
	assert_unmapped(0, 0);
	assert_null(pages_at(PAGES_EXTENTS_MAX));
}

static void test_table_is_in_order(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(pages_claim((paddr_t){RAM + (i * 7 % 50) * SZ_4K}, SZ_4K), 0);
	}
	for (unsigned int i = 0; i < 50; i++) {
		assert_int_equal(pages_at(i)->pa, RAM + i * SZ_4K);
	}
	assert_null(pages_at(50));
}

/* -- what a page may be used for ---------------------------------------------------------- */

static uint64_t descriptor(uint64_t ipa)
{
	paddr_t pa;

	return pgtable_lookup(&vm[0].stage2, ipa, &pa, NULL);
}

static void test_ram_is_normal_and_writable(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0, RAM, SZ_4K), 0);
	assert_int_equal(descriptor(0) & (0xfUL << 2), S2_NORMAL_WB);
	assert_int_equal(descriptor(0) & (3UL << 8), S2_INNER_SHARE);
	assert_true((descriptor(0) & S2_READ) && (descriptor(0) & S2_WRITE));
	assert_false(descriptor(0) & S2_XN);
	assert_true(descriptor(0) & PTE_AF);
}

static void test_rom_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(pages_map(&vm[0], (ipaddr_t){0}, (paddr_t){RAM}, SZ_4K, PAGE_ROM), 0);
	assert_true(descriptor(0) & S2_READ);
	assert_false(descriptor(0) & S2_WRITE);
}

static void test_device_is_not_executed(void **state)
{
	(void)state;
	assert_int_equal(pages_map(&vm[0], (ipaddr_t){0}, (paddr_t){RAM}, SZ_4K, PAGE_DEVICE), 0);
	assert_int_equal(descriptor(0) & (0xfUL << 2), S2_DEVICE_nGnRE);
	assert_true(descriptor(0) & S2_XN);
}

static void test_vmid_is_in_vttbr(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VMS; i++) {
		assert_int_equal(vm[i].stage2.vttbr >> 48, i + 1);
		assert_int_equal(vm[i].stage2.vttbr & PTE_ADDRESS, arch_pa(vm[i].stage2.root).pa);
	}
}

static void test_replaced_mapping_is_invalidated_by_vmid(void **state)
{
	(void)state;
	assert_int_equal(map(1, SZ_2M, RAM, SZ_4K), 0);
	assert_int_equal(fake.invalidations, 0);
	assert_int_equal(map(1, SZ_2M, RAM + SZ_4K, SZ_4K), 0);
	assert_int_equal(fake.invalidations, 1);
	assert_int_equal(fake.invalidated_vttbr, vm[1].stage2.vttbr);
	assert_int_equal(fake.invalidated_ipa, SZ_2M);
	assert_int_equal(fake.invalidated_size, SZ_4K);
}

/* -- pages_check() --------------------------------------------------------------------------- */

static void fill(void)
{
	assert_int_equal(pages_claim((paddr_t){RAM}, SZ_2M), 0);
	for (unsigned int i = 0; i < VMS; i++) {
		assert_int_equal(map(i, RAM, RAM + (i + 1) * SZ_2M, SZ_2M), 0);
		assert_int_equal(pages_map(&vm[i], (ipaddr_t){0x9000000 + i * SZ_4K},
					   (paddr_t){0x9000000 + i * SZ_4K}, SZ_4K, PAGE_DEVICE),
				 0);
		assert_int_equal(
			pages_map_gicv(&vm[i], (ipaddr_t){0x8010000}, (paddr_t){GICV}, SZ_4K), 0);
	}
	assert_true(pages_check(all, VMS));
}

/* Behind the back of core/pages.c. */
static void plant(unsigned int who, uint64_t ipa, uint64_t pa, enum page_kind kind)
{
	assert_int_equal(stage2_map(&vm[who].stage2, (ipaddr_t){ipa}, (paddr_t){pa}, SZ_4K, kind),
			 0);
}

static void test_check_finds_a_page_of_another_vm(void **state)
{
	(void)state;
	fill();
	plant(0, 0x70000000, RAM + 2 * SZ_2M, PAGE_RAM);
	assert_false(pages_check(all, VMS));
	assert_int_equal(setup(state), 0);
	fill();
	plant(0, 0x9001000, 0x9001000, PAGE_DEVICE); /* at its owner's own IPA */
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_a_hypervisor_page(void **state)
{
	(void)state;
	fill();
	plant(2, 0x70000000, RAM + SZ_4K, PAGE_ROM);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_a_page_of_nobody(void **state)
{
	(void)state;
	fill();
	plant(2, 0x70000000, RAM + 100 * SZ_2M, PAGE_RAM);
	assert_false(pages_check(all, VMS));
	assert_int_equal(setup(state), 0);
	fill();
	plant(2, 0x70000000, RAM + 100 * SZ_2M, PAGE_DEVICE);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_a_second_alias(void **state)
{
	(void)state;
	fill();
	plant(0, 0x70000000, RAM + SZ_2M, PAGE_RAM);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_a_wrong_page(void **state)
{
	(void)state;
	fill();
	plant(0, RAM + 5 * SZ_4K, RAM + SZ_2M + 6 * SZ_4K, PAGE_RAM);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_wrong_rights(void **state)
{
	(void)state;
	assert_int_equal(pages_map(&vm[0], (ipaddr_t){0}, (paddr_t){RAM}, SZ_2M, PAGE_ROM), 0);
	assert_true(pages_check(all, VMS));
	plant(0, SZ_4K, RAM + SZ_4K, PAGE_RAM);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_a_hole(void **state)
{
	(void)state;
	fill();
	assert_int_equal(pgtable_unmap(&vm[1].stage2, RAM + SZ_2M - SZ_4K, SZ_4K), 0);
	assert_false(pages_check(all, VMS));
}

static void test_check_finds_overlapping_extents(void **state)
{
	(void)state;
	fill();
	extents[1].size += SZ_4K;
	assert_false(pages_check(all, VMS));
}

/* -- against a model: the owner of each page ---------------------------------------------------- */

#define WINDOW_PAGES 2048U
#define NOBODY       0xfe

static uint8_t owner[WINDOW_PAGES];
static uint64_t page_ipa[WINDOW_PAGES];
static uint64_t seed;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 16) % n;
}

static void compare(void)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
		const struct page_extent *e = pages_find((paddr_t){RAM + i * SZ_4K});

		assert_int_equal(e ? e->owner : NOBODY, owner[i]);
		for (unsigned int who = 0; who < VMS; who++) {
			bool mapped = is_mapped(who, page_ipa[i], RAM + i * SZ_4K);

			assert_int_equal(mapped, owner[i] == who);
		}
	}
}

static void test_random_claims_agree_with_a_model(void **state)
{
	unsigned int taken = 0;

	for (unsigned int round = 0; round < 20; round++) {
		(void)setup(state);
		seed = 0x2545f4914f6cdd1d + round;
		memset(owner, NOBODY, sizeof(owner));
		memset(page_ipa, 0, sizeof(page_ipa));
		for (unsigned int step = 0; step < 100; step++) {
			uint64_t first = random_below(WINDOW_PAGES);
			uint64_t wish = 1 + random_below(64);
			uint64_t count = MIN(wish, WINDOW_PAGES - first);
			unsigned int who = (unsigned int)random_below(VMS + 1);
			/* each step has IPAs of its own */
			uint64_t ipa = (64 + step) * SZ_2M + first % 512 * SZ_4K;
			bool is_free = true;
			int ret;

			for (uint64_t i = 0; i < count; i++) {
				is_free &= owner[first + i] == NOBODY;
			}
			ret = who == VMS
				      ? pages_claim((paddr_t){RAM + first * SZ_4K}, count * SZ_4K)
				      : map(who, ipa, RAM + first * SZ_4K, count * SZ_4K);
			assert_int_equal(ret, is_free ? 0 : -1);
			for (uint64_t i = 0; i < count && is_free; i++) {
				owner[first + i] = who == VMS ? OWNER_HYPERVISOR : (uint8_t)who;
				page_ipa[first + i] = who == VMS ? 0 : ipa + i * SZ_4K;
			}
			taken += is_free;
		}
		compare();
		assert_true(pages_check(all, VMS));
	}
	assert_true(taken > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mapped_pages_have_an_owner, setup),
		cmocka_unit_test_setup(test_page_of_another_vm_is_refused, setup),
		cmocka_unit_test_setup(test_page_is_given_once_even_to_its_owner, setup),
		cmocka_unit_test_setup(test_hypervisor_pages_are_never_mapped, setup),
		cmocka_unit_test_setup(test_hypervisor_cannot_take_a_vms_page, setup),
		cmocka_unit_test_setup(test_bad_ranges_are_refused, setup),
		cmocka_unit_test_setup(test_refused_mapping_claims_nothing, setup),
		cmocka_unit_test_setup(test_full_table_refuses, setup),
		cmocka_unit_test_setup(test_table_is_in_order, setup),
		cmocka_unit_test_setup(test_ram_is_normal_and_writable, setup),
		cmocka_unit_test_setup(test_rom_cannot_be_written, setup),
		cmocka_unit_test_setup(test_device_is_not_executed, setup),
		cmocka_unit_test_setup(test_vmid_is_in_vttbr, setup),
		cmocka_unit_test_setup(test_replaced_mapping_is_invalidated_by_vmid, setup),
		cmocka_unit_test_setup(test_check_finds_a_page_of_another_vm, setup),
		cmocka_unit_test_setup(test_check_finds_a_hypervisor_page, setup),
		cmocka_unit_test_setup(test_check_finds_a_page_of_nobody, setup),
		cmocka_unit_test_setup(test_check_finds_a_second_alias, setup),
		cmocka_unit_test_setup(test_check_finds_a_wrong_page, setup),
		cmocka_unit_test_setup(test_check_finds_wrong_rights, setup),
		cmocka_unit_test_setup(test_check_finds_a_hole, setup),
		cmocka_unit_test_setup(test_check_finds_overlapping_extents, setup),
		cmocka_unit_test_setup(test_random_claims_agree_with_a_model, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
