/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/users.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

bool users_are_all(void)
{
	char text[64];
	char *at = text;
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0) {
		close(fd);
	}
	if (got <= 0) {
		return true;
	}
	text[got] = '\0';
	unsigned long inner = strtoul(at, &at, 10);
	unsigned long outer = strtoul(at, &at, 10);
	return inner == 0 && outer == 0 && strtoul(at, NULL, 10) == UINT32_MAX;
}
