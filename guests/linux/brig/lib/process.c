/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guests/linux/brig/lib/affinity.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/log.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/mount.h"

/* linux/ioprio.h has no name for "this process" that user space may include. */
#define IOPRIO_THIS_PROCESS 1

/*
 * A file of this process on procfs. Where a procfs of brig's own cannot be had, it is the
 * container's, whose root may cover any part of it with what takes the text and does nothing.
 */
static int write_proc(const struct container *c, const char *path, const char *text)
{
	fd_auto fd = io_open_same(c->proc, path, O_WRONLY);
	struct statfs fs;
	if (fd < 0) {
		return -1;
	}
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		return err_set(0, "%s is not on procfs", path);
	}
	if (write(fd, text, strlen(text)) < 0) {
		return err_set(errno, "write \"%.256s\" to /proc/%s", text, path);
	}
	return 0;
}

/* sched_setattr(2); the kernel's header of it does not go with the C library's. */
struct scheduler_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

static int set_scheduler(const struct spec_scheduler *s)
{
	struct scheduler_attributes attr = {
		.size = sizeof(attr),
		.policy = s->policy,
		.flags = s->flags,
		.nice = s->nice,
		.priority = s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};
	if (s->given && syscall(SYS_sched_setattr, 0, &attr, 0) < 0) {
		return err_set(errno, "set the scheduler");
	}
	return 0;
}

static int set_label(const struct container *c, const struct spec_process *process)
{
	const char *profile = process->apparmor;
	const char *self = mem_format("%d/attr", getpid());
	if (profile != NULL && *profile != '\0') {
		const char *text = mem_format("exec %s", profile);
		if (access("/sys/module/apparmor/parameters/enabled", F_OK) != 0 &&
		    strcmp(profile, "unconfined") != 0) {
			return err_set(0, "apparmor profile %s: this kernel has no AppArmor",
				       profile);
		}
		if (strcmp(profile, "unconfined") != 0 &&
		    write_proc(c, mem_format("%s/apparmor/exec", self), text) < 0 &&
		    write_proc(c, mem_format("%s/exec", self), text) < 0) {
			return err_within("apparmor profile %s", profile);
		}
	}
	if (process->selinux != NULL && *process->selinux != '\0' &&
	    write_proc(c, mem_format("%s/exec", self), process->selinux) < 0) {
		return err_within("SELinux label %s", process->selinux);
	}
	return 0;
}

bool process_needs_proc(const struct spec_process *process)
{
	return process->has_oom || (process->apparmor != NULL && *process->apparmor != '\0') ||
	       (process->selinux != NULL && *process->selinux != '\0');
}

static int limit_failed(const struct spec_rlimit *limit)
{
	return err_set(errno, "set resource limit %s to %llu of %llu",
		       spec_rlimit_name(limit->resource), (unsigned long long)limit->soft,
		       (unsigned long long)limit->hard);
}

int process_raise_limits(pid_t pid, const struct spec_process *process)
{
	for (uint32_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		const __rlimit_resource_t resource = (__rlimit_resource_t)limit->resource;
		struct rlimit now;
		if (prlimit(pid, resource, NULL, &now) < 0) {
			return limit_failed(limit);
		}
		if (now.rlim_max >= limit->hard) {
			continue;
		}
		now.rlim_max = limit->hard;
		if (prlimit(pid, resource, &now, NULL) < 0) {
			return limit_failed(limit);
		}
	}
	return 0;
}

static int set_limits(const struct spec_process *process)
{
	for (uint32_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct rlimit value = {.rlim_cur = limit->soft, .rlim_max = limit->hard};
		if (setrlimit((__rlimit_resource_t)limit->resource, &value) < 0) {
			return limit_failed(limit);
		}
	}
	return 0;
}

