/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"

const struct request_key request_keys[] = {
	{"name", 0, REQUEST_TEXT, NULL, "its name"},
	{"image", 0, REQUEST_TEXT, NULL, NULL},
	{"command", 0, REQUEST_LIST, NULL, NULL},
	{"depends_on", 0, REQUEST_LIST, NULL, NULL},
	{"detach", 'd', REQUEST_FLAG, NULL, "leave it running, print its id"},
	{"rm", 0, REQUEST_FLAG, NULL, "remove it when it ended"},
	{"interactive", 'i', REQUEST_FLAG, NULL, "give it this standard input"},
	{"tty", 't', REQUEST_FLAG, NULL, "give it a terminal"},
	{"env", 'e', REQUEST_LIST, NULL, "NAME=VALUE"},
	{"volumes", 'v', REQUEST_LIST, "volume", "FOLDER-OR-NAME:PATH[:ro]"},
	{"tmpfs", 0, REQUEST_LIST, NULL, "PATH in memory"},
	{"ports", 'p', REQUEST_LIST, "publish", "[ADDRESS:]HOST:CONTAINER[/udp]"},
	{"network", 0, REQUEST_TEXT, NULL, "bridge, none, host or container:NAME"},
	{"hostname", 'h', REQUEST_TEXT, NULL, "its host name"},
	{"memory", 'm', REQUEST_TEXT, NULL, "limit, as 64M"},
	{"cpus", 0, REQUEST_TEXT, NULL, "limit, as 0.5"},
	{"pids", 0, REQUEST_TEXT, "pids-limit", "limit of processes"},
	{"restart", 0, REQUEST_TEXT, NULL, "no, always, unless-stopped, on-failure[:LIMIT]"},
	{"user", 'u', REQUEST_TEXT, NULL, "USER[:GROUP]"},
	{"workdir", 'w', REQUEST_TEXT, NULL, "the folder to start in"},
	{"entrypoint", 0, REQUEST_TEXT, NULL, "instead of the image's"},
	{"read_only", 0, REQUEST_FLAG, NULL, "its root cannot be written"},
	{"cap_add", 0, REQUEST_LIST, NULL, "one more capability"},
	{"cap_drop", 0, REQUEST_LIST, NULL, "one less, or ALL"},
	{"labels", 'l', REQUEST_LIST, "label", "NAME=VALUE"},
	{"stop_timeout", 0, REQUEST_TEXT, NULL, "seconds from SIGTERM to SIGKILL"},
	{"log_size", 0, REQUEST_TEXT, NULL, "where its log is rotated (10M)"},
	{"health_cmd", 0, REQUEST_TEXT, NULL, "a command that says whether it is well"},
	{"health_interval", 0, REQUEST_TEXT, NULL, "between two of them (30s)"},
	{"health_timeout", 0, REQUEST_TEXT, NULL, "for one of them (30s)"},
	{"health_retries", 0, REQUEST_TEXT, NULL, "failures in a row to be unwell (3)"},
	{NULL, 0, REQUEST_TEXT, NULL, NULL},
};

#define KEY_COUNT (sizeof(request_keys) / sizeof(request_keys[0]) - 1)

static const char *option_name(const struct request_key *key)
{
	char *name = file_text("%s", key->option != NULL ? key->option : key->name);
	for (char *at = name; *at != '\0'; at++) {
		if (*at == '_') {
			*at = '-';
		}
	}
	return name;
}

static void list_options(struct option *longs, char *shorts)
{
	*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct request_key *key = &request_keys[i];
		bool flag = key->kind == REQUEST_FLAG;
		*longs++ = (struct option){option_name(key), flag ? no_argument : required_argument,
					   NULL, 256 + (int)i};
		if (key->letter != 0) {
			*shorts++ = key->letter;
			if (!flag) {
				*shorts++ = ':';
			}
		}
	}
}

static const struct request_key *key_of(int code)
{
	if (code >= 256) {
		return &request_keys[code - 256];
	}
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (request_keys[i].letter == code) {
			return &request_keys[i];
		}
	}
	return NULL;
}

static void take(json_t *request, const struct request_key *key, const char *value)
{
	switch (key->kind) {
	case REQUEST_FLAG:
		json_object_set_new(request, key->name, json_true());
		break;
	case REQUEST_LIST:
		if (json_object_get(request, key->name) == NULL) {
			json_object_set_new(request, key->name, json_array());
		}
		json_array_append_new(json_object_get(request, key->name), json_string(value));
		break;
	default:
		json_object_set_new(request, key->name, json_string(value));
	}
}

