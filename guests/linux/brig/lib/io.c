/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"

#define FIRST_READ 4096U
#define TREE_DEPTH 32U

char *io_read_fd(int fd, size_t limit, size_t *length, const char *name)
{
	struct stat status;
	size_t room = FIRST_READ;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
	    (uint64_t)status.st_size < limit) {
		room = (size_t)status.st_size + 1;
	}
	char *data = mem_get(room + 1);
	size_t used = 0;

	for (;;) {
		ssize_t got = read(fd, data + used, room - used);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			err_set(errno, "read %s", name);
			return NULL;
		}
		if (got == 0) {
			break;
		}
		used += (size_t)got;
		if (used > limit) {
			err_set(EFBIG, "read %s: more than %zu bytes", name, limit);
			return NULL;
		}
		if (used == room) {
			char *larger = mem_get(room * 2 + 1);
			data = memcpy(larger, data, used);
			room *= 2;
		}
	}
	data[used] = '\0';
	if (length != NULL) {
		*length = used;
	}
	return data;
}

char *io_read_file(int dir, const char *path, size_t limit, size_t *length)
{
	fd_auto fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_set(errno, "open %s", path);
		return NULL;
	}
	return io_read_fd(fd, limit, length, path);
}

char *io_peek(int dir, const char *path)
{
	fd_auto fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return NULL;
	}
	char *text = io_read_fd(fd, 1U << 22, NULL, path);
	if (text == NULL) {
		err_clear();
	}
	return text;
}

int io_write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t done = write(fd, data, length);
		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done < 0) {
			return err_set(errno, "write");
		}
		data += done;
		length -= (size_t)done;
	}
	return 0;
}

int io_write_at(int dir, const char *path, const char *text)
{
	fd_auto fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		return err_set(errno, "open %s", path);
	}
	if (write(fd, text, strlen(text)) < 0) {
		return err_set(errno, "write \"%.256s\" to %s", text, path);
	}
	return 0;
}

int io_replace(int dir, const char *name, const char *data, size_t length, mode_t mode)
{
	char part[NAME_MAX + 1];
	snprintf(part, sizeof(part), ".%.200s.%d", name, getpid());
	fd_auto fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) {
		return err_set(errno, "create %s", part);
	}
	if (io_write_all(fd, data, length) < 0) {
		unlinkat(dir, part, 0);
		return err_within("%s", name);
	}
	if (renameat(dir, part, dir, name) < 0) {
		int error = errno;
		unlinkat(dir, part, 0);
		return err_set(error, "rename %s to %s", part, name);
	}
	return 0;
}

