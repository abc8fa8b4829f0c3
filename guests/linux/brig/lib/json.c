/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

struct builder {
	struct json *stack[JSON_DEPTH];
	uint32_t depth;
	const char *key;
	struct json *root;
	const char *fault;
};

static struct json *add(struct builder *b, enum json_type type)
{
	struct json *node = mem_get(sizeof(*node));
	node->type = type;
	if (b->depth == 0) {
		b->root = node;
		return node;
	}
	struct json *parent = b->stack[b->depth - 1];
	node->key = b->key;
	b->key = NULL;
	if (parent->last == NULL) {
		parent->first = node;
	} else {
		parent->last->next = node;
	}
	parent->last = node;
	parent->count++;
	return node;
}

static int on_null(void *context)
{
	add(context, JSON_NULL);
	return 1;
}

static int on_bool(void *context, int truth)
{
	add(context, JSON_BOOL)->truth = truth != 0;
	return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
	add(context, JSON_NUMBER)->text = mem_copy(text, length);
	return 1;
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
	struct builder *b = context;
	if (memchr(text, '\0', length) != NULL) {
		b->fault = "a string holds a NUL";
		return 0;
	}
	add(b, JSON_STRING)->text = mem_copy((const char *)text, length);
	return 1;
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
	struct builder *b = context;
	b->key = mem_copy((const char *)text, length);
	return 1;
}

static int open_nest(struct builder *b, enum json_type type)
{
	if (b->depth == JSON_DEPTH) {
		b->fault = "nested too deeply";
		return 0;
	}
	struct json *node = add(b, type);
	b->stack[b->depth++] = node;
	return 1;
}

static int on_map(void *context)
{
	return open_nest(context, JSON_OBJECT);
}

static int on_array(void *context)
{
	return open_nest(context, JSON_ARRAY);
}

static int on_end(void *context)
{
	struct builder *b = context;
	b->depth--;
	return 1;
}

static const yajl_callbacks CALLBACKS = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

struct json *json_parse(const char *text, size_t length, const char *name)
{
	struct builder b = {0};
	yajl_handle parser = yajl_alloc(&CALLBACKS, NULL, &b);
	if (parser == NULL) {
		err_set(ENOMEM, "parse %s", name);
		return NULL;
	}
	const unsigned char *bytes = (const unsigned char *)text;
	yajl_status status = yajl_parse(parser, bytes, length);
	size_t place = yajl_get_bytes_consumed(parser);
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(parser);
	}
	if (status != yajl_status_ok) {
		unsigned char *why = yajl_get_error(parser, 0, bytes, length);
		const char *said = b.fault != NULL ? b.fault : (const char *)why;
		err_set(0, "parse %s: at byte %zu: %.*s", name, place, (int)strcspn(said, "\n"),
			said);
		yajl_free_error(parser, why);
		b.root = NULL;
	} else if (b.root == NULL) {
		err_set(0, "parse %s: it is empty", name);
	}
	yajl_free(parser);
	return b.root;
}

struct json *json_get(const struct json *object, const char *key)
{
	struct json *found = NULL;
	if (object == NULL || object->type != JSON_OBJECT) {
		return NULL;
	}
	for (struct json *child = object->first; child != NULL; child = child->next) {
		if (strcmp(child->key, key) == 0) {
			found = child;
		}
	}
	return found != NULL && found->type == JSON_NULL ? NULL : found;
}

struct json *json_path(const struct json *object, ...)
{
	struct json *found = NULL;
	const char *key;
	va_list keys;

	va_start(keys, object);
	while ((key = va_arg(keys, const char *)) != NULL) {
		found = json_get(object, key);
		object = found;
	}
	va_end(keys);
	return found;
}

static int wrong(const char *key, const char *what)
{
	return err_set(0, "%s: must be %s", key, what);
}

int json_typed(const struct json *object, const char *key, enum json_type type, struct json **value)
{
	static const char *const names[] = {"null",     "true or false", "a number",
					    "a string", "a list",        "an object"};
	struct json *found = json_get(object, key);
	if (found != NULL && found->type != type) {
		return wrong(key, names[type]);
	}
	if (found != NULL) {
		*value = found;
	}
	return 0;
}

