/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of a group gets which text, for a resources object. Touches nothing. */
#ifndef BRIG_CGROUP_PLAN_H
#define BRIG_CGROUP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/linux/brig/lib/json.h"

#define CGROUP_WRITES 128U

struct cgroup_write {
	const char *file;
	const char *value;
	const char *other_file; /* written instead where `file` is not there; or NULL */
	const char *other_value;
	bool none; /* what a group of its own has anyway: no limit is asked for */
};

struct cgroup_writes {
	struct cgroup_write write[CGROUP_WRITES];
	uint32_t count;
};

/* A limit that version 2 does not have, or that makes no sense, is a failure. */
int cgroup_plan_writes(const struct json *resources, struct cgroup_writes *writes);
/* memory.checkBeforeUpdate: the kernel would end processes until a lower limit holds. */
int cgroup_check_memory(int dir, const struct json *resources);

#endif
