/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's own busctl speaks D-Bus for us: no static library of Debian's does. */
#include "guests/linux/brig/lib/cgroup_systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/lib/cgroup_unit.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/ns.h"

#define WAIT_STEPS   3000 /* of 10 ms, until the scope is there or gone */
#define ORPHAN_STEPS 500  /* the same, where nobody waits for it any more */
#define ANSWER_LIMIT 65536U

/* Whose systemd: that of the user, where this is not the machine's root. */
static bool is_user(void)
{
	return geteuid() != 0 || ns_is_nested_root();
}

static void pause_once(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* A call of systemd's manager to begin with; its arguments follow. */
static struct unit_words call(const char *method, const char *signature)
{
	const char *const manager[] = {"call",
				       "org.freedesktop.systemd1",
				       "/org/freedesktop/systemd1",
				       "org.freedesktop.systemd1.Manager",
				       method,
				       signature};
	struct unit_words words = {0};
	unit_word(&words, "busctl");
	unit_word(&words, is_user() ? "--user" : "--system");
	/* Any of what follows may begin with a dash. */
	unit_word(&words, "--");
	for (size_t i = 0; i < sizeof(manager) / sizeof(manager[0]); i++) {
		unit_word(&words, manager[i]);
	}
	return words;
}

static void exec_busctl(const struct unit_words *words, int answer)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	dup2(answer, 2);
	execvp("busctl", (char *const *)words->word);
	_exit(127);
}

