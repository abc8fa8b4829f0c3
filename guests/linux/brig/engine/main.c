/* SPDX-License-Identifier: Apache-2.0 */
/* brig-engine: images, networks, logs and supervision above an OCI runtime. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/command.h"
#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/load.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/store.h"
#include "guests/linux/brig/engine/supervise.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *operands;
	const char *help;
};

static const struct command commands[] = {
	{"run", command_run, "[OPTIONS] IMAGE [COMMAND...]", "make a container and start it"},
	{"create", command_create, "[OPTIONS] IMAGE [COMMAND...]", "make it only"},
	{"start", command_start, "[-ai] NAME...", "start what was created or has ended"},
	{"attach", command_attach, "[--no-stdin] [--detach-keys KEYS] NAME",
	 "be its terminal, or its streams"},
	{"stop", command_stop, "[-t SECONDS] NAME...", "end it, by force after a while"},
	{"restart", command_restart, "[-t SECONDS] NAME...", "stop and start"},
	{"kill", command_kill, "[-s SIGNAL] NAME...", "send it a signal: KILL"},
	{"pause", command_pause, "NAME...", "freeze it"},
	{"unpause", command_unpause, "NAME...", "and thaw it; resume is the same"},
	{"resume", command_unpause, "NAME...", NULL},
	{"update", command_update,
	 "[-m SIZE] [--cpus N] [--pids-limit N] [--restart POLICY] ... NAME...",
	 "change these and its other limits"},
	{"rename", command_rename, "NAME NEW", "give it another name"},
	{"rm", command_rm, "[-f] NAME...", "remove it"},
	{"wait", command_wait, "NAME", "wait for its end, print its exit code"},
	{"exec", command_exec, "[-dit] [-e N=V] [-u USER] NAME COMMAND...",
	 "one more process in it"},
	{"cp", command_cp, "NAME:PATH PATH|- | PATH|- NAME:PATH",
	 "files into it or out of it; -: a tar"},
	{"ps", command_ps, "[-a] [-q] [--json]", "containers"},
	{"logs", command_logs, "[-f] [-t] [-n LINES] [--since TIME] [--until TIME] NAME",
	 "what it wrote"},
	{"top", command_top, "[--json] NAME", "its processes"},
	{"port", command_port, "NAME", "its published ports"},
	{"stats", command_stats, "[--json] [--no-stream] [NAME]", "what they use"},
	{"inspect", command_inspect, "NAME...", "all that is known of it, as JSON"},
	{"apply", command_apply, "POD.yaml", "make what runs what the file declares"},
	{"images", command_images, "[--json]", "images in the store"},
	{"load", command_load, "[--name NAME] FILE|FOLDER|-", "an OCI layout or docker-archive"},
	{"save", command_save, "[-o FILE] IMAGE", "an image as an OCI layout, in a tar"},
	{"tag", command_tag, "IMAGE NAME", "another name for an image"},
	{"rmi", command_rmi, "IMAGE...", "remove an image"},
	{"prune", command_prune, "", "remove ended containers and unused blobs"},
	{"version", command_version, "", "of brig and of the specification"},
	{"info", command_info, "[--json]", "containers, images, kernel"},
	{"completion", command_completion, "", "for bash: source <(brig completion)"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void option_name(const struct request_key *key, char *name, size_t size)
{
	snprintf(name, size, "%s", key->option != NULL ? key->option : key->name);
	for (char *at = name; *at != '\0'; at++) {
		if (*at == '_') {
			*at = '-';
		}
	}
}

static int help(void)
{
	puts("usage: brig COMMAND ...\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (commands[i].help != NULL) {
			printf("  %-10s %-42s %s\n", commands[i].name, commands[i].operands,
			       commands[i].help);
		}
	}
	puts("\nOptions of run and create:");
	for (const struct request_key *key = request_keys; key->name != NULL; key++) {
		const char *value = key->kind == REQUEST_FLAG ? "" : " VALUE";
		char name[40];
		if (key->help == NULL) {
			continue;
		}
		option_name(key, name, sizeof(name));
		printf("  %c%c --%s%-*s %s\n", key->letter ? '-' : ' ',
		       key->letter ? key->letter : ' ', name, (int)(22 - strlen(name)), value,
		       key->help);
	}
	puts("\nThe store is /var/lib/brig ($BRIG_STORE); see brig(1).");
	return 0;
}

int command_completion(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("_brig()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tif [ $COMP_CWORD = 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"",
	      stdout);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		printf("%s ", commands[i].name);
	}
	fputs("\" -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]}:$word in\n"
	      "\trun:-*|create:-*) COMPREPLY=($(compgen -W \"",
	      stdout);
	for (const struct request_key *key = request_keys; key->name != NULL; key++) {
		char name[40];
		option_name(key, name, sizeof(name));
		printf("%s%s ", key->help != NULL ? "--" : "", key->help != NULL ? name : "");
	}
	fputs("\" -- \"$word\"))\n\t\treturn ;;\n"
	      "\texec:-*) COMPREPLY=($(compgen -W \"--detach --detach-keys --env --env-file "
	      "--interactive "
	      "--privileged --tty --user --workdir\" -- \"$word\"))\n\t\treturn ;;\n\tesac\n"
	      "\tcase ${COMP_WORDS[1]} in\n"
	      "\trun|create|save|rmi) COMPREPLY=($(compgen -W \"$(brig images | awk 'NR > 1 { "
	      "print $1 "
	      "}')\" -- \"$word\")) ;;\n"
	      "\tload|apply) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
	      "\t*) COMPREPLY=($(compgen -W \"$(brig ps -a | awk 'NR > 1 { print $2 }')\" -- "
	      "\"$word\")) ;;\n\tesac\n}\ncomplete -F _brig brig\n",
	      stdout);
	return 0;
}

/* A store that was never used gets the images that came with the system. */
static void seed(void)
{
	glob_t found;
	const char *from = getenv("BRIG_SEED");
	char pattern[512];
	if (access(store_path("index.json"), F_OK) == 0) {
		return;
	}
	snprintf(pattern, sizeof(pattern), "%s/*.tar",
		 from != NULL ? from : "/usr/lib/brig/images");
	if (glob(pattern, 0, NULL, &found) != 0) {
		return;
	}
	int out = dup(STDOUT_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (load_images(found.gl_pathv[i], NULL) < 0) {
			(void)command_fail();
		}
	}
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	globfree(&found);
}

/* Containers whose supervisor was killed get another, whatever the command is. */
static void revive_all(void)
{
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		control_revive(c);
	}
}

static int supervise(char **argv)
{
	struct container c;
	if (argv[1] == NULL || container_open(argv[1], &c) < 0) {
		dprintf(SUPERVISE_REPORT, "%s", fault_text());
		return 1;
	}
	return supervise_main(&c, argv[2] == NULL || strcmp(argv[2], SUPERVISE_START) != 0);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		return help();
	}
	if (store_open() < 0) {
		return command_fail();
	}
	if (strcmp(name, "supervise") == 0) {
		return supervise(argv + 1);
	}
	seed();
	revive_all();
	if (strcmp(name, "revive") == 0) {
		return 0;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	fault_set(0, "%.40s: no such command; brig help lists them", name);
	return command_fail();
}
