/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/hosts.h"
#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/mounts.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/security.h"
#include "guests/linux/brig/engine/spaces.h"

const struct request_key request_keys[] = {
	{"name", 0, REQUEST_TEXT, NULL, "its name"},
	{"image", 0, REQUEST_TEXT, NULL, NULL},
	{"command", 0, REQUEST_LIST, NULL, NULL},
	{"depends_on", 0, REQUEST_LIST, NULL, NULL},
	{"detach", 'd', REQUEST_FLAG, NULL, "leave it running, print its id"},
	{"rm", 0, REQUEST_FLAG, NULL, "remove it when it ended"},
	{"interactive", 'i', REQUEST_FLAG, NULL, "give it this standard input"},
	{"tty", 't', REQUEST_FLAG, NULL, "give it a terminal"},
	{"detach_keys", 0, REQUEST_TEXT, NULL, "leave its terminal with these (ctrl-p,ctrl-q)"},
	{"env", 'e', REQUEST_LIST, NULL, "NAME=VALUE"},
	{"env_file", 0, REQUEST_LIST, NULL, "a file of such lines"},
	{"volumes", 'v', REQUEST_LIST, "volume", "FOLDER-OR-NAME:PATH[:ro]"},
	{"mounts", 0, REQUEST_LIST, "mount",
	 "type=bind|volume|tmpfs,source=...,target=PATH[,readonly]"},
	{"tmpfs", 0, REQUEST_LIST, NULL, "PATH[:size=64M,mode=755,noexec] in memory"},
	{"devices", 0, REQUEST_LIST, "device", "DEVICE[:PATH[:rwm]], one of this machine's"},
	{"device_cgroup_rules", 0, REQUEST_LIST, "device-cgroup-rule",
	 "c 1:3 rwm, of its control group"},
	{"ports", 'p', REQUEST_LIST, "publish", "[ADDRESS:]HOST:CONTAINER[/udp]"},
	{"network", 0, REQUEST_TEXT, NULL, "bridge, none, host or container:NAME"},
	{"hostname", 'h', REQUEST_TEXT, NULL, "its host name"},
	{"domainname", 0, REQUEST_TEXT, NULL, "its NIS domain name"},
	{"add_host", 0, REQUEST_LIST, NULL, "NAME:ADDRESS (host-gateway: this machine's)"},
	{"dns", 0, REQUEST_LIST, NULL, "a name server's address"},
	{"dns_search", 0, REQUEST_LIST, NULL, "a domain that names are looked for in"},
	{"dns_option", 0, REQUEST_LIST, NULL, "a word of resolv.conf's options"},
	{"memory", 'm', REQUEST_TEXT, NULL, "limit, as 64M"},
	{"memory_swap", 0, REQUEST_TEXT, NULL, "with what is swapped out; -1: any amount (memory)"},
	{"memory_reservation", 0, REQUEST_TEXT, NULL, "what it keeps when memory is short"},
	{"oom_score_adj", 0, REQUEST_TEXT, NULL, "who is killed first then: -1000 to 1000"},
	{"cpus", 0, REQUEST_TEXT, NULL, "limit, as 0.5"},
	{"cpuset_cpus", 0, REQUEST_TEXT, NULL, "the CPUs that it may use, as 0-1,3"},
	{"cpuset_mems", 0, REQUEST_TEXT, NULL, "the memory nodes"},
	{"cpu_shares", 'c', REQUEST_TEXT, NULL, "its weight beside others (1024)"},
	{"cpu_quota", 0, REQUEST_TEXT, NULL, "microseconds in each cpu-period"},
	{"cpu_period", 0, REQUEST_TEXT, NULL, "microseconds"},
	{"blkio_weight", 0, REQUEST_TEXT, NULL, "of its disk input and output: 10 to 1000"},
	{"device_read_bps", 0, REQUEST_LIST, NULL, "DEVICE:BYTES a second, as /dev/mmcblk0:4M"},
	{"device_write_bps", 0, REQUEST_LIST, NULL, "the same"},
	{"device_read_iops", 0, REQUEST_LIST, NULL, "DEVICE:OPERATIONS a second"},
	{"device_write_iops", 0, REQUEST_LIST, NULL, "the same"},
	{"cgroup_parent", 0, REQUEST_TEXT, NULL,
	 "the control group that its own is made in (/brig)"},
	{"pids", 0, REQUEST_TEXT, "pids-limit", "limit of processes"},
	{"shm_size", 0, REQUEST_TEXT, NULL, "of /dev/shm (64M)"},
	{"ulimits", 0, REQUEST_LIST, "ulimit", "NAME=SOFT[:HARD], as nofile=1024"},
	{"sysctls", 0, REQUEST_LIST, "sysctl", "NAME=VALUE, of its own namespaces"},
	{"restart", 0, REQUEST_TEXT, NULL, "no, always, unless-stopped, on-failure[:LIMIT]"},
	{"user", 'u', REQUEST_TEXT, NULL, "USER[:GROUP]"},
	{"group_add", 0, REQUEST_LIST, NULL, "one more group"},
	{"workdir", 'w', REQUEST_TEXT, NULL, "the folder to start in"},
	{"entrypoint", 0, REQUEST_TEXT, NULL, "instead of the image's"},
	{"read_only", 0, REQUEST_FLAG, NULL, "its root cannot be written"},
	{"cap_add", 0, REQUEST_LIST, NULL, "one more capability"},
	{"cap_drop", 0, REQUEST_LIST, NULL, "one less, or ALL"},
	{"security_opt", 0, REQUEST_LIST, NULL,
	 "no-new-privileges=false, seccomp=FILE|unconfined, apparmor=, label=, systempaths="},
	{"privileged", 0, REQUEST_FLAG, NULL,
	 "all capabilities and devices, nothing hidden or filtered"},
	{"ipc", 0, REQUEST_TEXT, NULL, "private, host or container:NAME"},
	{"pid", 0, REQUEST_TEXT, NULL, "private, host or container:NAME"},
	{"uts", 0, REQUEST_TEXT, NULL, "private or host"},
	{"userns", 0, REQUEST_TEXT, NULL, "host"},
	{"cgroupns", 0, REQUEST_TEXT, NULL, "private or host"},
	{"init", 0, REQUEST_FLAG, NULL, "a first process that passes signals on and reaps"},
	{"annotations", 0, REQUEST_LIST, "annotation", "NAME=VALUE for the runtime and hooks"},
	{"labels", 'l', REQUEST_LIST, "label", "NAME=VALUE"},
	{"stop_signal", 0, REQUEST_TEXT, NULL, "in place of the image's, or SIGTERM"},
	{"stop_timeout", 0, REQUEST_TEXT, NULL, "seconds from there to SIGKILL"},
	{"log_size", 0, REQUEST_TEXT, NULL, "where its log is rotated (10M)"},
	{"health_cmd", 0, REQUEST_TEXT, NULL, "a command that says whether it is well"},
	{"health_interval", 0, REQUEST_TEXT, NULL, "between two of them (30s)"},
	{"health_timeout", 0, REQUEST_TEXT, NULL, "for one of them (30s)"},
	{"health_retries", 0, REQUEST_TEXT, NULL, "failures in a row to be unwell (3)"},
	{"health_start_period", 0, REQUEST_TEXT, NULL,
	 "from its start: failures do not count (0s)"},
	{"cidfile", 0, REQUEST_TEXT, NULL, "a new file that its id is written to"},
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

int request_add_env(json_t *env, const char *text)
{
	const char *pair = text;
	if (strchr(text, '=') == NULL) {
		const char *own = getenv(text);
		if (own == NULL) {
			return 0;
		}
		pair = file_text("%s=%s", text, own);
	}
	return json_array_append_new(env, json_string(pair)) < 0
		       ? fault_set(0, "env: the value of %.*s is not UTF-8",
				   (int)strcspn(text, "="), text)
		       : 0;
}

int request_read_env(json_t *env, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int number = 1;
	int result = 0;
	if (file == NULL) {
		return fault_set(errno, "env_file %s", path);
	}
	for (; result == 0 && getline(&line, &room, file) > 0; number++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#' && request_add_env(env, line) < 0) {
			result = fault_in("env_file %s: line %d", path, number);
		}
	}
	if (result == 0 && ferror(file)) {
		result = fault_set(errno, "env_file %s", path);
	}
	free(line);
	fclose(file);
	return result;
}

