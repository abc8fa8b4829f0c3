/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/unpack.h"

#define DEPTH_MAX   256
#define BLOCK_SIZE  65536
#define WHITEOUT    ".wh."
#define OPAQUE_NAME ".wh..wh..opq"
#define OPAQUE_ATTR "trusted.overlay.opaque"

const struct unpack_limits *unpack_defaults(void)
{
	static struct unpack_limits limits = {.entries = 500000};
	const char *text = getenv("BRIG_LAYER_LIMIT");
	int64_t bytes;
	if (limits.bytes == 0) {
		bool given = text != NULL && parse_size(text, &bytes) == 0 && bytes > 0;
		limits.bytes = given ? (uint64_t)bytes : 4ULL << 30;
	}
	return &limits;
}

struct job {
	struct archive *archive;
	int root;
	const char *below; /* in front of every member's name */
	bool layer;
	const struct unpack_limits *limits;
	struct unpack_count *count;
};

/* Cut into components: no "..", no NUL, none too long; "." and doubled "/" vanish. */
static int split_path(char *path, char **parts, const char *whole)
{
	int count = 0;
	char *rest = path;
	char *part;
	while ((part = strsep(&rest, "/")) != NULL) {
		if (*part == '\0' || strcmp(part, ".") == 0) {
			continue;
		}
		if (strcmp(part, "..") == 0) {
			return fault_set(0, "\"%.200s\" has a \"..\"", whole);
		}
		if (count == DEPTH_MAX || strlen(part) > NAME_MAX) {
			return fault_set(ENAMETOOLONG, "\"%.200s\"", whole);
		}
		parts[count++] = part;
	}
	return count;
}

/* Never NULL, which the path's end is not to be taken for. */
static const char *part_at(char **parts, int at)
{
	return parts[at] != NULL ? parts[at] : "";
}

static void set_opaque(int dir)
{
	/* Not root, or a file system without trusted.*: the layer is then not shared anyway. */
	(void)fsetxattr(dir, OPAQUE_ATTR, "y", 1, 0);
}

static bool is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* The directory name in dir; what is there but is no directory makes place for it. A
 * whiteout that was there says that what lies below is to be hidden. */
static int enter_dir(int root, int dir, const char *name)
{
	struct stat status;
	bool hidden = false;
	if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode)) {
		hidden = is_whiteout(&status);
		if (unlinkat(dir, name, 0) < 0) {
			return fault_set(errno, "replace %s", name);
		}
	}
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST) {
		return fault_set(errno, "make the directory %s", name);
	}
	int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0) {
		return fault_set(errno, "open the directory %s", name);
	}
	if (hidden) {
		set_opaque(child);
	}
	(void)root;
	return child;
}

/* An ancestor: as enter_dir(), but a symlink to a directory inside root stays and is
 * followed with root as "/". */
static int enter_ancestor(struct job *job, int dir, char **parts, int depth)
{
	struct stat status;
	if (job->layer && strncmp(part_at(parts, depth), WHITEOUT, strlen(WHITEOUT)) == 0) {
		return fault_set(0, "\"%s\" is a whiteout and a directory", part_at(parts, depth));
	}
	if (fstatat(dir, part_at(parts, depth), &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISLNK(status.st_mode)) {
		return enter_dir(job->root, dir, part_at(parts, depth));
	}
	char path[PATH_MAX] = "";
	for (int i = 0; i <= depth; i++) {
		size_t used = strlen(path);
		snprintf(path + used, sizeof(path) - used, "%s/", part_at(parts, i));
	}
	int child = file_open_in(job->root, path, O_RDONLY | O_DIRECTORY, 0);
	if (child < 0) {
		return fault_set(errno, "follow the symlink %s inside the image", path);
	}
	return child;
}

/* The directory that parts[0..count-1] lead to. */
static int open_parent(struct job *job, char **parts, int count)
{
	int dir = fcntl(job->root, F_DUPFD_CLOEXEC, 0);
	for (int i = 0; i < count && dir >= 0; i++) {
		int child = enter_ancestor(job, dir, parts, i);
		close(dir);
		dir = child;
	}
	return dir;
}

/* user.* and file capabilities; never what overlayfs or a security module reads. */
static bool attribute_allowed(const char *name)
{
	return strcmp(name, "security.capability") == 0 ||
	       (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0);
}

static int set_attributes(struct archive_entry *entry, int fd)
{
	const char *name;
	const void *value;
	size_t size;
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (attribute_allowed(name) && fsetxattr(fd, name, value, size, 0) < 0 &&
		    errno != ENOTSUP && errno != EPERM) {
			return fault_set(errno, "set the attribute %.100s", name);
		}
	}
	return 0;
}

