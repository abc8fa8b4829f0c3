/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/state.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/ns.h"
#include "guests/linux/brig/lib/sys.h"
#include "guests/linux/brig/lib/utc.h"

#define STATE_LIMIT (4U << 20)
#define LOCK_STEPS  1000 /* of 10 ms */

const char *const state_names[] = {"creating", "created", "running", "paused", "stopped"};

static const char *root;

void state_set_root(const char *path)
{
	root = path;
}

const char *state_default_root(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");
	/* As in runc: who calls himself root in a user namespace is a container's root. */
	bool nested = ns_is_nested_root() && (user == NULL || strcmp(user, "root") != 0);
	if ((geteuid() == 0 && !nested) || runtime == NULL || *runtime != '/') {
		return "/run/brig";
	}
	return mem_format("%s/brig", runtime);
}

const char *state_root(void)
{
	if (root == NULL) {
		root = state_default_root();
	}
	return root;
}

int state_check_id(const char *id)
{
	size_t length = strlen(id);
	bool sound = length > 0 && length <= 255 && *id != '.';
	for (const char *c = id; *c != '\0' && sound; c++) {
		sound = isalnum((unsigned char)*c) || strchr("_+-.", *c) != NULL;
	}
	return sound ? 0
		     : err_set(0,
			       "invalid container ID \"%.64s\": invalid character or length "
			       "(letters, digits and _+-., no dot first, at most 255)",
			       id);
}

static int make_root(void)
{
	const char *path = state_root();
	char *part = mem_copy(path, strlen(path));
	for (char *c = part + 1; *c != '\0'; c++) {
		if (*c == '/') {
			*c = '\0';
			mkdir(part, 0755);
			*c = '/';
		}
	}
	if (mkdir(part, 0711) < 0 && errno != EEXIST) {
		return err_set(errno, "make folder %s", path);
	}
	return 0;
}

