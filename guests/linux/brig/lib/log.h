/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller is told: on standard error, and in the file that --log names. */
#ifndef BRIG_LOG_H
#define BRIG_LOG_H

#include <stdbool.h>

/* The file, which can be written to or -1 is returned; and whether its lines are JSON. */
int log_set_file(const char *file);
bool log_has_file(void);
void log_set_json(bool json);

/*
 * The failure that err.h recorded; as what stops the command, or as what does not. A warning
 * is in the file only, where there is one: standard error may be the container's already.
 */
void log_error(void);
void log_warning(void);

#endif
