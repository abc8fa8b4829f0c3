/* SPDX-License-Identifier: Apache-2.0 */
/* The `process` object. */
#include "guests/linux/brig/lib/spec.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/io.h"
#include "guests/linux/brig/lib/mem.h"

struct name_value {
	const char *name;
	uint32_t value;
};

#define NAMED(table, name) name_find(table, sizeof(table) / sizeof((table)[0]), name)

static const struct name_value *name_find(const struct name_value *table, size_t count,
					  const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].name, name) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

static const struct name_value rlimits[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

int spec_rlimit_number(const char *name)
{
	const struct name_value *found = NAMED(rlimits, name);
	return found == NULL ? -1 : (int)found->value;
}

const char *spec_rlimit_name(int number)
{
	for (size_t i = 0; i < sizeof(rlimits) / sizeof(rlimits[0]); i++) {
		if (rlimits[i].value == (uint32_t)number) {
			return rlimits[i].name;
		}
	}
	return "RLIMIT_?";
}

static int parse_rlimits(const struct json *json, struct spec_process *process)
{
	struct json *list = NULL;
	if (json_typed(json, "rlimits", JSON_ARRAY, &list) < 0) {
		return -1;
	}
	if (list == NULL) {
		return 0;
	}
	uint64_t seen = 0;
	process->rlimits = mem_get((list->count + 1) * sizeof(*process->rlimits));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		struct spec_rlimit *limit = &process->rlimits[process->rlimit_count++];
		const char *type = "";
		if (json_string(item, "type", &type) < 0 ||
		    json_u64(item, "hard", &limit->hard) < 0 ||
		    json_u64(item, "soft", &limit->soft) < 0) {
			return err_within("rlimits");
		}
		limit->resource = spec_rlimit_number(type);
		if (limit->resource < 0) {
			return err_set(0, "rlimits: \"%.64s\" is no resource limit", type);
		}
		if ((seen & (1ULL << limit->resource)) != 0) {
			return err_set(0, "rlimits: %s is given twice", type);
		}
		seen |= 1ULL << limit->resource;
		if (limit->soft > limit->hard) {
			return err_set(0, "rlimits: %s: soft is more than hard", type);
		}
	}
	return 0;
}

#define UNKNOWN_LIMIT 256U /* of their names in a warning */

void spec_cap_add(struct spec_caps *caps, uint64_t *set, const char *name)
{
	cap_value_t value;
	if (cap_from_name(name, &value) == 0 && value >= 0 && value < 64) {
		*set |= 1ULL << value;
	} else if (caps->unknown == NULL) {
		caps->unknown = mem_format("%.64s", name);
	} else if (strlen(caps->unknown) < UNKNOWN_LIMIT && strstr(caps->unknown, name) == NULL) {
		caps->unknown = mem_format("%s, %.64s", caps->unknown, name);
	}
}

static int parse_cap_set(const struct json *json, const char *key, struct spec_caps *caps,
			 uint64_t *set)
{
	char **names = NULL;
	if (json_strings(json, key, &names, NULL) < 0) {
		return -1;
	}
	for (; names != NULL && *names != NULL; names++) {
		spec_cap_add(caps, set, *names);
	}
	return 0;
}

static int parse_caps(const struct json *json, struct spec_caps *caps)
{
	struct json *sets = NULL;
	if (json_typed(json, "capabilities", JSON_OBJECT, &sets) < 0) {
		return -1;
	}
	if (sets == NULL) {
		return 0;
	}
	caps->given = true;
	if (parse_cap_set(sets, "bounding", caps, &caps->bounding) < 0 ||
	    parse_cap_set(sets, "effective", caps, &caps->effective) < 0 ||
	    parse_cap_set(sets, "inheritable", caps, &caps->inheritable) < 0 ||
	    parse_cap_set(sets, "permitted", caps, &caps->permitted) < 0 ||
	    parse_cap_set(sets, "ambient", caps, &caps->ambient) < 0) {
		return err_within("capabilities");
	}
	if ((caps->effective & ~caps->permitted) != 0) {
		return err_set(0, "capabilities: effective has one that permitted has not");
	}
	return 0;
}

