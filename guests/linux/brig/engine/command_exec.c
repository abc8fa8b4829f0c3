/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guests/linux/brig/engine/attach.h"
#include "guests/linux/brig/engine/bundle.h"
#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/keep.h"
#include "guests/linux/brig/engine/relay.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/security.h"
#include "guests/linux/brig/engine/streams.h"

struct exec_options {
	json_t *env;   /* as said: of files first, then single ones */
	json_t *given; /* the single ones */
	const char *user;
	const char *folder;
	const char *keys;
	bool detach;
	bool input;
	bool tty;
	bool privileged; /* all capabilities; the container's seccomp profile stays, as docker's does */
};

static const struct option longs[] = {
	{"interactive", no_argument, NULL, 'i'},
	{"tty", no_argument, NULL, 't'},
	{"detach", no_argument, NULL, 'd'},
	{"env", required_argument, NULL, 'e'},
	{"env-file", required_argument, NULL, 'f'},
	{"privileged", no_argument, NULL, 'p'},
	{"user", required_argument, NULL, 'u'},
	{"workdir", required_argument, NULL, 'w'},
	{"detach-keys", required_argument, NULL, 'k'},
	{NULL, 0, NULL, 0},
};

static int take_option(struct exec_options *o, int code, const char *word)
{
	switch (code) {
	case 'i':
		o->input = true;
		return 0;
	case 't':
		o->tty = true;
		return 0;
	case 'd':
		o->detach = true;
		return 0;
	case 'e':
		return request_add_env(o->given, optarg) < 0 ? fault_in("exec") : 0;
	case 'f':
		return request_read_env(o->env, optarg) < 0 ? fault_in("exec") : 0;
	case 'p':
		o->privileged = true;
		return 0;
	case 'u':
		o->user = optarg;
		return 0;
	case 'w':
		o->folder = optarg;
		return 0;
	case 'k':
		o->keys = optarg;
		return 0;
	default:
		return fault_set(0, "exec: %s: %s", word,
				 code == ':' ? "needs a value" : "no such option");
	}
}

/* The runtime takes numbers; names are the container's own, as its root has them now. */
static int resolve_user(const struct container *c, const char **text)
{
	int64_t uid;
	int64_t gid;
	if (bundle_find_user(c, *text, &uid, &gid) < 0) {
		return fault_in("exec");
	}
	*text = file_text("%lld:%lld", (long long)uid, (long long)gid);
	return 0;
}

/* One of each name: what is given one by one has the last word. */
static void merge_env(struct exec_options *o)
{
	size_t at;
	const json_t *one;
	json_t *whole = json_array();
	json_array_extend(o->env, o->given);
	json_array_foreach(o->env, at, one)
	{
		bundle_set_env(whole, json_string_value(one));
	}
	o->env = whole;
}

/* -- Without a terminal ---------------------------------------------------------------- */

static size_t add_pairs(const char **words, const char *option, const json_t *values)
{
	size_t at;
	const json_t *one;
	json_array_foreach(values, at, one)
	{
		words[at * 2] = option;
		words[at * 2 + 1] = json_string_value(one);
	}
	return json_array_size(values) * 2;
}

/* The runtime's words for it. */
static const char **runtime_words(const struct container *c, const struct exec_options *o,
				  char **command, int count)
{
	const json_t *caps = o->privileged ? security_all_capabilities() : NULL;
	size_t pairs = json_array_size(o->env) + json_array_size(caps);
	const char **words = calloc(pairs * 2 + 16 + (size_t)count, sizeof(*words));
	size_t used = 0;
	words[used++] = "exec";
	used += add_pairs(words + used, "--env", o->env);
	used += add_pairs(words + used, "--cap", caps);
	if (o->user != NULL) {
		words[used++] = "--user";
		words[used++] = o->user;
	}
	if (o->folder != NULL) {
		words[used++] = "--cwd";
		words[used++] = o->folder;
	}
	if (o->detach) {
		words[used++] = "--detach";
	}
	words[used++] = c->id;
	memcpy(words + used, command, (size_t)count * sizeof(*words));
	return words;
}

