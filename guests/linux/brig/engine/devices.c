/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "guests/linux/brig/engine/devices.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"

#define HOST_MAX 4096 /* nodes in /dev that a privileged container gets */

struct device {
	const char *source; /* on this machine */
	const char *path;   /* in the container */
	const char *access; /* of "rwm" */
};

/* "DEVICE[:PATH[:ACCESS]]"; "DEVICE:ACCESS", too, as docker has it. */
static int parse_device(const char *text, struct device *device)
{
	char *rest = file_text("%s", text != NULL ? text : "");
	*device = (struct device){.access = "rwm"};
	device->source = strsep(&rest, ":");
	const char *second = rest != NULL ? strsep(&rest, ":") : device->source;
	bool short_form = rest == NULL && second[0] != '/' && second[0] != '\0' &&
			  second[strspn(second, "rwm")] == '\0';
	device->path = short_form ? device->source : second;
	device->access = short_form ? second : rest != NULL ? rest : device->access;
	if (device->source[0] != '/' || device->path[0] != '/' || device->access[0] == '\0' ||
	    device->access[strspn(device->access, "rwm")] != '\0') {
		return fault_set(0, "devices: \"%.60s\" is not DEVICE[:PATH[:rwm]]",
				 text != NULL ? text : "");
	}
	return 0;
}

static json_t *node(const char *path, const struct stat *status)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:i, s:I, s:I}", "path", path, "type",
			 S_ISCHR(status->st_mode) ? "c" : "b", "major",
			 (json_int_t)major(status->st_rdev), "minor",
			 (json_int_t)minor(status->st_rdev), "fileMode",
			 (int)(status->st_mode & 0777), "uid", (json_int_t)status->st_uid, "gid",
			 (json_int_t)status->st_gid);
}

static json_t *found; /* by add_found() */

/* Not what a container has of its own: its terminals, memory and queues, and what the runtime makes. */
static int add_found(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	static const char *const own[] = {"pts",  "shm",  "mqueue", "fd",     "console", "ptmx",
					  "null", "zero", "full",   "random", "urandom", "tty"};
	for (size_t i = 0; place->level == 1 && i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(path + place->base, own[i]) == 0) {
			return FTW_SKIP_SUBTREE;
		}
	}
	if (kind == FTW_F && (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) &&
	    json_array_size(found) < HOST_MAX) {
		json_array_append_new(found, node(path, status));
	}
	return FTW_CONTINUE;
}

static json_t *all_nodes(void)
{
	found = json_array();
	(void)nftw("/dev", add_found, 16, FTW_PHYS | FTW_ACTIONRETVAL);
	return found;
}

static bool has_node(const json_t *list, const char *path)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "path")), path) == 0) {
			return true;
		}
	}
	return false;
}

json_t *devices_nodes(const json_t *request)
{
	size_t at;
	const json_t *one;
	json_t *list = json_array();
	json_array_foreach(request_list(request, "devices"), at, one)
	{
		struct device device;
		struct stat status;
		if (parse_device(json_string_value(one), &device) < 0) {
			json_decref(list);
			return NULL;
		}
		if (stat(device.source, &status) < 0 ||
		    !(S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))) {
			fault_set(0, "device %s: no such device", device.source);
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, node(device.path, &status));
	}
	if (!request_flag(request, "privileged")) {
		return list;
	}
	json_t *all = all_nodes();
	json_array_foreach(all, at, one)
	{
		if (!has_node(list, json_string_value(json_object_get(one, "path")))) {
			json_array_append(list, (json_t *)one);
		}
	}
	json_decref(all);
	return list;
}

/* "c 1:3 rwm", "a *:* rwm": as the kernel's own devices.allow has them. */
static json_t *parse_rule(const char *text)
{
	char kind[2];
	char first[12];
	char second[12];
	char access[4];
	char rest;
	int64_t number;
	if (text == NULL || sscanf(text, "%1[abc] %11[0-9*]:%11[0-9*] %3[rwm]%c", kind, first,
				   second, access, &rest) != 4) {
		return NULL;
	}
	json_t *rule = json_pack("{s:b, s:s, s:s}", "allow", 1, "type", kind, "access", access);
	const char *const parts[] = {first, second};
	static const char *const keys[] = {"major", "minor"};
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(parts[i], "*") == 0) {
			continue; /* a number that is not there is any */
		}
		if (parse_number(parts[i], 0, UINT32_MAX, &number) < 0) {
			json_decref(rule);
			return NULL;
		}
		json_object_set_new(rule, keys[i], json_integer(number));
	}
	return rule;
}

