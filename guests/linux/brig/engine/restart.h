/* SPDX-License-Identifier: Apache-2.0 */
/* When a container that ended starts again. */
#ifndef ENGINE_RESTART_H
#define ENGINE_RESTART_H

#include "guests/linux/brig/engine/parse.h"

#define RESTART_FIRST_MS 100
#define RESTART_MOST_MS  60000
/* One that ran this long is healthy: the next failure is the first again. */
#define RESTART_GOOD_MS 10000

/* In a row, counting from 0: 100 ms, doubled each time, up to a minute. */
int64_t restart_delay(unsigned int in_a_row);
/* The number in a row after one that ran for ran_ms. */
unsigned int restart_count(unsigned int in_a_row, int64_t ran_ms);
bool restart_wanted(const struct parse_restart *policy, int exit_code, unsigned int in_a_row,
		    bool stopped);

#endif
