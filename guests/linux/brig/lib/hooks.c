/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/log.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/state.h"
#include "guests/linux/brig/lib/sys.h"
#include "guests/linux/brig/lib/tame.h"

#define OUTPUT_LIMIT 400U /* of what a hook said last, in a message */

/* Files, not pipes: a hook that reads no input, or leaves others at its output, stops nobody. */
static int memory_file(const char *text, size_t length)
{
	int fd = memfd_create("hook", MFD_CLOEXEC);
	if (fd < 0) {
		return err_set(errno, "make a memory file");
	}
	if (io_write_all(fd, text, length) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Where a hook runs, and what it gets where config.json gives it no environment. */
struct place {
	const char *folder; /* NULL: where this process is */
	char **env;
};

static void run_child(const struct spec_hook *hook, const struct place *place, int input,
		      int output)
{
	sigset_t empty;
	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	/* A group of its own, so that a timeout ends what the hook started too. */
	setpgid(0, 0);
	/* By the time of its poststop hooks a bundle may be gone. */
	if (place->folder != NULL && chdir(place->folder) < 0 && errno != ENOENT) {
		_exit(126);
	}
	if (dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(output, 2) >= 0 &&
	    process_close_on_exec() == 0) {
		execve(hook->path, hook->args, hook->env != NULL ? hook->env : place->env);
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

static int check_status(int status)
{
	if (WIFSIGNALED(status)) {
		return err_set(0, "ended by signal %d", WTERMSIG(status));
	}
	return WEXITSTATUS(status) == 0 ? 0 : err_set(0, "exit status %d", WEXITSTATUS(status));
}

/* The end of what a hook that failed has said, after why. */
static void add_output(int output)
{
	char text[OUTPUT_LIMIT + 1];
	struct stat status;
	if (fstat(output, &status) < 0) {
		return;
	}
	off_t start = status.st_size > OUTPUT_LIMIT ? status.st_size - OUTPUT_LIMIT : 0;
	ssize_t length = pread(output, text, OUTPUT_LIMIT, start);
	while (length > 0 && text[length - 1] == '\n') {
		length--;
	}
	if (length > 0) {
		/* A hook may be the container's own: it must not steer the caller's terminal. */
		tame_text(text, (size_t)length);
		const char *why = mem_format("%s", err_text());
		err_set(0, "%s: %.*s", why, (int)length, text);
	}
}

static int run(const struct spec_hook *hook, const struct place *place, const char *text,
	       size_t length)
{
	fd_auto input = memory_file(text, length);
	fd_auto output = input < 0 ? -1 : memory_file("", 0);
	if (output < 0) {
		return -1;
	}
	pid_t child = ns_clone(0, -1, 0);
	if (child == 0) {
		run_child(hook, place, input, output);
	}
	if (child < 0) {
		return err_set(errno, "fork");
	}
	int status = 0;
	if (wait_for(child, hook, &status) < 0 || check_status(status) < 0) {
		add_output(output);
		return -1;
	}
	return 0;
}

/* A poststop hook that fails is told of, and the rest goes on (runtime.md, lifecycle). */
static int fail(enum spec_hook_kind kind, uint32_t number, const char *path)
{
	err_within("error running %s hook #%u: %s", spec_hook_names[kind], number, path);
	if (kind != HOOK_POSTSTOP) {
		return -1;
	}
	log_warning();
	return 0;
}

int hooks_run(const struct container *c, enum spec_hook_kind kind, const char *status)
{
	const struct spec_hooks *hooks = &c->spec->hooks[kind];
	int result = 0;
	if (hooks->count == 0) {
		return 0;
	}
	char *none[] = {NULL};
	char **own = c->spec->process.env != NULL ? c->spec->process.env : none;
	bool inside = kind == HOOK_START_CONTAINER;
	const struct place place = {.folder = inside ? NULL : c->bundle,
				    .env = inside ? own : environ};
	size_t length;
	/* In the container's namespaces it is this process, by its number there. */
	pid_t pid = inside || kind == HOOK_CREATE_CONTAINER ? getpid() : c->pid;
	const char *text = state_json(c, status, pid, &length);
	for (uint32_t i = 0; i < hooks->count && result == 0; i++) {
		if (run(&hooks->hook[i], &place, text, length) < 0) {
			result = fail(kind, i, hooks->hook[i].path);
		}
	}
	return result;
}
