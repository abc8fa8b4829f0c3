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

int health_open(struct health *h, const struct container *c)
{
	const json_t *request = container_request(c);
	int64_t retries;
	*h = (struct health){.c = c, .command = request_text(request, "health_cmd", NULL)};
	if (parse_duration(request_text(request, "health_interval", "30s"), &h->interval) < 0 ||
	    parse_duration(request_text(request, "health_timeout", "30s"), &h->timeout) < 0 ||
	    parse_number(request_text(request, "health_retries", "3"), 1, 1000, &retries) < 0) {
		return -1;
	}
	h->retries = (unsigned int)retries;
	return 0;
}

static void end_check(struct health *h)
{
	if (h->pid > 0) {
		kill(-h->pid, SIGKILL);
		(void)waitpid(h->pid, NULL, 0);
		h->pid = 0;
	}
}

void health_reset(struct health *h, char state[16])
{
	end_check(h);
	h->failures = 0;
	h->next = 0;
	strcpy(state, h->command != NULL ? "starting" : "");
}

static void start_check(struct health *h)
{
	const char *const *line = run_runtime_line(
		(const char *const[]){"exec", h->c->id, "/bin/sh", "-c", h->command, NULL});
	h->pid = fork();
	if (h->pid == 0) {
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
	const char *after = health_judge(h, status == 0, state);
	if (strcmp(after, state) == 0) {
		return false;
	}
	strcpy(state, after);
	return true;
}
