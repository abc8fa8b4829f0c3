/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound input with a few bytes changed, thousands of times, by a generator that is the
 * same everywhere: whatever is read of it, no byte beyond it is, and what is accepted
 * keeps its promises. tests/fuzz goes further, with as much time as it is given.
 */
#include "tests/unit/desk.h"

#include <stdio.h>

#include "tests/unit/desk_inputs.h"

#define ROUNDS 4000

static uint64_t seed;

/* Change 1 to 8 places: a bit, a byte, a word of extremes, or bytes from elsewhere. */
static void mutate(uint8_t *data, size_t size)
{
	static const uint32_t extremes[] = {0,          1,          3,          9,
					    0x7f,       0xff,       0x7fffffff, 0x80000000,
					    0xfffffff0, 0xffffffff, 0x40000001, 0xd00dfeed};

	for (uint64_t left = desk_random(&seed) % 8 + 1; left > 0; left--) {
		size_t at = desk_random(&seed) % size;

		switch (desk_random(&seed) % 4) {
		case 0:
			data[at] ^= (uint8_t)BIT(desk_random(&seed) % 8);
			break;
		case 1:
			data[at] = (uint8_t)desk_random(&seed);
			break;
		case 2:
			at = at & ~3UL;
			if (at + 4 <= size) {
				fdt32_st(data + at,
					 extremes[desk_random(&seed) % ARRAY_SIZE(extremes)]);
			}
			break;
		default:
			memmove(data + at, data + desk_random(&seed) % (size - 3),
				MIN(size - at, 4));
			break;
		}
	}
}

/* Give what, changed, to the parser: the same number of rounds for all, a copy of its own each. */
static unsigned int run(const void *sound, size_t size, bool (*accepts)(const void *, size_t))
{
	unsigned int accepted = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		/* at times the end is missing too */
		size_t kept = desk_random(&seed) % 8 ? size : desk_random(&seed) % size + 1;
		uint8_t *copy = malloc(kept);

		memcpy(copy, sound, kept);
		if (kept > 8) {
			mutate(copy, kept);
		}
		accepted += accepts(copy, kept);
		free(copy);
	}
	return accepted;
}

static int setup(void **state)
{
	seed = 0x62756c6b68656164;
	return desk_setup(state);
}

static void test_board_trees(void **state)
{
	unsigned int accepted;

	(void)state;
	assert_int_equal(fdt_pack(&board_tree), 0);
	accepted = run(&board_tree, fdt_totalsize(&board_tree), input_board);
	assert_in_range(accepted, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void test_configurations(void **state)
{
	unsigned int accepted;

	(void)state;
	assert_int_equal(fdt_pack(&config_tree), 0);
	accepted = run(&config_tree, fdt_totalsize(&config_tree), input_config);
	assert_in_range(accepted, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void test_bundles(void **state)
{
	static const char kernel[64] = "kernel";
	static const struct file files[] = {{"kernel.bin", kernel, sizeof(kernel)}};
	static struct tree fit;
	size_t size = desk_make_bundle(&fit, sizeof(fit), files, 1, NULL);
	unsigned int accepted;

	(void)state;
	accepted = run(&fit, size, input_bundle);
	/* the hash of the configuration is most of what is accepted or not */
	assert_in_range(accepted, 1, ROUNDS / 2);
}

static void test_elf_files(void **state)
{
	static uint8_t elf[4096];
	unsigned int accepted;

	(void)state;
	input_make_elf(elf, sizeof(elf));
	accepted = run(elf, 256, input_image);
	assert_in_range(accepted, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void test_linux_images(void **state)
{
	static uint8_t image[128];
	unsigned int accepted;

	(void)state;
	input_make_linux(image, sizeof(image));
	accepted = run(image, sizeof(image), input_image);
	assert_in_range(accepted, ROUNDS / 20, ROUNDS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_board_trees, setup),
		cmocka_unit_test_setup(test_configurations, setup),
		cmocka_unit_test_setup(test_bundles, setup),
		cmocka_unit_test_setup(test_elf_files, setup),
		cmocka_unit_test_setup(test_linux_images, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
