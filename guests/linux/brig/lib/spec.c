/* SPDX-License-Identifier: Apache-2.0 */
#include "guests/linux/brig/lib/spec.h"

#include <limits.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"

static int parse_root(const struct json *json, struct spec *spec)
{
	struct json *root = NULL;
	if (json_typed(json, "root", JSON_OBJECT, &root) < 0) {
		return -1;
	}
	if (root == NULL) {
		return err_set(0, "root: is missing");
	}
	if (json_string(root, "path", &spec->root_path) < 0 ||
	    json_bool(root, "readonly", &spec->root_readonly) < 0) {
		return err_within("root");
	}
	if (spec->root_path == NULL || *spec->root_path == '\0') {
		return err_set(0, "root.path: is missing");
	}
	return 0;
}

static int parse_mounts(const struct json *json, struct spec *spec)
{
	struct json *list = NULL;
	if (json_typed(json, "mounts", JSON_ARRAY, &list) < 0 || list == NULL) {
		return list == NULL && *err_text() == '\0' ? 0 : -1;
	}
	spec->mounts = mem_get((list->count + 1) * sizeof(*spec->mounts));
	for (struct json *item = list->first; item != NULL; item = item->next) {
		if (spec_parse_mount(item, &spec->mounts[spec->mount_count]) < 0) {
			return err_within("mounts[%u]", spec->mount_count);
		}
		spec->mount_count++;
	}
	return 0;
}

static int parse_hook(const struct json *json, struct spec_hook *hook)
{
	if (json->type != JSON_OBJECT) {
		return err_set(0, "must be an object");
	}
	if (json_string(json, "path", &hook->path) < 0 ||
	    json_strings(json, "args", &hook->args, NULL) < 0 ||
	    json_strings(json, "env", &hook->env, NULL) < 0 ||
	    json_i64(json, "timeout", &hook->timeout) < 0) {
		return -1;
	}
	if (hook->path == NULL || *hook->path != '/') {
		return err_set(0, "path: must be absolute");
	}
	if (json_get(json, "timeout") != NULL && hook->timeout <= 0) {
		return err_set(0, "timeout: must be greater than 0");
	}
	if (hook->args == NULL || hook->args[0] == NULL) {
		hook->args = mem_get(2 * sizeof(*hook->args));
		hook->args[0] = (char *)hook->path;
	}
	return 0;
}

const char *const spec_hook_names[HOOK_KINDS] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

int spec_parse_hooks(const struct json *json, struct spec *spec)
{
	struct json *hooks = NULL;
	if (json_typed(json, "hooks", JSON_OBJECT, &hooks) < 0) {
		return -1;
	}
	for (int kind = 0; hooks != NULL && kind < HOOK_KINDS; kind++) {
		struct json *list = NULL;
		if (json_typed(hooks, spec_hook_names[kind], JSON_ARRAY, &list) < 0) {
			return err_within("hooks");
		}
		if (list == NULL) {
			continue;
		}
		struct spec_hooks *to = &spec->hooks[kind];
		to->hook = mem_get((list->count + 1) * sizeof(*to->hook));
		for (struct json *item = list->first; item != NULL; item = item->next) {
			if (parse_hook(item, &to->hook[to->count]) < 0) {
				return err_within("hooks.%s[%u]", spec_hook_names[kind], to->count);
			}
			to->count++;
		}
	}
	return 0;
}

/* 1.x.y, which is what this runtime was written for. */
static int check_version(const char *version)
{
	if (version == NULL) {
		return err_set(0, "ociVersion: is missing");
	}
	unsigned int dots = 0;
	for (const char *c = version; *c != '\0' && *c != '-' && *c != '+'; c++) {
		dots += *c == '.';
	}
	if (strncmp(version, "1.", 2) != 0 || dots != 2) {
		return err_set(0, "ociVersion: %.64s is not a version 1.x.y", version);
	}
	return 0;
}

static int check_annotations(const struct spec *spec)
{
	const struct json *item = spec->annotations != NULL ? spec->annotations->first : NULL;
	for (; item != NULL; item = item->next) {
		if (item->type != JSON_STRING) {
			return err_set(0, "annotations: %.64s must be a string", item->key);
		}
		if (*item->key == '\0') {
			return err_set(0, "annotations: a name is empty");
		}
	}
	return 0;
}

static int parse_process(const struct json *json, struct spec *spec)
{
	struct json *process = NULL;
	if (json_typed(json, "process", JSON_OBJECT, &process) < 0) {
		return -1;
	}
	if (process == NULL) {
		return 0;
	}
	spec->has_process = true;
	if (spec_parse_process(process, &spec->process) < 0) {
		return err_within("process");
	}
	return 0;
}

static int check_names(const struct spec *spec)
{
	bool uts = spec_has_namespace(spec, CLONE_NEWUTS);
	if (!uts && spec->hostname != NULL && *spec->hostname != '\0') {
		return err_set(0, "hostname: needs a uts namespace of its own");
	}
	if (!uts && spec->domainname != NULL && *spec->domainname != '\0') {
		return err_set(0, "domainname: needs a uts namespace of its own");
	}
	if ((spec->hostname != NULL && strlen(spec->hostname) > HOST_NAME_MAX) ||
	    (spec->domainname != NULL && strlen(spec->domainname) > HOST_NAME_MAX)) {
		return err_set(0, "hostname, domainname: at most %d bytes", HOST_NAME_MAX);
	}
	return 0;
}

struct spec *spec_parse(const char *text, size_t length, const char *name)
{
	struct spec *spec = mem_get(sizeof(*spec));
	struct json *annotations = NULL;
	err_clear();
	struct json *json = json_parse(text, length, name);
	if (json == NULL) {
		return NULL;
	}
	if (json->type != JSON_OBJECT) {
		err_set(0, "%s: must be an object", name);
		return NULL;
	}
	spec->json = json;
	if (json_string(json, "ociVersion", &spec->version) < 0 ||
	    check_version(spec->version) < 0 ||
	    json_string(json, "hostname", &spec->hostname) < 0 ||
	    json_string(json, "domainname", &spec->domainname) < 0 || parse_root(json, spec) < 0 ||
	    parse_process(json, spec) < 0 || parse_mounts(json, spec) < 0 ||
	    spec_parse_hooks(json, spec) < 0 ||
	    json_typed(json, "annotations", JSON_OBJECT, &annotations) < 0 ||
	    spec_parse_linux(json, spec) < 0) {
		err_within("%s", name);
		return NULL;
	}
	spec->annotations = annotations;
	if (check_annotations(spec) < 0 || check_names(spec) < 0) {
		err_within("%s", name);
		return NULL;
	}
	return spec;
}

bool spec_has_namespace(const struct spec *spec, int flag)
{
	for (uint32_t i = 0; i < spec->namespace_count; i++) {
		if (spec->namespaces[i].flag == flag) {
			return true;
		}
	}
	return false;
}

const char *spec_namespace_path(const struct spec *spec, int flag)
{
	for (uint32_t i = 0; i < spec->namespace_count; i++) {
		if (spec->namespaces[i].flag == flag) {
			return spec->namespaces[i].path;
		}
	}
	return NULL;
}

uint64_t spec_new_namespaces(const struct spec *spec)
{
	uint64_t flags = 0;
	for (uint32_t i = 0; i < spec->namespace_count; i++) {
		if (spec->namespaces[i].path == NULL) {
			flags |= (uint64_t)spec->namespaces[i].flag;
		}
	}
	return flags;
}
