/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include <stdint.h>

/* Milliseconds since the machine started; setting its date does not move them. */
int64_t clock_ms(void);

#endif
