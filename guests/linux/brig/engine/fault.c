/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guests/linux/brig/engine/fault.h"

static char note[1024] = "no reason noted";

int fault_set(int number, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	size_t used = strlen(note);
	if (number != 0) {
		snprintf(note + used, sizeof(note) - used, ": %s", strerror(number));
	}
	return -1;
}

int fault_in(const char *format, ...)
{
	char old[sizeof(note)];
	va_list args;
	va_start(args, format);
	memcpy(old, note, sizeof(old));
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	size_t used = strlen(note);
	/* What does not fit is cut. */
	strncat(note + used, ": ", sizeof(note) - used - 1);
	used = strlen(note);
	strncat(note + used, old, sizeof(note) - used - 1);
	return -1;
}

const char *fault_text(void)
{
	return note;
}
