/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a bundle and finding what is in it, whoever made it. */
#include "tests/unit/desk.h"

#include <stdio.h>

static const char kernel[] = "kernel, of a length that is no multiple of four";
static const struct file files[] = {{"kernel.bin", kernel, sizeof(kernel)}, {"empty", kernel, 0}};

static struct tree fit;
static struct bundle bundle;

static void make(const char *wrong_hash)
{
	desk_make_bundle(&fit, sizeof(fit), files, ARRAY_SIZE(files), wrong_hash);
	/* room to change it */
	assert_int_equal(fdt_open_into(&fit, &fit, sizeof(fit)), 0);
}

static int open_bundle(void)
{
	return bundle_open(&bundle, &fit, sizeof(fit), &findings.report);
}

static void assert_bundle_refused(const char *line)
{
	assert_int_equal(open_bundle(), -1);
	assert_one_finding(line);
}

static int setup(void **state)
{
	desk_setup(state);
	make(NULL);
	return 0;
}

/* -- A sound bundle -------------------------------------------------------------------------- */

static void test_configuration_is_found(void **state)
{
	(void)state;
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(config_parse(bundle.config, bundle.config_size, &config, &findings.report),
			 0);
	assert_no_finding();
	assert_int_equal(config.vm_count, 2);
	assert_int_equal(bundle.size, sizeof(fit));
}

static void test_image_is_found_by_name(void **state)
{
	struct bundle_image image;

	(void)state;
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(bundle_find(&bundle, "kernel.bin", &image), 0);
	assert_int_equal(image.size, sizeof(kernel));
	assert_memory_equal(image.data, kernel, sizeof(kernel));
	assert_true(bundle_image_intact(&image));
	assert_int_equal(bundle_find(&bundle, "empty", &image), 0);
	assert_int_equal(image.size, 0);
	assert_true(bundle_image_intact(&image));
}

static void test_first_configuration_where_none_is_the_default(void **state)
{
	(void)state;
	tree_delete(&fit, "/configurations", "default");
	assert_int_equal(open_bundle(), 0);
	assert_no_finding();
}

static void test_compression_may_be_left_out(void **state)
{
	struct bundle_image image;

	(void)state;
	tree_delete(&fit, "/images/kernel.bin", "compression");
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(bundle_find(&bundle, "kernel.bin", &image), 0);
}

static void test_other_hashes_are_passed_over(void **state)
{
	struct bundle_image image;

	(void)state;
	tree_add_node(&fit, "/images/kernel.bin", "hash-0");
	tree_set_string(&fit, "/images/kernel.bin/hash-0", "algo", "crc32");
	TREE_CELLS(&fit, "/images/kernel.bin/hash-0", "value", 0);
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(bundle_find(&bundle, "kernel.bin", &image), 0);
	assert_true(bundle_image_intact(&image));
}

/* -- One that is not --------------------------------------------------------------------------- */

static int find(const char *name)
{
	struct bundle_image image;

	assert_int_equal(open_bundle(), 0);
	return bundle_find(&bundle, name, &image);
}

static void test_absent_image(void **state)
{
	(void)state;
	assert_int_equal(find("other.bin"), BUNDLE_ABSENT);
	assert_int_equal(find(""), BUNDLE_ABSENT);
	assert_int_equal(find("kernel"), BUNDLE_ABSENT);
	assert_string_equal(bundle_strerror(BUNDLE_ABSENT), "is not in the bundle");
	assert_string_equal(bundle_strerror(0), "is sound");
}

static void test_compressed_image(void **state)
{
	(void)state;
	tree_set_string(&fit, "/images/kernel.bin", "compression", "gzip");
	assert_int_equal(find("kernel.bin"), BUNDLE_COMPRESSED);
	assert_string_equal(bundle_strerror(BUNDLE_COMPRESSED),
			    "is compressed; only compression = \"none\" is known");
}

static void test_image_without_sha256(void **state)
{
	(void)state;
	tree_set_string(&fit, "/images/kernel.bin/hash-1", "algo", "sha1");
	assert_int_equal(find("kernel.bin"), BUNDLE_NO_HASH);
	assert_string_equal(bundle_strerror(BUNDLE_NO_HASH), "has no sha256 hash");
	tree_set_string(&fit, "/images/kernel.bin/hash-1", "algo", "sha256");
	TREE_CELLS(&fit, "/images/kernel.bin/hash-1", "value", 1, 2, 3, 4, 5, 6, 7);
	assert_int_equal(find("kernel.bin"), BUNDLE_NO_HASH);
}

static void test_wrong_hash(void **state)
{
	struct bundle_image image;

	(void)state;
	make("kernel.bin");
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(bundle_find(&bundle, "kernel.bin", &image), 0);
	assert_false(bundle_image_intact(&image));
}

