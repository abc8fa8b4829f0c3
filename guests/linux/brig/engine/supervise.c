/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/bundle.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/health.h"
#include "guests/linux/brig/engine/log.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/restart.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/supervise.h"

#define TICK_MS      100
#define EXIT_UNKNOWN 255 /* it ended while nobody waited for it */
#define EXIT_NEVER   127 /* it could not be started */

struct watch {
	const struct container *c;
	struct container_state state;
	struct log_writer log;
	int pipes[2]; /* its stdout and stderr: fifos, which outlive this process */
	struct health health;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool stop_asked(const struct container *c)
{
	return access(container_path(c, "stop"), F_OK) == 0;
}

bool supervise_ended(const struct container *c)
{
	struct container_state state;
	container_load_state(c, &state);
	return strcmp(state.status, "running") != 0 && strcmp(state.status, "restarting") != 0;
}

/* -- Its output ---------------------------------------------------------------- */

/* Open for reading and writing: the pipe has a reader while the supervisor is away. */
static int open_pipe(const struct container *c, const char *name)
{
	const char *path = container_path(c, name);
	if (mkfifo(path, 0600) < 0 && errno != EEXIST) {
		return fault_set(errno, "make the fifo %s", path);
	}
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		/* /dev/stdout is opened again by name, by whatever user it runs as. */
		(void)fchmod(fd, 0622);
	}
	return fd < 0 ? fault_set(errno, "open the fifo %s", path) : fd;
}

/* Up to a pipe's worth at a time: a flood on one does not starve the rest. */
static bool drain(struct watch *w, int stream)
{
	static char data[65536];
	ssize_t got = read(w->pipes[stream], data, sizeof(data));
	if (got > 0) {
		log_add(&w->log, stream, data, (size_t)got);
	}
	return got > 0;
}

static int open_output(struct watch *w)
{
	int64_t limit = LOG_SIZE_DEFAULT;
	const char *size = request_text(container_request(w->c), "log_size", NULL);
	if (size != NULL && parse_size(size, &limit) < 0) {
		return -1;
	}
	w->pipes[0] = open_pipe(w->c, "out");
	w->pipes[1] = w->pipes[0] < 0 ? -1 : open_pipe(w->c, "err");
	return w->pipes[1] < 0 ? -1 : log_open(&w->log, container_path(w->c, "log"), limit);
}

/* -- Up and down --------------------------------------------------------------- */

static void tear_down(const struct container *c)
{
	(void)run_oci("delete", "--force", c->id);
	net_down(c);
	container_unmount(c);
	unlink(container_path(c, "pid"));
}

static int prepare(const struct container *c)
{
	const char *netns;
	if (access(container_path(c, "pid"), F_OK) == 0) {
		tear_down(c); /* what a killed supervisor left */
	}
	if (container_mount(c) < 0 || net_up(c, &netns) < 0) {
		return -1;
	}
	return bundle_write(c, netns);
}

