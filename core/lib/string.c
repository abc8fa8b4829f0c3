/* SPDX-License-Identifier: Apache-2.0 */
/* The few functions of <string.h> that the hypervisor, libfdt and the compiler use. */
#include <string.h>

#include "core/lib/types.h"

/* A word at a time where both are aligned: EL2 runs with alignment checks on. */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if (IS_ALIGNED((uintptr_t)d | (uintptr_t)s, 8)) {
		for (; n >= 8; n -= 8, d += 8, s += 8) {
			*(uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
		}
	}
	while (n-- > 0) {
		*d++ = *s++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if (d <= s || d >= s + n) {
		return memcpy(to, from, n);
	}
	while (n-- > 0) {
		d[n] = s[n];
	}
	return to;
}

void *memset(void *to, int c, size_t n)
{
	uint8_t *d = to;
	uint64_t word = (uint8_t)c * 0x0101010101010101UL;

	if (IS_ALIGNED((uintptr_t)d, 8)) {
		for (; n >= 8; n -= 8, d += 8) {
			*(uint64_t *)(void *)d = word;
		}
	}
	while (n-- > 0) {
		*d++ = (uint8_t)c;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i]) {
			return x[i] - y[i];
		}
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == (uint8_t)c) {
			return (void *)(uintptr_t)&p[i];
		}
	}
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n]) {
		n++;
	}
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] || !a[i]) {
			return (uint8_t)a[i] - (uint8_t)b[i];
		}
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c)
{
	for (size_t n = strlen(s) + 1; n-- > 0;) {
		if (s[n] == (char)c) {
			return (char *)(uintptr_t)&s[n];
		}
	}
	return NULL;
}