static int run_plain(const struct container *c, const struct exec_options *o, char **command,
		     int count)
{
	const char **words = runtime_words(c, o, command, count);
	if (o->detach) { /* with none of this program's descriptors */
		return run_runtime(words) < 0 ? command_fail() + 125 : 0;
	}
	int code = streams_run(run_runtime_line(words), o->input);
	return code < 0 ? command_fail() + 125 : code;
}

/* -- With one ---------------------------------------------------------------------------- */

static void set_size(json_t *process)
{
	struct winsize size;
	json_object_del(process, "consoleSize");
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		json_object_set_new(process, "consoleSize",
				    json_pack("{s:i, s:i}", "height", (int)size.ws_row, "width",
					      (int)size.ws_col));
	}
}

/* The container's own process, with what is asked for. */
static json_t *make_process(const struct container *c, const struct exec_options *o, char **command,
			    int count)
{
	const json_t *config = file_json_at(container_path(c, "config.json"));
	json_t *process = json_object_get(config, "process");
	json_t *user = json_object_get(process, "user");
	json_t *args = json_array();
	size_t at;
	const json_t *one;
	if (process == NULL) {
		return NULL;
	}
	for (int i = 0; i < count; i++) {
		if (json_array_append_new(args, json_string(command[i])) < 0) {
			fault_set(0, "exec: \"%.40s\" is not UTF-8", command[i]);
			return NULL;
		}
	}
	json_object_set_new(process, "args", args);
	json_object_set_new(process, "terminal", json_true());
	json_array_foreach(o->env, at, one)
	{
		bundle_set_env(json_object_get(process, "env"), json_string_value(one));
	}
	if (o->privileged) {
		json_object_set_new(process, "capabilities",
				    security_capability_sets(security_all_capabilities()));
	}
	if (o->user != NULL) {
		char *group;
		json_object_set_new(user, "uid", json_integer(strtoll(o->user, &group, 10)));
		json_object_set_new(user, "gid", json_integer(strtoll(group + 1, NULL, 10)));
	}
	if (o->folder != NULL) {
		json_object_set_new(process, "cwd", json_string(o->folder));
	}
	set_size(process);
	return process;
}

static int run_on_terminal(const struct container *c, const struct exec_options *o, char **command,
			   int count)
{
	int keeper;
	struct attach here;
	const json_t *process = make_process(c, o, command, count);
	bool input = o->input || o->detach;
	if (process == NULL || attach_prepare_exec(&here, c, input, o->keys) < 0 ||
	    attach_pair(&here, &keeper) < 0 || keep_start(c, process, input, keeper) < 0) {
		return command_fail() + 125;
	}
	int code = o->detach ? relay_leave(&here.socket) : attach_follow(&here);
	return code < 0 ? command_fail() + 125 : code;
}

int command_exec(int argc, char **argv)
{
	struct exec_options o = {.env = json_array(), .given = json_array()};
	struct container c;
	struct container_state state;
	int code;
	optind = 1;
	opterr = 0;
	while ((code = getopt_long(argc, argv, "+:itde:u:w:", longs, NULL)) != -1) {
		if (take_option(&o, code, argv[optind - 1]) < 0) {
			return command_fail();
		}
	}
	char **command = argv + optind + 1;
	int count = argc - optind - 1;
	if (count < 1) {
		fault_set(0, "exec: needs a CONTAINER and a COMMAND");
		return command_fail();
	}
	if (container_find(argv[optind], &c) < 0) {
		return command_fail();
	}
	container_load_state(&c, &state);
	if (container_ended(&c)) {
		fault_set(0, "exec: %s does not run (it is %s)", argv[optind], state.status);
		return command_fail();
	}
	merge_env(&o);
	if (o.user != NULL && resolve_user(&c, &o.user) < 0) {
		return command_fail();
	}
	return o.tty ? run_on_terminal(&c, &o, command, count) : run_plain(&c, &o, command, count);
}
