/* SPDX-License-Identifier: Apache-2.0 */
/* What an image's documents say (OCI image-spec 1.1: descriptor, manifest, index, config). */
#ifndef ENGINE_IMAGE_H
#define ENGINE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define IMAGE_DIGEST_SIZE   72 /* "sha256:", 64 digits, NUL */
#define IMAGE_LAYERS_MAX    40 /* overlayfs takes one page of options */
#define IMAGE_TYPE_INDEX    "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_CONFIG   "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_LAYER    "application/vnd.oci.image.layer.v1.tar"

struct image_blob {
	char digest[IMAGE_DIGEST_SIZE];
	int64_t size;
};

struct image {
	struct image_blob manifest;
	struct image_blob config;
	struct image_blob layers[IMAGE_LAYERS_MAX]; /* lowest first */
	char diff_ids[IMAGE_LAYERS_MAX][IMAGE_DIGEST_SIZE];
	int layer_count;
	json_t *document; /* the config, whole */
};

/* "sha256:" and 64 lower-case hexadecimal digits, no more. */
bool image_is_digest(const char *text);
/* A reference that may be a name in the store: no control character, no "..", not empty. */
bool image_is_name(const char *text);
/* Each 0, or -1 with a fault. */
int image_parse_descriptor(const json_t *value, struct image_blob *blob);
int image_parse_manifest(const json_t *value, struct image *image);
/* Takes the diff ids out of a config, which must be as many as the manifest's layers. */
int image_parse_config(const json_t *value, struct image *image);
/* Is this document an index? One that says it is both is refused (-1). */
int image_is_index(const json_t *value);
/* The descriptor for this machine in an index, or the only one; NULL with a fault. */
const json_t *image_choose(const json_t *index, const char *arch);
/* This machine, as GOARCH calls it. */
const char *image_arch(void);

#endif
