/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/image.h"
#include "guests/linux/brig/engine/limits.h"
#include "guests/linux/brig/engine/mounts.h"
#include "guests/linux/brig/engine/parse.h"
#include "guests/linux/brig/engine/profile.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/spaces.h"
#include "guests/linux/brig/engine/store.h"

#define INIT_MAX (16 << 20) /* bytes of the program that plays init */

/* One of --volume's or --mount's, in texts that live on. */
struct place {
	const char *kind; /* bind, volume or tmpfs */
	const char *source;
	const char *target;
	const char *propagation;
	const char *tmpfs; /* its options, with commas between */
	bool read_only;
	bool flat; /* without what is mounted below the source */
};

static bool is_one_of(const char *text, const char *const *names)
{
	while (*names != NULL && strcmp(*names, text) != 0) {
		names++;
	}
	return *names != NULL;
}

static const char *const propagations[] = {"private", "rprivate", "slave", "rslave",
					   "shared",  "rshared",  NULL};

/* -- "FOLDER-OR-NAME:PATH[:ro,...]" ------------------------------------------------------ */

static int volume_mode(struct place *place, const char *word)
{
	if (strcmp(word, "ro") == 0) {
		place->read_only = true;
	} else if (is_one_of(word, propagations)) {
		place->propagation = word;
	} else if (strcmp(word, "rw") != 0 && strcmp(word, "nocopy") != 0) {
		return -1; /* nothing is copied into a volume, whatever is asked for */
	}
	return 0;
}

static int parse_volume(const char *text, struct place *place)
{
	char *rest = file_text("%s", text != NULL ? text : "");
	int result = 0;
	*place = (struct place){.propagation = "rprivate"};
	place->source = strsep(&rest, ":");
	place->target = rest != NULL ? strsep(&rest, ":") : "";
	place->kind = place->source[0] == '/' ? "bind" : "volume";
	while (rest != NULL && result == 0) {
		result = volume_mode(place, strsep(&rest, ","));
	}
	return result == 0 && place->target[0] == '/'
		       ? 0
		       : fault_set(0, "volume \"%.80s\" is not FOLDER-OR-NAME:PATH[:ro]",
				   text != NULL ? text : "");
}

/* -- "type=bind,source=/a,target=/b,readonly" -------------------------------------------- */

static int parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = {"", "true", "1", NULL};
	static const char *const no[] = {"false", "0", NULL};
	*value = is_one_of(text, yes);
	return *value || is_one_of(text, no) ? 0 : -1;
}

static int tmpfs_option(struct place *place, const char *key, const char *value)
{
	int64_t size;
	char *end;
	if (strcmp(key, "tmpfs-size") == 0 && parse_size(value, &size) == 0) {
		place->tmpfs = file_text("%s,size=%lld", place->tmpfs, (long long)size);
		return 0;
	}
	long mode = strtol(value, &end, 8);
	if (strcmp(key, "tmpfs-mode") == 0 && *value != '\0' && *end == '\0' && mode >= 0 &&
	    mode <= 07777) {
		place->tmpfs = file_text("%s,mode=%lo", place->tmpfs, mode);
		return 0;
	}
	return -1;
}

static int mount_option(struct place *place, const char *key, const char *value)
{
	static const char *const kinds[] = {"bind", "volume", "tmpfs", NULL};
	static const char *const sources[] = {"source", "src", NULL};
	static const char *const targets[] = {"target", "dst", "destination", NULL};
	bool none;
	if (strcmp(key, "type") == 0) {
		place->kind = value;
		return is_one_of(value, kinds) ? 0 : -1;
	}
	if (is_one_of(key, sources)) {
		place->source = value;
		return 0;
	}
	if (is_one_of(key, targets)) {
		place->target = value;
		return 0;
	}
	if (strcmp(key, "readonly") == 0 || strcmp(key, "ro") == 0) {
		return parse_bool(value, &place->read_only);
	}
	if (strcmp(key, "bind-propagation") == 0) {
		place->propagation = value;
		return is_one_of(value, propagations) ? 0 : -1;
	}
	if (strcmp(key, "bind-nonrecursive") == 0) {
		return parse_bool(value, &place->flat);
	}
	return strcmp(key, "volume-nocopy") == 0 ? parse_bool(value, &none)
						 : tmpfs_option(place, key, value);
}

static int parse_mount(const char *text, struct place *place)
{
	char *rest = file_text("%s", text != NULL ? text : "");
	*place = (struct place){.kind = "volume",
				.source = "",
				.target = "",
				.propagation = "rprivate",
				.tmpfs = ""};
	while (rest != NULL) {
		char *value = strsep(&rest, ",");
		const char *key = strsep(&value, "=");
		if (mount_option(place, key, value != NULL ? value : "") < 0) {
			return fault_set(0, "mounts: \"%.40s\": no such option, or no such value",
					 key);
		}
	}
	bool memory = strcmp(place->kind, "tmpfs") == 0;
	bool bind = strcmp(place->kind, "bind") == 0;
	if (place->target[0] != '/' || memory != (place->source[0] == '\0') ||
	    bind != (place->source[0] == '/') || (!memory && place->tmpfs[0] != '\0')) {
		return fault_set(0,
				 "mounts: \"%.80s\" is not type=bind|volume|tmpfs,source=...,"
				 "target=/PATH[,readonly]",
				 text != NULL ? text : "");
	}
	return 0;
}

