/* SPDX-License-Identifier: Apache-2.0 */
/* top, port, version, info: what is there, in and around a container. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/spaces.h"
#include "guests/linux/brig/engine/store.h"

#define COMMAND_SHOWN 120

static bool same_pid_space(const struct stat *wanted, const char *pid)
{
	struct stat other;
	return stat(file_text("/proc/%s/ns/pid", pid), &other) == 0 &&
	       other.st_ino == wanted->st_ino && other.st_dev == wanted->st_dev;
}

/* Where it shares its processes' numbers, only its control group tells which are its own. */
static bool is_its_own(const struct container *c, const struct stat *space, const char *pid)
{
	char text[4096];
	if (!same_pid_space(space, pid)) {
		return false;
	}
	if (!spaces_shares_pids(container_request(c))) {
		return true;
	}
	fd_auto fd = open(file_text("/proc/%s/cgroup", pid), O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, c->id) != NULL;
}

/* Its words, with "?" for what a terminal might take for a command: the container wrote them. */
static const char *command_line(const char *pid)
{
	char text[COMMAND_SHOWN + 1];
	fd_auto fd = open(file_text("/proc/%s/cmdline", pid), O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, COMMAND_SHOWN);
	while (got > 0 && text[got - 1] == '\0') {
		got--;
	}
	for (ssize_t i = 0; i < got; i++) {
		unsigned char c = (unsigned char)text[i];
		text[i] = (char)(c == '\0' ? ' ' : c < ' ' || c >= 0x7f ? '?' : c);
	}
	text[got > 0 ? got : 0] = '\0';
	return file_text("%s", text);
}

int command_top(int argc, char **argv)
{
	static const char *const keys[] = {"pid", "uid", "command", NULL};
	struct container c;
	struct container_state state;
	struct stat space;
	bool json = command_flag(&argc, argv, "--json");
	if (command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0) {
		return command_fail();
	}
	container_load_state(&c, &state);
	if (!container_runs(&state) ||
	    stat(file_text("/proc/%d/ns/pid", (int)state.pid), &space) < 0) {
		fault_set(0, "top: %s does not run", argv[1]);
		return command_fail();
	}
	json_t *rows = json_array();
	DIR *proc = opendir("/proc");
	for (const struct dirent *one; proc != NULL && (one = readdir(proc)) != NULL;) {
		struct stat owner;
		if (isdigit((unsigned char)one->d_name[0]) && is_its_own(&c, &space, one->d_name) &&
		    stat(file_text("/proc/%s", one->d_name), &owner) == 0) {
			json_array_append_new(rows, json_pack("{s:i, s:i, s:s}", "pid",
							      (int)strtol(one->d_name, NULL, 10),
							      "uid", (int)owner.st_uid, "command",
							      command_line(one->d_name)));
		}
	}
	if (proc != NULL) {
		closedir(proc);
	}
	command_table(rows, keys, json);
	return 0;
}

int command_port(int argc, char **argv)
{
	struct container c;
	size_t at;
	const json_t *one;
	if (command_operands(argc, argv, 1) < 0 || container_find(argv[1], &c) < 0) {
		return command_fail();
	}
	json_array_foreach(request_list(container_request(&c), "ports"), at, one)
	{
		struct parse_port port;
		if (parse_port(json_string_value(one), &port) == 0) {
			printf("%u/%s -> %s:%u\n", port.container, port.udp ? "udp" : "tcp",
			       port.address[0] != '\0' ? port.address : "0.0.0.0", port.host);
		}
	}
	return 0;
}

int command_version(int argc, char **argv)
{
	(void)argv;
	return command_operands(argc, argv, 0) < 0 || run_shown("--version") < 0 ? command_fail()
										 : 0;
}

int command_info(int argc, char **argv)
{
	struct utsname kernel;
	int all = 0;
	int running = 0;
	bool json = command_flag(&argc, argv, "--json");
	json_t *index = store_index();
	if (command_operands(argc, argv, 0) < 0 || index == NULL || uname(&kernel) < 0) {
		return command_fail();
	}
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		all++;
		running += !container_ended(c);
	}
	bool unified = limits_has_unified_cgroups();
	json_t *info = json_pack(
		"{s:i, s:i, s:i, s:s, s:s, s:s, s:s}", "containers", all, "running", running,
		"images", (int)json_array_size(json_object_get(index, "manifests")), "store",
		store_path("."), "cgroups", unified ? "2" : "1 or hybrid: no limits", "kernel",
		kernel.release, "machine", kernel.machine);
	if (json) {
		json_dumpf(info, stdout, JSON_INDENT(2));
		putchar('\n');
		return 0;
	}
	const char *key;
	json_t *value;
	json_object_foreach(info, key, value)
	{
		if (json_is_integer(value)) {
			printf("%-12s %d\n", key, (int)json_integer_value(value));
		} else {
			printf("%-12s %s\n", key, json_string_value(value));
		}
	}
	return 0;
}
