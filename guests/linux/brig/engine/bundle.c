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
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/net.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/profile.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/store.h"

static const json_t *image_value(const struct container *c, const char *key)
{
	const json_t *document = json_object_get(c->record, "image_config");
	return json_object_get(json_object_get(document, "config"), key);
}

/* -- Who it runs as ------------------------------------------------------------ */

/* A container may have made a device or a fifo of it: only a file is opened. */
static FILE *open_etc(int root, const char *path)
{
	struct stat status;
	fd_auto seen = file_open_in(root, path, O_PATH, 0);
	if (seen < 0 || fstat(seen, &status) < 0 || !S_ISREG(status.st_mode)) {
		return NULL;
	}
	int fd = open(file_text("/proc/self/fd/%d", seen), O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopen(fd, "r");
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

static json_t *make_user(const struct container *c)
{
	int64_t uid;
	int64_t gid;
	const char *image = json_string_value(image_value(c, "User"));
	const char *text = request_text(container_request(c), "user", image != NULL ? image : "");
	if (bundle_find_user(c, text, &uid, &gid) < 0) {
		return NULL;
	}
	return json_pack("{s:I, s:I}", "uid", (json_int_t)uid, "gid", (json_int_t)gid);
}

/* -- What it runs ---------------------------------------------------------------- */

static json_t *make_args(const struct container *c)
{
	const json_t *request = container_request(c);
	const json_t *command = request_list(request, "command");
	const char *entry = request_text(request, "entrypoint", NULL);
	json_t *args = json_array();
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
	if (json_array_size(args) == 0) {
		fault_set(0, "%s: neither the image nor you say what to run", container_name(c));
		json_decref(args);
		return NULL;
	}
	return args;
}

static void set_env(json_t *list, const char *text)
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

static json_t *make_env(const struct container *c)
{
	const json_t *from[] = {image_value(c, "Env"), request_list(container_request(c), "env")};
	json_t *list = json_pack(
		"[s]", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	size_t at;
	const json_t *one;
	set_env(list, file_text("HOSTNAME=%s", request_text(container_request(c), "hostname",
							    file_text("%.12s", c->id))));
	if (request_flag(container_request(c), "tty")) {
		set_env(list, "TERM=xterm");
	}
	for (size_t i = 0; i < 2; i++) {
		json_array_foreach(from[i], at, one)
		{
			const char *text = json_string_value(one);
			if (text != NULL && strchr(text, '=') != NULL) {
				set_env(list, text);
			} else if (text != NULL && getenv(text) != NULL && i == 1) {
				set_env(list, file_text("%s=%s", text, getenv(text)));
			}
		}
	}
	return list;
}

/* No more than this process may give. */
static json_int_t file_limit(rlim_t wanted)
{
	struct rlimit own = {wanted, wanted};
	(void)getrlimit(RLIMIT_NOFILE, &own);
	return (json_int_t)(own.rlim_max < wanted ? own.rlim_max : wanted);
}

static json_t *make_process(const struct container *c)
{
	const json_t *request = container_request(c);
	const char *folder = json_string_value(image_value(c, "WorkingDir"));
	json_t *user = make_user(c);
	json_t *args = user == NULL ? NULL : make_args(c);
	json_t *caps = args == NULL ? NULL
				    : profile_capabilities(request_list(request, "cap_add"),
							   request_list(request, "cap_drop"));
	if (caps == NULL) {
		json_decref(user);
		json_decref(args);
		return NULL;
	}
	folder = request_text(request, "workdir", folder != NULL && *folder != '\0' ? folder : "/");
	return json_pack("{s:b, s:o, s:o, s:o, s:s, s:{s:O, s:O, s:o}, s:b, s:[{s:s, s:I, s:I}]}",
			 "terminal", request_flag(request, "tty"), "user", user, "args", args,
			 "env", make_env(c), "cwd", folder, "capabilities", "bounding", caps,
			 "permitted", caps, "effective", caps, "noNewPrivileges", 1, "rlimits",
			 "type", "RLIMIT_NOFILE", "hard", file_limit(65536), "soft",
			 file_limit(1024));
}

/* -- Where it runs --------------------------------------------------------------- */

static int add_volume(json_t *mounts, const char *text)
{
	char *copy = file_text("%s", text);
	char *rest = copy;
	const char *source = strsep(&rest, ":");
	const char *target = strsep(&rest, ":");
	const char *mode = rest != NULL ? rest : "rw";
	if (target == NULL || target[0] != '/' ||
	    (strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)) {
		return fault_set(0, "volume \"%.80s\" is not FOLDER-OR-NAME:PATH[:ro]", text);
	}
	if (source[0] != '/') {
		if (!image_is_name(source) || strpbrk(source, "/:@") != NULL) {
			return fault_set(0, "\"%.40s\" cannot be a volume's name", source);
		}
		source = store_path("volumes/%s", source);
		if (file_make_dirs(source) < 0) {
			return -1;
		}
	} else if (access(source, F_OK) < 0) {
		return fault_set(errno, "volume %s", source);
	}
	json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}", "destination",
						target, "type", "bind", "source", source, "options",
						"rbind", "rprivate", "nosuid", "nodev", mode));
	free(copy);
	return 0;
}