int json_string(const struct json *object, const char *key, const char **value)
{
	struct json *found = NULL;
	int result = json_typed(object, key, JSON_STRING, &found);
	if (found != NULL) {
		*value = found->text;
	}
	return result;
}

int json_bool(const struct json *object, const char *key, bool *value)
{
	struct json *found = NULL;
	int result = json_typed(object, key, JSON_BOOL, &found);
	if (found != NULL) {
		*value = found->truth;
	}
	return result;
}

static bool append(uint64_t *value, unsigned int digit)
{
	return !__builtin_mul_overflow(*value, 10U, value) &&
	       !__builtin_add_overflow(*value, digit, value);
}

#define EXPONENT_LIMIT 1000 /* far above what any number here has */

/* 1e3 and 5.0 are whole numbers in JSON too. `text` is a number as JSON has it. */
static bool whole(const char *text, bool *negative, uint64_t *value)
{
	bool fraction = false;
	int exponent = 0;
	*negative = *text == '-';
	*value = 0;
	for (text += *negative; *text != '\0' && *text != 'e' && *text != 'E'; text++) {
		if (*text == '.') {
			fraction = true;
			continue;
		}
		exponent -= fraction;
		if (!append(value, (unsigned int)(*text - '0'))) {
			return false;
		}
	}
	long more = *text == '\0' ? 0 : strtol(text + 1, NULL, 10);
	if (*value == 0 || more > EXPONENT_LIMIT || more < -EXPONENT_LIMIT) {
		return *value == 0;
	}
	for (exponent += (int)more; exponent < 0 && *value % 10 == 0; exponent++) {
		*value /= 10;
	}
	for (; exponent > 0 && append(value, 0); exponent--) {}
	return exponent == 0;
}

int json_u64(const struct json *object, const char *key, uint64_t *value)
{
	struct json *found = NULL;
	bool negative;
	uint64_t size;
	if (json_typed(object, key, JSON_NUMBER, &found) < 0) {
		return -1;
	}
	if (found == NULL || io_parse_u64(found->text, value)) {
		return 0;
	}
	if (!whole(found->text, &negative, &size) || (negative && size > 0)) {
		return wrong(key, "a whole number from 0 to 2^64 - 1");
	}
	*value = size;
	return 0;
}

int json_i64(const struct json *object, const char *key, int64_t *value)
{
	struct json *found = NULL;
	bool negative;
	uint64_t size;
	if (json_typed(object, key, JSON_NUMBER, &found) < 0) {
		return -1;
	}
	if (found == NULL || io_parse_i64(found->text, value)) {
		return 0;
	}
	if (!whole(found->text, &negative, &size) || size > INT64_MAX) {
		return wrong(key, "a whole number from -2^63 to 2^63 - 1");
	}
	*value = negative ? -(int64_t)size : (int64_t)size;
	return 0;
}

int json_u32(const struct json *object, const char *key, uint32_t *value)
{
	uint64_t wide = *value;
	if (json_u64(object, key, &wide) < 0) {
		return -1;
	}
	if (wide > UINT32_MAX) {
		return wrong(key, "a whole number from 0 to 2^32 - 1");
	}
	*value = (uint32_t)wide;
	return 0;
}

int json_strings(const struct json *object, const char *key, char ***value, size_t *count)
{
	struct json *found = NULL;
	if (json_typed(object, key, JSON_ARRAY, &found) < 0) {
		return -1;
	}
	if (found == NULL) {
		return 0;
	}
	char **list = mem_get((found->count + 1) * sizeof(*list));
	size_t n = 0;
	for (struct json *item = found->first; item != NULL; item = item->next) {
		if (item->type != JSON_STRING) {
			return wrong(key, "a list of strings");
		}
		list[n++] = (char *)item->text;
	}
	*value = list;
	if (count != NULL) {
		*count = n;
	}
	return 0;
}
