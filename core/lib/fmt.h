/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatted text into a fixed buffer. The subset of printf that the project
 * uses: %s %c %d %i %u %x %p %%, the length modifiers l, ll and z, a field
 * width, '0' and '-' flags, and a precision for %s. Everything else is printed
 * as it stands.
 */
#ifndef CORE_LIB_FMT_H
#define CORE_LIB_FMT_H

#include <stdarg.h>

#include "core/lib/types.h"

/*
 * Write at most size bytes, a terminating NUL included. Returns the number of
 * characters stored, without the NUL: never more than size - 1.
 */
size_t fmt_vprint(char *buf, size_t size, const char *format, va_list args);
size_t fmt_print(char *buf, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
