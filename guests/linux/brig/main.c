/* SPDX-License-Identifier: Apache-2.0 */
/* brig: the OCI runtime. What is not the runtime's goes to brig-engine, by exec. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/seal.h"
#include "guests/linux/brig/lib/utc.h"

#define VERSION "0.1"

struct globals globals;

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	bool sealed; /* a process of it enters the container */
};

static const struct command commands[] = {
	{"create", cmd_create, true},  {"start", cmd_start, false},
	{"state", cmd_state, false},   {"kill", cmd_kill, false},
	{"delete", cmd_delete, false}, {"run", cmd_run, true},
	{"exec", cmd_exec, true},      {"list", cmd_list, false},
	{"ps", cmd_ps, false},         {"pause", cmd_pause, false},
	{"resume", cmd_resume, false}, {"update", cmd_update, false},
	{"events", cmd_events, false}, {"features", cmd_features, false},
	{"spec", cmd_spec, false},
};

static const char usage[] =
	"usage: brig [GLOBAL OPTIONS] COMMAND [OPTIONS] ...\n"
	"\n"
	"The OCI runtime:\n"
	"  create [-b BUNDLE] ID     make a container, up to its start\n"
	"  start ID                  let it start\n"
	"  run -b BUNDLE ID          create, start, wait, delete\n"
	"  state ID                  what it is, as JSON\n"
	"  kill ID [SIGNAL]          send a signal (default TERM) to its first process\n"
	"  delete [-f] ID...         remove it; with -f also while it runs\n"
	"  exec ID COMMAND...        one more process in it\n"
	"  list, ps ID               containers; the processes of one\n"
	"  pause ID, resume ID       freeze it, let it go on\n"
	"  update ID                 other limits\n"
	"  events ID                 what it uses\n"
	"  features                  what this runtime can, as JSON\n"
	"  spec                      write a config.json to begin with\n"
	"Everything else (images, networks, logs) is the engine's: brig help engine\n"
	"\n"
	"Global options: --root DIR  --log FILE  --log-format text|json  --systemd-cgroup  "
	"--debug\n";

static void log_line(int fd, const char *level, const char *text)
{
	char when[UTC_SIZE];
	size_t length;
	utc_print(when, time(NULL));
	yajl_gen g = jw_open(false);
	const char *line;
	if (globals.log_json) {
		jw_object(g, NULL);
		jw_text(g, "level", level);
		jw_text(g, "msg", text);
		jw_text(g, "time", mem_format("%sZ", when));
		jw_end_object(g);
		line = mem_format("%s\n", jw_close(g, &length));
	} else {
		jw_text(g, NULL, text);
		line = mem_format("time=\"%sZ\" level=%s msg=%s\n", when, level,
				  jw_close(g, &length));
	}
	(void)io_write_all(fd, line, strlen(line));
}

int cmd_fail(void)
{
	const char *text = mem_format("%s", err_text());
	if (globals.log != NULL) {
		fd_auto fd = open(globals.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0) {
			log_line(fd, "error", text);
		}
	}
	fprintf(stderr, "brig: %s\n", text);
	return 1;
}

