/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/profile.h"

/* Kept by default, as engines agree on. */
static const char *const kept[] = {
	"CHOWN",   "DAC_OVERRIDE", "FSETID",           "FOWNER",
	"MKNOD",   "NET_RAW",      "SETGID",           "SETUID",
	"SETFCAP", "SETPCAP",      "NET_BIND_SERVICE", "SYS_CHROOT",
	"KILL",    "AUDIT_WRITE",
};

/* By their numbers. */
static const char *const all[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

/* Known, and the kernel's own business or a way into it that no service needs. */
static const char *const denied[] = {
	"acct",
	"add_key",
	"bpf",
	"clock_adjtime",
	"clock_settime",
	"create_module",
	"delete_module",
	"fanotify_init",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"get_mempolicy",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kcmp",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"mbind",
	"migrate_pages",
	"mount",
	"mount_setattr",
	"move_mount",
	"move_pages",
	"name_to_handle_at",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"personality",
	"pidfd_getfd",
	"pivot_root",
	"process_madvise",
	"process_vm_readv",
	"process_vm_writev",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"request_key",
	"set_mempolicy",
	"setns",
	"settimeofday",
	"stime",
	"swapoff",
	"swapon",
	"syslog",
	"umount",
	"umount2",
	"unshare",
	"uselib",
	"userfaultfd",
	"ustat",
	"vhangup",
	"vm86",
	"vm86old",
	"vserver",
};

static const char *const masked[] = {
	"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
	"/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
	"/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap",
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_t *list_of(const char *const *names, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_string(names[i]));
	}
	return list;
}

json_t *profile_masked(void)
{
	return list_of(masked, COUNT(masked));
}

json_t *profile_read_only(void)
{
	return list_of(read_only, COUNT(read_only));
}

/* A call that is allowed where argument 0, masked, is value. */
static void allow_argument(json_t *calls, const char *call, json_int_t mask, json_int_t value)
{
	json_array_append_new(calls,
			      json_pack("{s:[s], s:s, s:[{s:i, s:I, s:I, s:s}]}", "names", call,
					"action", "SCMP_ACT_ALLOW", "args", "index", 0, "value",
					mask, "valueTwo", value, "op", "SCMP_CMP_MASKED_EQ"));
}

static size_t count_allowed(void)
{
	size_t count = 0;
	while (profile_allowed[count] != NULL) {
		count++;
	}
	return count;
}

/*
 * An allow list. What is known and refused gets EPERM; what nobody knew when this was
 * written gets ENOSYS, upon which a libc takes the older call. So does clone3, whose
 * flags are behind a pointer: clone's are not.
 */
json_t *profile_seccomp(void)
{
	/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (sched.h). */
	static const json_int_t spaces = 0x7e020000;
	/* AF_UNIX, INET, INET6, NETLINK, PACKET (socket.h): not ALG, VSOCK and the rest. */
	static const json_int_t families[] = {1, 2, 10, 16, 17};
	json_t *calls = json_pack("[{s:o, s:s}, {s:o, s:s, s:i}]", "names",
				  list_of(profile_allowed, count_allowed()), "action",
				  "SCMP_ACT_ALLOW", "names", list_of(denied, COUNT(denied)),
				  "action", "SCMP_ACT_ERRNO", "errnoRet", EPERM);
	allow_argument(calls, "clone", spaces, 0);
	for (size_t i = 0; i < COUNT(families); i++) {
		allow_argument(calls, "socket", 0xffffffff, families[i]);
	}
	return json_pack("{s:s, s:i, s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet",
			 ENOSYS, "syscalls", calls);
}

json_t *profile_mounts(bool privileged)
{
	json_t *mounts = json_pack(
		"[{s:s,s:s,s:s,s:[s,s,s]}, {s:s,s:s,s:s,s:[s,s,s,s]}, {s:s,s:s,s:s,s:[s,s,s,s,s]},"
		"{s:s,s:s,s:s,s:[s,s,s,s,s]}, {s:s,s:s,s:s,s:[s,s,s]}, {s:s,s:s,s:s,s:[s,s,s,s]}]",
		"destination", "/proc", "type", "proc", "source", "proc", "options", "nosuid",
		"noexec", "nodev", "destination", "/dev", "type", "tmpfs", "source", "tmpfs",
		"options", "nosuid", "strictatime", "mode=755", "size=65536k", "destination",
		"/dev/pts", "type", "devpts", "source", "devpts", "options", "nosuid", "noexec",
		"newinstance", "ptmxmode=0666", "mode=0620", "destination", "/dev/shm", "type",
		"tmpfs", "source", "shm", "options", "nosuid", "noexec", "nodev", "mode=1777",
		"size=65536k", "destination", "/dev/mqueue", "type", "mqueue", "source", "mqueue",
		"options", "nosuid", "noexec", "nodev", "destination", "/sys", "type", "sysfs",
		"source", "sysfs", "options", "nosuid", "noexec", "nodev",
		privileged ? "rw" : "ro");
	json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:[s, s, s, s]}", "destination",
						"/sys/fs/cgroup", "type", "cgroup", "source",
						"cgroup", "options", "nosuid", "noexec", "nodev",
						privileged ? "rw" : "ro"));
	return mounts;
}

/* Case and "CAP_" are as one likes. */
static bool is_called(const char *text, const char *name)
{
	return strcasecmp(strncasecmp(text, "CAP_", 4) == 0 ? text + 4 : text, name) == 0;
}

static bool is_named(const json_t *list, const char *name)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		const char *text = json_string_value(one);
		if (text != NULL && is_called(text, name)) {
			return true;
		}
	}
	return false;
}

static bool is_known(const char *text)
{
	for (size_t i = 0; i < COUNT(all); i++) {
		if (is_called(text, all[i])) {
			return true;
		}
	}
	return is_called(text, "ALL");
}

static int check_names(const json_t *list)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || !is_known(text)) {
			return fault_set(0, "\"%.40s\" is no capability", text ? text : "");
		}
	}
	return 0;
}

/* Those that this process has itself: "ALL" is no more than that. */
static uint64_t own_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	(void)syscall(SYS_capget, &header, data);
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static bool is_kept(const char *name)
{
	for (size_t i = 0; i < COUNT(kept); i++) {
		if (strcmp(kept[i], name) == 0) {
			return true;
		}
	}
	return false;
}

json_t *profile_capabilities(const json_t *add, const json_t *drop)
{
	if (check_names(add) < 0 || check_names(drop) < 0) {
		return NULL;
	}
	char name[40];
	json_t *list = json_array();
	uint64_t own = own_capabilities();
	bool every = is_named(add, "ALL");
	bool none = is_named(drop, "ALL");
	for (size_t i = 0; i < COUNT(all); i++) {
		bool dropped = is_named(drop, all[i]);
		bool by_default = every ? (own >> i & 1) != 0 : is_kept(all[i]) && !none;
		if ((by_default && !dropped) || (!every && is_named(add, all[i]))) {
			snprintf(name, sizeof(name), "CAP_%s", all[i]);
			json_array_append_new(list, json_string(name));
		}
	}
	return list;
}
