/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/engine/restart.h"

int64_t restart_delay(unsigned int in_a_row)
{
	int64_t delay = RESTART_FIRST_MS;
	while (in_a_row-- > 0 && delay < RESTART_MOST_MS) {
		delay *= 2;
	}
	return delay < RESTART_MOST_MS ? delay : RESTART_MOST_MS;
}

unsigned int restart_count(unsigned int in_a_row, int64_t ran_ms)
{
	return ran_ms >= RESTART_GOOD_MS ? 0 : in_a_row + 1;
}

bool restart_wanted(const struct parse_restart *policy, int exit_code, unsigned int in_a_row,
		    bool stopped)
{
	if (stopped) {
		return false;
	}
	switch (policy->kind) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return exit_code != 0 && (policy->limit == 0 || in_a_row < policy->limit);
	default:
		return false;
	}
}
