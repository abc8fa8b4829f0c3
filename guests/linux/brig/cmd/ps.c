/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/tame.h"

static char *command_line(pid_t pid)
{
	size_t length = 0;
	fd_auto fd = open(mem_format("/proc/%d/cmdline", pid), O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : io_read_fd(fd, 1U << 20, &length, "cmdline");
	for (size_t i = 0; text != NULL && i + 1 < length; i++) {
		if (text[i] == '\0') {
			text[i] = ' ';
		}
	}
	return text == NULL ? mem_format("?") : text;
}

static void print_process(pid_t pid)
{
	const char *status = io_peek(AT_FDCWD, mem_format("/proc/%d/status", pid));
	const char *parent = status == NULL ? NULL : strstr(status, "\nPPid:");
	const char *user = status == NULL ? NULL : strstr(status, "\nUid:");
	if (parent == NULL || user == NULL) {
		return; /* it ended meanwhile */
	}
	unsigned long uid = strtoul(user + sizeof("Uid:"), NULL, 10);
	unsigned long ppid = strtoul(parent + sizeof("PPid:"), NULL, 10);
	char *line = command_line(pid);
	/* What it names itself must not steer the caller's terminal. */
	tame_line(line, strlen(line));
	printf("%-8lu  %-8d  %-8lu  %s\n", uid, pid, ppid, line);
}

/* Without a group: the first process alone is known, while it lives. */
static pid_t *processes(struct state *state, size_t *count)
{
	pid_t *pids = cgroup_pids(&state->cgroup, count);
	if (state->cgroup.dir < 0 && state_status(state) != STATUS_STOPPED) {
		pids[0] = state->pid;
		*count = 1;
	}
	return pids;
}

int cmd_ps(int argc, char **argv)
{
	const char *format = "table";
	struct state state;
	const struct cmd_option options[] = {{.name = "format", .letter = 'f', .text = &format},
					     {0}};
	if (cmd_parse(argc, argv, options, -1) < 0 || state_load(&state, argv[0], false) < 0) {
		return cmd_fail();
	}
	size_t count;
	const pid_t *pids = processes(&state, &count);
	if (strcmp(format, "json") == 0) {
		yajl_gen g = jw_open(false);
		jw_list(g, NULL);
		for (size_t i = 0; i < count; i++) {
			jw_number(g, NULL, pids[i]);
		}
		jw_end_list(g);
		puts(jw_close(g, NULL));
	} else if (strcmp(format, "table") == 0) {
		printf("%-8s  %-8s  %-8s  %s\n", "UID", "PID", "PPID", "CMD");
		for (size_t i = 0; i < count; i++) {
			print_process(pids[i]);
		}
	} else {
		err_set(0, "--format: \"%.16s\" is not table or json", format);
		return cmd_fail();
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
