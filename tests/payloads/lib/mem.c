/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler may call of its own accord. Volatile, lest it call them from here. */
#include <stddef.h>
#include <stdint.h>

void *memset(void *dst, int value, size_t size);
void *memcpy(void *dst, const void *src, size_t size);

void *memset(void *dst, int value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((volatile uint8_t *)dst)[i] = (uint8_t)value;
	}
	return dst;
}

void *memcpy(void *dst, const void *src, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		((volatile uint8_t *)dst)[i] = ((const uint8_t *)src)[i];
	}
	return dst;
}
