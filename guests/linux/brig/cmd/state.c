/* SPDX-License-Identifier: Apache-2.0 */
/* state and list. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/jw.h"

static void write_one(yajl_gen g, struct state *state)
{
	enum state_status status = state_status(state);
	jw_object(g, NULL);
	jw_text(g, "ociVersion", STATE_OCI_VERSION);
	jw_text(g, "id", state->id);
	jw_number(g, "pid", status == STATUS_STOPPED ? 0 : state->pid);
	jw_text(g, "status", state_names[status]);
	jw_text(g, "bundle", state->bundle);
	jw_text(g, "rootfs", state->rootfs);
	jw_text(g, "created", state->created);
	if (state->annotations != NULL) {
		jw_tree(g, "annotations", state->annotations);
	}
	jw_text(g, "owner", state->owner);
	jw_end_object(g);
}

int cmd_state(int argc, char **argv)
{
	static const struct cmd_option none[] = {{0}};
	struct state state;
	if (cmd_parse(argc, argv, none, 1) < 0 || state_load(&state, argv[0], false) < 0) {
		return cmd_fail();
	}
	yajl_gen g = jw_open(true);
	write_one(g, &state);
	fputs(jw_close(g, NULL), stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

static void print_row(struct state *state)
{
	enum state_status status = state_status(state);
	printf("%-20s  %-8d  %-8s  %-32s  %-30s  %s\n", state->id,
	       status == STATUS_STOPPED ? 0 : state->pid, state_names[status], state->bundle,
	       state->created, state->owner);
}

static void list_one(yajl_gen g, struct state *state, bool quiet)
{
	if (quiet) {
		puts(state->id);
	} else if (g != NULL) {
		write_one(g, state);
	} else {
		print_row(state);
	}
}

int cmd_list(int argc, char **argv)
{
	const char *format = "table";
	bool quiet = false;
	const struct cmd_option options[] = {
		{.name = "format", .letter = 'f', .text = &format},
		{.name = "quiet", .letter = 'q', .flag = &quiet},
		{0},
	};
	if (cmd_parse(argc, argv, options, 0) < 0) {
		return cmd_fail();
	}
	bool json = strcmp(format, "json") == 0;
	if (!json && strcmp(format, "table") != 0) {
		err_set(0, "--format: \"%.16s\" is not table or json", format);
		return cmd_fail();
	}
	yajl_gen g = json && !quiet ? jw_open(false) : NULL;
	if (g != NULL) {
		jw_list(g, NULL);
	} else if (!quiet) {
		printf("%-20s  %-8s  %-8s  %-32s  %-30s  %s\n", "ID", "PID", "STATUS", "BUNDLE",
		       "CREATED", "OWNER");
	}
	for (char **name = state_list(); *name != NULL; name++) {
		struct state state;
		if (state_load(&state, *name, false) == 0) {
			list_one(g, &state, quiet);
			close(state.dir);
			if (state.cgroup.dir >= 0) {
				close(state.cgroup.dir);
			}
		}
	}
	if (g != NULL) {
		jw_end_list(g);
		puts(jw_close(g, NULL));
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
