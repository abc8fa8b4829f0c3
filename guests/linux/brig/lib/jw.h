/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text, written by yajl. */
#ifndef BRIG_JW_H
#define BRIG_JW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yajl/yajl_gen.h>

#include "guests/linux/brig/lib/json.h"

yajl_gen jw_open(bool indented);
/* The text, in arena memory; the generator is gone after it. */
char *jw_close(yajl_gen g, size_t *length);

/* Each writes the name before the value; a NULL name is an item of a list. */
void jw_object(yajl_gen g, const char *name);
void jw_list(yajl_gen g, const char *name);
void jw_end_object(yajl_gen g);
void jw_end_list(yajl_gen g);
void jw_text(yajl_gen g, const char *name, const char *value);
void jw_number(yajl_gen g, const char *name, int64_t value);
void jw_unsigned(yajl_gen g, const char *name, uint64_t value);
void jw_truth(yajl_gen g, const char *name, bool value);
void jw_texts(yajl_gen g, const char *name, const char *const *values);
/* A tree as it was read. */
void jw_tree(yajl_gen g, const char *name, const struct json *json);

#endif
