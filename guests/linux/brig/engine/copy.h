/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and symlinks copied between places one of which may be hostile. */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include <stdbool.h>

/* Where paths are meant: with root as "/", from which none leads out, or this machine's own. */
struct copy_place {
	int root; /* a descriptor, or -1 for this machine */
	const char *path;
};

/* Copy as cp -R does: into `to` if that is a folder, else as `to`; the contents alone of "PATH/.".
 * Times and modes are kept, owners are not; setuid and setgid bits do not come out of a root. What
 * is no file, folder or symlink is told of and left out. A file is replaced whole or left as it was.
 * 0, or -1 with a fault. */
int copy_between(const struct copy_place *from, const struct copy_place *to);

/* A path of a place, opened: a descriptor, or -1 with errno. */
int copy_open(const struct copy_place *place, const char *path, int flags);
/* The folder that it is in, and its name there: "" where the path is of a folder's contents. */
int copy_open_parent(const struct copy_place *place, const char **name);
/* Say that it is neither file, folder nor symlink; returns 0. */
int copy_leave_out(const char *name);

#endif
