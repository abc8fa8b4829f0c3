/* SPDX-License-Identifier: Apache-2.0 */
/* A process beside each terminal of exec's: it has the terminal, and the client may leave it. */
#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include <stdbool.h>

#include <jansson.h>

#include "guests/linux/brig/engine/container.h"

#define KEEP_MAX 32 /* of one container at once */

/*
 * Have a process (OCI runtime-spec's object, with a terminal) started in a container that runs, by
 * a keeper of its own that is linked with this one by `keeper`, the other end of the client's
 * socket, closed here. What comes of it is told there: RELAY_FAULT or RELAY_EXIT.
 * The process ends with its client, by SIGHUP, unless that left (relay_leave()). 0, or -1 with a
 * fault.
 */
int keep_start(const struct container *c, const json_t *process, bool input, int keeper);

#endif
