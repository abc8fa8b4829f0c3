/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the findings of a check go: the hypervisor's log on the board, standard
 * output in bhcheck, an array in the unit tests.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "core/lib/types.h"

struct report {
	/* Takes one finding, one line without a newline, naming node and property. */
	void (*emit)(struct report *r, const char *line);
	unsigned int error_count;
};

/*
 * Format one finding, count it and hand it to the sink. Lines are cut at 200 characters, and
 * what is not printable ASCII becomes '?'.
 */
void report_error(struct report *r, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