static void test_wrong_hash_of_the_configuration(void **state)
{
	(void)state;
	make("configuration");
	assert_bundle_refused(
		"bundle: /images/configuration: content does not match its sha256 hash");
}

/* One bit of the data, anywhere. */
static void test_damaged_content(void **state)
{
	struct bundle_image image;

	(void)state;
	assert_int_equal(open_bundle(), 0);
	assert_int_equal(bundle_find(&bundle, "kernel.bin", &image), 0);
	for (size_t bit = 0; bit < image.size * 8; bit++) {
		uint8_t *byte = (uint8_t *)(uintptr_t)image.data + bit / 8;

		*byte ^= (uint8_t)BIT(bit % 8);
		assert_false(bundle_image_intact(&image));
		*byte ^= (uint8_t)BIT(bit % 8);
	}
	assert_true(bundle_image_intact(&image));
}

static void test_no_images(void **state)
{
	(void)state;
	tree_delete_node(&fit, "/images");
	assert_bundle_refused("bundle: /images: a FIT needs /images, and /configurations that "
			      "names the configuration tree as fdt");
}

static void test_no_configurations(void **state)
{
	static const char line[] = "bundle: /configurations: a FIT needs /images, and "
				   "/configurations that names the configuration tree as fdt";

	(void)state;
	tree_delete(&fit, "/configurations/bulkhead", "fdt");
	assert_bundle_refused(line);
	tree_set_string(&fit, "/configurations", "default", "other");
	assert_bundle_refused(line);
	tree_delete_node(&fit, "/configurations");
	assert_bundle_refused(line);
}

static void test_configuration_that_is_not_there(void **state)
{
	(void)state;
	tree_set_string(&fit, "/configurations/bulkhead", "fdt", "other");
	assert_bundle_refused("bundle: /images/other: is not in the bundle");
}

/* What mkimage -E makes: data behind the tree, found by offset and size. */
static void test_external_data(void **state)
{
	(void)state;
	tree_delete(&fit, "/images/kernel.bin", "data");
	TREE_CELLS(&fit, "/images/kernel.bin", "data-offset", 0);
	TREE_CELLS(&fit, "/images/kernel.bin", "data-size", 16);
	assert_int_equal(find("kernel.bin"), BUNDLE_NO_DATA);
	tree_delete(&fit, "/images/configuration", "data");
	assert_bundle_refused("bundle: /images/configuration: has no data in the bundle (made with "
			      "mkimage -E?)");
}

static void test_larger_than_what_was_loaded(void **state)
{
	(void)state;
	assert_int_equal(bundle_open(&bundle, &fit, sizeof(fit) - 1, &findings.report), -1);
	assert_one_finding("bundle: not a FIT image: FDT_ERR_TRUNCATED");
}

static void test_misaligned(void **state)
{
	(void)state;
	assert_int_equal(bundle_open(&bundle, (uint8_t *)&fit + 4, 100, &findings.report), -1);
	assert_one_finding("bundle: not a FIT image: is not 8-byte aligned");
}

static void test_bundle_cut_at_every_byte(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(fdt_pack(&fit), 0);
	size = fdt_totalsize(&fit);
	for (size_t kept = 0; kept < size; kept++) {
		uint8_t *part = malloc(kept ? kept : 1);

		memcpy(part, &fit, kept);
		assert_int_equal(bundle_open(&bundle, part, kept, &findings.report), -1);
		assert_int_equal(findings.report.error_count, 1);
		findings_clear();
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_configuration_is_found, setup),
		cmocka_unit_test_setup(test_image_is_found_by_name, setup),
		cmocka_unit_test_setup(test_first_configuration_where_none_is_the_default, setup),
		cmocka_unit_test_setup(test_compression_may_be_left_out, setup),
		cmocka_unit_test_setup(test_other_hashes_are_passed_over, setup),
		cmocka_unit_test_setup(test_absent_image, setup),
		cmocka_unit_test_setup(test_compressed_image, setup),
		cmocka_unit_test_setup(test_image_without_sha256, setup),
		cmocka_unit_test_setup(test_wrong_hash, setup),
		cmocka_unit_test_setup(test_wrong_hash_of_the_configuration, setup),
		cmocka_unit_test_setup(test_damaged_content, setup),
		cmocka_unit_test_setup(test_no_images, setup),
		cmocka_unit_test_setup(test_no_configurations, setup),
		cmocka_unit_test_setup(test_configuration_that_is_not_there, setup),
		cmocka_unit_test_setup(test_external_data, setup),
		cmocka_unit_test_setup(test_larger_than_what_was_loaded, setup),
		cmocka_unit_test_setup(test_misaligned, setup),
		cmocka_unit_test_setup(test_bundle_cut_at_every_byte, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
