/* SPDX-License-Identifier: Apache-2.0 */
/* Files by descriptor. All of them return -1 with the failure recorded (err.h). */
#ifndef BRIG_IO_H
#define BRIG_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

static inline void io_close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}
/* An int whose descriptor is closed at the end of its block; -1 for none. */
#define fd_auto __attribute__((cleanup(io_close_fd))) int

/* All of a file into arena memory, NUL added; at most `limit` bytes. */
char *io_read_fd(int fd, size_t limit, size_t *length, const char *name);
char *io_read_file(int dir, const char *path, size_t limit, size_t *length);
/* The same for small kernel files, with no failure recorded: NULL where it cannot be read. */
char *io_peek(int dir, const char *path);

int io_write_all(int fd, const char *data, size_t length);
/* One write() into an existing kernel file, opened without following a last symlink. */
int io_write_at(int dir, const char *path, const char *text);
/* Replace `name` in the folder by one with these contents, in one step. */
int io_replace(int dir, const char *name, const char *data, size_t length, mode_t mode);

/* A path below `root`, which no symlink in it can lead out of (openat2, RESOLVE_IN_ROOT). */
int io_open_in(int root, const char *path, uint64_t flags, mode_t mode);
/* Like it, but with no symlink at all and nothing recorded: the errno value negated. */
int io_open_beneath(int root, const char *path, uint64_t flags);
/* Like that, and on the same mount as `root`: nothing that covers a part of the path. */
int io_open_same(int root, const char *path, uint64_t flags);
/* Make the folders of a path below `root`, as far as they are missing; opens the last. */
int io_make_dirs(int root, const char *path, mode_t mode);
/* The same for the folder that holds `path`'s last part, which `*last` is set to. */
int io_make_parent(int root, const char *path, mode_t mode, const char **last);

/* Empty a folder and remove it; symlinks are removed, not followed. */
int io_remove_tree(int dir, const char *name);

/* Decimal, whole text, or false. */
bool io_parse_u64(const char *text, uint64_t *value);
bool io_parse_i64(const char *text, int64_t *value);

#endif
