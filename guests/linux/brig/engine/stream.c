/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/stream.h"
#include "guests/linux/brig/engine/unpack.h"

#define DEPTH_LIMIT 200  /* of folders, each of which has two descriptors open */
#define RANGES_MAX  1024 /* of data between holes, told of one file; the rest is data */

struct stream {
	struct archive *archive;
	int depth;
};

static int add(struct stream *s, int from, const char *name, const char *path);

static int fail(const struct stream *s, const char *path)
{
	return fault_set(0, "write %s: %s", path, archive_error_string(s->archive));
}

/* Where its data is. All of a container's file may be hole, and larger than any disk. */
static void find_data(struct archive_entry *entry, int fd, off_t size)
{
	off_t at = 0;
	for (int i = 0; i < RANGES_MAX; i++) {
		off_t data = lseek(fd, at, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (data < at || data >= size || hole <= data) {
			break;
		}
		at = hole < size ? hole : size;
		archive_entry_sparse_add_entry(entry, data, at - data);
	}
	off_t rest = lseek(fd, at, SEEK_DATA);
	if (rest >= 0 && rest < size) {
		archive_entry_sparse_add_entry(entry, rest, size - rest);
	} else if (at == 0) {
		archive_entry_sparse_add_entry(entry, size, 0);
	}
}

/* As much as was said, whatever it has become meanwhile; the library leaves holes out itself. */
static int put_data(struct stream *s, int fd, off_t size, const char *path)
{
	static char block[1 << 16];
	off_t at = 0;
	while (at < size) {
		size_t length =
			size - at < (off_t)sizeof(block) ? (size_t)(size - at) : sizeof(block);
		ssize_t got = pread(fd, block, length, at);
		if (got < 0) {
			return fault_set(errno, "read %s", path);
		}
		memset(block + got, 0, length - (size_t)got);
		if (archive_write_data(s->archive, block, length) != (la_ssize_t)length) {
			return fail(s, path);
		}
		at += (off_t)length;
	}
	return 0;
}

static int put_header(struct stream *s, struct archive_entry *entry, const char *path)
{
	return archive_write_header(s->archive, entry) < ARCHIVE_WARN ? fail(s, path) : 0;
}

static int add_file(struct stream *s, struct archive_entry *entry, int found, const char *path)
{
	fd_auto fd = open(file_text("/proc/self/fd/%d", found), O_RDONLY | O_CLOEXEC);
	off_t size = archive_entry_size(entry);
	if (fd < 0) {
		return fault_set(errno, "read %s", path);
	}
	find_data(entry, fd, size);
	return put_header(s, entry, path) < 0 ? -1 : put_data(s, fd, size, path);
}

static int add_contents(struct stream *s, int found, const char *path)
{
	int result = 0;
	int fd = open(file_text("/proc/self/fd/%d", found), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	if (folder == NULL) {
		file_close(&fd);
		return fault_set(errno, "read the folder %s", path);
	}
	for (const struct dirent *one; result == 0 && (one = readdir(folder)) != NULL;) {
		if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) {
			char *below = file_text("%s/%s", path, one->d_name);
			result = add(s, found, one->d_name, below);
			free(below);
		}
	}
	closedir(folder);
	return result;
}

static int add_folder(struct stream *s, struct archive_entry *entry, int found, const char *path)
{
	if (s->depth == DEPTH_LIMIT) {
		return fault_set(0, "more than %d folders deep", DEPTH_LIMIT);
	}
	s->depth++;
	int result = put_header(s, entry, path) < 0 ? -1 : add_contents(s, found, path);
	s->depth--;
	return result;
}

static int add_link(struct stream *s, struct archive_entry *entry, int found, const char *path)
{
	char target[4096];
	ssize_t length = readlinkat(found, "", target, sizeof(target) - 1);
	if (length < 0) {
		return fault_set(errno, "read the symlink %s", path);
	}
	target[length] = '\0';
	archive_entry_set_symlink(entry, target);
	return put_header(s, entry, path);
}

static int add(struct stream *s, int from, const char *name, const char *path)
{
	struct stat status;
	int result;
	fd_auto found = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (found < 0 || fstat(found, &status) < 0) {
		return fault_set(errno, "read %s", path);
	}
	struct archive_entry *entry = archive_entry_new();
	/* Who unpacks it as root is not to have a program that makes others root. */
	status.st_mode &= S_IFMT | 01777;
	if (!S_ISREG(status.st_mode)) {
		status.st_size = 0;
	}
	archive_entry_copy_stat(entry, &status);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_pathname(entry, path);
	if (S_ISREG(status.st_mode)) {
		result = add_file(s, entry, found, path);
	} else if (S_ISDIR(status.st_mode)) {
		result = add_folder(s, entry, found, path);
	} else if (S_ISLNK(status.st_mode)) {
		result = add_link(s, entry, found, path);
	} else {
		result = copy_leave_out(path);
	}
	archive_entry_free(entry);
	return result;
}

int stream_out(const struct copy_place *from, int out)
{
	const char *name;
	struct stream s = {.archive = archive_write_new()};
	fd_auto source = copy_open_parent(from, &name);
	if (source < 0) {
		archive_write_free(s.archive);
		return fault_set(errno, "open the folder of %s", from->path);
	}
	name = *name != '\0' ? name : ".";
	archive_write_set_format_pax_restricted(s.archive);
	archive_write_set_option(s.archive, "pax", "hdrcharset", "BINARY");
	int result = archive_write_open_fd(s.archive, out) != ARCHIVE_OK
			     ? fail(&s, "the archive")
			     : add(&s, source, name, name);
	if (result == 0 && archive_write_close(s.archive) != ARCHIVE_OK) {
		result = fail(&s, "the archive");
	}
	archive_write_free(s.archive);
	return result < 0 ? fault_in("%s", from->path) : 0;
}

int stream_in(int in, const struct copy_place *to)
{
	struct stat status;
	struct unpack_count count = {0};
	fd_auto target = copy_open(to, to->path, O_PATH | O_DIRECTORY);
	if (target < 0 || fstat(target, &status) < 0) {
		return fault_set(errno, "open the folder %s", to->path);
	}
	int result = unpack_below(in, to->root, to->path, unpack_defaults(), &count);
	if (count.skipped > 0) {
		fprintf(stderr, "brig: cp: %llu device nodes left out\n",
			(unsigned long long)count.skipped);
	}
	return result < 0 ? fault_in("%s", to->path) : 0;
}
