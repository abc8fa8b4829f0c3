/* SPDX-License-Identifier: Apache-2.0 */
/* Where the memory of VMs lies: boards and configurations as plain data. */
#include "tests/unit/desk.h"

#define RAM 0x40000000UL

static const struct mem_range taken[] = {{RAM + SZ_2M, 16 * SZ_1M}};

static int setup(void **state)
{
	(void)state;
	findings_clear();
	memset(&config, 0, sizeof(config));
	memset(&board, 0, sizeof(board));
	board.banks[0] = (struct mem_range){RAM, SZ_1G};
	board.bank_count = 1;
	return 0;
}

/* A VM of one region; direct with ipa IPA_ANY: the placer chooses. */
static struct vm_config *add_vm(const char *name, uint64_t ipa, uint64_t size, bool direct)
{
	struct vm_config *vm = &config.vms[config.vm_count++];

	strcpy(vm->name, name);
	vm->direct_map = direct;
	vm->region_count = 1;
	vm->regions[0] =
		(struct vm_region){ipa, size, direct && ipa != IPA_ANY ? ipa : PA_ANY, false, ""};
	return vm;
}

static void place(void)
{
	config_place(&config, &board, taken, ARRAY_SIZE(taken), &findings.report);
}

static void assert_refused(unsigned int index, const char *line)
{
	place();
	assert_one_finding(line);
	assert_true(config.vms[index].refused);
}

/* -- What is promised of every placement --------------------------------------------------------- */

static void assert_nothing_overlaps(void)
{
	for (unsigned int i = 0; i < config.vm_count * VM_REGIONS_MAX; i++) {
		const struct vm_config *vm = &config.vms[i / VM_REGIONS_MAX];
		const struct vm_region *a = &vm->regions[i % VM_REGIONS_MAX];

		if (vm->refused || i % VM_REGIONS_MAX >= vm->region_count) {
			continue;
		}
		assert_true(board_is_ram(&board, a->pa, a->size));
		assert_true(IS_ALIGNED(a->pa, SZ_4K));
		assert_true(!vm->direct_map || a->pa == a->ipa);
		assert_false(ranges_overlap(a->pa, a->size, taken[0].base, taken[0].size));
		for (unsigned int j = 0; j < board.reserved_count; j++) {
			assert_false(ranges_overlap(a->pa, a->size, board.reserved[j].base,
						    board.reserved[j].size));
		}
		for (unsigned int j = 0; j < i; j++) {
			const struct vm_config *other = &config.vms[j / VM_REGIONS_MAX];
			const struct vm_region *b = &other->regions[j % VM_REGIONS_MAX];

			if (!other->refused && j % VM_REGIONS_MAX < other->region_count) {
				assert_false(ranges_overlap(a->pa, a->size, b->pa, b->size));
			}
		}
	}
}

static void test_random_boards_and_vms(void **state)
{
	uint64_t random = 20;
	unsigned int placed = 0;

	for (unsigned int round = 0; round < 3000; round++) {
		setup(state);
		board.banks[0].size = ALIGN_DOWN(desk_random(&random) % SZ_1G, SZ_4K) + 32 * SZ_1M;
		board.banks[1] =
			(struct mem_range){0x100000000, SZ_4K << desk_random(&random) % 18};
		board.bank_count = 1 + desk_random(&random) % 2;
		for (; board.reserved_count < desk_random(&random) % 8; board.reserved_count++) {
			board.reserved[board.reserved_count] = (struct mem_range){
				RAM + ALIGN_DOWN(desk_random(&random) % SZ_1G, SZ_4K),
				SZ_4K << desk_random(&random) % 12};
		}
		for (unsigned int i = 0; i <= desk_random(&random) % 8; i++) {
			uint64_t ipa = RAM + ALIGN_DOWN(desk_random(&random) % SZ_1G, SZ_4K);
			bool direct = desk_random(&random) % 2;
			struct vm_config *vm;

			ipa = direct && desk_random(&random) % 2 ? IPA_ANY : ipa;
			vm = add_vm("vm", ipa, SZ_4K << desk_random(&random) % 18, direct);
			vm->regions[1] = vm->regions[0];
			vm->regions[1].ipa += vm->regions[1].ipa == IPA_ANY ? 0 : SZ_1G;
			vm->regions[1].pa += vm->regions[1].pa == PA_ANY ? 0 : SZ_1G;
			vm->region_count = 1 + desk_random(&random) % 2;
		}
		place();
		assert_nothing_overlaps();
		for (unsigned int i = 0; i < config.vm_count; i++) {
			placed += !config.vms[i].refused;
		}
	}
	assert_true(placed > 3000);
}

static void test_same_input_same_places(void **state)
{
	static struct config first;

	(void)state;
	add_vm("a", 0, 64 * SZ_1M, false);
	add_vm("b", 0, 100 * SZ_1M, false);
	add_vm("c", IPA_ANY, 10 * SZ_1M, true);
	first = config;
	place();
	config_place(&first, &board, taken, ARRAY_SIZE(taken), &findings.report);
	assert_memory_equal(&first, &config, sizeof(config));
}

/* -- What is chosen ------------------------------------------------------------------------------ */

static void test_direct_map_lies_where_it_says(void **state)
{
	(void)state;
	add_vm("a", RAM + 512 * SZ_1M, 16 * SZ_1M, true);
	place();
	assert_no_finding();
	assert_int_equal(config.vms[0].regions[0].pa, RAM + 512 * SZ_1M);
}

static void test_free_direct_map_is_lowest(void **state)
{
	(void)state;
	add_vm("a", IPA_ANY, 16 * SZ_1M, true);
	place();
	assert_no_finding();
	assert_int_equal(config.vms[0].regions[0].pa, RAM + 18 * SZ_1M);
	assert_int_equal(config.vms[0].regions[0].ipa, RAM + 18 * SZ_1M);
}

