/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/process.h"
#include "guests/linux/brig/lib/sock.h"
#include "guests/linux/brig/lib/state.h"
#include "guests/linux/brig/lib/sys.h"

#define FOLDER "notify"
#define SOCKET "notify.sock"
#define INSIDE "/run/notify"

#define MESSAGE_LIMIT 4096  /* bytes, more is cut, as systemd does */
#define BARRIER_MS    30000 /* as runc's */

/* A service manager that does not read holds up its own news alone, and not for ever. */
static const struct timeval send_limit = {.tv_sec = 1};

/* Words about the sender itself; not those that name processes or hand over descriptors. */
static const char *const passed[] = {
	"READY=",    "RELOADING=",           "STOPPING=", "STATUS=", "ERRNO=", "BUSERROR=",
	"WATCHDOG=", "EXTEND_TIMEOUT_USEC=", NULL,
};

static const char *caller_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	return path != NULL && *path != '\0' ? path : NULL;
}

static int add_mount(struct spec *spec, const char *source)
{
	struct spec_mount *mounts = mem_get((spec->mount_count + 1) * sizeof(*mounts));
	if (spec->mount_count > 0) {
		memcpy(mounts, spec->mounts, spec->mount_count * sizeof(*mounts));
	}
	mounts[spec->mount_count++] = (struct spec_mount){
		.destination = INSIDE,
		.source = source,
		.bind = true,
		.fd = -1,
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};
	spec->mounts = mounts;
	return 0;
}

int notify_prepare(struct container *c)
{
	char root[PATH_MAX];
	if (caller_socket() == NULL) {
		return 0;
	}
	if (mkdirat(c->state_dir, FOLDER, 0755) < 0 ||
	    fchmodat(c->state_dir, FOLDER, 0755, 0) < 0) {
		return err_set(errno, "make the folder of the notify socket");
	}
	if (realpath(state_root(), root) == NULL) {
		return err_set(errno, "find %s", state_root());
	}
	process_set_env(&c->spec->process, "NOTIFY_SOCKET=" INSIDE "/" SOCKET);
	return add_mount(c->spec, mem_format("%s/%s/" FOLDER, root, c->id));
}

int notify_open(struct notify *notify, int state_dir)
{
	const char *path = caller_socket();
	*notify = (struct notify){.own = -1, .host = -1};
	fd_auto folder = openat(state_dir, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (path == NULL || folder < 0) {
		return 0;
	}
	notify->host = sock_connect(path, SOCK_DGRAM);
	if (notify->host < 0) {
		return err_within("NOTIFY_SOCKET");
	}
	setsockopt(notify->host, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof(send_limit));
	notify->own = sock_bind(folder, SOCKET);
	return notify->own < 0 ? err_within("NOTIFY_SOCKET") : 0;
}

static bool is_passed(const char *line)
{
	for (const char *const *word = passed; *word != NULL; word++) {
		if (strncmp(line, *word, strlen(*word)) == 0) {
			return true;
		}
	}
	return false;
}

static void warn(const char *what)
{
	fprintf(stderr, "brig: warning: NOTIFY_SOCKET: %s: %s\n", what, strerror(errno));
}

bool notify_pass(const struct notify *notify, pid_t main_pid)
{
	char message[MESSAGE_LIMIT + 1];
	char out[MESSAGE_LIMIT + 2];
	size_t length = 0;
	bool ready = false;
	char *rest = NULL;
	ssize_t got = recv(notify->own, message, MESSAGE_LIMIT, 0);
	if (got <= 0) {
		return false;
	}
	message[got] = '\0';
	for (char *line = strtok_r(message, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (is_passed(line)) {
			length += (size_t)sprintf(out + length, "%s\n", line);
			ready |= strcmp(line, "READY=1") == 0;
		}
	}
	if (length > 0 && sock_send(notify->host, out, length, -1) < 0) {
		warn("pass a message on");
	}
	if (ready) {
		length = (size_t)sprintf(out, "MAINPID=%d\n", main_pid);
		if (sock_send(notify->host, out, length, -1) < 0) {
			warn("say MAINPID");
		}
	}
	return ready;
}

/* sd_notify_barrier(3): the reader closes the descriptor once it has come so far. */
static void barrier(const struct notify *notify)
{
	static const char text[] = "BARRIER=1";
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return;
	}
	int sent = sock_send(notify->host, text, sizeof(text) - 1, ends[1]);
	close(ends[1]);
	struct pollfd wait = {.fd = ends[0], .events = 0};
	if (sent == 0) {
		poll(&wait, 1, BARRIER_MS);
	}
	close(ends[0]);
}

void notify_wait(const struct notify *notify, pid_t pid)
{
	if (notify->own < 0) {
		return;
	}
	fd_auto pidfd = sys_pidfd_open(pid);
	struct pollfd fds[2] = {
		{.fd = notify->own, .events = POLLIN},
		{.fd = pidfd, .events = POLLIN},
	};
	while (pidfd >= 0 && (poll(fds, 2, -1) >= 0 || errno == EINTR)) {
		if ((fds[0].revents & POLLIN) != 0 && notify_pass(notify, pid)) {
			barrier(notify);
			return;
		}
		/* Its last word is read before its end is believed. */
		if (fds[0].revents == 0 && fds[1].revents != 0) {
			return;
		}
	}
}
