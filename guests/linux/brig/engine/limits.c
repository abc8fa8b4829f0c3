/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guests/linux/brig/engine/devices.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"

#define PIDS_DEFAULT   1024 /* a fork bomb ends at some number */
#define NOFILE_SOFT    1024
#define NOFILE_HARD    65536
#define RLIMIT_NAME_ID 16

bool limits_has_unified_cgroups(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

/* -- Limits of processes ---------------------------------------------------------- */

struct ulimit {
	const char *name;
	int resource;
	int64_t soft; /* -1: none */
	int64_t hard;
};

static const struct ulimit ulimits[] = {
	{"as", RLIMIT_AS, 0, 0},
	{"core", RLIMIT_CORE, 0, 0},
	{"cpu", RLIMIT_CPU, 0, 0},
	{"data", RLIMIT_DATA, 0, 0},
	{"fsize", RLIMIT_FSIZE, 0, 0},
	{"locks", RLIMIT_LOCKS, 0, 0},
	{"memlock", RLIMIT_MEMLOCK, 0, 0},
	{"msgqueue", RLIMIT_MSGQUEUE, 0, 0},
	{"nice", RLIMIT_NICE, 0, 0},
	{"nofile", RLIMIT_NOFILE, 0, 0},
	{"nproc", RLIMIT_NPROC, 0, 0},
	{"rss", RLIMIT_RSS, 0, 0},
	{"rtprio", RLIMIT_RTPRIO, 0, 0},
	{"rttime", RLIMIT_RTTIME, 0, 0},
	{"sigpending", RLIMIT_SIGPENDING, 0, 0},
	{"stack", RLIMIT_STACK, 0, 0},
};

static int parse_one_limit(const char *text, int64_t *value)
{
	if (strcmp(text, "-1") == 0 || strcmp(text, "unlimited") == 0) {
		*value = -1;
		return 0;
	}
	return parse_number(text, 0, INT64_MAX, value);
}

/* "NAME=SOFT[:HARD]". */
static int parse_ulimit(const char *text, struct ulimit *limit)
{
	size_t length = text == NULL ? 0 : strcspn(text, "=");
	for (size_t i = 0; length > 0 && i < sizeof(ulimits) / sizeof(ulimits[0]); i++) {
		if (strlen(ulimits[i].name) != length ||
		    strncmp(ulimits[i].name, text, length) != 0 || text[length] != '=') {
			continue;
		}
		*limit = ulimits[i];
		const char *colon = strchr(text, ':');
		const char *soft = text + length + 1;
		const char *hard = colon != NULL ? colon + 1 : soft;
		if (colon != NULL) {
			soft = file_text("%.*s", (int)(colon - soft), soft);
		}
		bool good = parse_one_limit(soft, &limit->soft) == 0 &&
			    parse_one_limit(hard, &limit->hard) == 0 &&
			    (uint64_t)limit->soft <= (uint64_t)limit->hard;
		return good ? 0 : fault_set(0, "ulimits: \"%.40s\": no limit", text);
	}
	return fault_set(0, "ulimits: \"%.40s\" is not NAME=SOFT[:HARD], as nofile=1024",
			 text != NULL ? text : "");
}

static json_t *rlimit(const char *name, int64_t soft, int64_t hard)
{
	char type[RLIMIT_NAME_ID + 8] = "RLIMIT_";
	for (size_t i = 0; name[i] != '\0'; i++) {
		type[7 + i] = (char)(name[i] - 'a' + 'A');
		type[8 + i] = '\0';
	}
	/* As good as none: the 2^64 - 1 that says so is more than jansson's integers. */
	json_int_t none = (json_int_t)INT64_MAX;
	return json_pack("{s:s, s:I, s:I}", "type", type, "soft", soft < 0 ? none : soft, "hard",
			 hard < 0 ? none : hard);
}

json_t *limits_rlimits(const json_t *request)
{
	size_t at;
	const json_t *one;
	struct ulimit limit;
	struct rlimit own = {NOFILE_HARD, NOFILE_HARD};
	bool files = false;
	json_t *list = json_array();
	json_array_foreach(request_list(request, "ulimits"), at, one)
	{
		if (parse_ulimit(json_string_value(one), &limit) == 0) {
			files |= limit.resource == RLIMIT_NOFILE;
			json_array_append_new(list, rlimit(limit.name, limit.soft, limit.hard));
		}
	}
	if (!files) {
		/* No more than this process may give. */
		(void)getrlimit(RLIMIT_NOFILE, &own);
		int64_t hard = own.rlim_max < NOFILE_HARD ? (int64_t)own.rlim_max : NOFILE_HARD;
		json_array_append_new(
			list, rlimit("nofile", hard < NOFILE_SOFT ? hard : NOFILE_SOFT, hard));
	}
	return list;
}

/* -- Control groups ------------------------------------------------------------------ */

/* A key whose number goes into config.json as it is. */
struct number {
	const char *name;
	const char *object; /* of linux.resources, or NULL: not there */
	const char *key;
	int64_t low;
	int64_t high;
};

static const struct number numbers[] = {
	{"pids", "pids", "limit", 1, 1 << 22},
	{"cpu_shares", "cpu", "shares", 2, 262144},
	{"cpu_quota", "cpu", "quota", 1000, INT64_MAX},
	{"cpu_period", "cpu", "period", 1000, 1000000},
	{"blkio_weight", "blockIO", "weight", 10, 1000},
	{"oom_score_adj", NULL, NULL, -1000, 1000},
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void set_limit(json_t *resources, const char *object, const char *key, json_t *value)
{
	if (json_object_get(resources, object) == NULL) {
		json_object_set_new(resources, object, json_object());
	}
	json_object_set_new(json_object_get(resources, object), key, value);
}

static void set_numbers(const json_t *request, json_t *resources)
{
	int64_t value;
	for (size_t i = 0; i < NUMBERS; i++) {
		const char *text = request_text(request, numbers[i].name, NULL);
		if (text != NULL && numbers[i].object != NULL &&
		    parse_number(text, numbers[i].low, numbers[i].high, &value) == 0) {
			set_limit(resources, numbers[i].object, numbers[i].key,
				  json_integer(value));
		}
	}
}

static void set_cpus(const json_t *request, json_t *resources)
{
	int64_t value;
	const char *cpus = request_text(request, "cpus", NULL);
	const char *set = request_text(request, "cpuset_cpus", NULL);
	const char *nodes = request_text(request, "cpuset_mems", NULL);
	if (cpus != NULL && parse_cpus(cpus, &value) == 0) {
		set_limit(resources, "cpu", "quota", json_integer(value));
		set_limit(resources, "cpu", "period", json_integer(100000));
	}
	if (set != NULL) {
		set_limit(resources, "cpu", "cpus", json_string(set));
	}
	if (nodes != NULL) {
		set_limit(resources, "cpu", "mems", json_string(nodes));
	}
}

/* Swap and memory together, "-1" for any amount; without a word of it, no swap at all. */
static int parse_swap(const char *text, int64_t *value)
{
	if (text != NULL && strcmp(text, "-1") == 0) {
		*value = -1;
		return 0;
	}
	return text == NULL ? 0 : parse_size(text, value);
}

static void set_memory(const json_t *request, json_t *resources)
{
	int64_t value;
	const char *limit = request_text(request, "memory", NULL);
	const char *low = request_text(request, "memory_reservation", NULL);
	if (limit != NULL && parse_size(limit, &value) == 0) {
		set_limit(resources, "memory", "limit", json_integer(value));
		(void)parse_swap(request_text(request, "memory_swap", NULL), &value);
		set_limit(resources, "memory", "swap", json_integer(value));
	}
	if (low != NULL && parse_size(low, &value) == 0) {
		set_limit(resources, "memory", "reservation", json_integer(value));
	}
}

json_t *limits_resources(const json_t *request, const json_t *devices)
{
	json_t *resources = json_object();
	/* A v1 or hybrid host has no limit to give. */
	if (limits_has_unified_cgroups()) {
		set_limit(resources, "pids", "limit", json_integer(PIDS_DEFAULT));
	}
	set_memory(request, resources);
	set_cpus(request, resources);
	set_numbers(request, resources);
	json_object_set_new(resources, "devices", devices_rules(request, devices));
	return resources;
}

/* -- The kernel's settings; memory as a file system ------------------------------------- */

json_t *limits_sysctl(const json_t *request)
{
	size_t at;
	const json_t *one;
	json_t *all = json_object();
	json_array_foreach(request_list(request, "sysctls"), at, one)
	{
		const char *text = json_string_value(one);
		const char *equals = strchr(text, '=');
		const char *name = file_text("%.*s", (int)(equals - text), text);
		json_object_set_new(all, name, json_string(equals + 1));
	}
	return all;
}

static int check_tmpfs_option(const char *option)
{
	static const char *const plain[] = {"ro", "rw", "exec", "noexec", "suid", "nosuid"};
	static const char *const values[] = {"mode=", "uid=", "gid=", "nr_inodes="};
	int64_t value;
	if (strncmp(option, "size=", 5) == 0) {
		return parse_size(option + 5, &value);
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(option, plain[i]) == 0) {
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		size_t length = strlen(values[i]);
		if (strncmp(option, values[i], length) == 0) {
			return parse_number(option + length, 0, INT_MAX, &value);
		}
	}
	return -1;
}

static int check_tmpfs(const char *text)
{
	char *rest = file_text("%s", text != NULL ? text : "");
	const char *path = strsep(&rest, ":");
	bool good = path[0] == '/';
	while (good && rest != NULL) {
		good = check_tmpfs_option(strsep(&rest, ",")) == 0;
	}
	return good ? 0
		    : fault_set(0, "tmpfs: \"%.60s\" is not PATH[:size=64M,mode=755,noexec]",
				text != NULL ? text : "");
}

json_t *limits_tmpfs(const char *text)
{
	int64_t size;
	char *rest = file_text("%s", text);
	const char *path = strsep(&rest, ":");
	json_t *options = json_pack("[s, s, s]", "nosuid", "nodev", "mode=1777");
	while (rest != NULL) {
		const char *option = strsep(&rest, ",");
		if (strncmp(option, "size=", 5) == 0 && parse_size(option + 5, &size) == 0) {
			option = file_text("size=%lld", (long long)size);
		}
		json_array_append_new(options, json_string(option));
	}
	return json_pack("{s:s, s:s, s:s, s:o}", "destination", path, "type", "tmpfs", "source",
			 "tmpfs", "options", options);
}

void limits_set_shm(json_t *mounts, const json_t *request)
{
	size_t at;
	json_t *one;
	int64_t size;
	const char *text = request_text(request, "shm_size", NULL);
	if (text == NULL || parse_size(text, &size) < 0) {
		return;
	}
	json_array_foreach(mounts, at, one)
	{
		const char *path = json_string_value(json_object_get(one, "destination"));
		if (strcmp(path, "/dev/shm") == 0) {
			/* The last of two counts. */
			json_array_append_new(json_object_get(one, "options"),
					      json_string(file_text("size=%lld", (long long)size)));
		}
	}
}

/* -- Checks --------------------------------------------------------------------------- */

static int check_swap(const json_t *request)
{
	int64_t memory = 0;
	int64_t swap = -1;
	const char *limit = request_text(request, "memory", NULL);
	const char *text = request_text(request, "memory_swap", NULL);
	if (text == NULL) {
		return 0;
	}
	if (limit == NULL) {
		return fault_set(0, "memory_swap: needs memory, too");
	}
	if (parse_size(limit, &memory) < 0 || parse_swap(text, &swap) < 0) {
		return fault_in("memory_swap");
	}
	return swap < 0 || swap >= memory
		       ? 0
		       : fault_set(0,
				   "memory_swap: \"%.40s\" is less than memory, which it includes",
				   text);
}

static int check_sizes(const json_t *request)
{
	static const char *const sizes[] = {"memory", "shm_size", "log_size", "memory_reservation"};
	for (size_t i = 0; i < 4; i++) {
		int64_t value = 0;
		int64_t least = i == 0 ? 1 << 20 : 1;
		const char *text = request_text(request, sizes[i], NULL);
		if (text != NULL && (parse_size(text, &value) < 0 || value < least)) {
			return fault_set(0, "%s: \"%.40s\" is no size%s", sizes[i], text,
					 i == 0 ? " of 1M or more" : "");
		}
	}
	return check_swap(request);
}

static int check_numbers(const json_t *request)
{
	int64_t value;
	for (size_t i = 0; i < NUMBERS; i++) {
		const char *text = request_text(request, numbers[i].name, NULL);
		if (text != NULL &&
		    parse_number(text, numbers[i].low, numbers[i].high, &value) < 0) {
			return fault_in("%s", numbers[i].name);
		}
	}
	return 0;
}

static int check_set(const json_t *request, const char *name)
{
	const char *set = request_text(request, name, NULL);
	bool good = set == NULL || (*set != '\0' && set[strspn(set, "0123456789,-")] == '\0');
	return good ? 0 : fault_set(0, "%s: \"%.40s\" is no list of numbers, as 0-1,3", name, set);
}

static int check_cpus(const json_t *request)
{
	int64_t value;
	const char *cpus = request_text(request, "cpus", NULL);
	if (cpus != NULL && parse_cpus(cpus, &value) < 0) {
		return fault_in("cpus");
	}
	if (cpus != NULL && (request_text(request, "cpu_quota", NULL) != NULL ||
			     request_text(request, "cpu_period", NULL) != NULL)) {
		return fault_set(0, "cpus: says the same as cpu_quota and cpu_period; give either");
	}
	return check_set(request, "cpuset_cpus") < 0 ? -1 : check_set(request, "cpuset_mems");
}

int limits_check(const json_t *request)
{
	size_t at;
	const json_t *one;
	struct ulimit limit;
	if (check_sizes(request) < 0 || check_cpus(request) < 0 || check_numbers(request) < 0 ||
	    devices_check(request) < 0) {
		return -1;
	}
	json_array_foreach(request_list(request, "ulimits"), at, one)
	{
		if (parse_ulimit(json_string_value(one), &limit) < 0) {
			return -1;
		}
	}
	json_array_foreach(request_list(request, "tmpfs"), at, one)
	{
		if (check_tmpfs(json_string_value(one)) < 0) {
			return -1;
		}
	}
	json_array_foreach(request_list(request, "sysctls"), at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || strchr(text, '=') == NULL || text[0] == '=') {
			return fault_set(0, "sysctls: \"%.40s\" is not NAME=VALUE",
					 text != NULL ? text : "");
		}
	}
	return 0;
}
