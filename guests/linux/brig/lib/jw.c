/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/jw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/lib/mem.h"

yajl_gen jw_open(bool indented)
{
	yajl_gen g = yajl_gen_alloc(NULL);
	if (g == NULL) {
		fputs("brig: out of memory\n", stderr);
		_Exit(1);
	}
	yajl_gen_config(g, yajl_gen_beautify, indented);
	yajl_gen_config(g, yajl_gen_indent_string, "  ");
	return g;
}

char *jw_close(yajl_gen g, size_t *length)
{
	const unsigned char *text = NULL;
	size_t size = 0;
	yajl_gen_get_buf(g, &text, &size);
	char *copy = mem_copy((const char *)text, size);
	yajl_gen_free(g);
	if (length != NULL) {
		*length = size;
	}
	return copy;
}

static void string(yajl_gen g, const char *text)
{
	yajl_gen_string(g, (const unsigned char *)text, strlen(text));
}

static void key(yajl_gen g, const char *name)
{
	if (name != NULL) {
		string(g, name);
	}
}

void jw_object(yajl_gen g, const char *name)
{
	key(g, name);
	yajl_gen_map_open(g);
}

void jw_list(yajl_gen g, const char *name)
{
	key(g, name);
	yajl_gen_array_open(g);
}

void jw_end_object(yajl_gen g)
{
	yajl_gen_map_close(g);
}

void jw_end_list(yajl_gen g)
{
	yajl_gen_array_close(g);
}

void jw_text(yajl_gen g, const char *name, const char *value)
{
	key(g, name);
	string(g, value);
}

void jw_number(yajl_gen g, const char *name, int64_t value)
{
	key(g, name);
	yajl_gen_integer(g, value);
}

void jw_unsigned(yajl_gen g, const char *name, uint64_t value)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	key(g, name);
	yajl_gen_number(g, text, (size_t)length);
}

void jw_truth(yajl_gen g, const char *name, bool value)
{
	key(g, name);
	yajl_gen_bool(g, value);
}

void jw_texts(yajl_gen g, const char *name, const char *const *values)
{
	jw_list(g, name);
	for (; values != NULL && *values != NULL; values++) {
		string(g, *values);
	}
	jw_end_list(g);
}

/* Bounded by JSON_DEPTH, which the reader keeps. */
void jw_tree(yajl_gen g, const char *name, const struct json *json)
{
	key(g, name);
	switch (json->type) {
	case JSON_NULL:
		yajl_gen_null(g);
		return;
	case JSON_BOOL:
		yajl_gen_bool(g, json->truth);
		return;
	case JSON_NUMBER:
		yajl_gen_number(g, json->text, strlen(json->text));
		return;
	case JSON_STRING:
		string(g, json->text);
		return;
	case JSON_ARRAY:
		yajl_gen_array_open(g);
		break;
	case JSON_OBJECT:
		yajl_gen_map_open(g);
		break;
	}
	for (const struct json *item = json->first; item != NULL; item = item->next) {
		jw_tree(g, json->type == JSON_OBJECT ? item->key : NULL, item);
	}
	if (json->type == JSON_OBJECT) {
		yajl_gen_map_close(g);
	} else {
		yajl_gen_array_close(g);
	}
}
