/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report.h"

#include "core/lib/fmt.h"

void report_error(struct report *r, const char *format, ...)
{
	char line[201];
	va_list args;

	va_start(args, format);
	fmt_vprint(line, sizeof(line), format, args);
	va_end(args);
	/* Names of trees are in it: what would steer a terminal does not pass. */
	for (char *c = line; *c; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}
	r->error_count++;
	r->emit(r, line);
}
