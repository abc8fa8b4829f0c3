/* SPDX-License-Identifier: Apache-2.0 */
/* Why the last thing failed: what was attempted, on what, and why. */
#ifndef ENGINE_FAULT_H
#define ENGINE_FAULT_H

/* Note what failed; number is an errno, or 0 for none. Returns -1, always. */
int fault_set(int number, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The note, never NULL. */
const char *fault_text(void);
/* Put "what: " before the note; returns -1. */
int fault_in(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
