/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/copy.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/lib/tame.h"

#define DEPTH_LIMIT   200 /* of folders, each of which has three descriptors open */
#define CHUNK         (1 << 20)
#define PROC_FILE_MAX (64 << 20)

struct copy {
	mode_t modes; /* the bits of a mode that are kept */
	int depth;
};

/* Nobody looks it up again by name: what was looked at is what is read. */
static int open_again(int fd, int flags)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int set_times(int fd, const struct copy *copy, const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};
	return fchmod(fd, status->st_mode & copy->modes) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

static int fill_part(int in, int out, off_t at, off_t end)
{
	ssize_t got = 1;
	if (lseek(out, at, SEEK_SET) < 0) {
		return -1;
	}
	while (at < end && got > 0) {
		got = sendfile(out, in, &at, end - at < CHUNK ? (size_t)(end - at) : CHUNK);
		got = got < 0 && errno == EINTR ? 1 : got;
	}
	return got < 0 ? -1 : 0;
}

/*
 * A container's file may be all hole, and larger than any disk, or grow for ever: holes stay
 * holes, and what was not there at first is left out. Those of procfs say that they are empty.
 */
static int fill_file(int in, int out, off_t size)
{
	off_t at = 0;
	if (size == 0) {
		return fill_part(in, out, 0, PROC_FILE_MAX);
	}
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA);
		if (data >= size || (data < 0 && errno == ENXIO)) {
			return ftruncate(out, size);
		}
		data = data < at ? at : data;
		off_t hole = lseek(in, data, SEEK_HOLE);
		at = hole <= data || hole > size ? size : hole;
		if (fill_part(in, out, data, at) < 0) {
			return -1;
		}
	}
	return 0;
}

static int copy_file(const struct copy *copy, int found, const struct stat *status, int to,
		     const char *name)
{
	char part[32];
	snprintf(part, sizeof(part), ".brig-cp.%d", getpid());
	fd_auto in = open_again(found, O_RDONLY);
	(void)unlinkat(to, part, 0);
	fd_auto out = in < 0 ? -1 : openat(to, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || fill_file(in, out, status->st_size) < 0 ||
	    set_times(out, copy, status) < 0 || renameat(to, part, to, name) < 0) {
		fault_set(errno, "copy %s", name);
		if (out >= 0) {
			(void)unlinkat(to, part, 0);
		}
		return -1;
	}
	return 0;
}

static int copy_link(int found, int to, const char *name)
{
	char target[4096];
	ssize_t length = readlinkat(found, "", target, sizeof(target) - 1);
	if (length < 0) {
		return fault_set(errno, "read the symlink %s", name);
	}
	target[length] = '\0';
	(void)unlinkat(to, name, 0);
	return symlinkat(target, to, name) < 0 ? fault_set(errno, "make the symlink %s", name) : 0;
}

static int copy_one(struct copy *copy, int from, const char *name, int to, const char *as);

static int copy_contents(struct copy *copy, int found, int to)
{
	int result = 0;
	int fd = open_again(found, O_RDONLY | O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder == NULL) {
		file_close(&fd);
		return fault_set(errno, "read a folder");
	}
	for (const struct dirent *one; result == 0 && (one = readdir(folder)) != NULL;) {
		if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) {
			result = copy_one(copy, found, one->d_name, to, one->d_name);
		}
	}
	closedir(folder);
	return result;
}

static int copy_folder(struct copy *copy, int found, const struct stat *status, int to,
		       const char *name)
{
	if (copy->depth == DEPTH_LIMIT) {
		return fault_set(0, "copy %s: more than %d folders deep", name, DEPTH_LIMIT);
	}
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST) {
		return fault_set(errno, "make the folder %s", name);
	}
	fd_auto made = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0) {
		return fault_set(errno, "enter the folder %s", name);
	}
	copy->depth++;
	int result = copy_contents(copy, found, made);
	copy->depth--;
	if (result < 0) {
		return fault_in("%s", name);
	}
	return set_times(made, copy, status) < 0 ? fault_set(errno, "set the mode of %s", name) : 0;
}

int copy_leave_out(const char *name)
{
	char *shown = file_text("%s", name);
	tame_line(shown, strlen(shown));
	fprintf(stderr, "brig: cp: %s: neither file, folder nor symlink: left out\n", shown);
	free(shown);
	return 0;
}

static int copy_one(struct copy *copy, int from, const char *name, int to, const char *as)
{
	struct stat status;
	fd_auto found = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (found < 0 || fstat(found, &status) < 0) {
		return fault_set(errno, "copy %s", name);
	}
	if (S_ISREG(status.st_mode)) {
		return copy_file(copy, found, &status, to, as);
	}
	if (S_ISDIR(status.st_mode)) {
		return copy_folder(copy, found, &status, to, as);
	}
	if (S_ISLNK(status.st_mode)) {
		return copy_link(found, to, as);
	}
	return copy_leave_out(name);
}

/* -- Where from, where to ------------------------------------------------------------ */

int copy_open(const struct copy_place *place, const char *path, int flags)
{
	return place->root < 0 ? open(path, flags | O_CLOEXEC)
			       : file_open_in(place->root, path, flags, 0);
}

int copy_open_parent(const struct copy_place *place, const char **name)
{
	char *path = file_text("%s", place->path);
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/') {
		path[--length] = '\0';
	}
	char *slash = strrchr(path, '/');
	const char *last = slash != NULL ? slash + 1 : path;
	if (*last == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) {
		*name = "";
		return copy_open(place, path, O_PATH | O_DIRECTORY);
	}
	*name = file_text("%s", last);
	if (slash == NULL) {
		return copy_open(place, ".", O_PATH | O_DIRECTORY);
	}
	slash[slash == path] = '\0';
	return copy_open(place, path, O_PATH | O_DIRECTORY);
}

static bool is_folder(int fd)
{
	struct stat status;
	return fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool has_end_slash(const char *path)
{
	return *path != '\0' && path[strlen(path) - 1] == '/';
}

/* As a name that is not a folder's yet. */
static int copy_as(struct copy *copy, int source, const char *name, const struct copy_place *to)
{
	const char *as;
	fd_auto found = openat(source, *name != '\0' ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	fd_auto parent = copy_open_parent(to, &as);
	if (parent < 0 || *as == '\0') {
		return fault_set(errno, "open the folder of %s", to->path);
	}
	if (found >= 0 && !is_folder(found) && has_end_slash(to->path)) {
		return fault_set(0, "%s: no such folder", to->path);
	}
	return copy_one(copy, source, *name != '\0' ? name : ".", parent, as);
}

int copy_between(const struct copy_place *from, const struct copy_place *to)
{
	const char *name;
	struct copy copy = {.modes = from->root < 0 ? 07777 : 01777};
	fd_auto source = copy_open_parent(from, &name);
	if (source < 0) {
		return fault_set(errno, "open the folder of %s", from->path);
	}
	fd_auto target = copy_open(to, to->path, O_PATH);
	int result;
	if (!is_folder(target)) {
		result = copy_as(&copy, source, name, to);
	} else if (*name == '\0') {
		result = copy_contents(&copy, source, target);
	} else {
		result = copy_one(&copy, source, name, target, name);
	}
	return result < 0 ? fault_in("%s to %s", from->path, to->path) : 0;
}
