/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: argv[0] is the command's name; each returns an exit code. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

struct container;

int command_run(int argc, char **argv);
int command_create(int argc, char **argv);
int command_start(int argc, char **argv);
int command_attach(int argc, char **argv);
int command_cp(int argc, char **argv);
int command_exec(int argc, char **argv);
int command_stop(int argc, char **argv);
int command_restart(int argc, char **argv);
int command_rm(int argc, char **argv);
int command_wait(int argc, char **argv);
int command_logs(int argc, char **argv);
int command_ps(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_images(int argc, char **argv);
int command_load(int argc, char **argv);
int command_save(int argc, char **argv);
int command_rmi(int argc, char **argv);
int command_prune(int argc, char **argv);
int command_apply(int argc, char **argv);
int command_kill(int argc, char **argv);
int command_pause(int argc, char **argv);
int command_unpause(int argc, char **argv);
int command_update(int argc, char **argv);
int command_rename(int argc, char **argv);
int command_tag(int argc, char **argv);
int command_top(int argc, char **argv);
int command_port(int argc, char **argv);
int command_version(int argc, char **argv);
int command_info(int argc, char **argv);
int command_completion(int argc, char **argv);

/* Say why on stderr; returns 1. */
int command_fail(void);
/* Take "--name" or "-x" out of argv wherever it stands before "--": was it there? */
bool command_flag(int *argc, char **argv, const char *name);
/* Either of two spellings, or both. */
bool command_either(int *argc, char **argv, const char *letter, const char *name);
/* The value of "--name VALUE" or "--name=VALUE", taken out likewise, or NULL. */
const char *command_value(int *argc, char **argv, const char *name);
/* At least `least` operands and no option left over. */
int command_operands(int argc, char **argv, int least);
/* Do it to all that are named; one that fails does not keep the rest from it. */
int command_each(int argc, char **argv, int (*act)(const struct container *c, const void *how),
		 const void *how);
/* Rows of texts, with the keys as headings in capitals, or all of it as JSON. */
void command_table(json_t *rows, const char *const *keys, bool json);
/* A container that is not running, and its folder, go; force stops it first. */
int command_remove(const struct container *c, bool force);

#endif
