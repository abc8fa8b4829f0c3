/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/err.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char text[2048];
static int number;

int err_set(int error, const char *format, ...)
{
	char new_text[sizeof(text)];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(new_text, sizeof(new_text), format, args);
	va_end(args);
	if (error != 0 && length >= 0 && (size_t)length < sizeof(new_text)) {
		snprintf(new_text + length, sizeof(new_text) - (size_t)length, ": %s",
			 strerror(error));
	}
	memcpy(text, new_text, sizeof(text));
	number = error;
	return -1;
}

int err_within(const char *format, ...)
{
	char new_text[sizeof(text)];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(new_text, sizeof(new_text), format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < sizeof(new_text)) {
		/* What does not fit is cut: the outer words matter less than that it ends. */
		size_t room = sizeof(new_text) - (size_t)length - 1;
		snprintf(new_text + length, room + 1, ": %.*s", (int)(room > 2 ? room - 2 : 0),
			 text);
	}
	memcpy(text, new_text, sizeof(text));
	return -1;
}

int err_lower(void)
{
	size_t length = strlen(text);
	size_t words = strlen(strerror(number));
	if (number != 0 && words <= length) {
		char *first = text + length - words;
		*first = (char)tolower((unsigned char)*first);
	}
	return -1;
}

const char *err_text(void)
{
	return text;
}

int err_number(void)
{
	return number;
}

void err_clear(void)
{
	text[0] = '\0';
	number = 0;
}