int process_limits(const struct container *c, const struct spec_process *process)
{
	if (process->has_oom && write_proc(c, mem_format("%d/oom_score_adj", getpid()),
					   mem_format("%d", process->oom_score_adj)) < 0) {
		return -1;
	}
	if (set_scheduler(&process->scheduler) < 0) {
		return -1;
	}
	if (process->io_priority >= 0 &&
	    syscall(SYS_ioprio_set, IOPRIO_THIS_PROCESS, 0, process->io_priority) < 0) {
		return err_set(errno, "set the io priority");
	}
	if (c->spec->has_personality && personality(c->spec->personality) < 0) {
		return err_set(errno, "set the personality");
	}
	if (set_limits(process) < 0) {
		return -1;
	}
	return set_label(c, process);
}

static int drop_bounding(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++) {
		if ((keep >> cap & 1) != 0) {
			continue;
		}
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL) {
				break; /* the kernel's last one was before it */
			}
			return err_set(errno, "drop capability %d from the bounding set", cap);
		}
	}
	return 0;
}

static uint64_t own_caps(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	if (syscall(SYS_capget, &header, data) < 0) {
		return ~0ULL;
	}
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static const char *add_names(const char *names, uint64_t set)
{
	for (int cap = 0; cap < 64; cap++) {
		if ((set >> cap & 1) != 0) {
			char *name = cap_to_name(cap);
			names = mem_format("%s%s%s", names, *names != '\0' ? ", " : "", name);
			cap_free(name);
		}
	}
	return names;
}

static void warn_of(const char *what, const char *names)
{
	if (*names != '\0') {
		err_set(0, "%s: %s", what, names);
		log_warning();
		err_clear();
	}
}

void process_fit_caps(struct spec_process *process, bool user_namespace, bool warn)
{
	struct spec_caps *caps = &process->caps;
	uint64_t own = user_namespace ? ~0ULL : own_caps();
	/* As the kernel has it: ambient is never more than permitted and inheritable. */
	uint64_t ambient = caps->ambient & caps->permitted & caps->inheritable & own;
	uint64_t lost = (caps->permitted | caps->inheritable) & ~own;
	uint64_t not_ambient = caps->ambient & ~ambient & ~lost;
	/* buildah gives every process an ambient set and none inheritable: no news on a terminal. */
	bool usual = caps->inheritable == 0 && !log_has_file();
	caps->permitted &= own;
	caps->effective &= own;
	caps->inheritable &= own;
	caps->ambient = ambient;
	if (warn) {
		warn_of("capabilities that are unknown or not to be had here",
			add_names(caps->unknown != NULL ? caps->unknown : "", lost));
		warn_of("ambient capabilities that are not permitted and inheritable too",
			add_names("", usual ? 0 : not_ambient));
	}
}

static int set_caps(const struct spec_caps *caps)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int shift = i * 32;
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(caps->effective >> shift),
			.permitted = (uint32_t)(caps->permitted >> shift),
			.inheritable = (uint32_t)(caps->inheritable >> shift),
		};
	}
	if (syscall(SYS_capset, &header, data) < 0) {
		return err_set(errno, "set capabilities");
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
		return err_set(errno, "clear ambient capabilities");
	}
	for (int cap = 0; cap < 64; cap++) {
		if ((caps->ambient >> cap & 1) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0) {
			return err_set(errno, "raise ambient capability %d", cap);
		}
	}
	return 0;
}

/*
 * What a process may write to, it may also open by name: images log to /dev/stdout. A pipe
 * whose owner is not of this user namespace stays as it is, and so does a FIFO: that is a file
 * of the host's, which a user there of the same number would get for good.
 */
void process_give_pipes(uid_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat status;
		struct statfs fs;
		bool pipe = fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
		if (pipe && uid != (uid_t)-1 && fstat(fd, &status) == 0 && status.st_uid != uid) {
			(void)!fchown(fd, uid, (gid_t)-1);
		}
	}
}

