/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/bundle.h"
#include "guests/linux/brig/engine/clock.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/health.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/relay.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/restart.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/spaces.h"
#include "guests/linux/brig/engine/store.h"
#include "guests/linux/brig/engine/supervise.h"

#define TICK_MS 100
#define LOCK_MS 10000 /* for who has just ended, or copies files, to let go of the container */

struct watch {
	struct container own; /* its record is read again when it is started again */
	const struct container *c;
	struct container_state state;
	struct relay relay;
	struct health health;
};

static const char *stop_mark; /* a file that is there once it is told to stop */

static bool stop_asked(void)
{
	return access(stop_mark, F_OK) == 0;
}

/* -- Up and down --------------------------------------------------------------- */

void supervise_clean(const struct container *c)
{
	unlink(container_path(c, "paused"));
	(void)run_oci("delete", "--force", c->id);
	net_down(c);
	container_unmount(c);
	unlink(container_path(c, "pid"));
}

static int prepare(const struct container *c)
{
	const char *netns;
	if (access(container_path(c, "pid"), F_OK) == 0) {
		supervise_clean(c); /* what a killed supervisor left */
	}
	/* There from the first thing on that may be left; the runtime writes its number later. */
	fd_auto mark = open(container_path(c, "pid"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (mark < 0) {
		return fault_set(errno, "note that %s is made", container_name(c));
	}
	if (container_mount(c) < 0 || net_up(c, &netns) < 0) {
		return -1;
	}
	return bundle_write(c, netns);
}

/*
 * In a process of its own: what is made up for a moment, the configuration above all, would else
 * stay with this one, which is there as long as the container.
 */
static int prepare_apart(const struct container *c)
{
	int status = -1;
	fd_auto why = memfd_create("why", MFD_CLOEXEC);
	pid_t pid = why < 0 ? -1 : fork();
	if (pid == 0) {
		int result = prepare(c);
		if (result < 0) {
			(void)file_write_all(why, fault_text(), strlen(fault_text()));
		}
		_exit(result < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		return fault_set(errno, "prepare %s", container_name(c));
	}
	if (status != 0) {
		char text[800];
		ssize_t got = pread(why, text, sizeof(text) - 1, 0);
		text[got > 0 ? got : 0] = '\0';
		return fault_set(0, "%s", got > 0 ? text : "its preparation was killed");
	}
	return 0;
}

static int read_pid(const struct container *c, struct container_state *state)
{
	state->pid = container_read_pid(c, "pid");
	state->pid_start = state->pid > 0 ? container_pid_start(state->pid) : 0;
	return state->pid > 0 ? 0 : fault_set(0, "read the pid of %s", container_name(c));
}

/* The runtime's own words come by the container's stderr: they are what went wrong. */
static int say_why(struct watch *w)
{
	char text[512];
	ssize_t got = read(w->relay.out[1], text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	if (got > 0) {
		log_add(&w->relay.log, 1, text, (size_t)got);
	}
	text[strcspn(text, "\n")] = '\0';
	return fault_set(0, "create %s: %s", container_name(w->c),
			 got > 0 ? text : "the runtime failed");
}

static void become_runtime(const struct container *c, int in, bool tty, pid_t parent)
{
	const char *words[] = {"create",
			       "--bundle",
			       container_path(c, ""),
			       "--pid-file",
			       container_path(c, "pid"),
			       c->id,
			       NULL,
			       NULL,
			       NULL};
	if (tty) {
		words[5] = "--console-socket";
		words[6] = container_path(c, "console");
		words[7] = c->id;
	}
	const char *const *line = run_runtime_line(words);
	int out = open(container_path(c, "out"), O_RDWR);
	int err = open(container_path(c, "err"), O_RDWR);
	if (out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) {
		_exit(126);
	}
	/* A container that it made after its supervisor was killed would be nobody's. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) {
		_exit(126);
	}
	close_range(3, ~0U, 0);
	execvp(line[0], (char *const *)line);
	dprintf(2, "%s: %s\n", line[0], strerror(errno));
	_exit(RUN_EXIT_NEVER);
}

static int create(struct watch *w)
{
	int status;
	bool tty = request_flag(container_request(w->c), "tty");
	fd_auto console = tty ? relay_listen_console(w->c, "console") : -1;
	fd_auto in = relay_stdin(&w->relay);
	if (in < 0 || (tty && console < 0)) {
		return -1;
	}
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		become_runtime(w->c, in, tty, parent);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		return fault_set(errno, "run the runtime");
	}
	unlink(container_path(w->c, "console"));
	if (status != 0) {
		return say_why(w);
	}
	return tty ? relay_take_console(&w->relay, console) : 0;
}

static int bring_up(struct watch *w)
{
	if (prepare_apart(w->c) < 0 || create(w) < 0 || read_pid(w->c, &w->state) < 0) {
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
	/* Its terminal's size, where who waits for it told. */
	(void)relay_turn(&w->relay, -1, 0);
	/* Who told it to stop before now may have sent his signals to nobody; later ones find it. */
	return stop_asked() ? fault_set(0, "%s was told to stop", container_name(w->c))
			    : run_oci("start", w->c->id);
}

/* -- While it runs --------------------------------------------------------------- */

/*
 * A check that was killed leaves its process in the container to this one. Until it is reaped,
 * the container's pid namespace, and with it the first process, cannot end.
 */
static void reap_strays(const struct watch *w)
{
	siginfo_t info = {0};
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
	       info.si_pid != w->state.pid && info.si_pid != w->health.pid) {
		(void)waitpid(info.si_pid, NULL, 0);
		info.si_pid = 0;
	}
}

static void look_after(struct watch *w)
{
	reap_strays(w);
	if (health_tick(&w->health, clock_ms(), w->state.health)) {
		(void)container_save_state(w->c, &w->state);
	}
}

static int exit_code_of(pid_t pid)
{
	int status;
	return pid > 0 && waitpid(pid, &status, 0) == pid ? run_exit_code(status)
							  : RUN_EXIT_UNKNOWN;
}

static void watch_until_end(struct watch *w)
{
	siginfo_t info;
	id_t id = (id_t)w->state.pid;
	/* A zombie of ours still has its exit code; another's pid is none of our business. */
	bool alive = container_runs(&w->state) ||
		     (id > 0 && waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	fd_auto pidfd = alive ? (int)syscall(SYS_pidfd_open, w->state.pid, 0) : -1;
	while (pidfd >= 0 &&
	       !relay_turn(&w->relay, pidfd, w->health.command != NULL ? TICK_MS : -1)) {
		look_after(w);
	}
	if (spaces_shares_pids(container_request(w->c))) {
		/* The kernel ends the rest where the first had a pid namespace of its own. */
		(void)run_oci("kill", "--all", w->c->id, "KILL");
	}
	relay_finish(&w->relay, stop_asked);
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
static bool wait_for_restart(int64_t delay)
{
	int64_t end = clock_ms() + delay;
	while (clock_ms() < end && !stop_asked()) {
		usleep(TICK_MS * 1000);
	}
	return !stop_asked();
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
		char *why = file_text("%s", fault_text());
		w->state.exit_code = RUN_EXIT_NEVER;
		relay_finish(&w->relay, stop_asked);
		supervise_clean(w->c);
		return fault_set(0, "%s", why);
	}
	if (adopt && !stop_asked()) {
		/* Killed between the note and the start it left it created; else this fails. */
		(void)run_oci("start", w->c->id);
	}
	report_to(report, "");
	watch_until_end(w);
	supervise_clean(w->c);
	return 0;
}

static bool read_again(struct watch *w)
{
	json_t *record = file_json_at(container_path(w->c, "container.json"));
	if (record != NULL) {
		json_decref(w->own.record);
		w->own.record = record;
	}
	return record != NULL;
}

/* What `update` changed counts from here on. */
static void reload(struct watch *w, struct parse_restart *policy)
{
	health_reset(&w->health, w->state.health);
	if (read_again(w)) {
		(void)health_open(&w->health, w->c);
	}
	*policy = (struct parse_restart){0};
	(void)parse_restart(request_text(container_request(w->c), "restart", "no"), policy);
}

/* Until it is not started again; -1 when it never was: a fault that is to be reported. */
static int supervise(struct watch *w, bool adopt, int *report)
{
	struct parse_restart policy;
	unsigned int in_a_row = 0;
	for (;;) {
		int64_t began = clock_ms();
		const void *paths = store_paths();
		bool first = *report >= 0;
		int lived = live(w, adopt, report);
		if (lived < 0 && first) {
			return -1;
		}
		adopt = false;
		reload(w, &policy);
		if (!restart_wanted(&policy, w->state.exit_code, in_a_row, stop_asked())) {
			break;
		}
		int64_t delay = restart_delay(in_a_row);
		in_a_row = restart_count(in_a_row, clock_ms() - began);
		note_end(w, "restarting");
		store_free_paths(paths); /* it may be started again for years */
		if (!wait_for_restart(delay)) {
			break;
		}
		w->state.restarts++;
	}
	return 0;
}

/* In the lock's file: who waits for it has that open, and reads it when all else is removed. */
static void leave_code(int lock, int code)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", code);
	if (pwrite(lock, text, (size_t)length, 0) == length) {
		(void)ftruncate(lock, length);
	}
}

/* Whoever hears of its end may start it again at once: the lock goes before. */
static void end(struct watch *w, int *lock, int report, const char *why)
{
	relay_shut(&w->relay);
	leave_code(*lock, w->state.exit_code);
	note_end(w, "exited");
	/* Its name is free before anybody hears of its end. */
	if (request_flag(container_request(w->c), "rm")) {
		(void)container_remove(w->c);
	}
	file_close(lock);
	report_to(&report, why);
	relay_close(&w->relay, w->state.exit_code, stop_asked);
}

static int keep_to_oneself(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
}

/* -1 with a word on why it cannot be had. */
static int take_lock(const struct container *c, bool revive, const char **why)
{
	int64_t give_up = clock_ms() + LOCK_MS;
	int lock = -1;
	while ((lock = container_lock(c)) < 0 && errno == EWOULDBLOCK && !revive &&
	       container_ended(c) && clock_ms() < give_up) {
		usleep(10000);
	}
	*why = lock < 0 && errno == ENOENT ? "it was removed" : "it runs already";
	return lock;
}

int supervise_main(const struct container *c, bool revive)
{
	static struct watch w;
	const char *why;
	int report = keep_to_oneself(SUPERVISE_REPORT);
	int client = keep_to_oneself(SUPERVISE_CLIENT);
	fd_auto lock = take_lock(c, revive, &why);
	if (lock < 0) {
		report_to(&report, why);
		return 0;
	}
	if (revive && container_ended(c)) {
		return 0; /* meanwhile, seen to by another */
	}
	w.own = *c;
	w.c = &w.own;
	read_again(&w); /* before the lock was free it may have been changed */
	stop_mark = container_path(c, "stop");
	if (!revive) {
		unlink(stop_mark); /* of another life */
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	container_load_state(c, &w.state);
	bool adopt = strcmp(w.state.status, "running") == 0;
	if (adopt && !container_runs(&w.state)) {
		/* It ended with the machine, or while nobody looked: let nobody think it runs. */
		strcpy(w.state.status, "restarting");
		(void)container_save_state(c, &w.state);
	}
	if (relay_open(&w.relay, w.c, client) < 0 || health_open(&w.health, w.c) < 0) {
		report_to(&report, fault_text());
		return 1;
	}
	why = supervise(&w, adopt, &report) < 0 ? file_text("%s", fault_text()) : "";
	end(&w, &lock, report, why);
	return 0;
}
