/* SPDX-License-Identifier: Apache-2.0 */
/* brig: the OCI runtime. What is not the runtime's goes to brig-engine, by exec. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/log.h"
#include "guests/linux/brig/lib/reaper.h"
#include "guests/linux/brig/lib/seal.h"

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

int cmd_fail(void)
{
	log_error();
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
			if (log_set_file(optarg) < 0) {
				return -1;
			}
			break;
		case 'f':
			log_set_json(strcmp(optarg, "json") == 0);
			if (strcmp(optarg, "json") != 0 && strcmp(optarg, "text") != 0) {
				return err_set(0, "--log-format: \"%.16s\" is not text or json",
					       optarg);
			}
			break;
		case 'c':
			globals.systemd_cgroup = strcmp(optarg, "systemd") == 0;
			globals.no_cgroup = strcmp(optarg, "disabled") == 0;
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

/* In place of the C library's, with all that it needs: libyajl has a call of it that we never cause. */
double strtod(const char *text, char **end)
{
	if (end != NULL) {
		*end = (char *)text;
	}
	return 0;
}

static void print_version(void)
{
	printf("brig version " VERSION "\nspec: " STATE_OCI_VERSION "\n");
}

/* $BRIG_ENGINE, or brig-engine beside this program, or on the PATH. Returns when there is none. */
static void exec_engine(char **argv)
{
	char path[PATH_MAX];
	const char *given = getenv("BRIG_ENGINE");
	if (given != NULL) {
		execv(given, argv);
		return;
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

static const struct command *by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* The engine has commands of these names too, for containers of its own, by their names. */
static bool is_the_engines(char **argv)
{
	static const char *const by_operand[] = {"exec",   "kill",  "pause",
						 "resume", "start", "update"};
	if (strcmp(argv[0], "run") == 0) {
		return !has_bundle_option(argv + 1);
	}
	if (strcmp(argv[0], "ps") == 0) {
		return !has_operand(argv + 1);
	}
	for (size_t i = 0; i < sizeof(by_operand) / sizeof(by_operand[0]); i++) {
		if (strcmp(argv[0], by_operand[i]) == 0) {
			return !names_container(argv + 1);
		}
	}
	return false;
}

/* Where a caller has closed one, a file of the host would be the container's standard stream. */
static int open_streams(void)
{
	int fd;
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	return fd < 0 ? err_set(errno, "open /dev/null") : close(fd);
}

int main(int argc, char **argv)
{
	const char *root = NULL;
	if (argc > 0 && strcmp(argv[0], REAPER_PATH) == 0) {
		return reaper_main(argv);
	}
	if (open_streams() < 0) {
		return cmd_fail();
	}
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
	const struct command *command = by_name(argv[first]);
	/* A root of its own is the runtime's caller, who means the runtime. */
	if (command == NULL || (root == NULL && is_the_engines(argv + first))) {
		exec_engine(argv);
	}
	if (command == NULL) {
		err_set(errno, "%s: no command of the runtime, and brig-engine cannot be run",
			argv[first]);
		return cmd_fail();
	}
	/* With no engine there, the runtime says itself what is wrong. */
	if (command->sealed && seal_self(argv) < 0) {
		return cmd_fail();
	}
	return command->run(argc - first, argv + first);
}
