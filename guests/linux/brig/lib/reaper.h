/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of a container that has none of its own that could be one. */
#ifndef BRIG_REAPER_H
#define BRIG_REAPER_H

/* As what this program is started as such: the engine mounts it there. */
#define REAPER_PATH "/dev/init"

/* "REAPER_PATH [--] COMMAND...": run the command, pass on all signals to it, reap whatever ends,
 * and end as it does: its exit status, or 128 and the signal. */
int reaper_main(char **argv);

#endif
