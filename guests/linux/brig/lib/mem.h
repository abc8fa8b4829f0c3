/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a process that is short-lived: taken from chunks, given back all at once. */
#ifndef BRIG_MEM_H
#define BRIG_MEM_H

#include <stddef.h>

/* Zeroed memory, aligned for any type. Ends the process where there is none left. */
void *mem_get(size_t size);
char *mem_copy(const char *text, size_t length);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Give everything back; no pointer from above may be used after it. */
void mem_free_all(void);

#endif
