/* SPDX-License-Identifier: Apache-2.0 */
/* run, create, start, exec: what sets something going. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/bundle.h"
#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/log.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/supervise.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static json_t *read_request(int argc, char **argv)
{
	int rest;
	json_t *request = request_from_options(argc, argv, &rest);
	if (request == NULL) {
		fault_in("%s", argv[0]);
		return NULL;
	}
	if (argv[rest] == NULL) {
		fault_set(0, "%s: needs an IMAGE", argv[0]);
		return NULL;
	}
	json_object_set_new(request, "image", json_string(argv[rest]));
	if (argv[rest + 1] != NULL) {
		json_object_set_new(request, "command", json_array());
	}
	for (int i = rest + 1; argv[i] != NULL; i++) {
		json_array_append_new(json_object_get(request, "command"), json_string(argv[i]));
	}
	return request_check(request) < 0 ? NULL : request;
}

/* The follower asks: then an interrupt becomes a stop. */
static bool ended_or_interrupted(void *context)
{
	const struct container *c = context;
	if (interrupted) {
		interrupted = 0;
		(void)supervise_stop(c, request_text(container_request(c), "stop_timeout", "10"));
	}
	return supervise_ended(c);
}

static int follow(struct container *c)
{
	struct container_state state;
	struct sigaction action = {.sa_handler = on_interrupt};
	struct log_view view = {
		.follow = true, .tail = -1, .ended = ended_or_interrupted, .context = c};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (log_print(container_path(c, "log"), &view) < 0) {
		return command_fail();
	}
	container_load_state(c, &state);
	return state.exit_code;
}

static int run_attached(struct container *c)
{
	const json_t *request = container_request(c);
	int code;
	if (request_flag(request, "tty") || request_flag(request, "interactive")) {
		code = supervise_foreground(c);
	} else {
		code = supervise_start(c) < 0 ? -1 : follow(c);
	}
	if (code < 0) {
		code = command_fail() + 126;
	}
	if (request_flag(request, "rm") && command_remove(c, true) < 0) {
		return command_fail();
	}
	return code;
}

int command_run(int argc, char **argv)
{
	struct container c;
	json_t *request = read_request(argc, argv);
	if (request == NULL || container_make(request, &c) < 0) {
		return command_fail() + 124;
	}
	if (!request_flag(request, "detach")) {
		return run_attached(&c);
	}
	if (supervise_start(&c) < 0) {
		return command_fail() + 124;
	}
	puts(c.id);
	return 0;
}

int command_create(int argc, char **argv)
{
	struct container c;
	json_t *request = read_request(argc, argv);
	if (request == NULL || container_make(request, &c) < 0) {
		return command_fail();
	}
	puts(c.id);
	return 0;
}

int command_start(int argc, char **argv)
{
	if (command_operands(argc, argv, 1) < 0) {
		return command_fail();
	}
	for (int i = 1; i < argc; i++) {
		struct container c;
		if (container_find(argv[i], &c) < 0 || supervise_start(&c) < 0) {
			return command_fail();
		}
		puts(argv[i]);
	}
	return 0;
}

struct exec_options {
	const char *words[RUN_ARGS_MAX * 8];
	size_t count;
	size_t user; /* where the user's text is among the words, or 0 */
};

/* "-it" and the like in one word; those with a value go to the runtime as they are. */
static int exec_option(struct exec_options *o, char **argv, int *at)
{
	static const char *const with_value[] = {"-e", "--env", "-u", "--user", "-w", "--workdir"};
	const char *word = argv[*at];
	for (size_t i = 0; i < 6; i++) {
		if (strcmp(word, with_value[i]) == 0 && argv[*at + 1] != NULL) {
			o->words[o->count++] = i < 2 ? "--env" : i < 4 ? "--user" : "--cwd";
			o->user = i == 2 || i == 3 ? o->count : o->user;
			o->words[o->count++] = argv[++*at];
			return 0;
		}
	}
	if (strcmp(word, "--tty") == 0 || (word[1] != '-' && strchr(word, 't') != NULL)) {
		o->words[o->count++] = "--tty";
	}
	if (strcmp(word, "--detach") == 0 || (word[1] != '-' && strchr(word, 'd') != NULL)) {
		o->words[o->count++] = "--detach";
	}
	bool known = strcmp(word, "--tty") == 0 || strcmp(word, "--interactive") == 0 ||
		     strcmp(word, "--detach") == 0 || strspn(word, "-itd") == strlen(word);
	return known ? 0 : fault_set(0, "exec: %s: no such option", word);
}

/* The runtime takes numbers; names are the container's own, as its root has them now. */
static int resolve_user(const struct container *c, const char **text)
{
	int64_t uid;
	int64_t gid;
	if (bundle_find_user(c, *text, &uid, &gid) < 0) {
		return -1;
	}
	*text = file_text("%lld:%lld", (long long)uid, (long long)gid);
	return 0;
}

int command_exec(int argc, char **argv)
{
	struct exec_options o = {.words = {"exec"}, .count = 1};
	struct container c;
	struct container_state state;
	int at = 1;
	for (; at < argc && at < RUN_ARGS_MAX && argv[at][0] == '-'; at++) {
		if (exec_option(&o, argv, &at) < 0) {
			return command_fail();
		}
	}
	if (argc - at < 2 || argc - at > RUN_ARGS_MAX * 4) {
		fault_set(0, "exec: needs a CONTAINER and a COMMAND");
		return command_fail();
	}
	if (container_find(argv[at], &c) < 0) {
		return command_fail();
	}
	container_load_state(&c, &state);
	if (supervise_ended(&c)) {
		fault_set(0, "exec: %s does not run (it is %s)", argv[at], state.status);
		return command_fail();
	}
	if (o.user != 0 && resolve_user(&c, &o.words[o.user]) < 0) {
		fault_in("exec");
		return command_fail();
	}
	o.words[o.count++] = c.id;
	while (++at < argc) {
		o.words[o.count++] = argv[at];
	}
	const char *const *line = run_runtime_line(o.words);
	execvp(line[0], (char *const *)line);
	fault_set(errno, "run %s", line[0]);
	return command_fail() + 125;
}
