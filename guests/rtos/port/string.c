/*
 * The parts of <string.h> that the compiler and libfdt call. Built with
 * -fno-builtin, or the loops would become calls to themselves.
 */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (size-- > 0) {
		*t++ = *f++;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f) {
		return memcpy(to, from, size);
	}
	while (size-- > 0) {
		t[size] = f[size];
	}
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *t = to;

	while (size-- > 0) {
		*t++ = (uint8_t)value;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size > 0; size--, x++, y++) {
		if (*x != *y) {
			return *x - *y;
		}
	}
	return 0;
}

void *memchr(const void *in, int value, size_t size)
{
	const uint8_t *p = in;

	for (; size > 0; size--, p++) {
		if (*p == (uint8_t)value) {
			return (void *)(uintptr_t)p;
		}
	}
	return NULL;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length] != '\0') {
		length++;
	}
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++) {
		if (*text == '\0') {
			return NULL;
		}
	}
	return (char *)(uintptr_t)text;
}

char *strrchr(const char *text, int c)
{
	const char *last = NULL;

	for (; (text = strchr(text, c)) != NULL; text++) {
		last = text;
		if (*text == '\0') {
			break;
		}
	}
	return (char *)(uintptr_t)last;
}
