/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/tame.h"

#include <stdbool.h>

/* In UTF-8, U+0080 to U+009F are control characters, too. One may come in halves. */
static bool begins_upper(const char *text, size_t i, size_t length)
{
	unsigned char next = i + 1 < length ? (unsigned char)text[i + 1] : 0x80;
	return (unsigned char)text[i] == 0xc2 && next >= 0x80 && next < 0xa0;
}

static bool is_layout(const char *text, size_t i, size_t length)
{
	return text[i] == '\n' || text[i] == '\t' ||
	       (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n');
}

static void tame(char *text, size_t length, bool lines)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (begins_upper(text, i, length)) {
			text[i++] = '?';
		} else if ((c >= ' ' && c != 0x7f) || (lines && is_layout(text, i, length))) {
			continue;
		}
		if (i < length) {
			text[i] = '?';
		}
	}
}

void tame_text(char *text, size_t length)
{
	tame(text, length, true);
}

void tame_line(char *text, size_t length)
{
	tame(text, length, false);
}
