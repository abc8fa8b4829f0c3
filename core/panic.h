/* SPDX-License-Identifier: Apache-2.0 */
/* A broken invariant of the hypervisor. No guest and no configuration can get here. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "core/lib/types.h"

/* Dump registers, stop every CPU. */
_Noreturn void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0)) {                                                \
			panic("%s:%d: %s", __FILE__, __LINE__, #cond);                             \
		}                                                                                  \
	} while (0)

#endif
