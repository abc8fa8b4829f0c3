/* SPDX-License-Identifier: Apache-2.0 */
/* A process for each container that runs: it keeps the log, looks after its health,
 * starts it again. It may be killed: the next command starts another one, and the
 * container never notices. */
#ifndef ENGINE_SUPERVISE_H
#define ENGINE_SUPERVISE_H

#include "guests/linux/brig/engine/container.h"

#define SUPERVISE_REPORT 3 /* the descriptor that a supervisor writes why it did not start to */
#define SUPERVISE_CLIENT 4 /* a socket of who is attached from the beginning, or closed */

#define SUPERVISE_START  "start"
#define SUPERVISE_REVIVE "revive"

/* The supervisor itself, an exit code: of a container that is to be started, or (revive) of one
 * that runs or is about to, and whose own supervisor is gone. */
int supervise_main(const struct container *c, bool revive);
/* What a container that has ended had outside its folder goes; twice is no error. */
void supervise_clean(const struct container *c);

#endif
