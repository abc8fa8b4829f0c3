/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/clock.h"
#include "guests/linux/brig/engine/control.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/supervise.h"

#define KILL_MS  10000
#define CLEAN_MS 120000
#define LOCK_MS  20000

/* Where they belong, past the places of both, so that no copy takes the place of another. */
static void hand_over(int report, int client)
{
	int high_report = fcntl(report, F_DUPFD, SUPERVISE_CLIENT + 1);
	int high_client = client < 0 ? -1 : fcntl(client, F_DUPFD, SUPERVISE_CLIENT + 1);
	dup2(high_report, SUPERVISE_REPORT);
	close(SUPERVISE_CLIENT);
	if (high_client >= 0) {
		dup2(high_client, SUPERVISE_CLIENT);
	}
	close_range(SUPERVISE_CLIENT + 1, ~0U, 0);
}

static void become_supervisor(const struct container *c, const char *why, int report, int client)
{
	int null = open("/dev/null", O_RDWR);
	setsid();
	if (fork() != 0) {
		_exit(0);
	}
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	hand_over(report, client);
	if (chdir("/") == 0) {
		execl("/proc/self/exe", "brig-engine", "supervise", c->id, why, (char *)NULL);
	}
	dprintf(SUPERVISE_REPORT, "run the supervisor: %s", strerror(errno));
	_exit(RUN_EXIT_NEVER);
}

static int spawn(const struct container *c, const char *why, int client)
{
	int ends[2];
	char fault[800];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return fault_set(errno, "make a pipe");
	}
	pid_t pid = fork();
	if (pid == 0) {
		become_supervisor(c, why, ends[1], client);
	}
	close(ends[1]);
	if (pid > 0) {
		(void)waitpid(pid, NULL, 0);
	}
	size_t used = 0;
	ssize_t got;
	while ((got = read(ends[0], fault + used, sizeof(fault) - 1 - used)) > 0) {
		used += (size_t)got;
	}
	fault[used] = '\0';
	close(ends[0]);
	return used == 0 ? 0 : fault_set(0, "%s", fault);
}

int control_start(const struct container *c, int client)
{
	return spawn(c, SUPERVISE_START, client) < 0 ? fault_in("start %s", container_name(c)) : 0;
}

void control_revive(const struct container *c)
{
	if (container_ended(c)) {
		return;
	}
	int lock = container_lock(c);
	if (lock >= 0) {
		close(lock);
		(void)spawn(c, SUPERVISE_REVIVE, -1);
	}
}

static bool wait_for_end(const struct container *c, int64_t milliseconds)
{
	int64_t end = clock_ms() + milliseconds;
	while (!container_ended(c) && clock_ms() < end) {
		usleep(20000);
		/* One that was killed may have had its lock until now. */
		control_revive(c);
	}
	return container_ended(c);
}

static bool first_runs(const struct container *c)
{
	struct container_state state;
	container_load_state(c, &state);
	return container_runs(&state);
}

static const char *stop_signal(const struct container *c)
{
	const json_t *document = json_object_get(c->record, "image_config");
	const char *image = json_string_value(
		json_object_get(json_object_get(document, "config"), "StopSignal"));
	return request_text(container_request(c), "stop_signal",
			    image != NULL && parse_signal(image) > 0 ? image : "TERM");
}

int control_stop(const struct container *c, const char *timeout)
{
	int64_t limit = 10000;
	fd_auto mark = open(container_path(c, "stop"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (mark < 0) {
		return fault_set(errno, "stop %s", container_name(c));
	}
	if (timeout == NULL) {
		timeout = request_text(container_request(c), "stop_timeout", "10");
	}
	if (parse_duration(timeout, &limit) < 0) {
		return -1;
	}
	control_revive(c);
	if (container_ended(c)) {
		return 0;
	}
	(void)run_oci("kill", c->id, stop_signal(c));
	if (control_paused(c)) {
		(void)control_resume(c); /* frozen, it would never see it */
	}
	if (wait_for_end(c, limit)) {
		return 0;
	}
	(void)run_oci("kill", c->id, "KILL");
	/* Dead it is at once; what it had is taken down for longer, where the machine is busy. */
	return wait_for_end(c, KILL_MS) || (!first_runs(c) && wait_for_end(c, CLEAN_MS))
		       ? 0
		       : fault_set(0, "stop %s: it does not end", container_name(c));
}

static int must_run(const struct container *c)
{
	return container_ended(c) ? fault_set(0, "%s does not run", container_name(c)) : 0;
}

int control_signal(const struct container *c, const char *name)
{
	bool end =
		strcmp(name, "KILL") == 0 || strcmp(name, "SIGKILL") == 0 || strcmp(name, "9") == 0;
	fd_auto mark =
		end ? open(container_path(c, "stop"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (end && mark < 0) {
		return fault_set(errno, "kill %s", container_name(c));
	}
	return must_run(c) < 0 ? -1 : run_oci("kill", c->id, name);
}

bool control_paused(const struct container *c)
{
	return access(container_path(c, "paused"), F_OK) == 0;
}

int control_pause(const struct container *c)
{
	if (must_run(c) < 0 || run_oci("pause", c->id) < 0) {
		return -1;
	}
	fd_auto mark = open(container_path(c, "paused"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return mark < 0 ? fault_set(errno, "note that %s is paused", container_name(c)) : 0;
}

int control_resume(const struct container *c)
{
	if (must_run(c) < 0 || run_oci("resume", c->id) < 0) {
		return -1;
	}
	unlink(container_path(c, "paused"));
	return 0;
}

int control_remove(const struct container *c, const char *timeout)
{
	int64_t give_up = 0;
	do {
		if (access(container_path(c, "container.json"), F_OK) < 0) {
			return 0; /* it removed itself */
		}
		if (control_stop(c, timeout) < 0) {
			return -1;
		}
		/* Killed while it set up, a supervisor leaves what no state tells of. */
		fd_auto lock = container_lock(c);
		if (lock >= 0) {
			supervise_clean(c);
			return container_remove(c);
		}
		give_up = give_up == 0 ? clock_ms() + LOCK_MS : give_up;
		usleep(20000);
	} while (clock_ms() < give_up);
	return fault_set(0, "stop %s: its supervisor does not end", container_name(c));
}
