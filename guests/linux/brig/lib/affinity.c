/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/affinity.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/lib/err.h"

static int parse(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*list != '\0') {
		char *end;
		unsigned long first = strtoul(list, &end, 10);
		unsigned long last = first;
		if (end == list) {
			return -1;
		}
		if (*end == '-') {
			list = end + 1;
			last = strtoul(list, &end, 10);
		}
		if (end == list || first > last || last >= CPU_SETSIZE ||
		    (*end != ',' && *end != '\0')) {
			return -1;
		}
		for (; first <= last; first++) {
			CPU_SET(first, set);
		}
		list = end + (*end == ',');
	}
	return 0;
}

int affinity_set(pid_t pid, const char *list)
{
	cpu_set_t set;
	if (parse(list, &set) < 0) {
		return err_set(EINVAL, "execCPUAffinity: \"%.64s\" is no list of CPUs", list);
	}
	if (sched_setaffinity(pid, sizeof(set), &set) < 0) {
		return err_set(errno, "run on CPUs %s", list);
	}
	return 0;
}
