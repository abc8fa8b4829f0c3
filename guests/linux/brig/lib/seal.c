/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mount.h"
#include "guests/linux/brig/lib/sys.h"

#define SEALS  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MARKER "_BRIG_SEALED"

/* The marker is only a hint to look: what counts is what the file is. */
static int is_sealed(void)
{
	struct statvfs fs;
	fd_auto self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0 || getenv(MARKER) == NULL) {
		return 0;
	}
	unsetenv(MARKER);
	if (fstatvfs(self, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0) {
		return 1;
	}
	int seals = fcntl(self, F_GET_SEALS);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

/*
 * A mount in no namespace cannot be remounted, not even by CAP_SYS_ADMIN: the kernel
 * changes mounts of the caller's own namespace only.
 */
static int readonly_copy(void)
{
	int fd = sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0) {
		return -1;
	}
	if (mount_change(fd, MOUNT_ATTR_RDONLY, 0, 0, false) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int memory_copy(void)
{
	fd_auto self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("brig", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t done = -1;
	if (self < 0 || fd < 0) {
		return err_set(errno, "make a sealed copy of the program");
	}
	while ((done = sendfile(fd, self, NULL, 1U << 24)) > 0) {}
	if (done < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		err_set(errno, "make a sealed copy of the program");
		close(fd);
		return -1;
	}
	return fd;
}

int seal_self(char **argv)
{
	if (is_sealed()) {
		return 0;
	}
	int fd = readonly_copy();
	if (fd < 0) {
		fd = memory_copy();
	}
	if (fd < 0 || setenv(MARKER, "1", 1) < 0) {
		return -1;
	}
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return err_set(errno, "run the sealed copy of the program");
}
