/* SPDX-License-Identifier: Apache-2.0 */
/* From the runtime's own process to the container's program: rights are given up, then exec. */
#ifndef BRIG_PROCESS_H
#define BRIG_PROCESS_H

#include "guests/linux/brig/lib/container.h"

/*
 * Raise hard limits of a process (0: this one) as far as it will need. In a user namespace of
 * its own it cannot: the kernel asks for CAP_SYS_RESOURCE of the host (getrlimit(2)).
 */
int process_raise_limits(pid_t pid, const struct spec_process *process);
/*
 * What needs the runtime's rights but is the process's own: limits, scheduler, labels.
 * c->proc must be open where process_needs_proc() says so.
 */
int process_limits(const struct container *c, const struct spec_process *process);
/* Whether process_limits() will write to procfs. */
bool process_needs_proc(const struct spec_process *process);
/*
 * What a process may write to, it may also open by name: images log to /dev/stdout. Pipes on the
 * first three descriptors become this user's, as far as they may be given.
 */
void process_give_pipes(uid_t uid);
/* Give up rights: capabilities, user, groups, no_new_privs, seccomp where it must be first. */
int process_confine(struct container *c, const struct spec_process *process);
/* The file that args[0] is, by the process's PATH, which this process may execute. */
const char *process_find(const struct spec_process *process);
/* Every descriptor but the first 3 closes at the exec. */
int process_close_on_exec(void);
/*
 * Close what the container is not given: all but the first 3 + preserve_fds, and but what is
 * still needed until the exec, which closes that: the terminal's other side (or -1) too. Nothing else may be used from here on.
 */
int process_close(const struct container *c, int terminal);
/* Last steps; returns only when it failed. */
int process_exec(struct container *c, const struct spec_process *process, const char *file);
/* Load the system call filter, where there is one and it is not loaded yet. */
int process_filter(struct container *c);
/* The environment that HOME is added to, where it is missing, by /etc/passwd of the root. */
int process_home(struct spec_process *process);
/* Set a variable, "NAME=VALUE", in place of every earlier one of the name. */
void process_set_env(struct spec_process *process, const char *assignment);
/* Start a session keyring of the container's own. */
int process_keyring(const struct container *c);

/*
 * Take away capabilities that this process cannot give: config.md has that, and unknown ones,
 * as a warning. Root of a new user namespace has them all.
 */
void process_fit_caps(struct spec_process *process, bool user_namespace, bool warn);

#endif
