/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guests/linux/brig/lib/container.h"
#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/sock.h"
#include "guests/linux/brig/lib/state.h"

const char *const filter_actions[] = {
	"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",
	"SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
	"SCMP_ACT_TRAP",        NULL,
};
static const uint32_t action_values[] = {
	SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(0), SCMP_ACT_KILL,     SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL,
	SCMP_ACT_LOG,   SCMP_ACT_NOTIFY,   SCMP_ACT_TRACE(0), SCMP_ACT_TRAP,
};

const char *const filter_operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",        "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL,
};
static const enum scmp_compare operator_values[] = {
	SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT,        SCMP_CMP_LE,
	SCMP_CMP_LT, SCMP_CMP_NE, SCMP_CMP_MASKED_EQ,
};

const char *const filter_archs[] = {
	"SCMP_ARCH_AARCH64",  "SCMP_ARCH_ARM",         "SCMP_ARCH_MIPS",
	"SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",    "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",     "SCMP_ARCH_S390X",       "SCMP_ARCH_X32",
	"SCMP_ARCH_X86",      "SCMP_ARCH_X86_64",      NULL,
};
static const uint32_t arch_values[] = {
	SCMP_ARCH_AARCH64,   SCMP_ARCH_ARM,    SCMP_ARCH_MIPS,     SCMP_ARCH_MIPS64,
	SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32,
	SCMP_ARCH_PPC,       SCMP_ARCH_PPC64,  SCMP_ARCH_PPC64LE,  SCMP_ARCH_RISCV64,
	SCMP_ARCH_S390,      SCMP_ARCH_S390X,  SCMP_ARCH_X32,      SCMP_ARCH_X86,
	SCMP_ARCH_X86_64,
};

const char *const filter_flags[] = {
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};
static const unsigned int flag_values[] = {
	SECCOMP_FILTER_FLAG_LOG,
	SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	0, /* there is one thread */
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};

static int find(const char *const *names, const char *name)
{
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0) {
			return i;
		}
	}
	return -1;
}

static int parse_action(const struct json *json, const char *key, const char *errno_key,
			uint32_t *action)
{
	const char *name = NULL;
	uint32_t number = EPERM;
	if (json_string(json, key, &name) < 0 || json_u32(json, errno_key, &number) < 0) {
		return -1;
	}
	int i = name == NULL ? -1 : find(filter_actions, name);
	if (i < 0) {
		return err_set(0, "%s: \"%.64s\" is no action", key, name == NULL ? "" : name);
	}
	*action = action_values[i];
	if (*action == SCMP_ACT_ERRNO(0)) {
		*action = SCMP_ACT_ERRNO(number);
	} else if (*action == SCMP_ACT_TRACE(0)) {
		*action = SCMP_ACT_TRACE(number);
	} else if (json_get(json, errno_key) != NULL) {
		return err_set(0, "%s: goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only",
			       errno_key);
	}
	return 0;
}

static int add_archs(scmp_filter_ctx filter, const struct json *json)
{
	char **names = NULL;
	if (json_strings(json, "architectures", &names, NULL) < 0) {
		return -1;
	}
	for (; names != NULL && *names != NULL; names++) {
		int i = find(filter_archs, *names);
		if (i < 0) {
			return err_set(0, "architectures: \"%.64s\" is none", *names);
		}
		int error = seccomp_arch_add(filter, arch_values[i]);
		if (error < 0 && error != -EEXIST) {
			return err_set(-error, "architecture %s", *names);
		}
	}
	return 0;
}

static int parse_flags(const struct json *json, struct filter *program)
{
	char **names = NULL;
	if (json_strings(json, "flags", &names, NULL) < 0) {
		return -1;
	}
	for (; names != NULL && *names != NULL; names++) {
		int i = find(filter_flags, *names);
		if (i < 0) {
			return err_set(0, "flags: \"%.64s\" is none", *names);
		}
		program->flags |= flag_values[i];
	}
	return 0;
}

static int parse_argument(const struct json *json, struct scmp_arg_cmp *to)
{
	uint32_t index = 0;
	uint64_t value = 0;
	uint64_t second = 0;
	const char *name = "";
	if (json_u32(json, "index", &index) < 0 || json_u64(json, "value", &value) < 0 ||
	    json_u64(json, "valueTwo", &second) < 0 || json_string(json, "op", &name) < 0) {
		return err_within("args");
	}
	int i = find(filter_operators, name);
	if (i < 0 || index > 5) {
		return err_set(0, "args: index %u, op \"%.64s\": index is 0 to 5, op SCMP_CMP_*",
			       index, name);
	}
	*to = (struct scmp_arg_cmp){
		.arg = index, .op = operator_values[i], .datum_a = value, .datum_b = second};
	return 0;
}

/* Several conditions on one argument are alternatives, as runc has it: a rule for each. */
static bool same_argument_twice(const struct scmp_arg_cmp *args, unsigned int count)
{
	unsigned int seen = 0;
	bool twice = false;
	for (unsigned int i = 0; i < count; i++) {
		twice |= (seen >> args[i].arg & 1) != 0;
		seen |= 1U << args[i].arg;
	}
	return twice;
}

