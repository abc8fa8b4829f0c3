/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/linux/brig/engine/health.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/store.h"

#define PID_FILE "health.pid" /* of what the check runs in the container */

int health_open(struct health *h, const struct container *c)
{
	const json_t *request = container_request(c);
	int64_t retries;
	*h = (struct health){.c = c, .command = request_text(request, "health_cmd", NULL)};
	if (parse_duration(request_text(request, "health_interval", "30s"), &h->interval) < 0 ||
	    parse_duration(request_text(request, "health_timeout", "30s"), &h->timeout) < 0 ||
	    parse_duration(request_text(request, "health_start_period", "0"), &h->grace) < 0 ||
	    parse_number(request_text(request, "health_retries", "3"), 1, 1000, &retries) < 0) {
		return -1;
	}
	h->retries = (unsigned int)retries;
	return 0;
}

/* The process in the container is this one's child once the runtime that waited for it is gone. */
static void end_inside(const struct health *h)
{
	siginfo_t info;
	const void *paths = store_paths();
	pid_t pid = container_read_pid(h->c, PID_FILE);
	if (pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
		kill(pid, SIGKILL);
	}
	store_free_paths(paths);
}

static void end_check(struct health *h)
{
	if (h->pid > 0) {
		kill(-h->pid, SIGKILL);
		(void)waitpid(h->pid, NULL, 0);
		h->pid = 0;
		end_inside(h);
	}
}

void health_reset(struct health *h, char state[16])
{
	end_check(h);
	h->failures = 0;
	h->next = 0;
	h->began = 0;
	strcpy(state, h->command != NULL ? "starting" : "");
}

static void start_check(struct health *h)
{
	h->pid = fork();
	if (h->pid == 0) {
		const char *file = container_path(h->c, PID_FILE);
		const char *const *line = run_runtime_line((const char *const[]){
			"exec", "--pid-file", file, h->c->id, "/bin/sh", "-c", h->command, NULL});
		unlink(file);
		int null = open("/dev/null", O_RDWR);
		setpgid(0, 0);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(line[0], (char *const *)line);
		_exit(127);
	}
}

const char *health_judge(struct health *h, bool well, const char *before)
{
	h->failures = well ? 0 : h->failures + 1;
	if (well) {
		return "healthy";
	}
	return h->failures >= h->retries ? "unhealthy" : before;
}

bool health_tick(struct health *h, int64_t now, char state[16])
{
	int status = 1;
	if (h->command == NULL) {
		return false;
	}
	h->began = h->began != 0 ? h->began : now;
	if (h->pid <= 0) {
		if (now >= h->next) {
			start_check(h);
			h->next = now + h->timeout;
		}
		return false;
	}
	if (waitpid(h->pid, &status, WNOHANG) == 0) {
		if (now < h->next) {
			return false;
		}
		end_check(h);
	}
	h->pid = 0;
	h->next = now + h->interval;
	if (status != 0 && now - h->began < h->grace && strcmp(state, "starting") == 0) {
		return false;
	}
	const char *after = health_judge(h, status == 0, state);
	if (strcmp(after, state) == 0) {
		return false;
	}
	strcpy(state, after);
	return true;
}
