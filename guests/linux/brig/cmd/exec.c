/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/process.h"

/* Exit status where no process was started: none that a program is likely to end with. */
#define FAILED 255

struct exec_options {
	struct join_options join;
	const char *process;
	const char *cwd;
	const char *user;
	const char *apparmor;
	const char *label;
	const char **env;
	const char **groups;
	const char **caps;
	bool tty;
	bool detach;
	bool no_new_privileges;
};

static int parse(int argc, char **argv, struct exec_options *o)
{
	bool no_subreaper;
	const struct cmd_option options[] = {
		{.name = "console-socket", .text = &o->join.console_socket},
		{.name = "pid-file", .text = &o->join.pid_file},
		{.name = "cgroup", .text = &o->join.cgroup},
		{.name = "preserve-fds", .number = &o->join.preserve_fds},
		{.name = "ignore-paused", .flag = &o->join.ignore_paused},
		{.name = "process", .letter = 'p', .text = &o->process},
		{.name = "cwd", .text = &o->cwd},
		{.name = "user", .letter = 'u', .text = &o->user},
		{.name = "additional-gids", .letter = 'g', .list = &o->groups},
		{.name = "env", .letter = 'e', .list = &o->env},
		{.name = "cap", .letter = 'c', .list = &o->caps},
		{.name = "tty", .letter = 't', .flag = &o->tty},
		{.name = "detach", .letter = 'd', .flag = &o->detach},
		{.name = "apparmor", .text = &o->apparmor},
		{.name = "process-label", .text = &o->label},
		{.name = "no-new-privs", .flag = &o->no_new_privileges},
		{.name = "no-subreaper", .flag = &no_subreaper},
		{0},
	};
	return cmd_parse(argc, argv, options, -1);
}

/* UID[:GID], numbers only: names are the engine's to look up. */
static int set_user(const char *text, struct spec_process *process)
{
	uint64_t uid;
	uint64_t gid = process->gid;
	const char *colon = strchr(text, ':');
	const char *first = colon == NULL ? text : mem_copy(text, (size_t)(colon - text));
	if (!io_parse_u64(first, &uid) || (colon != NULL && !io_parse_u64(colon + 1, &gid)) ||
	    uid >= UINT32_MAX || gid >= UINT32_MAX) {
		return err_set(0, "--user: \"%.32s\" is not UID[:GID] in numbers", text);
	}
	process->uid = (uid_t)uid;
	process->gid = (gid_t)gid;
	return 0;
}

static int set_groups(const char **list, struct spec_process *process)
{
	size_t count = process->group_count;
	size_t more = 0;
	while (list != NULL && list[more] != NULL) {
		more++;
	}
	gid_t *groups = mem_get((count + more + 1) * sizeof(*groups));
	if (count > 0) {
		memcpy(groups, process->groups, count * sizeof(*groups));
	}
	for (size_t i = 0; i < more; i++) {
		uint64_t group;
		if (!io_parse_u64(list[i], &group) || group >= UINT32_MAX) {
			return err_set(0, "--additional-gids: \"%.16s\" is no group number",
				       list[i]);
		}
		groups[count++] = (gid_t)group;
	}
	process->groups = groups;
	process->group_count = (uint32_t)count;
	return 0;
}

static void set_caps(const char **list, struct spec_caps *caps)
{
	uint64_t more = 0;
	for (; list != NULL && *list != NULL; list++) {
		bool whole = strncmp(*list, "CAP_", 4) == 0 || strncmp(*list, "cap_", 4) == 0;
		spec_cap_add(caps, &more, whole ? *list : mem_format("CAP_%s", *list));
	}
	caps->bounding |= more;
	caps->permitted |= more;
	caps->effective |= more;
}

