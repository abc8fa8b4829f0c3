/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"

void file_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

char *file_text(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0) {
		abort();
	}
	va_end(args);
	return text;
}

int file_open_in(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

int file_make_dirs(const char *path)
{
	char *copy = file_text("%s", path);
	for (char *at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
			return fault_set(errno, "make the directory %s", copy);
		}
		*at = '/';
	}
	if (mkdir(copy, 0755) < 0 && errno != EEXIST) {
		return fault_set(errno, "make the directory %s", path);
	}
	free(copy);
	return 0;
}

#define REMOVE_DEPTH 64 /* of folders that are open at once, when a tree is removed */

/* How deep a tree is, is the image's or the container's to choose: what is deeper comes up. */
static int move_up(int dir, const char *name, int top)
{
	uint64_t number;
	char up[40];
	if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
		return fault_set(errno, "get random bytes");
	}
	snprintf(up, sizeof(up), ".brig-rm.%016llx", (unsigned long long)number);
	return renameat(dir, name, top, up) == 0 ? 0 : fault_set(errno, "remove %s", name);
}

static int empty_dir(int dir, int top, int depth);

/* 1 where something came up while it was read: once more. */
static int remove_entry(int dir, const char *name, int top, int depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) {
		return 0;
	}
	if (errno != EISDIR && errno != EPERM) {
		return fault_set(errno, "remove %s", name);
	}
	if (depth == REMOVE_DEPTH) {
		return move_up(dir, name, top);
	}
	int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0 && errno == ENOENT) {
		return 0; /* another removes it, too */
	}
	if (child < 0 || empty_dir(child, top < 0 ? child : top, depth + 1) < 0) {
		return child < 0 ? fault_set(errno, "open %s to remove it", name) : -1;
	}
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
		return 0;
	}
	return errno == ENOTEMPTY && top < 0 ? 1 : fault_set(errno, "remove %s", name);
}

/* Takes the descriptor over. */
static int empty_dir(int dir, int top, int depth)
{
	DIR *list = fdopendir(dir);
	if (list == NULL) {
		close(dir);
		return fault_set(errno, "empty a directory");
	}
	int result = 0;
	const struct dirent *entry;
	while (result == 0 && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			result = remove_entry(dirfd(list), entry->d_name, top, depth);
		}
	}
	closedir(list);
	return result;
}

int file_remove_tree(int dir, const char *name)
{
	int result;
	do {
		result = remove_entry(dir, name, -1, 0);
	} while (result > 0);
	return result;
}

char *file_read(int fd, size_t max, size_t *length, const char *what)
{
	size_t room = 4096;
	size_t used = 0;
	char *data = malloc(room + 1);
	for (;;) {
		ssize_t got = read(fd, data + used, room - used);
		if (got < 0 || used + (size_t)got > max) {
			fault_set(got < 0 ? errno : EFBIG, "read %s", what);
			free(data);
			return NULL;
		}
		if (got == 0) {
			break;
		}
		used += (size_t)got;
		if (used == room) {
			room *= 2;
			data = realloc(data, room + 1);
			if (data == NULL) {
				abort();
			}
		}
	}
	data[used] = '\0';
	if (length != NULL) {
		*length = used;
	}
	return data;
}

bool file_write_all(int fd, const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		ssize_t done = write(fd, at, length);
		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return false;
		}
		at += done;
		length -= (size_t)done;
	}
	return true;
}

int file_write(const char *path, const void *data, size_t length)
{
	char *part = file_text("%s.%d.part", path, getpid());
	fd_auto fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || !file_write_all(fd, data, length) || fsync(fd) < 0 ||
	    rename(part, path) < 0) {
		fault_set(errno, "write %s", path);
		unlink(part);
		free(part);
		return -1;
	}
	free(part);
	return 0;
}

json_t *file_json(int fd, const char *what)
{
	json_error_t error;
	size_t length;
	char *data = file_read(fd, FILE_DOCUMENT_MAX, &length, what);
	if (data == NULL) {
		return NULL;
	}
	json_t *value = json_loadb(data, length, JSON_REJECT_DUPLICATES, &error);
	free(data);
	if (value == NULL) {
		fault_set(0, "read %s: line %d: %s", what, error.line, error.text);
	}
	return value;
}

json_t *file_json_at(const char *path)
{
	fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fault_set(errno, "open %s", path);
		return NULL;
	}
	return file_json(fd, path);
}

int file_json_write(const char *path, const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (text == NULL) {
		return fault_set(ENOMEM, "write %s", path);
	}
	int result = file_write(path, text, strlen(text));
	free(text);
	return result;
}

int file_lock(const char *path, bool wait)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}
