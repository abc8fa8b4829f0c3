/* Formatting text: %d %u %x %c %s %%, with l, z, width, 0 and - (and .n for %s). */
#ifndef KEEL_FMT_H
#define KEEL_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* Both end the text with a NUL and return its length, cut to size - 1. */
size_t fmt_vprint(char *out, size_t size, const char *format, va_list args);
size_t fmt_print(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
