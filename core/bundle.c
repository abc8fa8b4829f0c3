/* SPDX-License-Identifier: Apache-2.0 */
#include "core/bundle.h"

#include <libfdt.h>
#include <string.h>

#include "core/lib/fdt_read.h"

const char *bundle_strerror(int error)
{
	switch (error) {
	case BUNDLE_ABSENT:
		return "is not in the bundle";
	case BUNDLE_NO_DATA:
		return "has no data in the bundle (made with mkimage -E?)";
	case BUNDLE_COMPRESSED:
		return "is compressed; only compression = \"none\" is known";
	case BUNDLE_NO_HASH:
		return "has no sha256 hash";
	default:
		return "is sound";
	}
}

/* The value of the first hash node with algo = "sha256", NULL when there is none. */
static const uint8_t *find_hash(const void *fdt, int image)
{
	int node, length;

	fdt_for_each_subnode (node, fdt, image) {
		const char *algo = fdt_read_string(fdt, node, "algo");
		const uint8_t *value = fdt_getprop(fdt, node, "value", &length);

		if (algo && strcmp(algo, "sha256") == 0 && value && length == SHA256_SIZE) {
			return value;
		}
	}
	return NULL;
}

static int read_image(const struct bundle *b, int node, struct bundle_image *image)
{
	const char *compression = fdt_read_string(b->fdt, node, "compression");
	int length;

	image->name = fdt_get_name(b->fdt, node, NULL);
	image->data = fdt_getprop(b->fdt, node, "data", &length);
	if (!image->data) {
		return BUNDLE_NO_DATA;
	}
	image->size = (size_t)length;
	if (compression && strcmp(compression, "none") != 0) {
		return BUNDLE_COMPRESSED;
	}
	image->sha256 = find_hash(b->fdt, node);
	return image->sha256 ? 0 : BUNDLE_NO_HASH;
}

int bundle_find(const struct bundle *b, const char *name, struct bundle_image *image)
{
	int node = fdt_subnode_offset(b->fdt, b->images_node, name);

	return node < 0 ? BUNDLE_ABSENT : read_image(b, node, image);
}

bool bundle_image_intact(const struct bundle_image *image)
{
	uint8_t digest[SHA256_SIZE];

	sha256(image->data, image->size, digest);
	return memcmp(digest, image->sha256, sizeof(digest)) == 0;
}

/* The name of the image that the default (or else the first) configuration calls fdt. */
static const char *config_image_name(const void *fdt)
{
	int all = fdt_path_offset(fdt, "/configurations");
	const char *name = all < 0 ? NULL : fdt_read_string(fdt, all, "default");
	int node = -1;

	if (all >= 0) {
		node = name ? fdt_subnode_offset(fdt, all, name) : fdt_first_subnode(fdt, all);
	}
	return node < 0 ? NULL : fdt_read_string(fdt, node, "fdt");
}

int bundle_open(struct bundle *b, const void *fdt, size_t size, struct report *r)
{
	const char *wrong = fdt_read_check(fdt, size), *name;
	struct bundle_image config;
	int error;

	memset(b, 0, sizeof(*b));
	if (wrong) {
		report_error(r, "bundle: not a FIT image: %s", wrong);
		return -1;
	}
	b->fdt = fdt;
	b->size = fdt_totalsize(fdt);
	b->images_node = fdt_path_offset(fdt, "/images");
	name = config_image_name(fdt);
	if (b->images_node < 0 || !name) {
		report_error(r,
			     "bundle: /%s: a FIT needs /images, and /configurations that names "
			     "the configuration tree as fdt",
			     b->images_node < 0 ? "images" : "configurations");
		return -1;
	}
	error = bundle_find(b, name, &config);
	if (error) {
		report_error(r, "bundle: /images/%s: %s", name, bundle_strerror(error));
		return -1;
	}
	if (!bundle_image_intact(&config)) {
		report_error(r, "bundle: /images/%s: content does not match its sha256 hash", name);
		return -1;
	}
	b->config = config.data;
	b->config_size = config.size;
	return 0;
}