static int set_user(const struct container *c, const struct spec_process *process)
{
	process_give_pipes(process->uid);
	/* Without the right to set groups (one mapping, rootless) there are none to set. */
	bool denied = (c->rootless || c->nested) && process->group_count == 0;
	if (setgroups(process->group_count, process->groups) < 0 && !denied) {
		return err_set(errno, "set supplementary groups");
	}
	if (setresgid(process->gid, process->gid, process->gid) < 0) {
		return err_set(errno, "set group %u", process->gid);
	}
	if (setresuid(process->uid, process->uid, process->uid) < 0) {
		return err_set(errno, "set user %u", process->uid);
	}
	umask(process->has_umask ? process->umask : 0022);
	return 0;
}

/* The folder, and that it is below the root (CVE-2024-21626). */
static int enter_cwd(const char *cwd)
{
	char path[PATH_MAX];
	if (chdir(cwd) < 0) {
		return err_set(errno, "chdir to cwd %s", cwd);
	}
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0 || path[0] != '/') {
		return err_set(0, "cwd %s leads out of the root filesystem", cwd);
	}
	return 0;
}

int process_filter(struct container *c)
{
	if (c->seccomp.code == NULL) {
		return 0;
	}
	int listener = filter_load(&c->seccomp);
	if (listener < 0) {
		return -1;
	}
	c->seccomp.code = NULL; /* once */
	if (c->seccomp.notify) {
		int result = filter_send_listener(c, listener);
		close(listener);
		return result;
	}
	return 0;
}

int process_confine(struct container *c, const struct spec_process *process)
{
	struct spec_caps caps = process->caps;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return err_set(errno, "set no_new_privs");
	}
	/* A folder that only root may enter can be where another starts; below the root it is. */
	bool entered = enter_cwd(process->cwd) == 0;
	/* Loading a filter takes CAP_SYS_ADMIN, unless no_new_privs lets it come last. */
	if (!process->no_new_privileges && process_filter(c) < 0) {
		return -1;
	}
	if (drop_bounding(caps.bounding) < 0) {
		return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
		return err_set(errno, "keep capabilities");
	}
	if (set_user(c, process) < 0) {
		return -1;
	}
	if (set_caps(&caps) < 0) {
		return -1;
	}
	/* One of a file system that root may not enter, its owner may. */
	if (!entered && enter_cwd(process->cwd) < 0) {
		return -1;
	}
	/* The change of user made this process visible to others of that user: not yet. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

int process_close_on_exec(void)
{
	if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		return err_set(errno, "close descriptors at exec");
	}
	return 0;
}

/*
 * Not at the exec: that still walks paths with all of them open, the program's, that behind its
 * "#!", that of its ELF interpreter. /proc/self/fd/5/../../bin/sh would be the host's file
 * (CVE-2024-21626). The few that are kept are sockets, a FIFO, a terminal.
 */
int process_close(const struct container *c, int terminal)
{
	const int kept[] = {c->sync, c->fifo, c->seccomp_listener, terminal};
	const int given = 3 + (int)c->preserve_fds;
	int end = given;
	for (int i = 0; i < 4; i++) {
		end = kept[i] >= end ? kept[i] + 1 : end;
	}
	for (int fd = 3; fd < end; fd++) {
		bool keep = fd == kept[0] || fd == kept[1] || fd == kept[2] || fd == kept[3];
		/* The caller's came through an exec, which none of this program's own would. */
		keep = keep || (fd < given && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0);
		if (!keep) {
			close(fd);
		}
	}
	return syscall(SYS_close_range, end, ~0U, 0) < 0 ? err_set(errno, "close descriptors") : 0;
}

static const char *variable(char **env, const char *name)
{
	size_t length = strlen(name);
	for (; env != NULL && *env != NULL; env++) {
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') {
			return *env + length + 1;
		}
	}
	return NULL;
}

