/* SPDX-License-Identifier: Apache-2.0 */
/* Containers from the command line: started, stopped, signalled, frozen. */
#ifndef ENGINE_CONTROL_H
#define ENGINE_CONTROL_H

#include "guests/linux/brig/engine/container.h"

/* Start it, supervised in the background; returns when it runs, or -1 with the fault. The client
 * is the supervisor's end of a socket pair that is attached from the beginning, or -1. */
int control_start(const struct container *c, int client);
/* A supervisor for one whose own is gone though its state says that it runs. */
void control_revive(const struct container *c);
/* Ask it to end, by force after a time, NULL being its own; 0 when it did. */
int control_stop(const struct container *c, const char *timeout);
/* Stop it as control_stop() does and remove it, with all that it has outside its folder. */
int control_remove(const struct container *c, const char *timeout);
/* Send it a signal, by name or number; after KILL it is not started again. */
int control_signal(const struct container *c, const char *name);
/* Freeze and thaw all of its processes. */
int control_pause(const struct container *c);
int control_resume(const struct container *c);
bool control_paused(const struct container *c);

#endif
