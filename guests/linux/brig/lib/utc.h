/* SPDX-License-Identifier: Apache-2.0 */
/* Times as the state and the log have them: RFC 3339, UTC. */
#ifndef BRIG_UTC_H
#define BRIG_UTC_H

#include <time.h>

/* "2006-01-02T15:04:05" and its terminator. */
#define UTC_SIZE 20

/*
 * Seconds since 1970, for the years 1970 to 9999. Without gmtime(): that brings the time zones, and
 * scanf() to read them, a tenth of the whole program.
 */
void utc_print(char text[UTC_SIZE], time_t seconds);

#endif
