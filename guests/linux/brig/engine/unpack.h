/* SPDX-License-Identifier: Apache-2.0 */
/* Unpack an archive into a directory that nothing in it can leave. */
#ifndef ENGINE_UNPACK_H
#define ENGINE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

struct unpack_limits {
	uint64_t bytes;   /* of file data and of a sparse file's apparent size, in all */
	uint64_t entries; /* of the archive */
};

/* 4 GiB, or $BRIG_LAYER_LIMIT; 500000 entries. */
const struct unpack_limits *unpack_defaults(void);

struct unpack_count {
	uint64_t bytes;
	uint64_t entries;
	uint64_t skipped; /* device nodes, which are never made */
};

/* Unpack the tar at fd into the directory root. With layer, ".wh." names become
 * overlayfs whiteouts and opaque directories (OCI image-spec, layer.md); without, they
 * are plain names. 0, or -1 with a fault: then root holds a part, for the caller to
 * remove. */
int unpack_tar(int fd, int root, bool layer, const struct unpack_limits *limits,
	       struct unpack_count *count);
/* The same without whiteouts, into the directory `below` it, whose symlinks are followed with root
 * as "/". */
int unpack_below(int fd, int root, const char *below, const struct unpack_limits *limits,
		 struct unpack_count *count);
/* Undo the compression of fd (gzip, zstd, xz, or none) into out, up to limit bytes. */
int unpack_plain(int fd, int out, uint64_t limit);

#endif