/* Owner before mode (a change of owner clears setuid), attributes after the owner. */
static int set_metadata(struct archive_entry *entry, int fd)
{
	uid_t uid = (uid_t)archive_entry_uid(entry);
	gid_t gid = (gid_t)archive_entry_gid(entry);
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)},
	};
	if (geteuid() == 0 && fchown(fd, uid, gid) < 0) {
		return fault_set(errno, "give it to %u:%u", uid, gid);
	}
	if (fchmod(fd, archive_entry_perm(entry) & 07777) < 0 || set_attributes(entry, fd) < 0) {
		return errno == 0 ? -1 : fault_set(errno, "set its mode");
	}
	(void)futimens(fd, times);
	return 0;
}

static int add_bytes(struct job *job, uint64_t bytes)
{
	job->count->bytes += bytes;
	if (job->count->bytes > job->limits->bytes) {
		return fault_set(0, "more than the limit of %llu bytes unpacked",
				 (unsigned long long)job->limits->bytes);
	}
	return 0;
}

static int write_data(struct job *job, int fd, int64_t size)
{
	const void *block;
	size_t length;
	la_int64_t offset;
	int code;
	while ((code = archive_read_data_block(job->archive, &block, &length, &offset)) ==
	       ARCHIVE_OK) {
		if (add_bytes(job, length) < 0) {
			return -1;
		}
		if (pwrite(fd, block, length, offset) != (ssize_t)length) {
			return fault_set(errno, "write its data");
		}
	}
	if (code != ARCHIVE_EOF) {
		return fault_set(0, "its data: %s", archive_error_string(job->archive));
	}
	return ftruncate(fd, size) == 0 ? 0 : fault_set(errno, "set its size");
}

static int make_file(struct job *job, struct archive_entry *entry, int dir, const char *name)
{
	int64_t size = archive_entry_size(entry);
	if (size < 0 || (uint64_t)size > job->limits->bytes) {
		return fault_set(EFBIG, "a file of %lld bytes", (long long)size);
	}
	fd_auto fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return fault_set(errno, "create it");
	}
	return write_data(job, fd, size) < 0 ? -1 : set_metadata(entry, fd);
}

static int make_symlink(struct archive_entry *entry, int dir, const char *name)
{
	const char *target = archive_entry_symlink(entry);
	if (target == NULL || symlinkat(target, dir, name) < 0) {
		return fault_set(errno, "make the symlink");
	}
	(void)fchownat(dir, name, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry),
		       AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* The target is looked up as a member is: below root, its last name not followed. */
static int make_hardlink(struct job *job, const char *target, int dir, const char *name)
{
	char *parts[DEPTH_MAX] = {0};
	char *copy = file_text("%s/%s", job->below, target);
	struct stat status;
	int count = split_path(copy, parts, target);
	if (count <= 0) {
		free(copy);
		return count < 0 ? -1 : fault_set(0, "a hard link to the root");
	}
	fd_auto parent = open_parent(job, parts, count - 1);
	int result = -1;
	if (parent < 0) {
		result = -1;
	} else if (fstatat(parent, part_at(parts, count - 1), &status, AT_SYMLINK_NOFOLLOW) < 0) {
		result = fault_set(errno, "a hard link to %.200s", target);
	} else if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
		result = fault_set(0, "a hard link to %.200s, which is no file", target);
	} else if (linkat(parent, part_at(parts, count - 1), dir, name, 0) < 0) {
		result = fault_set(errno, "link it to %.200s", target);
	} else {
		result = 0;
	}
	free(copy);
	return result;
}

