/* SPDX-License-Identifier: Apache-2.0 */
/* stop, restart, rm, wait, logs, inspect: what is done to a container by name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/log.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"

struct each {
	bool force;
	const char *timeout;
};

int command_each(int argc, char **argv, int (*act)(const struct container *c, const void *how),
		 const void *how)
{
	int code = 0;
	if (command_operands(argc, argv, 1) < 0) {
		return command_fail();
	}
	for (int i = 1; i < argc; i++) {
		struct container c;
		if (container_find(argv[i], &c) < 0 || act(&c, how) < 0) {
			code = command_fail();
		} else {
			puts(argv[i]);
		}
	}
	return code;
}

static int stop(const struct container *c, const void *how)
{
	const struct each *each = how;
	return control_stop(c, each->timeout);
}

static int restart(const struct container *c, const void *how)
{
	return stop(c, how) < 0 ? -1 : control_start(c, -1);
}

int command_remove(const struct container *c, bool force)
{
	if (!container_ended(c) && !force) {
		return fault_set(0, "%s runs (brig stop it, or rm --force)", container_name(c));
	}
	return control_remove(c, force ? "1ms" : NULL);
}

static int remove_one(const struct container *c, const void *how)
{
	const struct each *each = how;
	return command_remove(c, each->force);
}

static const char *take_timeout(int *argc, char **argv)
{
	const char *value = command_value(argc, argv, "--time");
	return value != NULL ? value : command_value(argc, argv, "-t");
}

int command_stop(int argc, char **argv)
{
	const struct each how = {.timeout = take_timeout(&argc, argv)};
	return command_each(argc, argv, stop, &how);
}

int command_restart(int argc, char **argv)
{
	const struct each how = {.timeout = take_timeout(&argc, argv)};
	return command_each(argc, argv, restart, &how);
}

int command_rm(int argc, char **argv)
{
	const struct each how = {.force = command_either(&argc, argv, "-f", "--force")};
	return command_each(argc, argv, remove_one, &how);
}

static bool has_ended(void *context)
{
	return container_ended(context);
}

/* Of one that is removed by now: its supervisor left it in the lock's file. */
static int read_code(int lock, const struct container *c)
{
	char text[16] = "";
	if (lock < 0 || pread(lock, text, sizeof(text) - 1, 0) <= 0) {
		fault_set(0, "%s was removed, and its exit code is not known", container_name(c));
		return command_fail();
	}
	printf("%ld\n", strtol(text, NULL, 10));
	return 0;
}

int command_wait(int argc, char **argv)
{
	struct container c;
	struct container_state state;
	if (command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0) {
		return command_fail();
	}
	fd_auto lock = open(container_path(&c, "lock"), O_RDONLY | O_CLOEXEC);
	while (!container_ended(&c)) {
		usleep(20000);
	}
	container_load_state(&c, &state);
	if (state.status[0] == '\0') {
		return read_code(lock, &c);
	}
	printf("%d\n", state.exit_code);
	return 0;
}

int command_logs(int argc, char **argv)
{
	struct container c;
	int64_t tail = -1;
	struct log_view view = {.follow = command_either(&argc, argv, "-f", "--follow"),
				.times = command_either(&argc, argv, "-t", "--timestamps"),
				.ended = has_ended};
	const char *lines = command_value(&argc, argv, "--tail");
	const char *since = command_value(&argc, argv, "--since");
	const char *until = command_value(&argc, argv, "--until");
	lines = lines != NULL ? lines : command_value(&argc, argv, "-n");
	if ((lines != NULL && parse_number(lines, 0, 1 << 30, &tail) < 0) ||
	    (since != NULL && log_time(since, view.since) < 0) ||
	    (until != NULL && log_time(until, view.until) < 0) ||
	    command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0) {
		return command_fail();
	}
	view.tail = (long)tail;
	view.context = &c;
	return log_print(container_path(&c, "log"), &view) < 0 ? command_fail() : 0;
}

int command_inspect(int argc, char **argv)
{
	json_t *all = json_array();
	if (command_operands(argc, argv, 1) < 0) {
		return command_fail();
	}
	for (int i = 1; i < argc; i++) {
		struct container c;
		struct container_state state;
		if (container_find(argv[i], &c) < 0) {
			return command_fail();
		}
		container_load_state(&c, &state);
		json_object_set_new(c.record, "state",
				    json_pack("{s:s, s:s, s:i, s:i, s:i}", "status", state.status,
					      "health", state.health, "pid", (int)state.pid,
					      "exit_code", state.exit_code, "restarts",
					      (int)state.restarts));
		json_array_append_new(all, c.record);
	}
	/* What an image says of itself is no control character of a terminal's. */
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	putchar('\n');
	return 0;
}
