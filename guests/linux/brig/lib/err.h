/* SPDX-License-Identifier: Apache-2.0 */
/* What failed, said once: the innermost failure keeps its text, callers hand on -1. */
#ifndef BRIG_ERR_H
#define BRIG_ERR_H

#include <stddef.h>

/*
 * Record a failure and return -1. `error` is an errno value whose text is added after
 * ": ", or 0 for none. A text that was recorded before is replaced.
 */
int err_set(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "text: " before what was recorded; returns -1. */
int err_within(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Begin the words of the errno value, at the text's end, with a small letter; returns -1. */
int err_lower(void);

/* The recorded text, "" where there is none; the errno value that came with it, or 0. */
const char *err_text(void);
int err_number(void);
void err_clear(void);

#endif