/* ".wh.NAME" hides NAME of the layers below; what this layer itself has of it stays. */
static int make_whiteout(int dir, const char *name)
{
	const char *hidden = name + strlen(WHITEOUT);
	struct stat status;
	if (strcmp(name, OPAQUE_NAME) == 0) {
		set_opaque(dir);
		return 0;
	}
	if (*hidden == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0) {
		return fault_set(0, "a whiteout of \"%s\"", hidden);
	}
	if (strncmp(hidden, WHITEOUT, strlen(WHITEOUT)) == 0) {
		return fault_set(0, "a whiteout of a whiteout");
	}
	if (fstatat(dir, hidden, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(status.st_mode)) {
			fd_auto fd = openat(dir, hidden, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
			if (fd >= 0) {
				set_opaque(fd);
			}
		}
		return 0;
	}
	if (mknodat(dir, hidden, S_IFCHR, makedev(0, 0)) < 0) {
		return fault_set(errno, "make the whiteout of %s", hidden);
	}
	return 0;
}

static int make_directory(struct job *job, struct archive_entry *entry, int dir, const char *name)
{
	fd_auto fd = enter_dir(job->root, dir, name);
	return fd < 0 ? -1 : set_metadata(entry, fd);
}

static int make_entry(struct job *job, struct archive_entry *entry, int dir, const char *name)
{
	const char *target = archive_entry_hardlink(entry);
	mode_t type = archive_entry_filetype(entry);
	if (target == NULL && type == AE_IFDIR) {
		return make_directory(job, entry, dir, name);
	}
	if (target == NULL && (type == AE_IFCHR || type == AE_IFBLK)) {
		job->count->skipped++;
		return 0;
	}
	/* A link to itself: removing the old name first would remove its target. */
	if (target != NULL && faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    strcmp(target, archive_entry_pathname(entry)) == 0) {
		return 0;
	}
	if (file_remove_tree(dir, name) < 0) {
		return -1;
	}
	if (target != NULL) {
		return make_hardlink(job, target, dir, name);
	}
	switch (type) {
	case AE_IFREG:
		return make_file(job, entry, dir, name);
	case AE_IFLNK:
		return make_symlink(entry, dir, name);
	case AE_IFIFO:
		return mkfifoat(dir, name, archive_entry_perm(entry)) == 0
			       ? 0
			       : fault_set(errno, "make the fifo");
	default:
		return fault_set(0, "a file of a kind that no image has");
	}
}

static int take_root(struct job *job, struct archive_entry *entry, const char *path)
{
	if (archive_entry_hardlink(entry) != NULL || archive_entry_filetype(entry) != AE_IFDIR) {
		return fault_set(0, "\"%.200s\" would replace the root by what is no directory",
				 path);
	}
	return set_metadata(entry, job->root);
}

static int take_entry(struct job *job, struct archive_entry *entry)
{
	char *parts[DEPTH_MAX] = {0};
	const char *path = archive_entry_pathname(entry);
	if (path == NULL || strlen(path) >= PATH_MAX) {
		return fault_set(ENAMETOOLONG, "a member's name");
	}
	if (++job->count->entries > job->limits->entries) {
		return fault_set(0, "more than the limit of %llu entries",
				 (unsigned long long)job->limits->entries);
	}
	char *copy = file_text("%s/%s", job->below, path);
	int count = split_path(copy, parts, path);
	int result = count;
	if (count == 0) {
		result = take_root(job, entry, path);
	} else if (count > 0) {
		fd_auto dir = open_parent(job, parts, count - 1);
		const char *name = part_at(parts, count - 1);
		if (dir < 0) {
			result = -1;
		} else if (job->layer && strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0) {
			result = make_whiteout(dir, name);
		} else {
			result = make_entry(job, entry, dir, name);
		}
		if (result < 0) {
			fault_in("unpack %.200s", path);
		}
	}
	free(copy);
	return result;
}

static struct archive *open_archive(int fd, bool raw)
{
	struct archive *archive = archive_read_new();
	if (archive == NULL) {
		abort();
	}
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_xz(archive);
	if (raw) {
		archive_read_support_format_raw(archive);
		archive_read_support_format_empty(archive);
	} else {
		archive_read_support_format_tar(archive);
		archive_read_set_option(archive, "tar", "hdrcharset", "BINARY");
	}
	if (archive_read_open_fd(archive, fd, BLOCK_SIZE) != ARCHIVE_OK) {
		fault_set(0, "open the archive: %s", archive_error_string(archive));
		archive_read_free(archive);
		return NULL;
	}
	return archive;
}

static int unpack(int fd, struct job *job)
{
	struct archive_entry *entry;
	int code;
	int result = 0;
	*job->count = (struct unpack_count){0};
	job->archive = open_archive(fd, false);
	if (job->archive == NULL) {
		return -1;
	}
	while (result == 0 &&
	       (code = archive_read_next_header(job->archive, &entry)) != ARCHIVE_EOF) {
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
			result = fault_set(0, "read the archive: %s",
					   archive_error_string(job->archive));
		} else {
			errno = 0;
			result = take_entry(job, entry);
		}
	}
	archive_read_free(job->archive);
	return result;
}

int unpack_tar(int fd, int root, bool layer, const struct unpack_limits *limits,
	       struct unpack_count *count)
{
	return unpack(fd, &(struct job){.root = root,
					.below = "",
					.layer = layer,
					.limits = limits,
					.count = count});
}

int unpack_below(int fd, int root, const char *below, const struct unpack_limits *limits,
		 struct unpack_count *count)
{
	return unpack(
		fd, &(struct job){.root = root, .below = below, .limits = limits, .count = count});
}

static int copy_plain(struct archive *archive, int out, uint64_t limit)
{
	static char block[BLOCK_SIZE];
	uint64_t total = 0;
	la_ssize_t got;
	while ((got = archive_read_data(archive, block, sizeof(block))) > 0) {
		total += (uint64_t)got;
		if (total > limit) {
			return fault_set(0, "more than the limit of %llu bytes unpacked",
					 (unsigned long long)limit);
		}
		if (!file_write_all(out, block, (size_t)got)) {
			return fault_set(errno, "write the unpacked data");
		}
	}
	return got < 0 ? fault_set(0, "undo the compression: %s", archive_error_string(archive))
		       : 0;
}

int unpack_plain(int fd, int out, uint64_t limit)
{
	struct archive_entry *entry;
	struct archive *archive = open_archive(fd, true);
	if (archive == NULL) {
		return -1;
	}
	int code = archive_read_next_header(archive, &entry);
	int result = 0;
	if (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
		result = copy_plain(archive, out, limit);
	} else if (code != ARCHIVE_EOF) {
		result = fault_set(0, "undo the compression: %s", archive_error_string(archive));
	}
	archive_read_free(archive);
	return result;
}
