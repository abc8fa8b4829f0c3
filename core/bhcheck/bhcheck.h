/* SPDX-License-Identifier: Apache-2.0 */
/* bhcheck: what the hypervisor would say to a bundle and a board, said on the desk. */
#ifndef CORE_BHCHECK_BHCHECK_H
#define CORE_BHCHECK_BHCHECK_H

#include "core/config.h"

/*
 * Where U-Boot and QEMU leave things is not in the board's tree, so it is assumed:
 * the hypervisor 2 MiB above the start of RAM with this much memory, the bundle 128 MiB above.
 */
#define DESK_IMAGE_OFFSET  SZ_2M
#define DESK_IMAGE_SIZE    (16 * SZ_1M)
#define DESK_BUNDLE_OFFSET (128 * SZ_1M)

#define SPANS_MAX 512

/* A run of physical addresses and whose it is. */
struct span {
	struct mem_range range;
	int vm;       /* index, or one of enum span_owner */
	uint64_t ipa; /* of a VM's span */
	char what[160];
};

enum span_owner {
	SPAN_HYPERVISOR = -1,
	SPAN_FREE = -2,
	SPAN_RESERVED = -3,
};

struct spans {
	struct span list[SPANS_MAX];
	unsigned int count;
};

struct desk {
	struct board board;
	struct bundle bundle;
	struct config config;
	struct mem_range taken[3];
	unsigned int taken_count;
	struct report report;
};

/* Everything of the board, sorted by address; memory that is nobody's as SPAN_FREE. */
void spans_collect(struct spans *s, const struct desk *d);

/* A size in the largest unit that leaves a whole number: "16 MiB". text has 32 characters. */
void span_size(char *text, uint64_t size);

const char *span_owner_name(const struct desk *d, const struct span *s);

/* The table of who owns what, to standard output. */
void table_print(const struct desk *d, const struct spans *s);

/* The memory map as a drawing. Returns 0, or -1 with errno set. */
int svg_write(const char *path, const struct desk *d, const struct spans *s);

#endif
