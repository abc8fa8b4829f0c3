/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from its birth to its exec. */
#ifndef BRIG_INIT_H
#define BRIG_INIT_H

#include "guests/linux/brig/lib/container.h"

/* In the new process; does not return. c->sync leads to the runtime. */
void init_run(struct container *c) __attribute__((noreturn));

#endif
