/* SPDX-License-Identifier: Apache-2.0 */
/* What others wrote, made harmless for the terminal that it is shown on. */
#ifndef BRIG_TAME_H
#define BRIG_TAME_H

#include <stddef.h>

/* Control characters but tabs and ends of lines become "?", those of eight bits as UTF-8 has them
 * among them. */
void tame_text(char *text, size_t length);
/* Of what is to be one line, tabs and ends of lines as well. */
void tame_line(char *text, size_t length);

#endif
