/* SPDX-License-Identifier: Apache-2.0 */
/* A process for each container that runs: it keeps the log, looks after its health,
 * starts it again. It may be killed: the next command starts another one, and the
 * container never notices. */
#ifndef ENGINE_SUPERVISE_H
#define ENGINE_SUPERVISE_H

#include "guests/linux/brig/engine/container.h"

#define SUPERVISE_REPORT 3 /* the descriptor that a supervisor reports on */

/* Start it, supervised in the background; returns when it runs, or -1 with the fault. */
int supervise_start(const struct container *c);
/* The supervisor itself; report is written why it did not start, then closed. */
int supervise_main(const struct container *c, int report);
/* A supervisor for one whose own is gone though its state says that it runs. */
void supervise_revive(const struct container *c);
/* Run it here, on this terminal; its exit code, or -1 with a fault. */
int supervise_foreground(const struct container *c);
/* Ask it to end, by force after its timeout; 0 when it did. */
int supervise_stop(const struct container *c, const char *timeout);
bool supervise_ended(const struct container *c);

#endif
