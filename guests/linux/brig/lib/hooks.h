/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks: programs of the bundle's author, run with the container's state on their input. */
#ifndef BRIG_HOOKS_H
#define BRIG_HOOKS_H

#include "guests/linux/brig/lib/container.h"

/*
 * All hooks of a kind, in order. A hook that fails, or runs over its timeout and is killed,
 * ends it with -1; of poststop hooks it is only warned, and the others run. `status` is what
 * they read as the container's.
 */
int hooks_run(const struct container *c, enum spec_hook_kind kind, const char *status);

#endif
