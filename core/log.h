/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's own log: a ring that the console shows ("hypervisor").
 *
 *   error   something is refused or lost and a person must act
 *   warn    a guest or a device misbehaved; the rest goes on
 *   info    what was started, stopped, found: a few lines for each VM and boot
 *   debug   for developers
 *
 * A line that a guest can cause goes through log_guest(), which drops lines
 * above LOG_GUEST_RATE a second for each VM and says how many.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/report.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

#ifndef LOG_LEVEL
#define LOG_LEVEL LOG_INFO
#endif

#define LOG_GUEST_RATE 5

struct vm;

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
void log_guest(struct vm *vm, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if ((level) <= LOG_LEVEL) {                                                        \
			log_line(level, __VA_ARGS__);                                              \
		}                                                                                  \
	} while (0)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* A report whose findings become error lines of the log. */
void log_report_emit(struct report *r, const char *line);

#endif
