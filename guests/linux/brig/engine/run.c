/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/run.h"

int run_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Standard descriptors that are closed would make the child's files take their place. */
static void child(const char *const argv[], int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* The last line is where programs say why. */
static int say_why(const char *const argv[], int out, int code)
{
	char text[512];
	ssize_t got = pread(out, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	const char *verb = argv[1] != NULL ? argv[1] : "";
	if (code == 127 && text[0] == '\0') {
		return fault_set(0, "%s: no such program", argv[0]);
	}
	return fault_set(0, "%s %s: %s", argv[0], verb, text[0] != '\0' ? text : "failed");
}

static int run(const char *const argv[], int in)
{
	int status;
	fd_auto out = memfd_create("said", MFD_CLOEXEC);
	if (in < 0 || out < 0) {
		return fault_set(errno, "run %s", argv[0]);
	}
	pid_t pid = fork();
	if (pid == 0) {
		child(argv, in, out);
	}
	if (pid < 0) {
		return fault_set(errno, "run %s", argv[0]);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return fault_set(errno, "wait for %s", argv[0]);
		}
	}
	return status == 0 ? 0 : say_why(argv, out, run_exit_code(status));
}

int run_program(const char *const argv[])
{
	fd_auto in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return run(argv, in);
}

int run_with_input(const char *const argv[], const char *text)
{
	fd_auto in = memfd_create("input", MFD_CLOEXEC);
	if (in < 0 || !file_write_all(in, text, strlen(text)) || lseek(in, 0, SEEK_SET) < 0) {
		return fault_set(errno, "hold the input of %s", argv[0]);
	}
	return run(argv, in);
}

/* $BRIG_RUNTIME, or brig beside this program, or on the PATH. */
static const char *runtime(void)
{
	char path[PATH_MAX];
	const char *given = getenv("BRIG_RUNTIME");
	if (given != NULL) {
		return given;
	}
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
	if (slash != NULL) {
		*slash = '\0';
		const char *beside = file_text("%s/brig", path);
		if (access(beside, X_OK) == 0) {
			return beside;
		}
	}
	return "brig";
}

const char *run_runtime_path(void)
{
	const char *name = runtime();
	char *rest = file_text("%s", getenv("PATH") != NULL ? getenv("PATH") : "");
	while (strchr(name, '/') == NULL && rest != NULL) {
		const char *path = file_text("%s/%s", strsep(&rest, ":"), name);
		if (access(path, X_OK) == 0) {
			return path;
		}
	}
	return name;
}

const char *const *run_runtime_line(const char *const words[])
{
	const char *root = getenv("BRIG_RUN");
	size_t count = 0;
	while (words[count] != NULL) {
		count++;
	}
	const char **line = calloc(count + 4, sizeof(*line));
	line[0] = runtime();
	line[1] = "--root";
	line[2] = root != NULL ? root : "/run/brig";
	memcpy(line + 3, words, count * sizeof(*line));
	return line;
}

int run_shown(const char *word)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		execlp(runtime(), "brig", word, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		return fault_set(0, "%s %s: failed", runtime(), word);
	}
	return 0;
}

int run_runtime(const char *const words[])
{
	const char *const *line = run_runtime_line(words);
	int result = run_program(line);
	free((void *)line);
	return result;
}
