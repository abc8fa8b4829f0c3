/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/signals.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

/* The kernel's numbers: the C library keeps the first two real-time signals to itself. */
#define FIRST_REALTIME 34
#define LAST           64

static int realtime(const char *name)
{
	uint64_t offset = 0;
	if (strncmp(name, "RTMIN", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '+' || !io_parse_u64(name + 6, &offset))) {
			return -1;
		}
		return offset <= LAST - FIRST_REALTIME ? FIRST_REALTIME + (int)offset : -1;
	}
	if (strncmp(name, "RTMAX", 5) == 0) {
		if (name[5] != '\0' && (name[5] != '-' || !io_parse_u64(name + 6, &offset))) {
			return -1;
		}
		return offset <= LAST - FIRST_REALTIME ? LAST - (int)offset : -1;
	}
	return -1;
}

int signals_number(const char *given)
{
	uint64_t number;
	if (io_parse_u64(given, &number)) {
		return number <= LAST ? (int)number : -1;
	}
	char *name = mem_copy(given, strlen(given));
	for (char *c = name; *c != '\0'; c++) {
		*c = (char)toupper((unsigned char)*c);
	}
	if (strncmp(name, "SIG", 3) == 0) {
		name += 3;
	}
	for (int i = 1; i < 32; i++) {
		const char *abbreviation = sigabbrev_np(i);
		if (abbreviation != NULL && strcmp(abbreviation, name) == 0) {
			return i;
		}
	}
	if (strcmp(name, "IOT") == 0) {
		return SIGIOT;
	}
	return strcmp(name, "CLD") == 0 ? SIGCHLD : realtime(name);
}
