/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 16384U
#define ALIGN 16U

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	size_t pad;
	char data[];
};

static struct chunk *chunks;

static struct chunk *chunk_new(size_t size)
{
	size_t room = size > CHUNK ? size : CHUNK;
	struct chunk *chunk =
		room > SIZE_MAX - sizeof(*chunk) ? NULL : malloc(sizeof(*chunk) + room);
	if (chunk == NULL) {
		fputs("brig: out of memory\n", stderr);
		_Exit(1);
	}
	*chunk = (struct chunk){.size = room, .next = chunks};
	chunks = chunk;
	return chunk;
}

void *mem_get(size_t size)
{
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct chunk *chunk = chunks;
	if (chunk == NULL || chunk->size - chunk->used < size) {
		chunk = chunk_new(size);
	}
	void *memory = chunk->data + chunk->used;
	chunk->used += size;
	return memset(memory, 0, size);
}

char *mem_copy(const char *text, size_t length)
{
	char *copy = mem_get(length + 1);
	return memcpy(copy, text, length);
}

char *mem_format(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = mem_get((size_t)(length < 0 ? 0 : length) + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

void mem_free_all(void)
{
	while (chunks != NULL) {
		struct chunk *next = chunks->next;
		free(chunks);
		chunks = next;
	}
}
