/* SPDX-License-Identifier: Apache-2.0 */
/* ps, stats, images and what is done to images. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/load.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/store.h"

static const char *duration_text(long long seconds)
{
	if (seconds < 120) {
		return file_text("%llds", seconds);
	}
	if (seconds < 7200) {
		return file_text("%lldm", seconds / 60);
	}
	return seconds < 172800 ? file_text("%lldh", seconds / 3600)
				: file_text("%lldd", seconds / 86400);
}

static const char *status_text(const struct container *c, const struct container_state *state)
{
	long long now = time(NULL);
	if (strcmp(state->status, "running") == 0) {
		const char *more = control_paused(c) ? "paused" : state->health;
		return file_text("up %s%s%s%s", duration_text(now - state->started),
				 more[0] ? " (" : "", more, more[0] ? ")" : "");
	}
	if (strcmp(state->status, "exited") == 0) {
		return file_text("exited (%d) %s ago", state->exit_code,
				 duration_text(now - state->finished));
	}
	return file_text("%s", state->status);
}

static const char *joined(const json_t *list)
{
	size_t at;
	const json_t *one;
	const char *text = "";
	json_array_foreach(list, at, one)
	{
		const char *word = json_string_value(one);
		text = file_text("%s%s%s", text, at > 0 ? " " : "", word != NULL ? word : "?");
	}
	return text;
}

int command_ps(int argc, char **argv)
{
	static const char *const keys[] = {"id",       "name",  "image",   "status",
					   "restarts", "ports", "address", NULL};
	bool json = command_flag(&argc, argv, "--json");
	bool both = command_either(&argc, argv, "-aq", "-qa");
	bool quiet = command_flag(&argc, argv, "-q") || both;
	bool all = command_either(&argc, argv, "-a", "--all") || both;
	json_t *rows = json_array();
	if (command_operands(argc, argv, 0) < 0) {
		return command_fail();
	}
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		struct container_state state;
		container_load_state(c, &state);
		if (!all && container_ended(c)) {
			continue;
		}
		if (quiet) {
			printf("%.12s\n", c->id);
			continue;
		}
		json_array_append_new(
			rows,
			json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:i, s:i, s:s}", "id",
				  file_text("%.12s", c->id), "name", container_name(c), "image",
				  request_text(c->record, "image", ""), "status",
				  status_text(c, &state), "restarts", (int)state.restarts, "ports",
				  joined(request_list(container_request(c), "ports")), "address",
				  net_address(c), "state", state.status, "pid", (int)state.pid,
				  "exit_code", state.exit_code, "health", state.health));
	}
	if (!quiet) {
		command_table(rows, keys, json);
	}
	return 0;
}

/* -- stats --------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : file_read(fd, 65536, NULL, path);
}

/* The container's group in the unified tree, as the kernel itself names it. */
static const char *group_of(pid_t pid)
{
	char *text = read_text(file_text("/proc/%d/cgroup", (int)pid));
	char *line = text == NULL ? NULL : strstr(text, "0::/");
	if (line == NULL) {
		return "/none";
	}
	line += 3;
	line[strcspn(line, "\n")] = '\0';
	return file_text("/sys/fs/cgroup%s", line);
}

static json_int_t group_value(const char *group, const char *file, const char *key)
{
	const char *text = read_text(file_text("%s/%s", group, file));
	if (text != NULL && key != NULL) {
		text = strstr(text, key);
		text = text == NULL ? NULL : text + strlen(key);
	}
	return text == NULL ? -1 : strtoll(text, NULL, 10);
}

static json_t *stats_row(const struct container *c, const struct container_state *state)
{
	const char *group = group_of(state->pid);
	json_int_t before = group_value(group, "cpu.stat", "usage_usec ");
	struct timespec start;
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	usleep(200000);
	json_int_t after = group_value(group, "cpu.stat", "usage_usec ");
	clock_gettime(CLOCK_MONOTONIC, &end);
	double passed = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			(double)(end.tv_nsec - start.tv_nsec) / 1e3;
	const char *load =
		after < 0 ? "-" : file_text("%.1f%%", 100.0 * (double)(after - before) / passed);
	json_int_t memory = group_value(group, "memory.current", NULL);
	const char *limit = read_text(file_text("%s/memory.max", group));
	char *most = file_text("%s", limit != NULL ? limit : "-");
	most[strcspn(most, "\n")] = '\0';
	return json_pack("{s:s, s:s, s:I, s:s, s:I, s:I}", "name", container_name(c), "cpu", load,
			 "memory", memory, "memory_max", most, "processes",
			 group_value(group, "pids.current", NULL), "cpu_usec", after);
}