static int write_resolv(const struct container *c)
{
	fd_auto fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	char *text = fd < 0 ? NULL : file_read(fd, 65536, &length, "/etc/resolv.conf");
	int result = file_write(container_path(c, "resolv.conf"), text != NULL ? text : "", length);
	free(text);
	return result;
}

static int write_etc(const struct container *c, const char *hostname)
{
	const char *address = net_address(c);
	const char *hosts = file_text("127.0.0.1\tlocalhost\n::1\tlocalhost\n%s\t%s\n",
				      *address != '\0' ? address : "127.0.1.1", hostname);
	const char *name = file_text("%s\n", hostname);
	if (write_resolv(c) < 0 ||
	    file_write(container_path(c, "hosts"), hosts, strlen(hosts)) < 0) {
		return -1;
	}
	return file_write(container_path(c, "hostname"), name, strlen(name));
}

static void bind_etc(json_t *mounts, const struct container *c)
{
	static const char *const files[] = {"resolv.conf", "hosts", "hostname"};
	for (size_t i = 0; i < 3; i++) {
		json_array_append_new(mounts,
				      json_pack("{s:s, s:s, s:s, s:[s, s]}", "destination",
						file_text("/etc/%s", files[i]), "type", "bind",
						"source", container_path(c, files[i]), "options",
						"bind", "rprivate"));
	}
}

static json_t *make_mounts(const struct container *c)
{
	size_t at;
	const json_t *one;
	json_t *mounts = profile_mounts();
	bind_etc(mounts, c);
	json_array_foreach(request_list(container_request(c), "tmpfs"), at, one)
	{
		json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:[s, s, s]}",
							"destination", json_string_value(one),
							"type", "tmpfs", "source", "tmpfs",
							"options", "nosuid", "nodev", "mode=1777"));
	}
	json_array_foreach(request_list(container_request(c), "volumes"), at, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || add_volume(mounts, text) < 0) {
			json_decref(mounts);
			return NULL;
		}
	}
	return mounts;
}

static json_t *make_resources(const json_t *request)
{
	int64_t value;
	json_t *resources = json_object();
	const char *memory = request_text(request, "memory", NULL);
	const char *cpus = request_text(request, "cpus", NULL);
	const char *pids = request_text(request, "pids", NULL);
	if (memory != NULL && parse_size(memory, &value) == 0) {
		json_object_set_new(resources, "memory",
				    json_pack("{s:I, s:I}", "limit", (json_int_t)value, "swap",
					      (json_int_t)value));
	}
	if (cpus != NULL && parse_cpus(cpus, &value) == 0) {
		json_object_set_new(
			resources, "cpu",
			json_pack("{s:I, s:i}", "quota", (json_int_t)value, "period", 100000));
	}
	/* A fork bomb ends at some number; a v1 or hybrid host has none to give. */
	if (pids == NULL && access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
		pids = "1024";
	}
	if (pids != NULL && parse_number(pids, 1, 1 << 22, &value) == 0) {
		json_object_set_new(resources, "pids",
				    json_pack("{s:I}", "limit", (json_int_t)value));
	}
	return resources;
}

static json_t *make_linux(const struct container *c, const char *netns)
{
	json_t *spaces = json_pack("[{s:s}, {s:s}, {s:s}, {s:s}]", "type", "mount", "type", "pid",
				   "type", "ipc", "type", "uts");
	if (netns != NULL) {
		json_array_append_new(spaces,
				      json_pack("{s:s, s:s}", "type", "network", "path", netns));
	}
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
		json_array_append_new(spaces, json_pack("{s:s}", "type", "cgroup"));
	}
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "namespaces", spaces, "cgroupsPath",
			 file_text("/brig/%s", c->id), "resources",
			 make_resources(container_request(c)), "seccomp", profile_seccomp(),
			 "maskedPaths", profile_masked(), "readonlyPaths", profile_read_only());
}

int bundle_write(const struct container *c, const char *netns)
{
	const json_t *request = container_request(c);
	const char *hostname = request_text(request, "hostname", file_text("%.12s", c->id));
	if (write_etc(c, hostname) < 0) {
		return -1;
	}
	json_t *process = make_process(c);
	json_t *mounts = process == NULL ? NULL : make_mounts(c);
	if (mounts == NULL) {
		json_decref(process);
		return -1;
	}
	json_t *config = json_pack(
		"{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o, s:{s:s}}", "ociVersion", "1.0.2",
		"process", process, "root", "path", container_path(c, "merged"), "readonly",
		request_flag(request, "read_only"), "hostname", hostname, "mounts", mounts, "linux",
		make_linux(c, netns), "annotations", "org.bulkhead.brig.name", container_name(c));
	if (config == NULL) {
		return fault_set(0, "put the config.json of %s together", container_name(c));
	}
	int result = file_json_write(container_path(c, "config.json"), config);
	json_decref(config);
	return result;
}