static int add_each(json_t *env, const json_t *request, const char *key,
		    int (*add)(json_t *env, const char *text))
{
	size_t at;
	const json_t *one;
	const json_t *list = request_list(request, key);
	if (list != NULL && check_key(key, list) < 0) {
		return -1;
	}
	json_array_foreach(list, at, one)
	{
		if (json_string_value(one) == NULL) {
			return fault_set(0, "%s: no text", key);
		}
		if (add(env, json_string_value(one)) < 0) {
			return -1;
		}
	}
	return 0;
}

int request_expand(json_t *request)
{
	if (security_expand(request) < 0) {
		return -1;
	}
	if (request_list(request, "env_file") == NULL && request_list(request, "env") == NULL) {
		return 0;
	}
	json_t *env = json_array();
	/* What is given one by one has the last word. */
	if (add_each(env, request, "env_file", request_read_env) < 0 ||
	    add_each(env, request, "env", request_add_env) < 0) {
		json_decref(env);
		return -1;
	}
	json_object_set_new(request, "env", env);
	json_object_del(request, "env_file");
	return 0;
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
	if (parse_duration(request_text(request, "health_start_period", "0"), &value) < 0) {
		return fault_in("health_start_period");
	}
	return parse_number(request_text(request, "health_retries", "3"), 1, 1000, &value) < 0
		       ? fault_in("health_retries")
		       : 0;
}

static int check_words(const json_t *request)
{
	size_t at;
	const json_t *one;
	const char *parent = request_text(request, "cgroup_parent", "/");
	json_array_foreach(request_list(request, "annotations"), at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || *text == '=' || *text == '\0') {
			return fault_set(0, "annotations: \"%.40s\" is not NAME=VALUE",
					 text != NULL ? text : "");
		}
	}
	if (parent[0] != '/' || strstr(parent, "..") != NULL || strchr(parent, '\n') != NULL) {
		return fault_set(0, "cgroup_parent: \"%.40s\" is no path from /", parent);
	}
	return parse_signal(request_text(request, "stop_signal", "TERM")) < 0
		       ? fault_in("stop_signal")
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
	struct parse_restart restart;
	char keys[PARSE_KEYS];
	if (parse_restart(request_text(request, "restart", "no"), &restart) < 0) {
		return -1;
	}
	if (parse_keys(request_text(request, "detach_keys", ""), keys) < 0) {
		return fault_in("detach_keys");
	}
	if (limits_check(request) < 0 || check_times(request) < 0 || hosts_check(request) < 0 ||
	    mounts_check(request) < 0 || spaces_check(request) < 0 || security_check(request) < 0 ||
	    check_words(request) < 0) {
		return -1;
	}
	return check_network(request_text(request, "network", "bridge"));
}
