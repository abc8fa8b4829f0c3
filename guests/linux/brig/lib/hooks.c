/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/state.h"
#include "guests/linux/brig/lib/sys.h"

/* A file, not a pipe: a hook that never reads its input cannot stop us writing it. */
static int state_file(const char *text, size_t length)
{
	int fd = memfd_create("state", MFD_CLOEXEC);
	if (fd < 0) {
		return err_set(errno, "make a memory file");
	}
	if (io_write_all(fd, text, length) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void run_child(const struct spec_hook *hook, int input)
{
	char *none[] = {NULL};
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	/* A group of its own, so that a timeout ends what the hook started too. */
	setpgid(0, 0);
	if (dup2(input, 0) >= 0 && process_close_on_exec(0) == 0) {
		execve(hook->path, hook->args, hook->env != NULL ? hook->env : none);
	}
	_exit(errno == ENOENT ? 127 : 126);
}

static int wait_for(pid_t child, const struct spec_hook *hook, int *status)
{
	if (hook->timeout > 0) {
		fd_auto pidfd = sys_pidfd_open(child);
		struct pollfd wait = {.fd = pidfd, .events = POLLIN};
		int64_t timeout = hook->timeout > 2000000 ? 2000000000 : hook->timeout * 1000;
		int ready;
		do {
			ready = pidfd < 0 ? 0 : poll(&wait, 1, (int)timeout);
		} while (ready < 0 && errno == EINTR);
		if (ready <= 0) {
			kill(-child, SIGKILL);
			kill(child, SIGKILL);
			waitpid(child, status, 0);
			return err_set(0, "still ran after %lld s", (long long)hook->timeout);
		}
	}
	while (waitpid(child, status, 0) < 0) {
		if (errno != EINTR) {
			return err_set(errno, "wait");
		}
	}
	return 0;
}

static int run(const struct spec_hook *hook, const char *text, size_t length)
{
	fd_auto input = state_file(text, length);
	if (input < 0) {
		return -1;
	}
	pid_t child = ns_clone(0, -1, 0);
	if (child == 0) {
		run_child(hook, input);
	}
	if (child < 0) {
		return err_set(errno, "fork");
	}
	int status = 0;
	if (wait_for(child, hook, &status) < 0) {
		return -1;
	}
	if (WIFSIGNALED(status)) {
		return err_set(0, "ended by signal %d", WTERMSIG(status));
	}
	if (WEXITSTATUS(status) != 0) {
		return err_set(0, "exit status %d", WEXITSTATUS(status));
	}
	return 0;
}

int hooks_run(const struct container *c, enum spec_hook_kind kind, const char *status)
{
	const struct spec_hooks *hooks = &c->spec->hooks[kind];
	int result = 0;
	if (hooks->count == 0) {
		return 0;
	}
	size_t length;
	const char *text = state_json(c, status, &length);
	for (uint32_t i = 0; i < hooks->count && result == 0; i++) {
		if (run(&hooks->hook[i], text, length) < 0) {
			result = err_within("error running hook #%u %s", i, hooks->hook[i].path);
		}
	}
	return result;
}
