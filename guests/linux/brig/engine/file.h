/* SPDX-License-Identifier: Apache-2.0 */
/* Files below a descriptor, never by a path that was checked before. */
#ifndef ENGINE_FILE_H
#define ENGINE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/* The largest document (JSON, YAML) that is read at all, in bytes. */
#define FILE_DOCUMENT_MAX (4U << 20)

/* Close it and set it to -1; one below 0 is left alone. */
void file_close(int *fd);
#define fd_auto __attribute__((cleanup(file_close))) int

/* Format into memory that lives as long as the process; never NULL. */
char *file_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Open path with root as its "/": no symlink and no ".." leads out (openat2(2),
 * RESOLVE_IN_ROOT). A descriptor, or -1 with errno. */
int file_open_in(int root, const char *path, int flags, mode_t mode);
/* The directory at path, made with its parents where missing; -1 with a fault. */
int file_make_dirs(const char *path);
/* Remove name in dir with all below it, following no symlink and no mount; 0 when it was not there. */
int file_remove_tree(int dir, const char *name);
/* All bytes up to max, zero ended, to be freed; NULL with a fault. */
char *file_read(int fd, size_t max, size_t *length, const char *what);
/* Replace the file at path at once, or leave it as it was; 0 or -1 with a fault. */
int file_write(const char *path, const void *data, size_t length);
bool file_write_all(int fd, const void *data, size_t length);

/* A JSON document: no duplicate key, at most FILE_DOCUMENT_MAX; NULL with a fault. */
json_t *file_json(int fd, const char *what);
json_t *file_json_at(const char *path);
int file_json_write(const char *path, const json_t *value);

/* Take the lock file at path: a descriptor, or -1 (errno EWOULDBLOCK when held and !wait). */
int file_lock(const char *path, bool wait);

#endif
