/* SPDX-License-Identifier: Apache-2.0 */
/* events: what a container uses, as runc prints it, and its out-of-memory kills. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"

/* The number of a group's file; "max" is 2^64 - 1; 0 where there is none. */
static uint64_t read_number(int dir, const char *file)
{
	const char *text = io_peek(dir, file);
	if (text == NULL) {
		return 0;
	}
	return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* The number after a word of a file of "word number" lines. */
static uint64_t read_word(int dir, const char *file, const char *word)
{
	const char *at = io_peek(dir, file);
	size_t length = strlen(word);
	for (; at != NULL && *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, word, length) == 0 && at[length] == ' ') {
			return strtoull(at + length + 1, NULL, 10);
		}
	}
	return 0;
}

static void write_memory(yajl_gen g, int dir)
{
	jw_object(g, "memory");
	jw_unsigned(g, "cache", read_word(dir, "memory.stat", "file"));
	jw_object(g, "usage");
	jw_unsigned(g, "limit", read_number(dir, "memory.max"));
	jw_unsigned(g, "usage", read_number(dir, "memory.current"));
	jw_unsigned(g, "max", read_number(dir, "memory.peak"));
	jw_unsigned(g, "failcnt", read_word(dir, "memory.events", "max"));
	jw_end_object(g);
	jw_object(g, "swap");
	jw_unsigned(g, "limit", read_number(dir, "memory.swap.max"));
	jw_unsigned(g, "usage", read_number(dir, "memory.swap.current"));
	jw_unsigned(g, "failcnt", read_word(dir, "memory.swap.events", "max"));
	jw_end_object(g);
	jw_object(g, "raw");
	char *line = io_peek(dir, "memory.stat");
	char *rest = NULL;
	for (line = line == NULL ? NULL : strtok_r(line, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *space = strchr(line, ' ');
		if (space != NULL) {
			*space = '\0';
			jw_unsigned(g, line, strtoull(space + 1, NULL, 10));
		}
	}
	jw_end_object(g);
	jw_end_object(g);
}

static void write_cpu(yajl_gen g, int dir)
{
	static const char file[] = "cpu.stat";
	jw_object(g, "cpu");
	jw_object(g, "usage");
	jw_unsigned(g, "total", read_word(dir, file, "usage_usec") * 1000);
	jw_unsigned(g, "kernel", read_word(dir, file, "system_usec") * 1000);
	jw_unsigned(g, "user", read_word(dir, file, "user_usec") * 1000);
	jw_end_object(g);
	jw_object(g, "throttling");
	jw_unsigned(g, "periods", read_word(dir, file, "nr_periods"));
	jw_unsigned(g, "throttledPeriods", read_word(dir, file, "nr_throttled"));
	jw_unsigned(g, "throttledTime", read_word(dir, file, "throttled_usec") * 1000);
	jw_end_object(g);
	jw_end_object(g);
}

static void print_event(const struct state *state, const char *type)
{
	int dir = state->cgroup.dir;
	yajl_gen g = jw_open(false);
	jw_object(g, NULL);
	jw_text(g, "type", type);
	jw_text(g, "id", state->id);
	if (strcmp(type, "stats") == 0) {
		jw_object(g, "data");
		write_cpu(g, dir);
		write_memory(g, dir);
		jw_object(g, "pids");
		jw_unsigned(g, "current", read_number(dir, "pids.current"));
		uint64_t limit = read_number(dir, "pids.max");
		jw_unsigned(g, "limit", limit == UINT64_MAX ? 0 : limit);
		jw_end_object(g);
		jw_end_object(g);
	}
	jw_end_object(g);
	puts(jw_close(g, NULL));
	fflush(stdout);
}

static uint64_t unit_of(const char *name)
{
	return strcmp(name, "ms") == 0                   ? 1
	       : *name == '\0' || strcmp(name, "s") == 0 ? 1000
	       : strcmp(name, "m") == 0                  ? 60000
							 : 0;
}

/* "5s", "500ms", "1.5m", or a number of seconds; in ms, at least 1. */
static int parse_interval(const char *text, int *interval)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	uint64_t thousandths = strtoull(text, NULL, 10) * 1000;
	if (*rest == '.') {
		unsigned int weight = 100;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, weight /= 10) {
			thousandths += (unsigned int)(*rest - '0') * weight;
		}
	}
	uint64_t value = digits > 8 ? 0 : thousandths * unit_of(rest) / 1000;
	if (digits == 0 || value < 1 || value > 86400000) {
		return err_set(0, "--interval: \"%.16s\" is none, from 1ms to a day", text);
	}
	*interval = (int)value;
	return 0;
}

static int follow(struct state *state, int interval)
{
	uint64_t kills = read_word(state->cgroup.dir, "memory.events", "oom_kill");
	for (;;) {
		poll(NULL, 0, interval);
		if (state_status(state) == STATUS_STOPPED) {
			return 0;
		}
		uint64_t now = read_word(state->cgroup.dir, "memory.events", "oom_kill");
		if (now > kills) {
			print_event(state, "oom");
		}
		kills = now;
		print_event(state, "stats");
	}
}

int cmd_events(int argc, char **argv)
{
	const char *every = "5s";
	bool once = false;
	int interval = 0;
	struct state state;
	const struct cmd_option options[] = {
		{.name = "interval", .text = &every},
		{.name = "stats", .flag = &once},
		{0},
	};
	if (cmd_parse(argc, argv, options, 1) < 0 || parse_interval(every, &interval) < 0 ||
	    state_load(&state, argv[0], false) < 0) {
		return cmd_fail();
	}
	if (state_status(&state) == STATUS_STOPPED) {
		err_set(0, "container not running");
		return cmd_fail();
	}
	if (state.cgroup.dir < 0) {
		err_set(0, "the container has no cgroup of version 2 to read");
		return cmd_fail();
	}
	if (once) {
		print_event(&state, "stats");
		return 0;
	}
	return follow(&state, interval);
}
