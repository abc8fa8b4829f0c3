/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name. */
#ifndef BRIG_SIGNALS_H
#define BRIG_SIGNALS_H

/* "9", "KILL", "SIGKILL", "RTMIN+3", in any case; -1 where it is none. */
int signals_number(const char *name);

#endif
