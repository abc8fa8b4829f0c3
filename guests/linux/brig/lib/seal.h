/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVE-2019-5736: a container that can name the runtime's program (by /proc/PID/exe, or with
 * itself started as /proc/self/exe) must not be able to write to it.
 */
#ifndef BRIG_SEAL_H
#define BRIG_SEAL_H

/*
 * Go on as a program whose file cannot be written: this one again, through a read-only
 * copy of its mount that lies in no namespace, or a sealed copy in memory where such a
 * mount cannot be made. Returns 0 in that program; -1 with the failure recorded.
 */
int seal_self(char **argv);

#endif
