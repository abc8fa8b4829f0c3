/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <yaml.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/pod.h"
#include "guests/linux/brig/engine/request.h"

#define DEPTH_MAX      16
#define CONTAINERS_MAX 64

/* -- YAML ------------------------------------------------------------------------ */

static json_t *build(yaml_parser_t *parser, yaml_event_t *event, int depth);

static int next(yaml_parser_t *parser, yaml_event_t *event)
{
	if (yaml_parser_parse(parser, event)) {
		return 0;
	}
	return fault_set(0, "line %zu: %s", parser->problem_mark.line + 1,
			 parser->problem != NULL ? parser->problem : "not YAML");
}

static json_t *scalar(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	json_t *value = json_stringn(text, event->data.scalar.length);
	if (value == NULL || strlen(text) != event->data.scalar.length) {
		json_decref(value);
		fault_set(0, "line %zu: a text with a NUL", event->start_mark.line + 1);
		return NULL;
	}
	return value;
}

static int add_pair(yaml_parser_t *parser, json_t *object, const yaml_event_t *key, int depth)
{
	yaml_event_t event;
	json_t *name = key->type == YAML_SCALAR_EVENT ? scalar(key) : NULL;
	if (name == NULL || json_object_get(object, json_string_value(name)) != NULL) {
		json_decref(name);
		return fault_set(0, "line %zu: a key that is no text, or there twice",
				 key->start_mark.line + 1);
	}
	json_t *value = next(parser, &event) < 0 ? NULL : build(parser, &event, depth + 1);
	int result =
		value == NULL ? -1 : json_object_set_new(object, json_string_value(name), value);
	json_decref(name);
	return result;
}

/* A mapping or a list, up to its end event. */
static json_t *collect(yaml_parser_t *parser, bool mapping, int depth)
{
	yaml_event_t event;
	json_t *all = mapping ? json_object() : json_array();
	yaml_event_type_t end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	while (next(parser, &event) == 0) {
		int result;
		if (event.type == end) {
			yaml_event_delete(&event);
			return all;
		}
		if (mapping) {
			result = add_pair(parser, all, &event, depth);
			yaml_event_delete(&event);
		} else {
			json_t *one = build(parser, &event, depth + 1);
			result = one == NULL ? -1 : json_array_append_new(all, one);
		}
		if (result < 0) {
			break;
		}
	}
	json_decref(all);
	return NULL;
}

/* Takes the event over. */
static json_t *build(yaml_parser_t *parser, yaml_event_t *event, int depth)
{
	json_t *value = NULL;
	size_t line = event->start_mark.line + 1;
	if (depth > DEPTH_MAX) {
		fault_set(0, "line %zu: nested more than %d deep", line, DEPTH_MAX);
	} else if (event->type == YAML_SCALAR_EVENT) {
		value = scalar(event);
	} else if (event->type == YAML_MAPPING_START_EVENT ||
		   event->type == YAML_SEQUENCE_START_EVENT) {
		value = collect(parser, event->type == YAML_MAPPING_START_EVENT, depth);
	} else {
		fault_set(0, "line %zu: an alias, or nothing where something should be", line);
	}
	yaml_event_delete(event);
	return value;
}

json_t *pod_yaml(FILE *file, const char *what)
{
	yaml_parser_t parser;
	yaml_event_t event;
	json_t *value = NULL;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, file);
	for (int i = 0; i < 3; i++) {
		if (next(&parser, &event) < 0) {
			break;
		}
		if (i == 2) {
			value = build(&parser, &event, 0);
		} else {
			yaml_event_delete(&event); /* the stream's and the document's start */
		}
	}
	yaml_parser_delete(&parser);
	if (value == NULL) {
		fault_in("%s", what);
	}
	return value;
}

/* -- What it declares ---------------------------------------------------------------- */

/* Texts become what the key's kind is: a single text a list, "true" a flag. */
static int shape(json_t *request)
{
	for (const struct request_key *key = request_keys; key->name != NULL; key++) {
		json_t *value = json_object_get(request, key->name);
		const char *text = json_string_value(value);
		if (text == NULL) {
			continue;
		}
		if (key->kind == REQUEST_LIST) {
			json_object_set_new(request, key->name, json_pack("[s]", text));
		} else if (key->kind == REQUEST_FLAG) {
			if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
				return fault_set(0, "%s: \"%.20s\" is not true or false", key->name,
						 text);
			}
			json_object_set_new(request, key->name,
					    json_boolean(strcmp(text, "true") == 0));
		}
	}
	return 0;
}

