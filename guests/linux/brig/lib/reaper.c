/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A job of its own, in the foreground where there is a terminal, as a shell has its commands. */
static void become_command(char **argv, const sigset_t *before)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(argv[0], argv);
	int why = errno;
	fprintf(stderr, "%s: %s: %s\n", REAPER_PATH, argv[0], strerror(why));
	_exit(why == ENOENT ? 127 : 126);
}

/* All that have ended; true once the command is among them. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int one;
	pid_t pid;
	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid == command) {
			ended = true;
			*status = WIFSIGNALED(one) ? 128 + WTERMSIG(one) : WEXITSTATUS(one);
		}
	}
	return ended;
}

int reaper_main(char **argv)
{
	sigset_t all;
	sigset_t before;
	int status = 255;
	char **command = argv + 1;
	if (*command != NULL && strcmp(*command, "--") == 0) {
		command++;
	}
	if (*command == NULL) {
		fputs("usage: " REAPER_PATH " [--] COMMAND...\n", stderr);
		return 1;
	}
	/* With the host's or another container's processes it is not number 1. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		become_command(command, &before);
	}
	if (pid < 0) {
		fprintf(stderr, "%s: fork: %s\n", REAPER_PATH, strerror(errno));
		return 126;
	}
	while (!reap(pid, &status)) {
		int number = sigwaitinfo(&all, NULL);
		/* Of a terminal's own signals the command has had its own. */
		if (number > 0 && number != SIGCHLD && number != SIGTTIN && number != SIGTTOU) {
			kill(pid, number);
		}
	}
	return status;
}
