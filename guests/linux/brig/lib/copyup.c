/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: what the root filesystem has at a place, copied into the tmpfs that covers it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mount.h"

#define DEPTH 64U

static int copy_folder(int from, int to, unsigned int depth);

static int copy_file(int from, int to, const char *name, const struct stat *status)
{
	fd_auto in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	fd_auto out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (in < 0 || out < 0) {
		return err_set(errno, "copy %s", name);
	}
	ssize_t done;
	while ((done = sendfile(out, in, NULL, 1U << 20)) > 0) {}
	if (done < 0 || fchown(out, status->st_uid, status->st_gid) < 0 ||
	    fchmod(out, status->st_mode & 07777) < 0) {
		return err_set(errno, "copy %s", name);
	}
	return 0;
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);
	if (length < 0) {
		return err_set(errno, "copy %s", name);
	}
	target[length] = '\0';
	return symlinkat(target, to, name) < 0 ? err_set(errno, "copy %s", name) : 0;
}

static int copy_entry(int from, int to, const char *name, unsigned int depth)
{
	struct stat status;
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return err_set(errno, "copy %s", name);
	}
	if (S_ISREG(status.st_mode)) {
		return copy_file(from, to, name, &status);
	}
	if (S_ISLNK(status.st_mode)) {
		return copy_link(from, to, name);
	}
	if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
		return mknodat(to, name, status.st_mode, 0) < 0 ? err_set(errno, "copy %s", name)
								: 0;
	}
	if (!S_ISDIR(status.st_mode)) {
		return 0; /* a device node is given by linux.devices, never copied */
	}
	if (mkdirat(to, name, 0700) < 0) {
		return err_set(errno, "copy %s", name);
	}
	fd_auto sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd_auto sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from < 0 || sub_to < 0 || depth == 0) {
		return err_set(depth == 0 ? ELOOP : errno, "copy %s", name);
	}
	return copy_folder(sub_from, sub_to, depth - 1);
}

static int copy_folder(int from, int to, unsigned int depth)
{
	struct stat status;
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = again < 0 ? NULL : fdopendir(again);
	if (stream == NULL) {
		return err_set(errno, "read a folder to copy");
	}
	int result = 0;
	const struct dirent *entry;
	while (result == 0 && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			result = copy_entry(from, to, entry->d_name, depth);
		}
	}
	closedir(stream);
	/* The mount itself was made with what it should be. */
	if (result == 0 && depth < DEPTH &&
	    (fstat(from, &status) < 0 ||
	     fchownat(to, "", status.st_uid, status.st_gid, AT_EMPTY_PATH) < 0 ||
	     fchmodat(to, ".", status.st_mode & 07777, 0) < 0)) {
		result = err_set(errno, "copy a folder");
	}
	return result;
}

int copyup(int from, int to)
{
	fd_auto folder = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return err_set(errno, "open the new tmpfs");
	}
	return copy_folder(from, folder, DEPTH) < 0 ? err_within("tmpcopyup") : 0;
}
