/* SPDX-License-Identifier: Apache-2.0 */
/* A program of a container's that is not to have the caller's terminal. */
#ifndef ENGINE_STREAMS_H
#define ENGINE_STREAMS_H

#include <stdbool.h>

/*
 * Run a command line with pipes in place of those of the standard streams that are terminals:
 * what is left in the container would read what is typed there later on. What is typed is passed
 * on with `input` only. Its exit code, or -1 with a fault; in place of this program where none of
 * the streams is a terminal.
 */
int streams_run(const char *const line[], bool input);

#endif