/* -- Into config.json -------------------------------------------------------------------- */

static int check_list(const json_t *request, const char *key,
		      int (*parse)(const char *text, struct place *place))
{
	size_t at;
	const json_t *one;
	struct place place;
	json_array_foreach(request_list(request, key), at, one)
	{
		if (parse(json_string_value(one), &place) < 0) {
			return -1;
		}
		if (strcmp(place.kind, "volume") == 0 &&
		    (!image_is_name(place.source) || strpbrk(place.source, "/:@") != NULL)) {
			return fault_set(0, "\"%.40s\" cannot be a volume's name", place.source);
		}
	}
	return 0;
}

int mounts_check(const json_t *request)
{
	return check_list(request, "volumes", parse_volume) < 0
		       ? -1
		       : check_list(request, "mounts", parse_mount);
}

static json_t *tmpfs(const struct place *place)
{
	return limits_tmpfs(
		file_text("%s:%s%s", place->target, place->read_only ? "ro" : "rw", place->tmpfs));
}

static int add_place(json_t *mounts, const struct place *place, bool privileged)
{
	const char *source = place->source;
	if (strcmp(place->kind, "tmpfs") == 0) {
		return json_array_append_new(mounts, tmpfs(place));
	}
	if (strcmp(place->kind, "volume") == 0) {
		source = store_path("volumes/%s", source);
		if (file_make_dirs(source) < 0) {
			return -1;
		}
	} else if (access(source, F_OK) < 0) {
		return fault_set(errno, "volume %s", source);
	}
	json_t *options = json_pack("[s, s, s]", place->flat ? "bind" : "rbind", place->propagation,
				    place->read_only ? "ro" : "rw");
	if (!privileged) {
		json_array_append_new(options, json_string("nosuid"));
		json_array_append_new(options, json_string("nodev"));
	}
	return json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination",
						       place->target, "type", "bind", "source",
						       source, "options", options));
}

static int add_list(json_t *mounts, const json_t *request, const char *key,
		    int (*parse)(const char *text, struct place *place))
{
	size_t at;
	const json_t *one;
	struct place place;
	json_array_foreach(request_list(request, key), at, one)
	{
		if (parse(json_string_value(one), &place) < 0 ||
		    add_place(mounts, &place, request_flag(request, "privileged")) < 0) {
			return -1;
		}
	}
	return 0;
}

static void add_file(json_t *mounts, const char *target, const char *source, const char *mode)
{
	json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}", "destination",
						target, "type", "bind", "source", source, "options",
						"bind", "rprivate", "nosuid", "nodev", mode));
}

static void add_etc(json_t *mounts, const struct container *c)
{
	static const char *const files[] = {"resolv.conf", "hosts", "hostname"};
	for (size_t i = 0; i < 3; i++) {
		add_file(mounts, file_text("/etc/%s", files[i]), container_path(c, files[i]), "rw");
	}
}

/*
 * The runtime plays init, too. A copy for this container alone, made anew at each start: a
 * container that may remount it, or finds another way to write it, changes what nobody else runs
 * (CVE-2019-5736).
 */
static int add_init(json_t *mounts, const struct container *c)
{
	size_t length;
	const char *program = run_runtime_path();
	const char *copy = container_path(c, "init");
	fd_auto fd = open(program, O_RDONLY | O_CLOEXEC);
	char *data = fd < 0 ? NULL : file_read(fd, INIT_MAX, &length, program);
	if (data == NULL) {
		return fd < 0 ? fault_set(errno, "init: open %s", program) : -1;
	}
	int result = file_write(copy, data, length);
	free(data);
	if (result < 0 || chmod(copy, 0555) < 0) {
		return result < 0 ? -1 : fault_set(errno, "init: set the mode of its copy");
	}
	add_file(mounts, MOUNTS_INIT, copy, "ro");
	return 0;
}

/* A host's queues and shared memory are files, too. */
static void share_memory(json_t *mounts)
{
	static const char *const folders[] = {"/dev/shm", "/dev/mqueue"};
	size_t at;
	json_t *one;
	for (size_t i = 0; i < 2; i++) {
		json_array_foreach(mounts, at, one)
		{
			const char *path = json_string_value(json_object_get(one, "destination"));
			if (strcmp(path, folders[i]) == 0 && access(path, F_OK) == 0) {
				json_array_set_new(mounts, at,
						   json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}",
							     "destination", path, "type", "bind",
							     "source", path, "options", "rbind",
							     "rprivate", "nosuid", "noexec",
							     "nodev"));
			}
		}
	}
}

json_t *mounts_make(const struct container *c)
{
	size_t at;
	const json_t *one;
	const json_t *request = container_request(c);
	json_t *mounts = profile_mounts(request_flag(request, "privileged"));
	add_etc(mounts, c);
	limits_set_shm(mounts, request);
	if (spaces_is_host(request, "ipc")) {
		share_memory(mounts);
	}
	json_array_foreach(request_list(request, "tmpfs"), at, one)
	{
		json_array_append_new(mounts, limits_tmpfs(json_string_value(one)));
	}
	if (add_list(mounts, request, "volumes", parse_volume) < 0 ||
	    add_list(mounts, request, "mounts", parse_mount) < 0 ||
	    (request_flag(request, "init") && add_init(mounts, c) < 0)) {
		json_decref(mounts);
		return NULL;
	}
	return mounts;
}
