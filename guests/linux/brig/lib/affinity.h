/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs a process may run on, as lists ("0-3,7"). */
#ifndef BRIG_AFFINITY_H
#define BRIG_AFFINITY_H

#include <sys/types.h>

/* pid 0: this process. */
int affinity_set(pid_t pid, const char *list);

#endif
