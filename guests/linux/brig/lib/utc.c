/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/utc.h"

#include <stdbool.h>
#include <stdio.h>

#define DAY        86400
#define FIRST_YEAR 1970
#define LAST_YEAR  9999

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

void utc_print(char text[UTC_SIZE], time_t seconds)
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	long days = seconds < 0 ? 0 : seconds / DAY;
	unsigned int second = seconds < 0 ? 0 : (unsigned int)(seconds % DAY);
	int year = FIRST_YEAR;
	unsigned int month = 0;
	while (year < LAST_YEAR && days >= 365 + is_leap(year)) {
		days -= 365 + is_leap(year);
		year++;
	}
	while (month < 11 && days >= lengths[month] + (month == 1 && is_leap(year))) {
		days -= lengths[month] + (month == 1 && is_leap(year));
		month++;
	}
	(void)snprintf(text, UTC_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned int)year % 10000U,
		       (month + 1) % 100U, (unsigned int)(days + 1) % 100U, second / 3600,
		       second / 60 % 60, second % 60);
}