static int parse_user(const struct json *json, struct spec_process *process)
{
	struct json *user = NULL;
	struct json *groups = NULL;
	uint32_t umask = 0;
	if (json_typed(json, "user", JSON_OBJECT, &user) < 0) {
		return -1;
	}
	if (user == NULL) {
		return 0;
	}
	if (json_u32(user, "uid", &process->uid) < 0 || json_u32(user, "gid", &process->gid) < 0 ||
	    json_u32(user, "umask", &umask) < 0 ||
	    json_typed(user, "additionalGids", JSON_ARRAY, &groups) < 0) {
		return err_within("user");
	}
	if (process->uid == UINT32_MAX || process->gid == UINT32_MAX) {
		return err_set(0, "user: 2^32 - 1 is no user and no group");
	}
	process->has_umask = json_get(user, "umask") != NULL;
	process->umask = umask & 0777;
	if (groups == NULL) {
		return 0;
	}
	process->groups = mem_get((groups->count + 1) * sizeof(*process->groups));
	for (struct json *item = groups->first; item != NULL; item = item->next) {
		uint64_t group = UINT32_MAX;
		if (item->type != JSON_NUMBER || !io_parse_u64(item->text, &group) ||
		    group >= UINT32_MAX) {
			return err_set(0, "user: additionalGids: must be groups");
		}
		process->groups[process->group_count++] = (gid_t)group;
	}
	return 0;
}