static int parse_globals(int argc, char **argv, const char **root)
{
	static const struct option longs[] = {
		{"root", required_argument, NULL, 'r'},
		{"log", required_argument, NULL, 'l'},
		{"log-format", required_argument, NULL, 'f'},
		{"log-level", required_argument, NULL, 'i'},
		{"cgroup-manager", required_argument, NULL, 'c'},
		{"rootless", required_argument, NULL, 'i'},
		{"criu", required_argument, NULL, 'i'},
		{"systemd-cgroup", no_argument, NULL, 's'},
		{"debug", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int code;
	opterr = 0;
	while ((code = getopt_long(argc, argv, "+hv", longs, NULL)) != -1) {
		switch (code) {
		case 'r':
			*root = optarg;
			break;
		case 'l':
			globals.log = optarg;
			break;
		case 'f':
			globals.log_json = strcmp(optarg, "json") == 0;
			if (!globals.log_json && strcmp(optarg, "text") != 0) {
				return err_set(0, "--log-format: \"%.16s\" is not text or json",
					       optarg);
			}
			break;
		case 'c':
			globals.systemd_cgroup = strcmp(optarg, "systemd") == 0;
			break;
		case 's':
			globals.systemd_cgroup = true;
			break;
		case 'd':
			globals.debug = true;
			break;
		case 'h':
		case 'v':
			return code;
		case 'i':
			break;
		default:
			return err_set(0, "%s: no such option, or its value is missing",
				       argv[optind - 1]);
		}
	}
	return 0;
}

static void print_version(void)
{
	printf("brig version " VERSION "\nspec: " STATE_OCI_VERSION "\n");
}

/* $BRIG_ENGINE, or brig-engine beside this program, or on the PATH. */
static int exec_engine(char **argv)
{
	char path[PATH_MAX];
	const char *given = getenv("BRIG_ENGINE");
	if (given != NULL) {
		execv(given, argv);
		err_set(errno, "run the engine %s", given);
		return cmd_fail();
	}
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("-engine"));
	if (length > 0) {
		path[length] = '\0';
		char *slash = strrchr(path, '/');
		if (slash != NULL &&
		    (size_t)(slash - path) + sizeof("/brig-engine") < sizeof(path)) {
			strcpy(slash, "/brig-engine");
			execv(path, argv);
		}
	}
	execvp("brig-engine", argv);
	err_set(errno, "%s: no command of the runtime, and brig-engine cannot be run",
		argv[optind]);
	return cmd_fail();
}

static bool has_bundle_option(char **args)
{
	for (; *args != NULL && strcmp(*args, "--") != 0; args++) {
		if (strncmp(*args, "--bundle", 8) == 0 || strncmp(*args, "-b", 2) == 0) {
			return true;
		}
	}
	return access("config.json", F_OK) == 0;
}

/* Some operand names a container of the runtime's: then it is not the engine's form. */
static bool names_container(char **args)
{
	for (; *args != NULL; args++) {
		if (**args != '-' && state_exists(*args)) {
			return true;
		}
	}
	return false;
}

static bool has_operand(char **args)
{
	for (; *args != NULL; args++) {
		if (**args != '-' && strcmp(*args, "json") != 0 && strcmp(*args, "table") != 0) {
			return true;
		}
	}
	return false;
}

static const struct command *find_command(char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[0]) != 0) {
			continue;
		}
		bool engines = (strcmp(argv[0], "run") == 0 && !has_bundle_option(argv + 1)) ||
			       (strcmp(argv[0], "ps") == 0 && !has_operand(argv + 1)) ||
			       (strcmp(argv[0], "exec") == 0 && !names_container(argv + 1));
		return engines ? NULL : &commands[i];
	}
	return NULL;
}

/* With no engine there, the runtime says itself what is wrong. */
static const struct command *by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *root = NULL;
	int code = parse_globals(argc, argv, &root);
	if (code < 0) {
		return cmd_fail();
	}
	if (code == 'v') {
		print_version();
		return 0;
	}
	if (code == 'h' || argv[optind] == NULL) {
		fputs(usage, code == 'h' ? stdout : stderr);
		return code == 'h' ? 0 : 1;
	}
	state_set_root(root != NULL ? root : state_default_root());
	int first = optind;
	const struct command *command = find_command(argv + first);
	if (command == NULL) {
		/* A root of its own is the runtime's caller, who means the runtime. */
		command = root != NULL ? by_name(argv[first]) : NULL;
		if (command == NULL) {
			return exec_engine(argv);
		}
	}
	if (command->sealed && seal_self(argv) < 0) {
		return cmd_fail();
	}
	return command->run(argc - first, argv + first);
}