/* From the command line: the container's own process, with these changes. */
static int from_options(char **args, const struct exec_options *o, struct spec_process *process)
{
	if (args[0] == NULL) {
		return err_set(0, "exec: process args cannot be empty");
	}
	process->args = args;
	process->terminal = o->tty;
	process->rows = 0;
	process->columns = 0;
	if (o->cwd != NULL) {
		process->cwd = o->cwd;
	}
	if (*process->cwd != '/') {
		return err_set(0, "--cwd: must be an absolute path");
	}
	if (o->apparmor != NULL) {
		process->apparmor = o->apparmor;
	}
	if (o->label != NULL) {
		process->selinux = o->label;
	}
	process->no_new_privileges |= o->no_new_privileges;
	for (const char **env = o->env; env != NULL && *env != NULL; env++) {
		process_set_env(process, *env);
	}
	set_caps(o->caps, &process->caps);
	if ((o->user != NULL && set_user(o->user, process) < 0) ||
	    set_groups(o->groups, process) < 0) {
		return -1;
	}
	return 0;
}

/* From --process FILE, which is a whole process object; "-" reads standard input. */
static int from_file(const char *path, struct spec_process *process)
{
	size_t length;
	struct spec_caps caps = process->caps;
	char *text = strcmp(path, "-") == 0 ? io_read_fd(0, SPEC_LIMIT, &length, "standard input")
					    : io_read_file(AT_FDCWD, path, SPEC_LIMIT, &length);
	const struct json *json = text == NULL ? NULL : json_parse(text, length, path);
	if (json == NULL) {
		return -1;
	}
	*process = (struct spec_process){0};
	if (spec_parse_process(json, process) < 0) {
		return err_within("%s", path);
	}
	if (!process->caps.given) {
		process->caps = caps;
	}
	return 0;
}

static int prepare(struct state *state, const char *id, char **args, const struct exec_options *o,
		   struct spec **spec)
{
	size_t length;
	if (state_load(state, id, false) < 0) {
		return -1;
	}
	enum state_status status = state_status(state);
	if (status == STATUS_STOPPED || status == STATUS_CREATING) {
		return err_set(0, "cannot exec in a container that is %s: container not running",
			       state_names[status]);
	}
	if (status == STATUS_PAUSED && !o->join.ignore_paused) {
		return err_set(
			0, "cannot exec in a paused container (use --ignore-paused to override)");
	}
	const char *text = io_read_file(state->dir, "config.json", SPEC_LIMIT, &length);
	*spec = text == NULL ? NULL : spec_parse(text, length, "config.json");
	if (*spec == NULL) {
		return -1;
	}
	struct spec_process *process = &(*spec)->process;
	if (o->process != NULL) {
		if (args[0] != NULL) {
			return err_set(0, "exec: --process and a command");
		}
		if (from_file(o->process, process) < 0) {
			return -1;
		}
		process->terminal |= o->tty;
	} else if (from_options(args, o, process) < 0) {
		return -1;
	}
	/* What the container's own process may not have was told of when it was made. */
	bool asked = o->process != NULL || o->caps != NULL;
	process_fit_caps(process, spec_has_namespace(*spec, CLONE_NEWUSER), asked);
	if (process->terminal && o->detach && o->join.console_socket == NULL) {
		return err_set(0, "exec: a detached terminal needs --console-socket");
	}
	return 0;
}

int cmd_exec(int argc, char **argv)
{
	struct exec_options o = {0};
	struct state state;
	struct spec *spec = NULL;
	int master = -1;
	if (parse(argc, argv, &o) < 0) {
		return cmd_fail();
	}
	if (prepare(&state, argv[0], argv + 1, &o, &spec) < 0) {
		cmd_fail();
		return FAILED;
	}
	if (!o.detach) {
		supervise_prepare();
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	pid_t pid = join_start(&state, spec, &spec->process, &o.join, &master);
	if (pid < 0) {
		err_within("exec failed");
		cmd_fail();
		return FAILED;
	}
	if (o.detach) {
		return 0;
	}
	int status = supervise(pid, master, NULL);
	return status < 0 ? cmd_fail() : status;
}