static int parse_io_priority(const struct json *json, struct spec_process *process)
{
	static const struct name_value classes[] = {
		{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
		{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
		{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
	};
	struct json *object = NULL;
	const char *name = "";
	int64_t level = 0;

	process->io_priority = -1;
	if (json_typed(json, "ioPriority", JSON_OBJECT, &object) < 0) {
		return -1;
	}
	if (object == NULL) {
		return 0;
	}
	if (json_string(object, "class", &name) < 0 || json_i64(object, "priority", &level) < 0) {
		return err_within("ioPriority");
	}
	const struct name_value *found = NAMED(classes, name);
	if (found == NULL || level < 0 || level > 7) {
		return err_set(0, "ioPriority: class \"%.32s\" with priority %lld is none", name,
			       (long long)level);
	}
	process->io_priority = IOPRIO_PRIO_VALUE((int)found->value, (int)level);
	return 0;
}

static int parse_scheduler_flags(const struct json *object, struct spec_scheduler *to)
{
	static const struct name_value flags[] = {
		{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
		{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
		{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
		{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
		{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
		{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
		{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	};
	char **names = NULL;
	if (json_strings(object, "flags", &names, NULL) < 0) {
		return -1;
	}
	for (; names != NULL && *names != NULL; names++) {
		const struct name_value *found = NAMED(flags, *names);
		if (found == NULL) {
			return err_set(0, "flags: \"%.64s\" is none", *names);
		}
		to->flags |= found->value;
	}
	return 0;
}

static int parse_scheduler(const struct json *json, struct spec_scheduler *to)
{
	static const struct name_value policies[] = {
		{"SCHED_OTHER", SCHED_NORMAL},
		{"SCHED_FIFO", SCHED_FIFO},
		{"SCHED_RR", SCHED_RR},
		{"SCHED_BATCH", SCHED_BATCH},
		{"SCHED_ISO", 4 /* reserved by the kernel */},
		{"SCHED_IDLE", SCHED_IDLE},
		{"SCHED_DEADLINE", SCHED_DEADLINE},
	};
	struct json *object = NULL;
	const char *policy = "";
	int64_t nice = 0;
	int64_t priority = 0;

	if (json_typed(json, "scheduler", JSON_OBJECT, &object) < 0) {
		return -1;
	}
	if (object == NULL) {
		return 0;
	}
	to->given = true;
	if (json_string(object, "policy", &policy) < 0 || json_i64(object, "nice", &nice) < 0 ||
	    json_i64(object, "priority", &priority) < 0 ||
	    json_u64(object, "runtime", &to->runtime) < 0 ||
	    json_u64(object, "deadline", &to->deadline) < 0 ||
	    json_u64(object, "period", &to->period) < 0 || parse_scheduler_flags(object, to) < 0) {
		return err_within("scheduler");
	}
	const struct name_value *found = NAMED(policies, policy);
	if (found == NULL) {
		return err_set(0, "scheduler: policy \"%.32s\" is none", policy);
	}
	to->policy = found->value;
	if (nice < -20 || nice > 19 || priority < 0 || priority > 99) {
		return err_set(0, "scheduler: nice is -20 to 19, priority 0 to 99");
	}
	to->nice = (int32_t)nice;
	to->priority = (uint32_t)priority;
	return 0;
}

static int parse_console(const struct json *json, struct spec_process *process)
{
	struct json *size = NULL;
	if (json_bool(json, "terminal", &process->terminal) < 0 ||
	    json_typed(json, "consoleSize", JSON_OBJECT, &size) < 0 ||
	    json_u32(size, "width", &process->columns) < 0 ||
	    json_u32(size, "height", &process->rows) < 0) {
		return -1;
	}
	if (process->columns > UINT16_MAX || process->rows > UINT16_MAX) {
		return err_set(0, "consoleSize: at most 65535 by 65535");
	}
	return 0;
}

static bool set_again(const char *assignment, size_t name, char *const *later)
{
	for (; *later != NULL; later++) {
		if (strncmp(*later, assignment, name + 1) == 0) {
			return true;
		}
	}
	return false;
}

/* A variable that is given more than once has its last value, once: getenv() takes the first. */
static int check_env(char **env)
{
	char **kept = env;
	for (; env != NULL && *env != NULL; env++) {
		size_t name = strcspn(*env, "=");
		if (name == 0) {
			return err_set(0, "env: \"%.64s\" has no name", *env);
		}
		if ((*env)[name] == '\0' || !set_again(*env, name, env + 1)) {
			*kept++ = *env;
		}
	}
	if (kept != NULL) {
		*kept = NULL;
	}
	return 0;
}

static int parse_labels(const struct json *json, struct spec_process *process)
{
	int64_t score = 0;
	struct json *affinity = NULL;
	if (json_string(json, "apparmorProfile", &process->apparmor) < 0 ||
	    json_string(json, "selinuxLabel", &process->selinux) < 0 ||
	    json_bool(json, "noNewPrivileges", &process->no_new_privileges) < 0 ||
	    json_i64(json, "oomScoreAdj", &score) < 0 ||
	    json_typed(json, "execCPUAffinity", JSON_OBJECT, &affinity) < 0 ||
	    json_string(affinity, "initial", &process->cpus_initial) < 0 ||
	    json_string(affinity, "final", &process->cpus_final) < 0) {
		return -1;
	}
	process->has_oom = json_get(json, "oomScoreAdj") != NULL;
	if (score < -1000 || score > 1000) {
		return err_set(0, "oomScoreAdj: must be from -1000 to 1000");
	}
	process->oom_score_adj = (int32_t)score;
	return 0;
}

int spec_parse_process(const struct json *json, struct spec_process *process)
{
	if (json->type != JSON_OBJECT) {
		return err_set(0, "must be an object");
	}
	if (parse_console(json, process) < 0 || parse_user(json, process) < 0 ||
	    json_strings(json, "args", &process->args, NULL) < 0 ||
	    json_strings(json, "env", &process->env, NULL) < 0 ||
	    json_string(json, "cwd", &process->cwd) < 0 || parse_caps(json, &process->caps) < 0 ||
	    parse_rlimits(json, process) < 0 || parse_labels(json, process) < 0 ||
	    parse_io_priority(json, process) < 0 ||
	    parse_scheduler(json, &process->scheduler) < 0 || check_env(process->env) < 0) {
		return -1;
	}
	if (process->args == NULL || process->args[0] == NULL) {
		return err_set(0, "args: must not be empty");
	}
	if (process->cwd == NULL || *process->cwd != '/') {
		return err_set(0, "cwd: must be an absolute path");
	}
	return 0;
}
