/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text as a tree in arena memory, read by yajl. What is read is not trusted. */
#ifndef BRIG_JSON_H
#define BRIG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool truth;
	uint32_t count;     /* children of an array or object */
	const char *key;    /* name in the object that holds it, or NULL */
	const char *text;   /* of a string; of a number, as it was written */
	struct json *first; /* children, in their order */
	struct json *last;
	struct json *next;
};

/* Deeper nesting, a string with a NUL, or text after the end is a failure. */
#define JSON_DEPTH 128U

/* NULL with the failure recorded, which names `name` and the place. */
struct json *json_parse(const char *text, size_t length, const char *name);

/* The member of an object, the last where there are several; NULL for none or a null. */
struct json *json_get(const struct json *object, const char *key);
/* Like it, through several objects: json_path(j, "linux", "resources", NULL). */
struct json *json_path(const struct json *object, ...) __attribute__((sentinel));

/*
 * A member by type. A member that is absent leaves `*value` as it is; one of another type
 * or out of range is a failure that names the key.
 */
int json_string(const struct json *object, const char *key, const char **value);
int json_bool(const struct json *object, const char *key, bool *value);
int json_u64(const struct json *object, const char *key, uint64_t *value);
int json_i64(const struct json *object, const char *key, int64_t *value);
int json_u32(const struct json *object, const char *key, uint32_t *value);
/* A list of strings, NULL-terminated, with its length in `*count` (which may be NULL). */
int json_strings(const struct json *object, const char *key, char ***value, size_t *count);
/* The member must be absent, or of this type. */
int json_typed(const struct json *object, const char *key, enum json_type type,
	       struct json **value);

#endif