/* What busctl says when it fails is why, after "Call failed: ". */
static int run_busctl(const struct unit_words *words)
{
	static const char prefix[] = "Call failed: ";
	int line[2];
	int status;
	if (pipe2(line, O_CLOEXEC) < 0) {
		return err_set(errno, "make a pipe");
	}
	pid_t child = fork();
	if (child == 0) {
		exec_busctl(words, line[1]);
	}
	close(line[1]);
	const char *text = io_read_fd(line[0], ANSWER_LIMIT, NULL, "busctl");
	close(line[0]);
	if (child < 0 || waitpid(child, &status, 0) < 0) {
		return err_set(errno, "run busctl");
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		return 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		return err_set(0, "--systemd-cgroup: there is no busctl to ask systemd with");
	}
	text = text == NULL ? "busctl failed" : text;
	text += strncmp(text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
	return err_set(0, "%s: %.*s", is_user() ? "the user's systemd" : "systemd",
		       (int)strcspn(text, "\n"), text);
}

int cgroup_systemd_plan(struct cgroup *cgroup, const struct spec *spec, const char *id)
{
	struct stat status;
	const char *path = spec->cgroups_path;
	const char *prefix = "brig";
	const char *name = id;
	struct unit_words trial = {0};
	cgroup->slice = is_user() ? "user.slice" : "system.slice";
	if (stat("/run/systemd/system", &status) < 0) {
		return err_set(0, "--systemd-cgroup: systemd does not run on this host");
	}
	if (cgroup->mode != CGROUP_UNIFIED) {
		return err_set(0, "--systemd-cgroup: needs cgroup version 2");
	}
	if (path != NULL && *path != '\0') {
		const char *first = strchr(path, ':');
		const char *second = first == NULL ? NULL : strchr(first + 1, ':');
		if (second == NULL || strchr(second + 1, ':') != NULL) {
			return err_set(0, "cgroupsPath: \"%.128s\" is not slice:prefix:name", path);
		}
		if (first > path) {
			cgroup->slice = mem_copy(path, (size_t)(first - path));
		}
		prefix = mem_copy(first + 1, (size_t)(second - first - 1));
		name = second + 1;
	}
	size_t length = strlen(cgroup->slice);
	if (length < 7 || strcmp(cgroup->slice + length - 6, ".slice") != 0) {
		return err_set(0, "cgroupsPath: \"%.128s\" names no slice", path);
	}
	cgroup->unit = *prefix == '\0' ? mem_format("%s.scope", name)
				       : mem_format("%s-%s.scope", prefix, name);
	if (strchr(cgroup->slice, '/') != NULL || strchr(cgroup->unit, '/') != NULL) {
		return err_set(0, "cgroupsPath: \"%.128s\" is not slice:prefix:name", path);
	}
	return unit_add_limits(&trial, spec->resources) < 0 ||
			       unit_add_annotations(&trial, spec->annotations) < 0
		       ? -1
		       : 0;
}

static int add_properties(struct unit_words *words, const struct cgroup *cgroup,
			  const struct spec *spec, const char *id, pid_t pid)
{
	/* Collected also where it failed, as after an OOM kill: the name has to be free again. */
	unit_property(words, "CollectMode", "s", "inactive-or-failed");
	unit_property(words, "Description", "s", mem_format("brig container %s", id));
	unit_property(words, "Slice", "s", cgroup->slice);
	unit_property(words, "Delegate", "b", "true");
	unit_property(words, "DefaultDependencies", "b", "false");
	unit_property(words, "MemoryAccounting", "b", "true");
	unit_property(words, "CPUAccounting", "b", "true");
	unit_property(words, "IOAccounting", "b", "true");
	unit_property(words, "TasksAccounting", "b", "true");
	unit_property(words, "PIDs", "au", "1");
	unit_word(words, mem_format("%d", pid));
	return unit_add_limits(words, spec->resources) < 0 ||
			       unit_add_annotations(words, spec->annotations) < 0
		       ? -1
		       : 0;
}

/* Its name's place in the call is before what is counted: two calls, one after the other. */
static int start_unit(const struct cgroup *cgroup, const struct spec *spec, const char *id,
		      pid_t pid)
{
	struct unit_words words = call("StartTransientUnit", "ssa(sv)a(sa(sv))");
	struct unit_words properties = {0};
	if (add_properties(&properties, cgroup, spec, id, pid) < 0) {
		return -1;
	}
	unit_word(&words, cgroup->unit);
	unit_word(&words, "fail");
	unit_word(&words, mem_format("%zu", properties.properties));
	for (size_t i = 0; i < properties.count; i++) {
		unit_word(&words, properties.word[i]);
	}
	unit_word(&words, "0");
	return run_busctl(&words);
}

/* The job is done when the process is in a group of the scope's name. */
static const char *wait_for_group(const char *unit, pid_t pid, int steps)
{
	const char *file = mem_format("/proc/%d/cgroup", pid);
	size_t length = strlen(unit);
	for (int i = 0; i < steps; i++) {
		char *line = io_peek(AT_FDCWD, file);
		char *path = line == NULL ? NULL : strstr(line, "0::/");
		if (path == NULL) {
			break;
		}
		path += 3;
		path[strcspn(path, "\n")] = '\0';
		const char *last = strrchr(path, '/') + 1;
		if (strlen(last) == length && strcmp(last, unit) == 0) {
			return path;
		}
		pause_once();
	}
	err_set(ETIMEDOUT, "wait for systemd's %s", unit);
	return NULL;
}

void cgroup_systemd_outlive(const struct cgroup *cgroup)
{
	wait_for_group(cgroup->unit, getpid(), ORPHAN_STEPS);
}

int cgroup_systemd_start(struct cgroup *cgroup, const struct spec *spec, const char *id, pid_t pid)
{
	if (start_unit(cgroup, spec, id, pid) < 0) {
		return -1;
	}
	/* From here on it is ours to end. */
	cgroup->scope = cgroup->unit;
	cgroup->path = wait_for_group(cgroup->unit, pid, WAIT_STEPS);
	return cgroup->path == NULL ? -1 : 0;
}

int cgroup_systemd_update(const struct cgroup *cgroup, const struct json *resources)
{
	struct unit_words words = call("SetUnitProperties", "sba(sv)");
	struct unit_words properties = {0};
	if (unit_add_limits(&properties, resources) < 0) {
		return -1;
	}
	if (properties.properties == 0) {
		return 0;
	}
	unit_word(&words, cgroup->scope);
	unit_word(&words, "true"); /* for as long as it runs */
	unit_word(&words, mem_format("%zu", properties.properties));
	for (size_t i = 0; i < properties.count; i++) {
		unit_word(&words, properties.word[i]);
	}
	return run_busctl(&words);
}

int cgroup_systemd_attach(const struct cgroup *cgroup, pid_t pid)
{
	struct unit_words words = call("AttachProcessesToUnit", "ssau");
	unit_word(&words, cgroup->scope);
	unit_word(&words, "");
	unit_word(&words, "1");
	unit_word(&words, mem_format("%d", pid));
	return run_busctl(&words);
}

void cgroup_systemd_stop(const struct cgroup *cgroup)
{
	struct unit_words stop = call("StopUnit", "ss");
	struct unit_words get = call("GetUnit", "s");
	unit_word(&stop, cgroup->scope);
	unit_word(&stop, "replace");
	unit_word(&get, cgroup->scope);
	/* That fails where it has ended by itself, with its last process; then so does the other. */
	if (run_busctl(&stop) == 0) {
		for (int i = 0; i < WAIT_STEPS && run_busctl(&get) == 0; i++) {
			pause_once();
		}
	}
	err_clear();
}
