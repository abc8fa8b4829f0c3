/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: a layer unpacks, or is refused with a reason, and nothing beside its folder
 * changes. Each is unpacked twice into one folder, as a later layer finds what an earlier one
 * left.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char top_path[] = "/tmp/fuzz-layer.XXXXXX";
static int top = -1;

static void remove_top(void)
{
	rmdir(top_path);
}

static void make_top(void)
{
	assert(mkdtemp(top_path) != NULL && atexit(remove_top) == 0);
	top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(top >= 0);
}

/* Nothing but "root" lies in the folder; then it is empty. */
static void check_beside(void)
{
	DIR *dir = fdopendir(openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	assert(dir != NULL);
	for (const struct dirent *one; (one = readdir(dir)) != NULL;) {
		assert(one->d_name[0] == '.' || strcmp(one->d_name, "root") == 0);
	}
	closedir(dir);
	assert(file_remove_tree(top, "root") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct unpack_limits limits = {.bytes = 1 << 20, .entries = 1000};
	struct unpack_count count;

	if (top < 0) {
		make_top();
	}
	fd_auto fd = memfd_create("layer", MFD_CLOEXEC);
	assert(file_write_all(fd, data, size) && mkdirat(top, "root", 0755) == 0);
	fd_auto root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		assert(lseek(fd, 0, SEEK_SET) == 0);
		fault_set(0, "%s", "");
		assert(unpack_tar(fd, root, true, &limits, &count) == 0 || fault_text()[0] != '\0');
	}
	check_beside();
	return 0;
}
