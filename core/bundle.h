/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: one FIT image (U-Boot's flattened image tree, doc/uImage.FIT) that
 * holds the configuration tree and the guests' images, each with a SHA-256 hash. Image nodes
 * are named after the file: kernel = "zephyr.elf" means /images/zephyr.elf.
 */
#ifndef CORE_BUNDLE_H
#define CORE_BUNDLE_H

#include "core/lib/sha256.h"
#include "core/lib/types.h"
#include "core/report.h"

struct bundle {
	const void *fdt;
	size_t size;
	int images_node;
	/*
	 * The configuration tree: image of type "flat_dt" that /configurations names as fdt.
	 * FIT aligns data to 4 bytes only, a tree needs 8: config_parse() copies it.
	 */
	const void *config;
	size_t config_size;
};

struct bundle_image {
	const char *name;
	const void *data;
	size_t size;
	const uint8_t *sha256; /* SHA256_SIZE bytes */
};

/*
 * Check the structure of a FIT of at most size bytes, and the hash of the configuration in it.
 * Returns 0 or -1 with a finding.
 */
int bundle_open(struct bundle *b, const void *fdt, size_t size, struct report *r) MUST_CHECK;

/* Why bundle_find() failed. */
enum bundle_error {
	BUNDLE_ABSENT = -1,
	BUNDLE_NO_DATA = -2,    /* data outside the tree (mkimage -E), or none */
	BUNDLE_COMPRESSED = -3, /* compression other than "none" */
	BUNDLE_NO_HASH = -4,    /* no hash node with algo = "sha256" */
};

/* What is wrong, to be read after "image NAME". */
const char *bundle_strerror(int error);

/* Find an image by name. Returns 0, or one of enum bundle_error. */
int bundle_find(const struct bundle *b, const char *name, struct bundle_image *image) MUST_CHECK;

/* Is the image's content what its hash says? Reads every byte: O(size). */
bool bundle_image_intact(const struct bundle_image *image);

#endif