static void test_others_lie_from_the_top_down(void **state)
{
	(void)state;
	add_vm("a", 0, 16 * SZ_1M, false);
	add_vm("b", 0, 32 * SZ_1M, false);
	place();
	assert_no_finding();
	assert_int_equal(config.vms[1].regions[0].pa, RAM + SZ_1G - 32 * SZ_1M); /* largest first */
	assert_int_equal(config.vms[0].regions[0].pa, RAM + SZ_1G - 48 * SZ_1M);
}

static void test_blocks_are_as_large_as_they_can_be(void **state)
{
	(void)state;
	board.banks[0] = (struct mem_range){RAM, 3 * SZ_1G + SZ_64K};
	add_vm("gig", 0, SZ_1G + SZ_4K, false);
	add_vm("meg", SZ_1G + SZ_2M, SZ_1G + SZ_4K, false);
	place();
	assert_no_finding();
	assert_true(IS_ALIGNED(config.vms[0].regions[0].pa, SZ_1G));
	assert_true(IS_ALIGNED(config.vms[1].regions[0].pa, SZ_2M));
}

static void test_smaller_blocks_where_large_ones_do_not_fit(void **state)
{
	(void)state;
	board.banks[0] = (struct mem_range){RAM + SZ_4K, 20 * SZ_1M + SZ_64K};
	board.reserved[board.reserved_count++] = (struct mem_range){RAM + 18 * SZ_1M, SZ_4K};
	add_vm("a", 0, SZ_2M, false);
	place();
	assert_no_finding();
	assert_false(IS_ALIGNED(config.vms[0].regions[0].pa, SZ_2M));
}

static void test_address_0_is_not_given_away(void **state)
{
	(void)state;
	board.banks[0].base = 0;
	add_vm("a", IPA_ANY, SZ_64K, true);
	place();
	assert_no_finding();
	assert_int_equal(config.vms[0].regions[0].pa, SZ_4K);
}

/* -- What is refused ------------------------------------------------------------------------------- */

static void test_direct_map_outside_memory(void **state)
{
	(void)state;
	add_vm("a", RAM + SZ_1G - SZ_4K, 2 * SZ_4K, true);
	assert_refused(0, "a: memory: direct-map of 0x7ffff000+0x2000, which is not (all) RAM of "
			  "this board; largest free is 0x41200000+0x3ee00000");
}

static void test_direct_map_over_the_hypervisor(void **state)
{
	(void)state;
	add_vm("a", RAM, 4 * SZ_1M, true);
	assert_refused(0, "a: memory: region 0x40000000+0x400000 overlaps 0x40200000+0x1000000 of "
			  "the hypervisor");
}

static void test_direct_map_over_reserved_memory(void **state)
{
	(void)state;
	board.reserved[board.reserved_count++] = (struct mem_range){0x60000000, 0x1000};
	add_vm("a", 0x60000000 - SZ_4K, 2 * SZ_4K, true);
	assert_refused(0, "a: memory: region 0x5ffff000+0x2000 overlaps 0x60000000+0x1000 of "
			  "reserved memory of the board");
}

static void test_direct_map_over_another_vm(void **state)
{
	(void)state;
	add_vm("a", 0x60000000, SZ_2M, true);
	add_vm("b", 0x60000000 + SZ_1M, SZ_2M, true);
	assert_refused(1, "b: memory: region 0x60100000+0x200000 overlaps 0x60000000+0x200000 of "
			  "a");
	assert_false(config.vms[0].refused);
}

static void test_memory_that_is_too_large(void **state)
{
	(void)state;
	add_vm("a", 0, SZ_1G, false);
	add_vm("b", 0, SZ_64K, false);
	assert_refused(0, "a: memory: 0x40000000 bytes wanted; the largest free range is "
			  "0x41200000+0x3ee00000");
	assert_false(config.vms[1].refused);
}

static void test_what_a_refused_vm_had_is_free(void **state)
{
	(void)state;
	add_vm("a", 0x60000000, SZ_64K, true)->refused = true;
	add_vm("b", 0x60000000, SZ_64K, true);
	place();
	assert_no_finding();
}

static void test_all_memory_reserved(void **state)
{
	(void)state;
	board.reserved[board.reserved_count++] = (struct mem_range){0, 2 * SZ_1G};
	add_vm("a", 0, SZ_64K, false);
	assert_refused(0, "a: memory: 0x10000 bytes wanted; the largest free range is 0x0+0x0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random_boards_and_vms, setup),
		cmocka_unit_test_setup(test_same_input_same_places, setup),
		cmocka_unit_test_setup(test_direct_map_lies_where_it_says, setup),
		cmocka_unit_test_setup(test_free_direct_map_is_lowest, setup),
		cmocka_unit_test_setup(test_others_lie_from_the_top_down, setup),
		cmocka_unit_test_setup(test_blocks_are_as_large_as_they_can_be, setup),
		cmocka_unit_test_setup(test_smaller_blocks_where_large_ones_do_not_fit, setup),
		cmocka_unit_test_setup(test_address_0_is_not_given_away, setup),
		cmocka_unit_test_setup(test_direct_map_outside_memory, setup),
		cmocka_unit_test_setup(test_direct_map_over_the_hypervisor, setup),
		cmocka_unit_test_setup(test_direct_map_over_reserved_memory, setup),
		cmocka_unit_test_setup(test_direct_map_over_another_vm, setup),
		cmocka_unit_test_setup(test_memory_that_is_too_large, setup),
		cmocka_unit_test_setup(test_what_a_refused_vm_had_is_free, setup),
		cmocka_unit_test_setup(test_all_memory_reserved, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