static int read_pid(const struct container *c, struct container_state *state)
{
	fd_auto fd = open(container_path(c, "pid"), O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : file_read(fd, 64, NULL, "pid");
	state->pid = text == NULL ? 0 : (pid_t)strtol(text, NULL, 10);
	free(text);
	state->pid_start = state->pid > 0 ? container_pid_start(state->pid) : 0;
	return state->pid > 0 ? 0 : fault_set(0, "read the pid of %s", container_name(c));
}

/* The runtime's own words come by the container's stderr: they are what went wrong. */
static int say_why(struct watch *w)
{
	char text[512];
	ssize_t got = read(w->pipes[1], text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	if (got > 0) {
		log_add(&w->log, 1, text, (size_t)got);
	}
	text[strcspn(text, "\n")] = '\0';
	return fault_set(0, "create %s: %s", container_name(w->c),
			 got > 0 ? text : "the runtime failed");
}

static int create(struct watch *w)
{
	int status;
	const char *const *line = run_runtime_line(
		(const char *const[]){"create", "--bundle", container_path(w->c, ""), "--pid-file",
				      container_path(w->c, "pid"), w->c->id, NULL});
	pid_t pid = fork();
	if (pid == 0) {
		int out = open(container_path(w->c, "out"), O_RDWR);
		int err = open(container_path(w->c, "err"), O_RDWR);
		int null = open("/dev/null", O_RDONLY);
		if (out < 0 || err < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
		    dup2(err, 2) < 0) {
			_exit(126);
		}
		close_range(3, ~0U, 0);
		execvp(line[0], (char *const *)line);
		dprintf(2, "%s: %s\n", line[0], strerror(errno));
		_exit(EXIT_NEVER);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		return fault_set(errno, "run the runtime");
	}
	return status == 0 ? 0 : say_why(w);
}

static int bring_up(struct watch *w)
{
	if (prepare(w->c) < 0 || create(w) < 0 || read_pid(w->c, &w->state) < 0) {
		return -1;
	}
	strcpy(w->state.status, "running");
	w->state.started = time(NULL);
	w->state.exit_code = 0;
	health_reset(&w->health, w->state.health);
	/* Noted before it starts: from here on another supervisor can take over. */
	if (container_save_state(w->c, &w->state) < 0) {
		return -1;
	}
	return run_oci("start", w->c->id);
}

/* -- While it runs --------------------------------------------------------------- */

static void look_after(struct watch *w)
{
	if (health_tick(&w->health, now_ms(), w->state.health)) {
		(void)container_save_state(w->c, &w->state);
	}
}

static int exit_code_of(pid_t pid)
{
	int status;
	return pid > 0 && waitpid(pid, &status, 0) == pid ? run_exit_code(status) : EXIT_UNKNOWN;
}

static void watch_until_end(struct watch *w)
{
	siginfo_t info;
	id_t id = (id_t)w->state.pid;
	/* A zombie of ours still has its exit code; another's pid is none of our business. */
	bool alive = container_runs(&w->state) ||
		     (id > 0 && waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	fd_auto pidfd = (int)syscall(SYS_pidfd_open, w->state.pid, 0);
	struct pollfd polls[3] = {{.fd = w->pipes[0], .events = POLLIN},
				  {.fd = w->pipes[1], .events = POLLIN},
				  {.fd = alive ? pidfd : -1, .events = POLLIN}};
	while (polls[2].fd >= 0 && (polls[2].revents & POLLIN) == 0) {
		if (poll(polls, 3, w->health.command != NULL ? TICK_MS : -1) < 0 &&
		    errno != EINTR) {
			break;
		}
		for (int i = 0; i < 2; i++) {
			if ((polls[i].revents & POLLIN) != 0) {
				(void)drain(w, i);
			}
		}
		look_after(w);
	}
	for (int i = 0; i < 2; i++) {
		while (drain(w, i)) {}
	}
	w->state.exit_code = exit_code_of(w->state.pid);
}

static void note_end(struct watch *w, const char *status)
{
	strcpy(w->state.status, status);
	w->state.pid = 0;
	w->state.pid_start = 0;
	w->state.finished = time(NULL);
	w->state.health[0] = '\0';
	(void)container_save_state(w->c, &w->state);
}

/* False when it is told to stop meanwhile. */
static bool wait_for_restart(const struct container *c, int64_t delay)
{
	int64_t end = now_ms() + delay;
	while (now_ms() < end && !stop_asked(c)) {
		usleep(TICK_MS * 1000);
	}
	return !stop_asked(c);
}

static void report_to(int *report, const char *text)
{
	if (*report >= 0) {
		(void)file_write_all(*report, text, strlen(text));
		close(*report);
		*report = -1;
	}
}

/* One life of the container: 0, or -1 when it did not come up. */
static int live(struct watch *w, bool adopt, int *report)
{
	if (!adopt && bring_up(w) < 0) {
		report_to(report, fault_text());
		w->state.exit_code = EXIT_NEVER;
		tear_down(w->c);
		return -1;
	}
	report_to(report, "");
	watch_until_end(w);
	tear_down(w->c);
	return 0;
}

static void supervise(struct watch *w, bool adopt, int report)
{
	struct parse_restart policy = {0};
	unsigned int in_a_row = 0;
	(void)parse_restart(request_text(container_request(w->c), "restart", "no"), &policy);
	for (;;) {
		int64_t began = now_ms();
		bool first = report >= 0;
		int lived = live(w, adopt, &report);
		adopt = false;
		if ((lived < 0 && first) ||
		    !restart_wanted(&policy, w->state.exit_code, in_a_row, stop_asked(w->c))) {
			break;
		}
		int64_t delay = restart_delay(in_a_row);
		in_a_row = restart_count(in_a_row, now_ms() - began);
		note_end(w, "restarting");
		if (!wait_for_restart(w->c, delay)) {
			break;
		}
		w->state.restarts++;
	}
	note_end(w, "exited");
}

int supervise_main(const struct container *c, int report)
{
	static struct watch w;
	fd_auto lock = file_lock(container_path(c, "lock"), false);
	if (lock < 0) {
		report_to(&report, "it runs already");
		return 0;
	}
	w.c = c;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	container_load_state(c, &w.state);
	bool adopt = strcmp(w.state.status, "running") == 0;
	if (open_output(&w) < 0 || health_open(&w.health, c) < 0) {
		report_to(&report, fault_text());
		return 1;
	}
	supervise(&w, adopt, report);
	log_close(&w.log);
	const json_t *request = container_request(c);
	if (request_flag(request, "rm") && request_flag(request, "detach")) {
		(void)container_remove(c);
	}
	return 0;
}

/* -- From the command line --------------------------------------------------------- */

static void become_supervisor(const struct container *c, int report)
{
	int null = open("/dev/null", O_RDWR);
	setsid();
	if (fork() != 0) {
		_exit(0);
	}
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	/* Above where it goes, so that the copy is one that stays open. */
	int high = fcntl(report, F_DUPFD, SUPERVISE_REPORT + 1);
	dup2(high, SUPERVISE_REPORT);
	close_range(SUPERVISE_REPORT + 1, ~0U, 0);
	if (chdir("/") == 0) {
		execl("/proc/self/exe", "brig-engine", "supervise", c->id, (char *)NULL);
	}
	dprintf(SUPERVISE_REPORT, "run the supervisor: %s", strerror(errno));
	_exit(EXIT_NEVER);
}

static int spawn(const struct container *c)
{
	int ends[2];
	char why[800];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return fault_set(errno, "make a pipe");
	}
	pid_t pid = fork();
	if (pid == 0) {
		become_supervisor(c, ends[1]);
	}
	close(ends[1]);
	if (pid > 0) {
		(void)waitpid(pid, NULL, 0);
	}
	size_t used = 0;
	ssize_t got;
	while ((got = read(ends[0], why + used, sizeof(why) - 1 - used)) > 0) {
		used += (size_t)got;
	}
	why[used] = '\0';
	close(ends[0]);
	return used == 0 ? 0 : fault_set(0, "%s", why);
}

int supervise_start(const struct container *c)
{
	unlink(container_path(c, "stop"));
	return spawn(c) < 0 ? fault_in("start %s", container_name(c)) : 0;
}

void supervise_revive(const struct container *c)
{
	if (supervise_ended(c)) {
		return;
	}
	int lock = file_lock(container_path(c, "lock"), false);
	if (lock >= 0) {
		close(lock);
		(void)spawn(c);
	}
}

int supervise_foreground(const struct container *c)
{
	struct container_state state = {.status = "running", .started = time(NULL)};
	fd_auto lock = file_lock(container_path(c, "lock"), false);
	if (lock < 0 || prepare(c) < 0 || container_save_state(c, &state) < 0) {
		char *why = file_text("%s", lock < 0 ? "it runs already" : fault_text());
		tear_down(c);
		return fault_set(0, "start %s: %s", container_name(c), why);
	}
	const char *const *line = run_runtime_line(
		(const char *const[]){"run", "--bundle", container_path(c, ""), "--pid-file",
				      container_path(c, "pid"), c->id, NULL});
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(line[0], (char *const *)line);
		dprintf(2, "brig: run %s: %s\n", line[0], strerror(errno));
		_exit(EXIT_NEVER);
	}
	/* Ctrl-C is the container's; where it has no terminal, the runtime passes it on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
	state.exit_code = pid > 0 ? run_exit_code(status) : EXIT_NEVER;
	tear_down(c);
	strcpy(state.status, "exited");
	state.finished = time(NULL);
	(void)container_save_state(c, &state);
	return state.exit_code;
}

static bool wait_for_end(const struct container *c, int64_t milliseconds)
{
	int64_t end = now_ms() + milliseconds;
	while (!supervise_ended(c) && now_ms() < end) {
		usleep(20000);
	}
	return supervise_ended(c);
}

int supervise_stop(const struct container *c, const char *timeout)
{
	int64_t limit = 10000;
	fd_auto mark = open(container_path(c, "stop"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (mark < 0) {
		return fault_set(errno, "stop %s", container_name(c));
	}
	if (parse_duration(timeout, &limit) < 0) {
		return -1;
	}
	supervise_revive(c);
	if (supervise_ended(c)) {
		return 0;
	}
	(void)run_oci("kill", c->id, "TERM");
	if (wait_for_end(c, limit)) {
		return 0;
	}
	(void)run_oci("kill", c->id, "KILL");
	return wait_for_end(c, 10000) ? 0
				      : fault_set(0, "stop %s: it does not end", container_name(c));
}