static int add_rule(scmp_filter_ctx filter, uint32_t action, const char *name,
		    const struct scmp_arg_cmp *args, unsigned int count)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR) {
		return 0; /* a call that this libseccomp does not know: profiles list newer ones */
	}
	int error = 0;
	if (same_argument_twice(args, count)) {
		for (unsigned int i = 0; i < count && error == 0; i++) {
			error = seccomp_rule_add_array(filter, action, number, 1, &args[i]);
		}
	} else {
		error = seccomp_rule_add_array(filter, action, number, count, args);
	}
	return error < 0 && error != -EEXIST ? err_set(-error, "rule for %s", name) : 0;
}

static int add_syscall(scmp_filter_ctx filter, const struct json *json, uint32_t default_action,
		       struct filter *program)
{
	char **names = NULL;
	uint32_t action = SCMP_ACT_KILL;
	struct json *list = NULL;
	struct scmp_arg_cmp args[6];
	unsigned int count = 0;

	if (json_strings(json, "names", &names, NULL) < 0 ||
	    parse_action(json, "action", "errnoRet", &action) < 0 ||
	    json_typed(json, "args", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (names == NULL || *names == NULL) {
		return err_set(0, "names: must not be empty");
	}
	for (struct json *item = list != NULL ? list->first : NULL; item != NULL;
	     item = item->next) {
		if (count == 6) {
			return err_set(0, "args: more than 6");
		}
		if (parse_argument(item, &args[count++]) < 0) {
			return -1;
		}
	}
	if (action == default_action) {
		return 0; /* says nothing new, and libseccomp refuses it */
	}
	program->notify |= action == SCMP_ACT_NOTIFY;
	for (; *names != NULL; names++) {
		if (action == SCMP_ACT_NOTIFY && strcmp(*names, "write") == 0) {
			return err_set(
				0, "SCMP_ACT_NOTIFY: not for write, which starts the container");
		}
		if (add_rule(filter, action, *names, args, count) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_syscalls(scmp_filter_ctx filter, const struct json *json, uint32_t default_action,
			struct filter *program)
{
	struct json *list = NULL;
	unsigned int n = 0;
	if (json_typed(json, "syscalls", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	for (struct json *item = list != NULL ? list->first : NULL; item != NULL;
	     item = item->next) {
		if (add_syscall(filter, item, default_action, program) < 0) {
			return err_within("syscalls[%u]", n);
		}
		n++;
	}
	return 0;
}

/* libseccomp writes its program to a descriptor only. */
static int export(scmp_filter_ctx filter, struct filter *program)
{
	fd_auto fd = memfd_create("seccomp", MFD_CLOEXEC);
	if (fd < 0) {
		return err_set(errno, "make a memory file");
	}
	int error = seccomp_export_bpf(filter, fd);
	if (error < 0) {
		return err_set(-error, "compile the filter");
	}
	size_t length;
	if (lseek(fd, 0, SEEK_SET) < 0) {
		return err_set(errno, "rewind");
	}
	program->code = io_read_fd(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &length,
				   "the compiled filter");
	if (program->code == NULL) {
		return -1;
	}
	program->length = (unsigned short)(length / sizeof(struct sock_filter));
	return 0;
}

static int compile(scmp_filter_ctx filter, const struct json *json, uint32_t default_action,
		   struct filter *program)
{
	/* no_new_privs is the process object's to decide. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (add_archs(filter, json) < 0 ||
	    add_syscalls(filter, json, default_action, program) < 0) {
		return -1;
	}
	if (program->notify && program->listener_path == NULL) {
		return err_set(0, "listenerPath: SCMP_ACT_NOTIFY needs it");
	}
	if (program->notify) {
		program->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	}
	return export(filter, program);
}

int filter_compile(const struct json *json, struct filter *program)
{
	uint32_t default_action = SCMP_ACT_KILL;
	*program = (struct filter){0};
	if (json == NULL) {
		return 0;
	}
	if (parse_action(json, "defaultAction", "defaultErrnoRet", &default_action) < 0 ||
	    json_string(json, "listenerPath", &program->listener_path) < 0 ||
	    json_string(json, "listenerMetadata", &program->listener_metadata) < 0 ||
	    parse_flags(json, program) < 0) {
		return err_within("linux.seccomp");
	}
	if (default_action == SCMP_ACT_NOTIFY) {
		return err_set(0,
			       "linux.seccomp: defaultAction: SCMP_ACT_NOTIFY would stop brig too");
	}
	scmp_filter_ctx filter = seccomp_init(default_action);
	if (filter == NULL) {
		return err_set(EINVAL, "linux.seccomp: make a filter");
	}
	int result = compile(filter, json, default_action, program);
	seccomp_release(filter);
	return result < 0 ? err_within("linux.seccomp") : 0;
}

int filter_load(const struct filter *program)
{
	struct sock_fprog code = {.len = program->length, .filter = program->code};
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &code);
	return result < 0 ? err_set(errno, "load the seccomp filter") : (int)result;
}

int filter_send_listener(const struct container *c, int listener)
{
	size_t length;
	const char *text = state_process_json(c, c->seccomp.listener_metadata, &length);
	if (sock_send(c->seccomp_listener, text, length, listener) < 0) {
		return err_set(errno, "send the seccomp listener to %s", c->seccomp.listener_path);
	}
	return 0;
}
