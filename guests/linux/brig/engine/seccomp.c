/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/seccomp.h"

struct machine {
	const char *name;         /* as the kernel calls it */
	const char *docker;       /* in includes and excludes */
	const char *architecture; /* in archMap */
};

static const struct machine machines[] = {
	{"aarch64", "arm64", "SCMP_ARCH_AARCH64"},
	{"x86_64", "amd64", "SCMP_ARCH_X86_64"},
	{"riscv64", "riscv64", "SCMP_ARCH_RISCV64"},
	{"armv7l", "arm", "SCMP_ARCH_ARM"},
};

static const struct machine *find_machine(const struct utsname *kernel)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (strcmp(machines[i].name, kernel->machine) == 0) {
			return &machines[i];
		}
	}
	return &machines[0];
}

static bool is_in(const json_t *list, const char *text)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) {
			return true;
		}
	}
	return false;
}

/* Docker's profiles have empty and null members for what they do not say. */
static bool is_given(const json_t *value)
{
	return !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0) &&
	       !(json_is_string(value) && json_string_length(value) == 0);
}

static int check_keys(const json_t *object, const char *const *known, const char *what)
{
	const char *key;
	json_t *value;
	if (!json_is_object(object)) {
		return fault_set(0, "seccomp: %s: no object", what);
	}
	json_object_foreach((json_t *)object, key, value)
	{
		size_t i = 0;
		while (known[i] != NULL && strcmp(known[i], key) != 0) {
			i++;
		}
		if (known[i] == NULL && is_given(value)) {
			return fault_set(0, "seccomp: %s: \"%.40s\" is not taken", what, key);
		}
	}
	return 0;
}

static void copy_keys(const json_t *from, const char *const *keys, json_t *to)
{
	for (; *keys != NULL; keys++) {
		json_t *value = json_object_get(from, *keys);
		if (value != NULL && is_given(value)) {
			json_object_set(to, *keys, value);
		}
	}
}

/* -- Which rules ------------------------------------------------------------------- */

static const char *const condition_keys[] = {"arches", "caps", "minKernel", NULL};

/* "6.1.0-13-arm64": the first two numbers as one that grows with both. */
static unsigned long version(const char *text)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10);
	unsigned long second = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return first * 65536 + second;
}

static bool is_kernel(const char *least)
{
	struct utsname kernel;
	return uname(&kernel) == 0 && version(kernel.release) >= version(least);
}

static size_t count_held(const json_t *wanted, const json_t *capabilities)
{
	size_t at;
	const json_t *one;
	size_t held = 0;
	json_array_foreach(wanted, at, one)
	{
		held += json_is_string(one) && is_in(capabilities, json_string_value(one));
	}
	return held;
}

/* 1 where a rule counts, 0 where not, -1 with a fault. */
static int counts(const json_t *rule, const char *architecture, const json_t *capabilities)
{
	const json_t *in = json_object_get(rule, "includes");
	const json_t *out = json_object_get(rule, "excludes");
	if ((in != NULL && is_given(in) && check_keys(in, condition_keys, "includes") < 0) ||
	    (out != NULL && is_given(out) && check_keys(out, condition_keys, "excludes") < 0)) {
		return -1;
	}
	const json_t *caps = json_object_get(in, "caps");
	const json_t *arches = json_object_get(in, "arches");
	const char *least = json_string_value(json_object_get(in, "minKernel"));
	const char *below = json_string_value(json_object_get(out, "minKernel"));
	return !is_in(json_object_get(out, "arches"), architecture) &&
	       count_held(json_object_get(out, "caps"), capabilities) == 0 &&
	       (below == NULL || !is_kernel(below)) &&
	       (json_array_size(arches) == 0 || is_in(arches, architecture)) &&
	       count_held(caps, capabilities) == json_array_size(caps) &&
	       (least == NULL || is_kernel(least));
}

static int add_rule(const json_t *rule, json_t *rules)
{
	static const char *const known[] = {"names",    "name",     "action",  "errnoRet", "args",
					    "includes", "excludes", "comment", NULL};
	static const char *const kept[] = {"names", "action", "errnoRet", "args", NULL};
	const json_t *name = json_object_get(rule, "name");
	json_t *to = json_object();
	if (check_keys(rule, known, "syscalls") < 0) {
		json_decref(to);
		return -1;
	}
	copy_keys(rule, kept, to);
	if (json_is_string(name) && is_given(name)) {
		json_object_set_new(to, "names", json_pack("[O]", name));
	}
	return json_array_append_new(rules, to);
}

static json_t *choose_rules(const json_t *profile, const char *architecture,
			    const json_t *capabilities)
{
	size_t at;
	const json_t *rule;
	json_t *rules = json_array();
	json_array_foreach(json_object_get(profile, "syscalls"), at, rule)
	{
		int kept = counts(rule, architecture, capabilities);
		if (kept < 0 || (kept > 0 && add_rule(rule, rules) < 0)) {
			json_decref(rules);
			return NULL;
		}
	}
	return rules;
}

/* -- The whole ------------------------------------------------------------------------ */

static void set_architectures(const json_t *profile, const char *own, json_t *to)
{
	size_t at;
	const json_t *one;
	json_array_foreach(json_object_get(profile, "archMap"), at, one)
	{
		const char *name = json_string_value(json_object_get(one, "architecture"));
		if (name != NULL && strcmp(name, own) == 0) {
			json_t *all = json_pack("[s]", name);
			json_array_extend(all, json_object_get(one, "subArchitectures"));
			json_object_set_new(to, "architectures", all);
		}
	}
}

json_t *seccomp_profile(const char *text, const json_t *capabilities)
{
	static const char *const known[] = {"defaultAction", "defaultErrnoRet",  "architectures",
					    "archMap",       "syscalls",         "flags",
					    "listenerPath",  "listenerMetadata", NULL};
	static const char *const kept[] = {"defaultAction",
					   "defaultErrnoRet",
					   "architectures",
					   "flags",
					   "listenerPath",
					   "listenerMetadata",
					   NULL};
	struct utsname kernel;
	json_error_t error;
	json_t *profile = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (profile == NULL) {
		fault_set(0, "seccomp: line %d: %s", error.line, error.text);
		return NULL;
	}
	json_t *rules = NULL;
	if (uname(&kernel) == 0 && check_keys(profile, known, "the profile") == 0) {
		rules = choose_rules(profile, find_machine(&kernel)->docker, capabilities);
	}
	if (rules == NULL) {
		json_decref(profile);
		return NULL;
	}
	json_t *to = json_pack("{s:o}", "syscalls", rules);
	copy_keys(profile, kept, to);
	set_architectures(profile, find_machine(&kernel)->architecture, to);
	json_decref(profile);
	return to;
}