static bool may_execute(const char *file)
{
	struct stat status;
	if (stat(file, &status) < 0) {
		return false;
	}
	if (S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (!S_ISREG(status.st_mode)) {
		errno = EACCES;
		return false;
	}
	if (faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0) {
		return true;
	}
	/* A seccomp profile may be older than faccessat2(). The user is who they will be by now. */
	return (errno == EPERM || errno == ENOSYS) && access(file, X_OK) == 0;
}

/* Always NULL. */
static const char *not_found(const char *name, int error)
{
	if (error == EISDIR) {
		/* As a refusal, which engines make exit status 126 of. */
		err_set(EACCES, "exec: \"%s\": is a directory", name);
	} else if (error == EACCES) {
		err_set(EACCES, "exec: \"%s\"", name);
	} else if (strchr(name, '/') != NULL) {
		err_set(error, "exec: \"%s\": stat %s", name, name);
	} else {
		err_set(error, "exec: \"%s\": executable file not found in $PATH", name);
	}
	/* Docker's client makes 126 and 127 of the words as runc has them, small letters too. */
	err_lower();
	return NULL;
}

const char *process_find(const struct spec_process *process)
{
	const char *name = process->args[0];
	if (*name == '\0') {
		return not_found(name, ENOENT);
	}
	if (strchr(name, '/') != NULL) {
		return may_execute(name) ? name : not_found(name, errno);
	}
	const char *path = variable(process->env, "PATH");
	if (path == NULL) {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	}
	while (*path != '\0') {
		size_t length = strcspn(path, ":");
		const char *file =
			mem_format("%.*s%s%s", (int)length, length > 0 ? path : ".", "/", name);
		if (may_execute(file)) {
			return file;
		}
		path += length + (path[length] == ':');
	}
	return not_found(name, ENOENT);
}

int process_exec(struct container *c, const struct spec_process *process, const char *file)
{
	if (process->cpus_final != NULL && affinity_set(0, process->cpus_final) < 0) {
		return -1;
	}
	if (process_filter(c) < 0) {
		return -1;
	}
	char *none[] = {NULL};
	execve(file, process->args, process->env != NULL ? process->env : none);
	return err_set(errno, "exec %s", file);
}

/* The line of /etc/passwd by number; the file is the container's and not to be trusted. */
static const char *home_of(uid_t uid)
{
	fd_auto fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		return "/";
	}
	char *text = io_read_fd(fd, 1U << 20, NULL, "/etc/passwd");
	char *rest = NULL;
	for (char *line = text == NULL ? NULL : strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *field[6];
		int n = 0;
		char *at = line;
		while (n < 6 && at != NULL) {
			field[n++] = strsep(&at, ":");
		}
		uint64_t number;
		if (n == 6 && io_parse_u64(field[2], &number) && number == uid &&
		    field[5][0] == '/') {
			return field[5];
		}
	}
	return "/";
}

void process_set_env(struct spec_process *process, const char *assignment)
{
	size_t name = strcspn(assignment, "=");
	size_t count = 0;
	size_t kept = 0;
	while (process->env != NULL && process->env[count] != NULL) {
		count++;
	}
	char **env = mem_get((count + 2) * sizeof(*env));
	for (size_t i = 0; i < count; i++) {
		bool same = strncmp(process->env[i], assignment, name) == 0 &&
			    process->env[i][name] == '=';
		if (!same) {
			env[kept++] = process->env[i];
		}
	}
	env[kept] = (char *)assignment;
	process->env = env;
}

int process_home(struct spec_process *process)
{
	const char *home = variable(process->env, "HOME");
	if (home != NULL && *home != '\0') {
		return 0;
	}
	process_set_env(process, mem_format("HOME=%s", home_of(process->uid)));
	err_clear();
	return 0;
}

int process_keyring(const struct container *c)
{
	if (c->no_new_keyring) {
		return 0;
	}
	const char *name = mem_format("_ses.%s", c->id);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0 && errno != ENOSYS &&
	    errno != EDQUOT) {
		return err_set(errno, "join session keyring");
	}
	return 0;
}
