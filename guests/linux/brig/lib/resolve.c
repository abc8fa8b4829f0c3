/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

#define LINKS_LIMIT 40U /* as the kernel's own */

/* What a symlink at this place holds, or NULL where there is none. */
static char *link_target(int root, const char *path)
{
	char target[PATH_MAX];
	fd_auto fd = io_open_in(root, path, O_PATH | O_NOFOLLOW, 0);
	ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target));
	err_clear();
	return length <= 0 || (size_t)length == sizeof(target) ? NULL
							       : mem_copy(target, (size_t)length);
}

static void drop_last(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash != NULL) {
		*slash = '\0';
	}
}

char *resolve_in(int root, const char *path)
{
	const char *given = path;
	char *done = mem_format("%s", "");
	unsigned int links = 0;
	while (*path != '\0') {
		path += strspn(path, "/");
		size_t length = strcspn(path, "/");
		const char *part = mem_copy(path, length);
		path += length;
		if (length == 0 || strcmp(part, ".") == 0) {
			continue;
		}
		if (strcmp(part, "..") == 0) {
			drop_last(done);
			continue;
		}
		char *next = mem_format("%s/%s", done, part);
		const char *target = link_target(root, next);
		if (strlen(next) >= PATH_MAX || (target != NULL && ++links > LINKS_LIMIT)) {
			err_set(ELOOP, "resolve %s in the root filesystem", given);
			return NULL;
		}
		if (target == NULL) {
			done = next;
			continue;
		}
		if (*target == '/') {
			*done = '\0';
		}
		path = mem_format("%s/%s", target, path);
	}
	return *done == '\0' ? mem_format("/") : done;
}
