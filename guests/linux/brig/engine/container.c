/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/request.h"
#include "guests/linux/brig/engine/run.h"
#include "guests/linux/brig/engine/store.h"

const char *container_path(const struct container *c, const char *file)
{
	return store_path("containers/%s%s%s", c->id, *file != '\0' ? "/" : "", file);
}

const char *container_name(const struct container *c)
{
	return request_text(c->record, "name", c->id);
}

const json_t *container_request(const struct container *c)
{
	return json_object_get(c->record, "request");
}

static int by_age(const void *a, const void *b)
{
	const struct container *one = a;
	const struct container *two = b;
	json_int_t first = json_integer_value(json_object_get(one->record, "created"));
	json_int_t second = json_integer_value(json_object_get(two->record, "created"));
	return first < second ? -1 : first > second;
}

struct container *container_list(void)
{
	size_t count = 0;
	struct container *list = calloc(1, sizeof(*list));
	if (list == NULL) {
		abort();
	}
	DIR *folder = opendir(store_path("containers"));
	const struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct container one = {0};
		if (strlen(entry->d_name) != CONTAINER_ID_SIZE - 1) {
			continue;
		}
		strcpy(one.id, entry->d_name);
		one.record = file_json_at(container_path(&one, "container.json"));
		if (one.record == NULL) {
			continue; /* being made, or being removed */
		}
		struct container *more = realloc(list, (count + 2) * sizeof(*list));
		if (more == NULL) {
			abort();
		}
		list = more;
		list[count++] = one;
		list[count] = (struct container){0};
	}
	if (folder != NULL) {
		closedir(folder);
	}
	qsort(list, count, sizeof(*list), by_age);
	return list;
}

int container_find(const char *name, struct container *c)
{
	int found = 0;
	*c = (struct container){0};
	for (const struct container *one = container_list(); one->id[0] != '\0'; one++) {
		if (strcmp(container_name(one), name) == 0) {
			*c = *one;
			return 0;
		}
		if (strlen(name) >= 4 && strncmp(one->id, name, strlen(name)) == 0) {
			*c = *one;
			found++;
		}
	}
	return found == 1 ? 0
			  : fault_set(0, "%s: %s", name,
				      found == 0 ? "no such container" : "more than one begins so");
}

int container_open(const char *id, struct container *c)
{
	*c = (struct container){0};
	if (strlen(id) != CONTAINER_ID_SIZE - 1 || strchr(id, '/') != NULL) {
		return fault_set(0, "%.40s: no container's id", id);
	}
	strcpy(c->id, id);
	c->record = file_json_at(container_path(c, "container.json"));
	return c->record != NULL ? 0 : fault_set(0, "%s: no such container", id);
}

static int choose_id(char id[CONTAINER_ID_SIZE])
{
	unsigned char bytes[(CONTAINER_ID_SIZE - 1) / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		return fault_set(errno, "get random bytes");
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		sprintf(id + 2 * i, "%02x", bytes[i]);
	}
	return 0;
}

static json_t *unpack_layers(const struct image *image)
{
	json_t *layers = json_array();
	for (int i = 0; i < image->layer_count; i++) {
		if (store_layer(image, i) == NULL) {
			json_decref(layers);
			return NULL;
		}
		json_array_append_new(layers, json_string(image->diff_ids[i] + 7));
	}
	return layers;
}

static int make_folders(const struct container *c)
{
	static const char *const folders[] = {"upper", "work", "merged"};
	for (size_t i = 0; i < 3; i++) {
		if (file_make_dirs(container_path(c, folders[i])) < 0) {
			return -1;
		}
	}
	return 0;
}

int container_make(const json_t *request, struct container *c)
{
	struct image image;
	struct container other = {0};
	const char *reference = request_text(request, "image", "");
	fd_auto lock = store_lock();
	if (lock < 0 || store_find(reference, &image) < 0 || choose_id(c->id) < 0) {
		return -1;
	}
	const char *name = request_text(request, "name", file_text("%.12s", c->id));
	if (container_find(name, &other) == 0 && strcmp(container_name(&other), name) == 0) {
		return fault_set(0, "the name %s is taken by %.12s (brig rm %s)", name, other.id,
				 name);
	}
	json_t *layers = unpack_layers(&image);
	if (layers == NULL || make_folders(c) < 0) {
		return fault_in("image %s", reference);
	}
	c->record = json_pack("{s:s, s:s, s:s, s:s, s:I, s:O, s:o, s:O}", "id", c->id, "name", name,
			      "image", reference, "digest", image.manifest.digest, "created",
			      (json_int_t)time(NULL), "request", request, "layers", layers,
			      "image_config", image.document);
	if (c->record == NULL) {
		return fault_set(0, "put the record of %s together", name);
	}
	const struct container_state state = {.status = "created"};
	if (container_save_state(c, &state) < 0) {
		return -1;
	}
	return file_json_write(container_path(c, "container.json"), c->record);
}

