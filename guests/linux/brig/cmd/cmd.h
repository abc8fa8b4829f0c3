/* SPDX-License-Identifier: Apache-2.0 */
/* The sub-commands, a file each: they get argv from their own name on, return an exit status. */
#ifndef BRIG_CMD_H
#define BRIG_CMD_H

#include <stdbool.h>

#include "guests/linux/brig/lib/create.h"

struct globals {
	bool systemd_cgroup;
	bool no_cgroup;
	bool debug;
};

extern struct globals globals;

int cmd_create(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_state(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_delete(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_features(int argc, char **argv);
int cmd_spec(int argc, char **argv);

/* Report what err.h recorded, on stderr and in --log; returns 1. */
int cmd_fail(void);

/* An option of a sub-command: its value goes to one of these. */
struct cmd_option {
	const char *name;
	char letter; /* or 0 */
	const char **text;
	bool *flag;
	unsigned int *number;
	const char ***list; /* NULL-terminated, one more for each time it is given */
};

/*
 * Read options and exactly `operands` operands (negative: at least that many, as -n), which
 * argv[0] on then holds. --help and -h end the program. Returns the number of operands, or -1 with the failure recorded.
 */
int cmd_parse(int argc, char **argv, const struct cmd_option *options, int operands);

#endif
