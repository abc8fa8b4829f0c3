/* SPDX-License-Identifier: Apache-2.0 */
/* What a container was asked to be: one JSON object, from a command line or a pod file. */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include <stdbool.h>

#include <jansson.h>

enum request_kind {
	REQUEST_TEXT,
	REQUEST_LIST,
	REQUEST_FLAG
};

struct request_key {
	const char *name; /* in the object and in a pod file, "_" being "-" as an option */
	char letter;      /* as a short option, or 0 */
	enum request_kind kind;
	const char *option; /* where the long option is not the name, or NULL */
	const char *help;
};

extern const struct request_key request_keys[];

/* Read the options of run and create; what follows them (IMAGE, COMMAND...) starts at
 * argv[*rest]. NULL with a fault. */
json_t *request_from_options(int argc, char **argv, int *rest);
/*
 * What stands elsewhere taken in, files (env_file) and this program's own environment (a name in
 * env without a value): 0, or -1 with a fault.
 */
int request_expand(json_t *request);
/* "NAME=VALUE" added to a list, or NAME with this program's own value, if it has one: 0, or -1. */
int request_add_env(json_t *env, const char *text);
/* The lines of such a file, without comments, added to a list: 0, or -1 with a fault. */
int request_read_env(json_t *env, const char *path);
/* Every key known, of its kind, and each value one that can be had: 0 or -1 with a fault. */
int request_check(const json_t *request);
/* A text's value, or what it is when not asked for. */
const char *request_text(const json_t *request, const char *key, const char *otherwise);
bool request_flag(const json_t *request, const char *key);
const json_t *request_list(const json_t *request, const char *key);

#endif
