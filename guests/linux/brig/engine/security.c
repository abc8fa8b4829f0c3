/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/profile.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/seccomp.h"
#include "guests/linux/brig/engine/security.h"
#include "guests/linux/brig/lib/users.h"

#define PROFILE_MAX (1 << 20)

enum kind {
	NO_NEW_PRIVILEGES,
	SECCOMP,
	APPARMOR,
	LABEL,
	SYSTEM_PATHS,
	UNKNOWN,
};

static const char *const names[] = {"no-new-privileges", "seccomp", "apparmor", "label",
				    "systempaths"};

/* "NAME=VALUE", "NAME:VALUE" as it was once written, or "NAME" (a value of ""). */
static enum kind split(const char *text, const char **value)
{
	size_t length = strcspn(text, "=:");
	*value = text + length + (text[length] != '\0');
	for (int i = 0; i < UNKNOWN; i++) {
		if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) {
			return (enum kind)i;
		}
	}
	return UNKNOWN;
}

/* The last one of its kind counts; NULL where there is none. */
static const char *option(const json_t *request, enum kind kind)
{
	size_t at;
	const json_t *one;
	const char *last = NULL;
	json_array_foreach(request_list(request, "security_opt"), at, one)
	{
		const char *value;
		if (split(json_string_value(one), &value) == kind) {
			last = value;
		}
	}
	return last;
}

static bool is_unconfined(const json_t *request, enum kind kind)
{
	const char *value = option(request, kind);
	return value != NULL ? strcmp(value, "unconfined") == 0
			     : request_flag(request, "privileged");
}

/* -- Labels of SELinux ------------------------------------------------------------------- */

static bool has_selinux(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static const char *const parts[] = {"user:", "role:", "type:", "level:"};

/* Its four parts, of which the options change single ones, as "type:spc_t"; of files, which have
 * a role and a type of their own, or of processes. */
static char *make_label(const json_t *request, bool files)
{
	const char *values[] = {"system_u", files ? "object_r" : "system_r",
				files ? "container_file_t" : "container_t", "s0"};
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, "security_opt"), at, one)
	{
		const char *value;
		if (split(json_string_value(one), &value) != LABEL) {
			continue;
		}
		for (size_t i = 0; i < 4; i++) {
			if (strncmp(value, parts[i], strlen(parts[i])) == 0 &&
			    !(files && (i == 1 || i == 2))) {
				values[i] = value + strlen(parts[i]);
			}
		}
	}
	return file_text("%s:%s:%s:%s", values[0], values[1], values[2], values[3]);
}

static int check_label(const char *value)
{
	if (strcmp(value, "disable") == 0) {
		return 0;
	}
	for (size_t i = 0; i < 4; i++) {
		if (strncmp(value, parts[i], strlen(parts[i])) == 0) {
			return has_selinux() ? 0
					     : fault_set(0, "security_opt: label: this kernel has "
							    "no SELinux");
		}
	}
	return fault_set(0,
			 "security_opt: label=\"%.40s\" is not disable, user:, role:, type: or "
			 "level:",
			 value);
}

/* -- Checks ---------------------------------------------------------------------------- */

static int check_one(const char *text)
{
	const char *value = "";
	enum kind kind = text == NULL ? UNKNOWN : split(text, &value);
	bool good = false;
	switch (kind) {
	case NO_NEW_PRIVILEGES:
		good = *value == '\0' || strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
		break;
	case SECCOMP:
		if (*value == '{') {
			json_t *profile = seccomp_profile(value, NULL);
			json_decref(profile);
			return profile == NULL ? fault_in("security_opt") : 0;
		}
		good = strcmp(value, "unconfined") == 0 || strcmp(value, "builtin") == 0;
		break;
	case APPARMOR:
		if (strcmp(value, "unconfined") != 0 && *value != '\0' &&
		    access("/sys/module/apparmor/parameters/enabled", F_OK) != 0) {
			return fault_set(0, "security_opt: apparmor: this kernel has no AppArmor");
		}
		good = *value != '\0';
		break;
	case LABEL:
		return check_label(value);
	case SYSTEM_PATHS:
		good = strcmp(value, "unconfined") == 0;
		break;
	default:
		break;
	}
	return good ? 0
		    : fault_set(0, "security_opt: \"%.60s\": no such option, or no such value",
				text != NULL ? text : "");
}