static void take_text(const json_t *value, const char *key, char *text, size_t room)
{
	snprintf(text, room, "%s", request_text(value, key, ""));
}

static long long take_number(const json_t *value, const char *key)
{
	return json_integer_value(json_object_get(value, key));
}

void container_load_state(const struct container *c, struct container_state *state)
{
	json_t *value = file_json_at(container_path(c, "state.json"));
	*state = (struct container_state){0};
	take_text(value, "status", state->status, sizeof(state->status));
	take_text(value, "health", state->health, sizeof(state->health));
	state->pid = (pid_t)take_number(value, "pid");
	state->pid_start = (unsigned long long)take_number(value, "pid_start");
	state->exit_code = (int)take_number(value, "exit_code");
	state->restarts = (unsigned int)take_number(value, "restarts");
	state->started = take_number(value, "started");
	state->finished = take_number(value, "finished");
	json_decref(value);
}

int container_save_state(const struct container *c, const struct container_state *state)
{
	json_t *value = json_pack(
		"{s:s, s:s, s:i, s:I, s:i, s:i, s:I, s:I}", "status", state->status, "health",
		state->health, "pid", (int)state->pid, "pid_start", (json_int_t)state->pid_start,
		"exit_code", state->exit_code, "restarts", (int)state->restarts, "started",
		(json_int_t)state->started, "finished", (json_int_t)state->finished);
	int result = file_json_write(container_path(c, "state.json"), value);
	json_decref(value);
	return result;
}

unsigned long long container_pid_start(pid_t pid)
{
	unsigned long long start = 0;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd_auto fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : file_read(fd, 4096, NULL, path);
	char *at = text == NULL ? NULL : strrchr(text, ')');
	/* Field 3, the state, follows; field 22 is the start (proc(5)). */
	if (at != NULL && at[2] != 'Z' && at[2] != 'X') {
		at++;
		for (int field = 3; field < 22 && at != NULL; field++) {
			at = strchr(at + 1, ' ');
		}
		start = at == NULL ? 0 : strtoull(at, NULL, 10);
	}
	free(text);
	return start;
}

pid_t container_read_pid(const struct container *c, const char *file)
{
	fd_auto fd = open(container_path(c, file), O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : file_read(fd, 64, NULL, file);
	long pid = text == NULL ? 0 : strtol(text, NULL, 10);
	free(text);
	return (pid_t)pid;
}

bool container_ended(const struct container *c)
{
	struct container_state state;
	container_load_state(c, &state);
	return strcmp(state.status, "running") != 0 && strcmp(state.status, "restarting") != 0;
}

int container_lock(const struct container *c)
{
	int lock = file_lock(container_path(c, "lock"), false);
	/* What another removes meanwhile has a new lock, or one that nobody finds again. */
	if (lock >= 0 && access(container_path(c, "container.json"), F_OK) < 0) {
		file_close(&lock);
		errno = ENOENT;
	}
	return lock;
}

bool container_runs(const struct container_state *state)
{
	return state->pid > 0 && state->pid_start != 0 &&
	       container_pid_start(state->pid) == state->pid_start;
}

/* The highest layer comes first; relative names, as a page holds all of the options. */
static char *overlay_options(const struct container *c)
{
	const json_t *layers = json_object_get(c->record, "layers");
	char *lower = file_text("%s", "");
	for (size_t i = json_array_size(layers); i-- > 0;) {
		char *more = file_text("%s%s%s", lower, *lower != '\0' ? ":" : "",
				       json_string_value(json_array_get(layers, i)));
		free(lower);
		lower = more;
	}
	const char *upper = container_path(c, "upper");
	const char *work = container_path(c, "work");
	char *options = file_text("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
	free(lower);
	return options;
}

static bool is_mounted(const struct container *c)
{
	struct stat inner;
	struct stat outer;
	return stat(container_path(c, "merged"), &inner) == 0 &&
	       stat(container_path(c, ""), &outer) == 0 && inner.st_dev != outer.st_dev;
}

int container_mount(const struct container *c)
{
	if (is_mounted(c)) {
		return 0;
	}
	fd_auto here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (chdir(store_path("layers")) < 0) {
		return fault_set(errno, "enter the layers' folder");
	}
	char *options = overlay_options(c);
	int result = mount("overlay", container_path(c, "merged"), "overlay", 0, options);
	if (result < 0) {
		result = fault_set(errno, "mount the layers of %s by overlayfs", container_name(c));
	}
	free(options);
	if (here >= 0 && fchdir(here) < 0) {
		(void)chdir("/");
	}
	return result;
}

void container_unmount(const struct container *c)
{
	while (is_mounted(c) && umount2(container_path(c, "merged"), MNT_DETACH) == 0) {}
}

int container_remove(const struct container *c)
{
	container_unmount(c);
	if (is_mounted(c)) {
		return fault_set(EBUSY, "unmount the root of %s", container_name(c));
	}
	/* The record goes first: what has none is no container. */
	unlink(container_path(c, "container.json"));
	return file_remove_tree(AT_FDCWD, container_path(c, ""));
}
