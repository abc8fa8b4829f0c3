/* SPDX-License-Identifier: Apache-2.0 */
/* create and run. */
#include <errno.h>
#include <sys/prctl.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"

static int parse(int argc, char **argv, struct create_options *o, bool *no_subreaper)
{
	bool ignored = false;
	const struct cmd_option options[] = {
		{.name = "bundle", .letter = 'b', .text = &o->bundle},
		{.name = "config", .letter = 'f', .text = &o->config},
		{.name = "console-socket", .text = &o->console_socket},
		{.name = "pid-file", .text = &o->pid_file},
		{.name = "no-pivot", .flag = &o->no_pivot},
		{.name = "no-new-keyring", .flag = &o->no_new_keyring},
		{.name = "preserve-fds", .number = &o->preserve_fds},
		{.name = "detach", .letter = 'd', .flag = o->start ? &o->detach : &ignored},
		{.name = "keep", .flag = o->start ? &o->keep : &ignored},
		{.name = "no-subreaper", .flag = no_subreaper},
		{0},
	};
	o->bundle = ".";
	o->systemd_cgroup = globals.systemd_cgroup;
	o->no_cgroup = globals.no_cgroup;
	if (cmd_parse(argc, argv, options, 1) < 0) {
		return -1;
	}
	o->id = argv[0];
	return 0;
}

int cmd_create(int argc, char **argv)
{
	struct create_options o = {0};
	struct container c;
	struct created created;
	bool no_subreaper = false;
	if (parse(argc, argv, &o, &no_subreaper) < 0 || create_container(&c, &o, &created) < 0) {
		return cmd_fail();
	}
	return 0;
}

/* Unless a delete --force was faster. */
static int destroy(const char *id)
{
	struct state state;
	if (!state_exists(id)) {
		return 0;
	}
	if (state_load(&state, id, true) < 0) {
		return state_exists(id) ? -1 : 0;
	}
	return create_destroy(&state);
}

int cmd_run(int argc, char **argv)
{
	struct create_options o = {.start = true};
	struct container c;
	struct created created;
	bool no_subreaper = false;
	if (parse(argc, argv, &o, &no_subreaper) < 0) {
		return cmd_fail();
	}
	if (!o.detach) {
		supervise_prepare();
		if (!no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
			err_set(errno, "become a subreaper");
			return cmd_fail();
		}
	}
	if (create_container(&c, &o, &created) < 0) {
		return cmd_fail();
	}
	if (o.detach) {
		notify_wait(&created.notify, c.pid);
		return 0;
	}
	int status = supervise(c.pid, created.master, &created.notify);
	if (status < 0) {
		return cmd_fail();
	}
	if (!o.keep && destroy(c.id) < 0) {
		cmd_fail();
	}
	return status;
}