static int open_how(int root, const char *path, uint64_t flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	int fd;
	do {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		/* EAGAIN: a rename or mount elsewhere disturbed a ".." below the root. */
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

int io_open_in(int root, const char *path, uint64_t flags, mode_t mode)
{
	int fd = open_how(root, path, flags, mode, RESOLVE_IN_ROOT);
	return fd < 0 ? err_set(errno, "open %s in the root filesystem", path) : fd;
}

int io_open_beneath(int root, const char *path, uint64_t flags)
{
	int fd = open_how(root, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return fd < 0 ? -errno : fd;
}

int io_open_same(int root, const char *path, uint64_t flags)
{
	int fd = open_how(root, path, flags, 0,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	return fd < 0 ? err_set(errno, "open %s", path) : fd;
}

/* The next part of a path into `part`: its length, 0 at the end, -1 where it is too long. */
static int next_part(const char **path, char *part)
{
	while (**path == '/') {
		(*path)++;
	}
	size_t length = strcspn(*path, "/");
	if (length > NAME_MAX) {
		return -1;
	}
	memcpy(part, *path, length);
	part[length] = '\0';
	*path += length;
	return (int)length;
}

/*
 * What exists is opened whole, in the root. What is missing is made below the deepest
 * folder that exists, part by part without following anything, so that no symlink that
 * appears meanwhile is ever walked through by name.
 */
int io_make_dirs(int root, const char *path, mode_t mode)
{
	int whole = open_how(root, *path == '\0' ? "." : path, O_PATH | O_DIRECTORY, 0,
			     RESOLVE_IN_ROOT);
	if (whole >= 0) {
		return whole;
	}
	if (errno != ENOENT) {
		return err_set(errno, "open folder %s in the root filesystem", path);
	}
	/* The longest prefix that exists, with symlinks in it resolved in the root. */
	char *prefix = mem_copy(path, strlen(path));
	const char *rest = path + strlen(path);
	int at = -1;
	while (at < 0) {
		char *slash = strrchr(prefix, '/');
		*(slash == NULL ? prefix : slash) = '\0';
		rest = path + strlen(prefix);
		at = open_how(root, *prefix == '\0' ? "." : prefix, O_PATH | O_DIRECTORY, 0,
			      RESOLVE_IN_ROOT);
		if (at < 0 && (errno != ENOENT || *prefix == '\0')) {
			return err_set(errno, "open folder %s in the root filesystem", prefix);
		}
	}
	char part[NAME_MAX + 1];
	int length;
	while ((length = next_part(&rest, part)) > 0) {
		if (strcmp(part, "..") == 0) {
			close(at);
			return err_set(EINVAL, "make folder %s: \"..\" below a missing folder",
				       path);
		}
		if (mkdirat(at, part, mode) < 0 && errno != EEXIST) {
			int error = errno;
			close(at);
			return err_set(error, "make folder %s", path);
		}
		int next = open_how(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
				    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		int error = errno;
		close(at);
		if (next < 0) {
			return err_set(error, "make folder %s", path);
		}
		at = next;
	}
	if (length < 0) {
		close(at);
		return err_set(ENAMETOOLONG, "make folder %s", path);
	}
	return at;
}

int io_make_parent(int root, const char *path, mode_t mode, const char **last)
{
	char *folder = mem_copy(path, strlen(path));
	size_t length = strlen(folder);
	while (length > 0 && folder[length - 1] == '/') {
		folder[--length] = '\0';
	}
	char *slash = strrchr(folder, '/');
	*last = slash == NULL ? folder : slash + 1;
	if (**last == '\0' || strcmp(*last, ".") == 0 || strcmp(*last, "..") == 0) {
		return err_set(EINVAL, "%s names no file", path);
	}
	if (slash == NULL) {
		return io_make_dirs(root, "", mode);
	}
	*slash = '\0';
	return io_make_dirs(root, folder, mode);
}

static int empty_dir(int dir, unsigned int depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (stream == NULL) {
		return err_set(errno, "read folder");
	}
	int result = 0;
	const struct dirent *entry;
	while (result == 0 && (entry = readdir(stream)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
			continue;
		}
		if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
			continue;
		}
		if (errno != EISDIR && errno != EPERM) {
			result = err_set(errno, "remove %s", name);
			break;
		}
		fd_auto sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0 || depth == 0) {
			result = err_set(errno, "remove %s", name);
		} else {
			result = empty_dir(sub, depth - 1);
			if (result == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0) {
				result = err_set(errno, "remove %s", name);
			}
		}
	}
	closedir(stream);
	return result;
}

int io_remove_tree(int dir, const char *name)
{
	fd_auto sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0) {
		return errno == ENOENT ? 0 : err_set(errno, "remove %s", name);
	}
	if (empty_dir(sub, TREE_DEPTH) < 0) {
		return err_within("%s", name);
	}
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		return err_set(errno, "remove %s", name);
	}
	return 0;
}

bool io_parse_u64(const char *text, uint64_t *value)
{
	char *end;
	if (text == NULL || *text < '0' || *text > '9') {
		return false;
	}
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

bool io_parse_i64(const char *text, int64_t *value)
{
	char *end;
	if (text == NULL || ((*text < '0' || *text > '9') && *text != '-')) {
		return false;
	}
	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && end[-1] != '-';
}
