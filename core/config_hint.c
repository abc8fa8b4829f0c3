/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/config_parts.h"

/* Longer names are not compared. */
#define HINT_NAME_MAX 31

/* Edit distance (Levenshtein) of two names of at most HINT_NAME_MAX characters. */
static unsigned int distance(const char *a, const char *b)
{
	uint8_t row[HINT_NAME_MAX + 1];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++) {
		row[j] = (uint8_t)j;
	}
	for (size_t i = 0; a[i]; i++) {
		uint8_t diagonal = row[0];

		row[0] = (uint8_t)(i + 1);
		for (size_t j = 0; j < length; j++) {
			uint8_t replace = (uint8_t)(diagonal + (a[i] != b[j]));
			uint8_t edit = (uint8_t)(MIN(row[j], row[j + 1]) + 1);

			diagonal = row[j + 1];
			row[j + 1] = MIN(replace, edit);
		}
	}
	return row[length];
}

const char *config_hint(const char *name, const void *list, size_t stride, unsigned int count)
{
	const char *best = NULL;
	/* At most a third of the letters may differ. */
	unsigned int least = (unsigned int)strlen(name) / 3 + 1;

	if (strlen(name) > HINT_NAME_MAX) {
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		const char *known;

		memcpy(&known, (const char *)list + i * stride, sizeof(known));
		if (strlen(known) <= HINT_NAME_MAX && distance(name, known) <= least) {
			least = distance(name, known);
			best = known;
			least -= least > 0;
		}
	}
	return best;
}