json_t *request_from_options(int argc, char **argv, int *rest)
{
	struct option longs[KEY_COUNT + 1] = {{0}};
	char shorts[KEY_COUNT * 2 + 3] = "";
	json_t *request = json_object();
	int code;
	list_options(longs, shorts);
	optind = 1;
	opterr = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct request_key *key = code == '?' || code == ':' ? NULL : key_of(code);
		if (key == NULL) {
			fault_set(0, "%s: %s", argv[optind - 1],
				  code == ':' ? "needs a value" : "no such option");
			json_decref(request);
			return NULL;
		}
		take(request, key, optarg);
	}
	*rest = optind;
	return request;
}

const char *request_text(const json_t *request, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(request, key));
	return text != NULL ? text : otherwise;
}

bool request_flag(const json_t *request, const char *key)
{
	return json_is_true(json_object_get(request, key));
}

const json_t *request_list(const json_t *request, const char *key)
{
	return json_object_get(request, key);
}

static int check_key(const char *name, const json_t *value)
{
	for (const struct request_key *key = request_keys; key->name != NULL; key++) {
		if (strcmp(key->name, name) != 0) {
			continue;
		}
		bool good = key->kind == REQUEST_TEXT   ? json_is_string(value)
			    : key->kind == REQUEST_LIST ? json_is_array(value)
							: json_is_boolean(value);
		return good ? 0 : fault_set(0, "%s: a value of the wrong kind", name);
	}
	return fault_set(0, "%.40s: no such key", name);
}

static int check_network(const char *network)
{
	static const char *const known[] = {"bridge", "none", "host"};
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(network, known[i]) == 0) {
			return 0;
		}
	}
	if (strncmp(network, "container:", 10) == 0 && network[10] != '\0') {
		return 0;
	}
	return fault_set(0, "network \"%.40s\" is not bridge, none, host or container:NAME",
			 network);
}

static int check_limits(const json_t *request)
{
	int64_t value;
	struct parse_restart restart;
	const char *text = request_text(request, "memory", NULL);
	if (text != NULL && (parse_size(text, &value) < 0 || value < 1 << 20)) {
		return fault_set(0, "memory: \"%.40s\" is no size of 1M or more", text);
	}
	text = request_text(request, "cpus", NULL);
	if (text != NULL && parse_cpus(text, &value) < 0) {
		return fault_in("cpus");
	}
	text = request_text(request, "pids", NULL);
	if (text != NULL && parse_number(text, 1, 1 << 22, &value) < 0) {
		return fault_in("pids");
	}
	text = request_text(request, "log_size", NULL);
	if (text != NULL && parse_size(text, &value) < 0) {
		return fault_in("log_size");
	}
	return parse_restart(request_text(request, "restart", "no"), &restart);
}

static int check_times(const json_t *request)
{
	static const char *const times[] = {"stop_timeout", "health_interval", "health_timeout"};
	int64_t value;
	for (size_t i = 0; i < 3; i++) {
		const char *text = request_text(request, times[i], "1");
		if (parse_duration(text, &value) < 0 || value < 1) {
			return fault_in("%s", times[i]);
		}
	}
	return parse_number(request_text(request, "health_retries", "3"), 1, 1000, &value) < 0
		       ? fault_in("health_retries")
		       : 0;
}

int request_check(const json_t *request)
{
	const char *name;
	json_t *value;
	size_t at;
	struct parse_port port;
	json_object_foreach((json_t *)request, name, value)
	{
		if (check_key(name, value) < 0) {
			return -1;
		}
	}
	json_array_foreach(request_list(request, "ports"), at, value)
	{
		const char *text = json_string_value(value);
		if (text == NULL || parse_port(text, &port) < 0) {
			return text == NULL ? fault_set(0, "ports: not a text") : -1;
		}
	}
	const char *called = request_text(request, "name", "x");
	if (!image_is_name(called) || strpbrk(called, "/:@") != NULL) {
		return fault_set(0, "\"%.40s\" cannot be a container's name", called);
	}
	if (request_flag(request, "detach") && request_flag(request, "tty")) {
		return fault_set(0,
				 "--tty with --detach: a terminal is for a run in the foreground");
	}
	if (check_limits(request) < 0 || check_times(request) < 0) {
		return -1;
	}
	return check_network(request_text(request, "network", "bridge"));
}
