/* SPDX-License-Identifier: Apache-2.0 */
/* update: other limits for a container that exists. */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"

struct update_option {
	const char *option; /* on the command line */
	const char *object; /* of linux.resources */
	const char *key;
	bool is_text;
};

static const struct update_option table[] = {
	{"blkio-weight", "blockIO", "weight", false},
	{"cpu-period", "cpu", "period", false},
	{"cpu-quota", "cpu", "quota", false},
	{"cpu-burst", "cpu", "burst", false},
	{"cpu-share", "cpu", "shares", false},
	{"cpu-rt-period", "cpu", "realtimePeriod", false},
	{"cpu-rt-runtime", "cpu", "realtimeRuntime", false},
	{"cpuset-cpus", "cpu", "cpus", true},
	{"cpuset-mems", "cpu", "mems", true},
	{"cpu-idle", "cpu", "idle", false},
	{"memory", "memory", "limit", false},
	{"memory-reservation", "memory", "reservation", false},
	{"memory-swap", "memory", "swap", false},
	{"kernel-memory", "memory", "kernel", false},
	{"kernel-memory-tcp", "memory", "kernelTCP", false},
	{"pids-limit", "pids", "limit", false},
};

#define COUNT (sizeof(table) / sizeof(table[0]))

/* "-1", or a number of bytes, with K, M, G or T behind it as of 1024, and B or iB behind that. */
static bool parse_size(const char *text, int64_t *size)
{
	static const char units[] = "KMGT";
	const char *rest = text + strspn(text, "-0123456789");
	if (!io_parse_i64(mem_copy(text, (size_t)(rest - text)), size)) {
		return false;
	}
	const char *unit = *rest != '\0' ? strchr(units, toupper((unsigned char)*rest)) : NULL;
	int shift = unit != NULL ? (int)(unit - units + 1) * 10 : 0;
	if (unit != NULL) {
		rest += 1 + (tolower((unsigned char)rest[1]) == 'i');
	}
	bool good =
		rest[tolower((unsigned char)*rest) == 'b'] == '\0' && *size <= INT64_MAX >> shift;
	*size = good && *size > 0 ? *size << shift : *size;
	return good;
}

/* The options as a resources object, so that one reader checks both ways to say it. */
static int from_options(const char *const *values, char **text, size_t *length)
{
	static const char *const objects[] = {"blockIO", "cpu", "memory", "pids"};
	yajl_gen g = jw_open(false);
	jw_object(g, NULL);
	for (size_t o = 0; o < sizeof(objects) / sizeof(objects[0]); o++) {
		jw_object(g, objects[o]);
		for (size_t i = 0; i < COUNT; i++) {
			int64_t number;
			if (values[i] == NULL || strcmp(table[i].object, objects[o]) != 0) {
				continue;
			}
			if (table[i].is_text) {
				jw_text(g, table[i].key, values[i]);
			} else if (strcmp(objects[o], "memory") == 0
					   ? parse_size(values[i], &number)
					   : io_parse_i64(values[i], &number)) {
				jw_number(g, table[i].key, number);
			} else {
				return err_set(0, "--%s: \"%.32s\" is no number", table[i].option,
					       values[i]);
			}
		}
		jw_end_object(g);
	}
	jw_end_object(g);
	*text = jw_close(g, length);
	return 0;
}

static int update(const char *id, const char *file, const char *const *values)
{
	struct state state;
	char *text = NULL;
	size_t length = 0;
	if (file == NULL) {
		if (from_options(values, &text, &length) < 0) {
			return -1;
		}
	} else {
		text = strcmp(file, "-") == 0 ? io_read_fd(0, SPEC_LIMIT, &length, "standard input")
					      : io_read_file(AT_FDCWD, file, SPEC_LIMIT, &length);
	}
	const struct json *json = text == NULL ? NULL : json_parse(text, length, "resources");
	if (json == NULL || state_load(&state, id, true) < 0) {
		return -1;
	}
	if (state_status(&state) == STATUS_STOPPED) {
		return err_set(0, "container not running");
	}
	struct spec_device_rule *rules = NULL;
	uint32_t count = 0;
	if (cgroup_check(&state.cgroup, json) < 0 || cgroup_update(&state.cgroup, json) < 0 ||
	    spec_parse_rules(json, &rules, &count) < 0) {
		return -1;
	}
	if (count == 0) {
		return 0;
	}
	return state.cgroup.dir < 0
		       ? err_set(0, "devices: the container has no cgroup of version 2")
		       : devices_bpf_attach(state.cgroup.dir, rules, count, true);
}

int cmd_update(int argc, char **argv)
{
	const char *values[COUNT] = {NULL};
	const char *file = NULL;
	struct cmd_option options[COUNT + 2] = {{0}};
	for (size_t i = 0; i < COUNT; i++) {
		options[i] = (struct cmd_option){.name = table[i].option, .text = &values[i]};
	}
	options[COUNT] = (struct cmd_option){.name = "resources", .letter = 'r', .text = &file};
	if (cmd_parse(argc, argv, options, 1) < 0 || update(argv[0], file, values) < 0) {
		return cmd_fail();
	}
	return 0;
}