static json_t *full_names(const json_t *list, const char *pod)
{
	size_t at;
	const json_t *one;
	json_t *full = json_array();
	json_array_foreach(list, at, one)
	{
		const char *name = json_string_value(one);
		json_array_append_new(full,
				      json_string(file_text("%s-%s", pod, name ? name : "?")));
	}
	return full;
}

static int read_container(json_t *request, const char *pod)
{
	if (!json_is_object(request) || shape(request) < 0 || request_expand(request) < 0 ||
	    request_check(request) < 0) {
		return json_is_object(request) ? -1
					       : fault_set(0, "a container that is no mapping");
	}
	const char *name = request_text(request, "name", NULL);
	if (name == NULL || request_text(request, "image", NULL) == NULL) {
		return fault_set(0, "a container without a name or an image");
	}
	if (request_flag(request, "rm") || request_text(request, "cidfile", NULL) != NULL) {
		return fault_set(0, "%s: rm and cidfile are not for a pod", name);
	}
	json_object_set_new(request, "detach", json_true());
	if (request_text(request, "hostname", NULL) == NULL) {
		json_object_set_new(request, "hostname", json_string(name));
	}
	json_object_set_new(request, "name", json_string(file_text("%s-%s", pod, name)));
	const json_t *before = request_list(request, "depends_on");
	if (before != NULL) {
		json_object_set_new(request, "depends_on", full_names(before, pod));
	}
	return 0;
}

static bool has_name(const json_t *list, const char *name)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		if (name != NULL && strcmp(request_text(one, "name", ""), name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_ready(const json_t *request, const json_t *done)
{
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, "depends_on"), at, one)
	{
		if (!has_name(done, json_string_value(one))) {
			return false;
		}
	}
	return true;
}

/* Those that depend on nothing that is missing, again and again, until none is left. */
static json_t *in_order(json_t *list)
{
	size_t at;
	json_t *one;
	json_t *done = json_array();
	size_t before = 1;
	while (json_array_size(done) < json_array_size(list) && before != json_array_size(done)) {
		before = json_array_size(done);
		json_array_foreach(list, at, one)
		{
			if (!has_name(done, request_text(one, "name", "")) && is_ready(one, done)) {
				json_array_append(done, one);
			}
		}
		if (json_array_size(done) == before) {
			fault_set(0, "containers that depend on each other, or on one that is not "
				     "there");
			json_decref(done);
			return NULL;
		}
	}
	return done;
}

static json_t *check_pod(json_t *pod)
{
	size_t at;
	json_t *one;
	const char *key;
	const char *name = request_text(pod, "name", NULL);
	json_t *list = json_object_get(pod, "containers");
	json_object_foreach(pod, key, one)
	{
		if (strcmp(key, "name") != 0 && strcmp(key, "containers") != 0) {
			fault_set(0, "%.40s: no such key", key);
			return NULL;
		}
	}
	if (name == NULL || !image_is_name(name) || strpbrk(name, "/:@") != NULL ||
	    !json_is_array(list) || json_array_size(list) > CONTAINERS_MAX) {
		fault_set(0, "it needs a name and a list of at most %d containers", CONTAINERS_MAX);
		return NULL;
	}
	json_t *seen = json_object();
	json_array_foreach(list, at, one)
	{
		if (read_container(one, name) < 0) {
			return NULL;
		}
		const char *full = request_text(one, "name", "");
		if (json_object_get(seen, full) != NULL) {
			fault_set(0, "two containers are called %s", full);
			return NULL;
		}
		json_object_set_new(seen, full, json_true());
	}
	json_decref(seen);
	json_t *ordered = in_order(list);
	return ordered == NULL ? NULL
			       : json_pack("{s:s, s:o}", "name", name, "containers", ordered);
}

json_t *pod_read(FILE *file, const char *what)
{
	json_t *pod = pod_yaml(file, what);
	if (pod == NULL) {
		return NULL;
	}
	json_t *checked = check_pod(pod);
	json_decref(pod);
	if (checked == NULL) {
		fault_in("%s", what);
	}
	return checked;
}