static json_t *stats_rows(const char *id)
{
	json_t *rows = json_array();
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		struct container_state state;
		container_load_state(c, &state);
		if (container_runs(&state) && (id == NULL || strcmp(c->id, id) == 0)) {
			json_array_append_new(rows, stats_row(c, &state));
		}
	}
	return rows;
}

/* On a terminal each second anew, until it is interrupted; elsewhere once. */
int command_stats(int argc, char **argv)
{
	static const char *const keys[] = {"name",       "cpu",       "memory",
					   "memory_max", "processes", NULL};
	bool json = command_flag(&argc, argv, "--json");
	bool once = command_flag(&argc, argv, "--no-stream") || json || !isatty(STDOUT_FILENO);
	struct container one;
	if (command_operands(argc, argv, 0) < 0 ||
	    (argc > 1 && container_find(argv[1], &one) < 0)) {
		return command_fail();
	}
	for (;;) {
		json_t *rows = stats_rows(argc > 1 ? one.id : NULL);
		if (!once) {
			fputs("\033[H\033[J", stdout);
		}
		command_table(rows, keys, json);
		if (once) {
			return 0;
		}
		fflush(stdout);
		json_decref(rows);
		sleep(1);
	}
}

/* -- images -------------------------------------------------------------------------- */

int command_images(int argc, char **argv)
{
	static const char *const keys[] = {"name", "digest", "layers", "size", NULL};
	if (argc > 1 && argv[1][0] != '-') {
		static const struct {
			const char *name;
			int (*run)(int argc, char **argv);
		} subs[] = {{"load", command_load},
			    {"save", command_save},
			    {"rmi", command_rmi},
			    {"rm", command_rmi},
			    {"prune", command_prune}};
		for (size_t i = 0; i < 5; i++) {
			if (strcmp(argv[1], subs[i].name) == 0) {
				return subs[i].run(argc - 1, argv + 1);
			}
		}
	}
	size_t at;
	const json_t *one;
	bool json = command_flag(&argc, argv, "--json");
	json_t *rows = json_array();
	json_t *index = store_index();
	if (index == NULL || command_operands(argc, argv, 0) < 0) {
		return command_fail();
	}
	json_array_foreach(json_object_get(index, "manifests"), at, one)
	{
		struct image image;
		json_int_t size = 0;
		const char *name = request_text(json_object_get(one, "annotations"),
						"org.opencontainers.image.ref.name", "?");
		if (store_find(name, &image) < 0) {
			(void)command_fail();
			continue;
		}
		for (int i = 0; i < image.layer_count; i++) {
			size += image.layers[i].size;
		}
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:i, s:I}", "name", name, "digest",
						file_text("%.12s", image.manifest.digest + 7),
						"layers", image.layer_count, "size", size));
	}
	command_table(rows, keys, json);
	return 0;
}

int command_load(int argc, char **argv)
{
	const char *name = command_value(&argc, argv, "--name");
	const char *input = command_value(&argc, argv, "-i");
	if (command_operands(argc, argv, input == NULL ? 1 : 0) < 0 ||
	    load_images(input != NULL ? input : argv[1], name) < 0) {
		return command_fail();
	}
	return 0;
}

int command_save(int argc, char **argv)
{
	const char *output = command_value(&argc, argv, "-o");
	output = output != NULL ? output : command_value(&argc, argv, "--output");
	if (command_operands(argc, argv, 1) < 0 || save_image(argv[1], output) < 0) {
		return command_fail();
	}
	return 0;
}

int command_rmi(int argc, char **argv)
{
	int code = 0;
	fd_auto lock = store_lock();
	if (lock < 0 || command_operands(argc, argv, 1) < 0) {
		return command_fail();
	}
	for (int i = 1; i < argc; i++) {
		int found = store_untag(argv[i]);
		if (found == 0) {
			fault_set(0, "rmi %s: not in the store", argv[i]);
		}
		code = found == 1 ? code : command_fail();
	}
	(void)store_prune();
	return code;
}

int command_prune(int argc, char **argv)
{
	if (command_operands(argc, argv, 0) < 0) {
		return command_fail();
	}
	int count = 0;
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		count += container_ended(c) && command_remove(c, false) == 0;
	}
	fd_auto lock = store_lock();
	int64_t freed = lock < 0 ? -1 : store_prune();
	if (freed < 0) {
		return command_fail();
	}
	printf("%d containers and %lld bytes of blobs removed\n", count, (long long)freed);
	return 0;
}