/* No devices but these and those that every container has: by CAP_MKNOD it can name any. */
json_t *devices_rules(const json_t *request, const json_t *nodes)
{
	size_t at;
	const json_t *one;
	const json_t *asked = request_list(request, "devices");
	if (request_flag(request, "privileged")) {
		return json_pack("[{s:b, s:s}]", "allow", 1, "access", "rwm");
	}
	json_t *rules = json_pack("[{s:b, s:s}]", "allow", 0, "access", "rwm");
	json_array_foreach(nodes, at, one)
	{
		struct device device;
		(void)parse_device(json_string_value(json_array_get(asked, at)), &device);
		json_array_append_new(rules, json_pack("{s:b, s:O, s:O, s:O, s:s}", "allow", 1,
						       "type", json_object_get(one, "type"),
						       "major", json_object_get(one, "major"),
						       "minor", json_object_get(one, "minor"),
						       "access", device.access));
	}
	json_array_foreach(request_list(request, "device_cgroup_rules"), at, one)
	{
		json_array_append_new(rules, parse_rule(json_string_value(one)));
	}
	return rules;
}

/* -- Rates ---------------------------------------------------------------------------- */

static const struct rate {
	const char *key;
	const char *throttle; /* of linux.resources.blockIO */
	bool bytes;
} rates[] = {
	{"device_read_bps", "throttleReadBpsDevice", true},
	{"device_write_bps", "throttleWriteBpsDevice", true},
	{"device_read_iops", "throttleReadIOPSDevice", false},
	{"device_write_iops", "throttleWriteIOPSDevice", false},
};

/* "DEVICE:RATE". */
static int parse_rate(const struct rate *rate, const char *text, const char **device,
		      int64_t *value)
{
	const char *colon = text == NULL ? NULL : strrchr(text, ':');
	bool good = colon != NULL && text[0] == '/' &&
		    (rate->bytes ? parse_size(colon + 1, value)
				 : parse_number(colon + 1, 1, INT64_MAX, value)) == 0 &&
		    *value > 0;
	if (!good) {
		return fault_set(0, "%s: \"%.60s\" is not DEVICE:RATE", rate->key,
				 text != NULL ? text : "");
	}
	*device = file_text("%.*s", (int)(colon - text), text);
	return 0;
}

static int add_rate(const struct rate *rate, const char *text, json_t *block)
{
	const char *device;
	int64_t value;
	struct stat status;
	if (parse_rate(rate, text, &device, &value) < 0) {
		return -1;
	}
	if (stat(device, &status) < 0 || !S_ISBLK(status.st_mode)) {
		return fault_set(0, "%s: %s: no such block device", rate->key, device);
	}
	if (json_object_get(block, rate->throttle) == NULL) {
		json_object_set_new(block, rate->throttle, json_array());
	}
	return json_array_append_new(
		json_object_get(block, rate->throttle),
		json_pack("{s:I, s:I, s:I}", "major", (json_int_t)major(status.st_rdev), "minor",
			  (json_int_t)minor(status.st_rdev), "rate", (json_int_t)value));
}

int devices_set_rates(const json_t *request, json_t *resources)
{
	size_t at;
	const json_t *one;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const json_t *list = request_list(request, rates[i].key);
		if (json_array_size(list) > 0 && json_object_get(resources, "blockIO") == NULL) {
			json_object_set_new(resources, "blockIO", json_object());
		}
		json_array_foreach(list, at, one)
		{
			if (add_rate(&rates[i], json_string_value(one),
				     json_object_get(resources, "blockIO")) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

static int check_rates(const json_t *request)
{
	size_t at;
	const json_t *one;
	const char *device;
	int64_t value;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		json_array_foreach(request_list(request, rates[i].key), at, one)
		{
			if (parse_rate(&rates[i], json_string_value(one), &device, &value) < 0) {
				return -1;
			}
		}
	}
	return 0;
}

int devices_check(const json_t *request)
{
	size_t at;
	const json_t *one;
	struct device device;
	json_array_foreach(request_list(request, "devices"), at, one)
	{
		if (parse_device(json_string_value(one), &device) < 0) {
			return -1;
		}
	}
	json_array_foreach(request_list(request, "device_cgroup_rules"), at, one)
	{
		const char *text = json_string_value(one);
		json_t *rule = parse_rule(text);
		if (rule == NULL) {
			return fault_set(0,
					 "device_cgroup_rules: \"%.40s\" is no rule, as c 1:3 rwm",
					 text != NULL ? text : "");
		}
		json_decref(rule);
	}
	return check_rates(request);
}