/* In a user namespace nobody makes device nodes, or writes what is the kernel's. */
static int check_privileged(const json_t *request)
{
	return !request_flag(request, "privileged") || (geteuid() == 0 && users_are_all())
		       ? 0
		       : fault_set(0, "privileged: not without root, or in a user namespace");
}

int security_check(const json_t *request)
{
	size_t at;
	const json_t *one;
	json_array_foreach(request_list(request, "security_opt"), at, one)
	{
		if (check_one(json_string_value(one)) < 0) {
			return -1;
		}
	}
	return check_privileged(request);
}

int security_expand(json_t *request)
{
	size_t at;
	json_t *one;
	json_t *list = json_object_get(request, "security_opt");
	json_array_foreach(list, at, one)
	{
		const char *path = "";
		size_t length;
		if (json_string_value(one) == NULL ||
		    split(json_string_value(one), &path) != SECCOMP || *path == '{' ||
		    strcmp(path, "unconfined") == 0 || strcmp(path, "builtin") == 0) {
			continue;
		}
		fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
		char *text = fd < 0 ? NULL : file_read(fd, PROFILE_MAX, &length, path);
		if (text == NULL) {
			return fd < 0 ? fault_set(errno, "security_opt: seccomp: %s", path) : -1;
		}
		const char *start = text + strspn(text, " \t\r\n");
		json_t *whole = json_string(file_text("seccomp=%s", start));
		bool good = whole != NULL && *start == '{';
		free(text);
		if (!good) {
			json_decref(whole);
			return fault_set(0, "security_opt: seccomp: %s is no JSON object", path);
		}
		json_array_set_new(list, at, whole);
	}
	return 0;
}

/* -- Into config.json -------------------------------------------------------------------- */

json_t *security_all_capabilities(void)
{
	json_t *all = json_pack("[s]", "ALL");
	json_t *list = profile_capabilities(all, NULL);
	json_decref(all);
	return list;
}

json_t *security_capability_sets(json_t *list)
{
	return list == NULL ? NULL
			    : json_pack("{s:O, s:O, s:o}", "bounding", list, "permitted", list,
					"effective", list);
}

json_t *security_capabilities(const json_t *request)
{
	json_t *all = json_pack("[s]", "ALL");
	bool privileged = request_flag(request, "privileged");
	json_t *list = profile_capabilities(privileged ? all : request_list(request, "cap_add"),
					    request_list(request, "cap_drop"));
	json_decref(all);
	return security_capability_sets(list);
}

static int set_seccomp(const json_t *request, const json_t *process, json_t *platform)
{
	const char *text = option(request, SECCOMP);
	const json_t *caps = json_object_get(json_object_get(process, "capabilities"), "bounding");
	if (is_unconfined(request, SECCOMP)) {
		return 0;
	}
	json_t *profile =
		text != NULL && *text == '{' ? seccomp_profile(text, caps) : profile_seccomp();
	return profile == NULL ? -1 : json_object_set_new(platform, "seccomp", profile);
}

int security_set(const json_t *request, json_t *process, json_t *platform)
{
	const char *no_new = option(request, NO_NEW_PRIVILEGES);
	const char *apparmor = option(request, APPARMOR);
	const char *label = option(request, LABEL);
	bool privileged = request_flag(request, "privileged");
	bool limited = no_new != NULL ? strcmp(no_new, "false") != 0 : !privileged;
	json_object_set_new(process, "noNewPrivileges", json_boolean(limited));
	if (apparmor != NULL) {
		json_object_set_new(process, "apparmorProfile", json_string(apparmor));
	}
	if (label != NULL && strcmp(label, "disable") != 0 && has_selinux()) {
		json_object_set_new(process, "selinuxLabel",
				    json_string(make_label(request, false)));
		json_object_set_new(platform, "mountLabel", json_string(make_label(request, true)));
	}
	if (!is_unconfined(request, SYSTEM_PATHS)) {
		json_object_set_new(platform, "maskedPaths", profile_masked());
		json_object_set_new(platform, "readonlyPaths", profile_read_only());
	}
	return set_seccomp(request, process, platform);
}
