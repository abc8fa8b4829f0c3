/* SPDX-License-Identifier: Apache-2.0 */
/* The image store: an OCI image layout, and beside it the unpacked layers by diff id. */
#ifndef ENGINE_STORE_H
#define ENGINE_STORE_H

#include "guests/linux/brig/engine/image.h"

/* $BRIG_STORE or /var/lib/brig, made where missing; -1 with a fault. */
int store_open(void);
/* A path below the store, never freed. */
const char *store_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For a process that goes on for long: the last path that was made, and all since then freed. */
const void *store_paths(void);
void store_free_paths(const void *since);
/* Held while the index or the blobs are changed; a descriptor or -1. */
int store_lock(void);

/* The digest of a regular file's bytes; -1 with a fault. */
int store_digest(int fd, char digest[IMAGE_DIGEST_SIZE], int64_t *size);
/* Copy fd into the store. With wanted, its digest and size have to be that. */
int store_import(int fd, const struct image_blob *wanted, struct image_blob *got);
int store_import_text(const char *text, struct image_blob *got);
/* A blob that is in the store, checked against its digest again; NULL with a fault. */
json_t *store_document(const struct image_blob *blob);

/* The index with name pointing to manifest; a name has one target. */
int store_tag(const char *name, const struct image_blob *manifest);
/* 1 when a name went, 0 when it was not there. */
int store_untag(const char *name);
json_t *store_index(void);
/* "hello" is "hello:latest"; never freed. */
const char *store_full_name(const char *name);
/* By name or by the first digits (6 or more) of the manifest's digest. */
int store_find(const char *name, struct image *image);
/* The unpacked layer's directory, unpacked now when it never was; NULL with a fault. */
const char *store_layer(const struct image *image, int layer);
/* Blobs and layers that no name leads to go; the bytes that were freed. */
int64_t store_prune(void);

#endif
