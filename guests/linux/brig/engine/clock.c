/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "guests/linux/brig/engine/clock.h"

int64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