static int open_dir(const char *id)
{
	return open(mem_format("%s/%s", state_root(), id),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int state_make(const char *id)
{
	const char *path = mem_format("%s/%s", state_root(), id);
	if (state_check_id(id) < 0) {
		return -1;
	}
	int made = mkdir(path, 0700);
	if (made < 0 && errno == ENOENT) {
		if (make_root() < 0) {
			return -1;
		}
		made = mkdir(path, 0700);
	}
	if (made < 0 && errno == EEXIST) {
		return err_set(0, "container with given ID already exists: %s", id);
	}
	if (made < 0) {
		return err_set(errno, "make folder %s", path);
	}
	int dir = open_dir(id);
	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0) {
		return err_set(errno, "lock %s", path);
	}
	return dir;
}

static const char *owner_name(void)
{
	const char *line = io_peek(AT_FDCWD, "/etc/passwd");
	uid_t uid = geteuid();
	char number[16];
	snprintf(number, sizeof(number), ":%u:", uid);
	for (; line != NULL && *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t name = strcspn(line, ":\n");
		const char *password = line + name;
		size_t skip = *password == ':' ? 1 + strcspn(password + 1, ":\n") : 0;
		if (skip > 0 && strncmp(password + skip, number, strlen(number)) == 0) {
			return mem_copy(line, name);
		}
	}
	return mem_format("%u", uid);
}

static const char *now_text(void)
{
	struct timespec now;
	char text[UTC_SIZE];
	clock_gettime(CLOCK_REALTIME, &now);
	utc_print(text, now.tv_sec);
	return mem_format("%s.%09ldZ", text, now.tv_nsec);
}

int state_save(const struct container *c)
{
	static const char *created;
	size_t length;
	if (created == NULL) {
		created = now_text();
	}
	yajl_gen g = jw_open(false);
	jw_object(g, NULL);
	jw_text(g, "ociVersion", STATE_OCI_VERSION);
	jw_text(g, "id", c->id);
	jw_number(g, "pid", c->pid);
	jw_unsigned(g, "startTime", c->pid > 0 ? state_process_time(c->pid) : 0);
	jw_text(g, "bundle", c->bundle);
	jw_text(g, "rootfs", c->rootfs);
	jw_text(g, "created", created);
	jw_text(g, "owner", owner_name());
	if (c->cgroup.path != NULL) {
		jw_text(g, "cgroup", c->cgroup.path);
		jw_unsigned(g, "cgroupMark", c->cgroup.mark);
	}
	if (c->cgroup.scope != NULL) {
		jw_text(g, "scope", c->cgroup.scope);
		jw_unsigned(g, "scopeInode", c->cgroup.inode);
	}
	if (c->spec->annotations != NULL) {
		jw_tree(g, "annotations", c->spec->annotations);
	}
	jw_end_object(g);
	const char *text = jw_close(g, &length);
	return io_replace(c->state_dir, "state.json", text, length, 0600);
}

static int read_state(struct state *state)
{
	size_t length;
	int64_t pid = 0;
	struct json *annotations = NULL;
	char *text = io_read_file(state->dir, "state.json", STATE_LIMIT, &length);
	if (text == NULL) {
		if (err_number() != ENOENT) {
			return -1;
		}
		state->empty = true;
		return 0;
	}
	const struct json *json = json_parse(text, length, "state.json");
	if (json == NULL || json_i64(json, "pid", &pid) < 0 ||
	    json_u64(json, "startTime", &state->start_time) < 0 ||
	    json_string(json, "bundle", &state->bundle) < 0 ||
	    json_string(json, "rootfs", &state->rootfs) < 0 ||
	    json_string(json, "created", &state->created) < 0 ||
	    json_string(json, "owner", &state->owner) < 0 ||
	    json_string(json, "cgroup", &state->cgroup.path) < 0 ||
	    json_u64(json, "cgroupMark", &state->cgroup.mark) < 0 ||
	    json_string(json, "scope", &state->cgroup.scope) < 0 ||
	    json_u64(json, "scopeInode", &state->cgroup.inode) < 0 ||
	    json_typed(json, "annotations", JSON_OBJECT, &annotations) < 0) {
		return -1;
	}
	state->pid = (pid_t)pid;
	state->annotations = annotations;
	return 0;
}

/* Another run may hold it as long as a hook of the container's hangs: not for ever. */
static int wait_for_lock(int dir)
{
	for (int i = 0; i < LOCK_STEPS; i++) {
		if (flock(dir, LOCK_EX | LOCK_NB) == 0) {
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return err_set(errno, "lock");
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return err_set(EBUSY, "another brig still works on it");
}

int state_load(struct state *state, const char *id, bool lock)
{
	struct stat status;
	*state = (struct state){
		.id = id,
		.bundle = "",
		.rootfs = "",
		.created = "",
		.owner = "",
		.cgroup.dir = -1,
		.dir = -1,
	};
	if (state_check_id(id) < 0) {
		return -1;
	}
	state->dir = open_dir(id);
	if (state->dir < 0) {
		return errno == ENOENT ? err_set(0, "container \"%s\" does not exist", id)
				       : err_set(errno, "open container %s", id);
	}
	if (lock && wait_for_lock(state->dir) < 0) {
		return err_within("container %s", id);
	}
	if (lock && (fstat(state->dir, &status) < 0 || status.st_nlink == 0)) {
		return err_set(0, "container \"%s\" does not exist", id);
	}
	if (read_state(state) < 0) {
		return err_within("container %s", id);
	}
	cgroup_open(&state->cgroup);
	err_clear();
	return 0;
}

bool state_exists(const char *id)
{
	struct stat status;
	if (state_check_id(id) < 0) {
		err_clear();
		return false;
	}
	return stat(mem_format("%s/%s", state_root(), id), &status) == 0 && S_ISDIR(status.st_mode);
}

/* proc_pid_stat(5): the name may hold anything, so fields count from its last bracket. */
uint64_t state_process_time(pid_t pid)
{
	char path[32];
	char text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length <= 0) {
		return 0;
	}
	text[length] = '\0';
	char *at = strrchr(text, ')');
	if (at == NULL || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') {
		return 0;
	}
	at += 2;
	for (int field = 3; field < 22 && at != NULL; field++) {
		at = strchr(at + 1, ' ');
	}
	return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

int state_open_process(const struct state *state)
{
	int pidfd = state->pid > 0 ? sys_pidfd_open(state->pid) : -1;
	if (pidfd < 0) {
		return err_set(0, "container not running");
	}
	/* The descriptor pins the process; only then is its age looked at. */
	if (state_process_time(state->pid) != state->start_time) {
		close(pidfd);
		return err_set(0, "container not running");
	}
	return pidfd;
}

enum state_status state_status(struct state *state)
{
	if (state->pid == 0 || state_process_time(state->pid) != state->start_time) {
		/* Someone who holds the lock is still making it. */
		bool busy = state->pid == 0 && flock(state->dir, LOCK_SH | LOCK_NB) < 0 &&
			    errno == EWOULDBLOCK;
		return busy ? STATUS_CREATING : STATUS_STOPPED;
	}
	fd_auto fifo = openat(state->dir, "start", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo >= 0) {
		return STATUS_CREATED;
	}
	return cgroup_frozen(&state->cgroup) ? STATUS_PAUSED : STATUS_RUNNING;
}

/* What is mounted there is the user's files: they are not in the way of what removes the folder. */
static int remove_mount(int folder, const char *id)
{
	const char *place = mem_format("%s/" STATE_MOUNT, id);
	if (unlinkat(folder, place, AT_REMOVEDIR) == 0 || errno == ENOENT) {
		return 0;
	}
	const char *path = mem_format("%s/%s", state_root(), place);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ||
	    unlinkat(folder, place, AT_REMOVEDIR) < 0) {
		return err_set(errno, "unmount %s", path);
	}
	return 0;
}

int state_remove_id(const char *id)
{
	fd_auto folder = open(state_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		return err_set(errno, "open %s", state_root());
	}
	return remove_mount(folder, id) < 0 ? -1 : io_remove_tree(folder, id);
}

int state_remove(const struct state *state)
{
	return state_remove_id(state->id);
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

char **state_list(void)
{
	DIR *stream = opendir(state_root());
	size_t count = 0;
	size_t room = 64;
	char **names = mem_get((room + 1) * sizeof(*names));
	const struct dirent *entry;
	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		if (count == room) {
			char **more = mem_get((room * 2 + 1) * sizeof(*names));
			memcpy(more, names, count * sizeof(*names));
			names = more;
			room *= 2;
		}
		names[count++] = mem_copy(entry->d_name, strlen(entry->d_name));
	}
	if (stream != NULL) {
		closedir(stream);
	}
	qsort(names, count, sizeof(*names), compare);
	return names;
}

static void write_state(yajl_gen g, const char *name, const struct container *c, const char *status,
			pid_t pid)
{
	jw_object(g, name);
	jw_text(g, "ociVersion", STATE_OCI_VERSION);
	jw_text(g, "id", c->id);
	jw_text(g, "status", status);
	if (pid > 0) {
		jw_number(g, "pid", pid);
	}
	jw_text(g, "bundle", c->bundle);
	if (c->spec->annotations != NULL) {
		jw_tree(g, "annotations", c->spec->annotations);
	}
	jw_end_object(g);
}

char *state_json(const struct container *c, const char *status, pid_t pid, size_t *length)
{
	yajl_gen g = jw_open(false);
	write_state(g, NULL, c, status, pid);
	return jw_close(g, length);
}

char *state_process_json(const struct container *c, const char *metadata, size_t *length)
{
	static const char *const fds[] = {"seccompFd", NULL};
	yajl_gen g = jw_open(false);
	jw_object(g, NULL);
	jw_text(g, "ociVersion", STATE_OCI_VERSION);
	jw_texts(g, "fds", fds);
	jw_number(g, "pid", c->self);
	if (metadata != NULL) {
		jw_text(g, "metadata", metadata);
	}
	/* Of an exec, the container's first process is there already. */
	if (c->pid > 0) {
		write_state(g, "state", c, "running", c->pid);
	} else {
		write_state(g, "state", c, "creating", c->self);
	}
	jw_end_object(g);
	return jw_close(g, length);
}
