/* SPDX-License-Identifier: Apache-2.0 */
/* spec: a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/cmd/cmd.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/jw.h"
#include "guests/linux/brig/lib/mem.h"

static void write_process(yajl_gen g)
{
	static const char *const args[] = {"sh", NULL};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		NULL};
	static const char *const caps[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE",
					   NULL};
	jw_object(g, "process");
	jw_truth(g, "terminal", true);
	jw_object(g, "user");
	jw_number(g, "uid", 0);
	jw_number(g, "gid", 0);
	jw_end_object(g);
	jw_texts(g, "args", args);
	jw_texts(g, "env", env);
	jw_text(g, "cwd", "/");
	jw_object(g, "capabilities");
	jw_texts(g, "bounding", caps);
	jw_texts(g, "effective", caps);
	jw_texts(g, "permitted", caps);
	jw_end_object(g);
	jw_list(g, "rlimits");
	jw_object(g, NULL);
	jw_text(g, "type", "RLIMIT_NOFILE");
	jw_number(g, "hard", 1024);
	jw_number(g, "soft", 1024);
	jw_end_object(g);
	jw_end_list(g);
	jw_truth(g, "noNewPrivileges", true);
	jw_end_object(g);
}

struct mount_line {
	const char *destination;
	const char *type;
	const char *source;
	const char *options[9];
};

static const struct mount_line mounts[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k", NULL}},
	{"/dev/pts",
	 "devpts",
	 "devpts",
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL}},
	{"/dev/shm",
	 "tmpfs",
	 "shm",
	 {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev", NULL}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro", NULL}},
	{"/sys/fs/cgroup",
	 "cgroup",
	 "cgroup",
	 {"nosuid", "noexec", "nodev", "relatime", "ro", NULL}},
};

static void write_mounts(yajl_gen g, bool rootless)
{
	jw_list(g, "mounts");
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const struct mount_line *m = &mounts[i];
		const char *options[10] = {0};
		size_t n = 0;
		bool bind = rootless && strcmp(m->type, "sysfs") == 0;
		for (const char *const *o = m->options; *o != NULL; o++) {
			if (!rootless || strncmp(*o, "gid=", 4) != 0) {
				options[n++] = *o;
			}
		}
		options[n] = bind ? "rbind" : NULL;
		jw_object(g, NULL);
		jw_text(g, "destination", m->destination);
		jw_text(g, "type", bind ? "none" : m->type);
		jw_text(g, "source", bind ? "/sys" : m->source);
		if (options[0] != NULL) {
			jw_texts(g, "options", options);
		}
		jw_end_object(g);
	}
	jw_end_list(g);
}

static void write_map(yajl_gen g, const char *name, unsigned int host)
{
	jw_list(g, name);
	jw_object(g, NULL);
	jw_number(g, "containerID", 0);
	jw_number(g, "hostID", host);
	jw_number(g, "size", 1);
	jw_end_object(g);
	jw_end_list(g);
}

static void write_linux(yajl_gen g, bool rootless)
{
	static const char *const masked[] = {"/proc/acpi",
					     "/proc/asound",
					     "/proc/kcore",
					     "/proc/keys",
					     "/proc/latency_stats",
					     "/proc/timer_list",
					     "/proc/timer_stats",
					     "/proc/sched_debug",
					     "/sys/firmware",
					     "/proc/scsi",
					     "/sys/devices/virtual/powercap",
					     NULL};
	static const char *const readonly[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};
	static const char *const kinds[] = {"pid",   "network", "ipc",  "uts",
					    "mount", "cgroup",  "user", NULL};
	jw_object(g, "linux");
	if (rootless) {
		write_map(g, "uidMappings", geteuid());
		write_map(g, "gidMappings", getegid());
	} else {
		jw_object(g, "resources");
		jw_list(g, "devices");
		jw_object(g, NULL);
		jw_truth(g, "allow", false);
		jw_text(g, "access", "rwm");
		jw_end_object(g);
		jw_end_list(g);
		jw_end_object(g);
	}
	jw_list(g, "namespaces");
	for (const char *const *kind = kinds; *kind != NULL; kind++) {
		bool skip = rootless ? strcmp(*kind, "network") == 0 : strcmp(*kind, "user") == 0;
		if (!skip) {
			jw_object(g, NULL);
			jw_text(g, "type", *kind);
			jw_end_object(g);
		}
	}
	jw_end_list(g);
	jw_texts(g, "maskedPaths", masked);
	jw_texts(g, "readonlyPaths", readonly);
	jw_end_object(g);
}

static char *make(bool rootless, size_t *length)
{
	yajl_gen g = jw_open(true);
	jw_object(g, NULL);
	jw_text(g, "ociVersion", STATE_OCI_VERSION);
	write_process(g);
	jw_object(g, "root");
	jw_text(g, "path", "rootfs");
	jw_truth(g, "readonly", true);
	jw_end_object(g);
	jw_text(g, "hostname", "brig");
	write_mounts(g, rootless);
	write_linux(g, rootless);
	jw_end_object(g);
	return jw_close(g, length);
}

int cmd_spec(int argc, char **argv)
{
	const char *bundle = ".";
	bool rootless = geteuid() != 0;
	size_t length;
	const struct cmd_option options[] = {
		{.name = "bundle", .letter = 'b', .text = &bundle},
		{.name = "rootless", .flag = &rootless},
		{0},
	};
	if (cmd_parse(argc, argv, options, 0) < 0) {
		return cmd_fail();
	}
	const char *path = mem_format("%s/config.json", bundle);
	fd_auto fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		err_set(errno, "create %s", path);
		return cmd_fail();
	}
	const char *text = make(rootless, &length);
	return io_write_all(fd, text, length) < 0 ? cmd_fail() : 0;
}
