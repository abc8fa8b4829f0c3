/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/bundle.h"
#include "guests/linux/brig/engine/devices.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/hosts.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/mounts.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/security.h"
#include "guests/linux/brig/engine/spaces.h"

static const json_t *image_value(const struct container *c, const char *key)
{
	const json_t *document = json_object_get(c->record, "image_config");
	return json_object_get(json_object_get(document, "config"), key);
}

/* -- Who it runs as ------------------------------------------------------------ */

#define ETC_MAX (1 << 20) /* bytes: a line, which is held whole, could be the whole of a disk */

/* A container may have made a device or a fifo of it: only a file is opened. */
static FILE *open_etc(int root, const char *path)
{
	struct stat status;
	fd_auto seen = file_open_in(root, path, O_PATH, 0);
	if (seen < 0 || fstat(seen, &status) < 0 || !S_ISREG(status.st_mode)) {
		return NULL;
	}
	size_t length;
	fd_auto fd = open(file_text("/proc/self/fd/%d", seen), O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : file_read(fd, ETC_MAX, &length, path);
	return text == NULL || length == 0 ? NULL : fmemopen(text, length, "r");
}

static int find_user(int root, const char *name, int64_t *uid, int64_t *gid)
{
	bool number = strspn(name, "0123456789") == strlen(name);
	FILE *file = open_etc(root, "/etc/passwd");
	const struct passwd *one;
	bool found = false;
	if (number && parse_number(name, 0, UINT32_MAX - 1, uid) < 0) {
		return -1;
	}
	while (file != NULL && !found && (one = fgetpwent(file)) != NULL) {
		found = number ? one->pw_uid == (uid_t)*uid : strcmp(one->pw_name, name) == 0;
		if (found) {
			*uid = one->pw_uid;
			*gid = one->pw_gid;
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	return found || number ? 0 : fault_set(0, "user %s: not in the image's /etc/passwd", name);
}

static int find_group(int root, const char *name, int64_t *gid)
{
	if (strspn(name, "0123456789") == strlen(name)) {
		return parse_number(name, 0, UINT32_MAX - 1, gid);
	}
	FILE *file = open_etc(root, "/etc/group");
	const struct group *one;
	bool found = false;
	while (file != NULL && !found && (one = fgetgrent(file)) != NULL) {
		found = strcmp(one->gr_name, name) == 0;
		if (found) {
			*gid = one->gr_gid;
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	return found ? 0 : fault_set(0, "group %s: not in the image's /etc/group", name);
}

int bundle_find_user(const struct container *c, const char *text, int64_t *uid, int64_t *gid)
{
	char *name = file_text("%s", text);
	char *group = strchr(name, ':');
	*uid = 0;
	*gid = 0;
	if (group != NULL) {
		*group++ = '\0';
	}
	fd_auto root = open(container_path(c, "merged"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool found = root >= 0 && (*name == '\0' || find_user(root, name, uid, gid) == 0) &&
		     (group == NULL || find_group(root, group, gid) == 0);
	free(name);
	return found      ? 0
	       : root < 0 ? fault_set(errno, "open the root of %s", container_name(c))
			  : -1;
}

static json_t *make_groups(const struct container *c)
{
	size_t at;
	const json_t *one;
	int64_t uid;
	int64_t gid;
	json_t *groups = json_array();
	json_array_foreach(request_list(container_request(c), "group_add"), at, one)
	{
		const char *text = file_text(":%s", json_string_value(one));
		if (bundle_find_user(c, text, &uid, &gid) < 0) {
			json_decref(groups);
			return NULL;
		}
		json_array_append_new(groups, json_integer(gid));
	}
	return groups;
}

static json_t *make_user(const struct container *c)
{
	int64_t uid;
	int64_t gid;
	const char *image = json_string_value(image_value(c, "User"));
	const char *text = request_text(container_request(c), "user", image != NULL ? image : "");
	if (bundle_find_user(c, text, &uid, &gid) < 0) {
		return NULL;
	}
	json_t *more = make_groups(c);
	return more == NULL ? NULL
			    : json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)uid, "gid",
					(json_int_t)gid, "additionalGids", more);
}

/* -- What it runs ---------------------------------------------------------------- */

static json_t *make_args(const struct container *c)
{
	const json_t *request = container_request(c);
	const json_t *command = request_list(request, "command");
	const char *entry = request_text(request, "entrypoint", NULL);
	json_t *args = json_array();
	if (request_flag(request, "init")) {
		json_array_append_new(args, json_string(MOUNTS_INIT));
		json_array_append_new(args, json_string("--"));
	}
	size_t before = json_array_size(args);
	if (entry != NULL && *entry != '\0') {
		json_array_append_new(args, json_string(entry));
	} else if (entry == NULL && json_is_array(image_value(c, "Entrypoint"))) {
		json_array_extend(args, (json_t *)image_value(c, "Entrypoint"));
	}
	if (json_array_size(command) > 0) {
		json_array_extend(args, (json_t *)command);
	} else if (entry == NULL && json_is_array(image_value(c, "Cmd"))) {
		json_array_extend(args, (json_t *)image_value(c, "Cmd"));
	}
	if (json_array_size(args) == before) {
		fault_set(0, "%s: neither the image nor you say what to run", container_name(c));
		json_decref(args);
		return NULL;
	}
	return args;
}

void bundle_set_env(json_t *list, const char *text)
{
	size_t at;
	const json_t *one;
	size_t length = strcspn(text, "=");
	json_array_foreach(list, at, one)
	{
		const char *old = json_string_value(one);
		if (strncmp(old, text, length) == 0 && old[length] == '=') {
			json_array_set_new(list, at, json_string(text));
			return;
		}
	}
	json_array_append_new(list, json_string(text));
}

/* The pairs of a list; what is none is left out. */
static void set_pairs(json_t *env, const json_t *list)
{
	size_t at;
	const json_t *one;
	json_array_foreach(list, at, one)
	{
		const char *text = json_string_value(one);
		if (text != NULL && strchr(text, '=') != NULL) {
			bundle_set_env(env, text);
		}
	}
}

static json_t *make_env(const struct container *c)
{
	json_t *list = json_pack(
		"[s]", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	bundle_set_env(list, file_text("HOSTNAME=%s", request_text(container_request(c), "hostname",
								   file_text("%.12s", c->id))));
	if (request_flag(container_request(c), "tty")) {
		bundle_set_env(list, "TERM=xterm");
	}
	set_pairs(list, image_value(c, "Env"));
	set_pairs(list, request_list(container_request(c), "env"));
	return list;
}

static json_t *make_process(const struct container *c)
{
	const json_t *request = container_request(c);
	const char *folder = json_string_value(image_value(c, "WorkingDir"));
	json_t *user = make_user(c);
	json_t *args = user == NULL ? NULL : make_args(c);
	json_t *caps = args == NULL ? NULL : security_capabilities(request);
	if (caps == NULL) {
		json_decref(user);
		json_decref(args);
		return NULL;
	}
	folder = request_text(request, "workdir", folder != NULL && *folder != '\0' ? folder : "/");
	const char *score = request_text(request, "oom_score_adj", NULL);
	json_t *process = json_pack("{s:b, s:o, s:o, s:o, s:s, s:o, s:o}", "terminal",
				    request_flag(request, "tty"), "user", user, "args", args, "env",
				    make_env(c), "cwd", folder, "capabilities", caps, "rlimits",
				    limits_rlimits(request));
	if (score != NULL) {
		json_object_set_new(process, "oomScoreAdj", json_integer(strtoll(score, NULL, 10)));
	}
	return process;
}

/* -- Where it runs --------------------------------------------------------------- */

static json_t *make_linux(const struct container *c, const char *netns)
{
	const json_t *request = container_request(c);
	const char *parent = request_text(request, "cgroup_parent", "/brig");
	json_t *spaces = spaces_list(request, netns);
	json_t *devices = spaces == NULL ? NULL : devices_nodes(request);
	if (devices == NULL) {
		json_decref(spaces);
		return NULL;
	}
	json_t *resources = limits_resources(request, devices);
	if (devices_set_rates(request, resources) < 0) {
		json_decref(spaces);
		json_decref(devices);
		json_decref(resources);
		return NULL;
	}
	return json_pack("{s:o, s:s, s:o, s:o, s:o}", "namespaces", spaces, "cgroupsPath",
			 file_text("%s/%s", parent, c->id), "devices", devices, "resources",
			 resources, "sysctl", limits_sysctl(request));
}

/* As the config's annotations, after the engine's own. */
static json_t *make_annotations(const struct container *c)
{
	size_t at;
	const json_t *one;
	json_t *all = json_pack("{s:s}", "org.bulkhead.brig.name", container_name(c));
	json_array_foreach(request_list(container_request(c), "annotations"), at, one)
	{
		const char *text = json_string_value(one);
		const char *value = text + strcspn(text, "=");
		json_object_set_new(all, file_text("%.*s", (int)(value - text), text),
				    json_string(value + (*value == '=')));
	}
	return all;
}

static void set_names(const json_t *request, const char *hostname, json_t *config)
{
	const char *domain = request_text(request, "domainname", NULL);
	if (!spaces_is_host(request, "uts")) {
		json_object_set_new(config, "hostname", json_string(hostname));
	}
	if (domain != NULL) {
		json_object_set_new(config, "domainname", json_string(domain));
	}
}

int bundle_write(const struct container *c, const char *netns)
{
	const json_t *request = container_request(c);
	const char *hostname = request_text(request, "hostname", file_text("%.12s", c->id));
	if (hosts_write(c, hostname) < 0) {
		return -1;
	}
	json_t *process = make_process(c);
	json_t *mounts = process == NULL ? NULL : mounts_make(c);
	json_t *platform = mounts == NULL ? NULL : make_linux(c, netns);
	if (platform == NULL || security_set(request, process, platform) < 0) {
		json_decref(process);
		json_decref(mounts);
		json_decref(platform);
		return -1;
	}
	json_t *config = json_pack("{s:s, s:o, s:{s:s, s:b}, s:o, s:o, s:o}", "ociVersion", "1.0.2",
				   "process", process, "root", "path", container_path(c, "merged"),
				   "readonly", request_flag(request, "read_only"), "mounts", mounts,
				   "linux", platform, "annotations", make_annotations(c));
	if (config == NULL) {
		return fault_set(0, "put the config.json of %s together", container_name(c));
	}
	set_names(request, hostname, config);
	int result = file_json_write(container_path(c, "config.json"), config);
	json_decref(config);
	return result;
}
