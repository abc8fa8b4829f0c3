/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/load.h"
#include "guests/linux/brig/engine/store.h"
#include "guests/linux/brig/engine/unpack.h"

#define INDEX_DEPTH 3

struct source {
	int dir;
	const char *name; /* what the user wants it called, or NULL */
	const char *file; /* what it came from */
	int loaded;
};

/* A regular file of the source, found without leaving it. */
static int open_member(const struct source *source, const char *path)
{
	struct stat status;
	int fd = file_open_in(source->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		return fault_set(errno, "open %s in %s", path, source->file);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return fault_set(0, "%s in %s is no file", path, source->file);
	}
	return fd;
}

static int import_member(const struct source *source, const char *path,
			 const struct image_blob *wanted, struct image_blob *got)
{
	fd_auto fd = open_member(source, path);
	return fd < 0 ? -1 : store_import(fd, wanted, got);
}

static int import_blob(const struct source *source, const struct image_blob *blob)
{
	struct image_blob got;
	char path[96];
	snprintf(path, sizeof(path), "blobs/sha256/%s", blob->digest + 7);
	return import_member(source, path, blob, &got);
}

/* The image is usable as a whole before a name leads to it. */
static int finish(struct source *source, const struct image *image, const char *name)
{
	for (int i = 0; i < image->layer_count; i++) {
		if (isatty(STDERR_FILENO)) {
			fprintf(stderr, "\rbrig: %s: layer %d of %d", name, i + 1,
				image->layer_count);
		}
		if (store_layer(image, i) == NULL) {
			return -1;
		}
	}
	if (isatty(STDERR_FILENO)) {
		fputs("\r\033[K", stderr);
	}
	if (!image_is_name(name)) {
		return fault_set(0, "\"%.80s\" cannot be an image's name", name);
	}
	if (store_tag(name, &image->manifest) < 0) {
		return -1;
	}
	source->loaded++;
	printf("%s %.12s\n", store_full_name(name), image->manifest.digest + 7);
	return 0;
}

static int load_manifest(struct source *source, const struct image_blob *blob,
			 const json_t *document, const char *name)
{
	struct image image = {.manifest = *blob};
	if (image_parse_manifest(document, &image) < 0 || import_blob(source, &image.config) < 0) {
		return -1;
	}
	image.document = store_document(&image.config);
	if (image.document == NULL || image_parse_config(image.document, &image) < 0) {
		return -1;
	}
	for (int i = 0; i < image.layer_count; i++) {
		if (import_blob(source, &image.layers[i]) < 0) {
			return fault_in("layer %d", i);
		}
	}
	return finish(source, &image, name);
}

/* From a descriptor to a manifest, over the indices between. */
static int load_descriptor(struct source *source, const json_t *descriptor, const char *name)
{
	struct image_blob blob;
	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		if (image_parse_descriptor(descriptor, &blob) < 0 ||
		    import_blob(source, &blob) < 0) {
			return -1;
		}
		json_t *document = store_document(&blob);
		int index = document == NULL ? -1 : image_is_index(document);
		if (index < 0) {
			return fault_in("%s", blob.digest);
		}
		if (index == 0) {
			return load_manifest(source, &blob, document, name);
		}
		descriptor = image_choose(document, image_arch());
		if (descriptor == NULL) {
			return -1;
		}
	}
	return fault_set(0, "indices nested more than %d deep", INDEX_DEPTH);
}

static const char *file_stem(const char *path)
{
	char *copy = file_text("%s", path);
	char *base = basename(copy);
	char *dot = strchr(base, '.');
	if (dot != NULL && dot != base) {
		*dot = '\0';
	}
	return base;
}

static const char *name_for(const struct source *source, const json_t *descriptor)
{
	static const char *const keys[] = {"io.containerd.image.name",
					   "org.opencontainers.image.ref.name"};
	const json_t *notes = json_object_get(descriptor, "annotations");
	if (source->name != NULL) {
		return source->name;
	}
	for (size_t i = 0; i < 2; i++) {
		const char *name = json_string_value(json_object_get(notes, keys[i]));
		if (name != NULL) {
			return name;
		}
	}
	return file_stem(source->file);
}

static int load_layout(struct source *source)
{
	size_t at;
	const json_t *one;
	fd_auto fd = open_member(source, "index.json");
	json_t *index = fd < 0 ? NULL : file_json(fd, "index.json");
	if (index == NULL || image_is_index(index) != 1) {
		return index == NULL ? -1 : fault_in("index.json");
	}
	json_array_foreach(json_object_get(index, "manifests"), at, one)
	{
		if (load_descriptor(source, one, name_for(source, one)) < 0) {
			return -1;
		}
	}
	return 0;
}

/* A manifest of our own for one of docker-archive's images: its layers are named by path. */
static json_t *docker_manifest(const struct source *source, const json_t *one)
{
	size_t at;
	const json_t *layer;
	struct image_blob blob;
	const char *config = json_string_value(json_object_get(one, "Config"));
	if (config == NULL || import_member(source, config, NULL, &blob) < 0) {
		if (config == NULL) {
			fault_set(0, "manifest.json has no Config");
		}
		return NULL;
	}
	json_t *manifest =
		json_pack("{s:i, s:s, s:{s:s, s:s, s:I}, s:[]}", "schemaVersion", 2, "mediaType",
			  IMAGE_TYPE_MANIFEST, "config", "mediaType", IMAGE_TYPE_CONFIG, "digest",
			  blob.digest, "size", (json_int_t)blob.size, "layers");
	json_array_foreach(json_object_get(one, "Layers"), at, layer)
	{
		const char *path = json_string_value(layer);
		if (path == NULL || import_member(source, path, NULL, &blob) < 0) {
			json_decref(manifest);
			return NULL;
		}
		json_array_append_new(json_object_get(manifest, "layers"),
				      json_pack("{s:s, s:s, s:I}", "mediaType", IMAGE_TYPE_LAYER,
						"digest", blob.digest, "size",
						(json_int_t)blob.size));
	}
	return manifest;
}

static int load_docker_image(struct source *source, const json_t *one)
{
	struct image image = {0};
	json_t *manifest = docker_manifest(source, one);
	if (manifest == NULL) {
		return -1;
	}
	char *text = json_dumps(manifest, JSON_COMPACT | JSON_SORT_KEYS);
	int result = store_import_text(text, &image.manifest);
	free(text);
	if (result < 0 || image_parse_manifest(manifest, &image) < 0) {
		return -1;
	}
	image.document = store_document(&image.config);
	if (image.document == NULL || image_parse_config(image.document, &image) < 0) {
		return -1;
	}
	const json_t *tags = json_object_get(one, "RepoTags");
	const char *tag = json_string_value(json_array_get(tags, 0));
	if (source->name != NULL || tag == NULL) {
		return finish(source, &image,
			      source->name ? source->name : file_stem(source->file));
	}
	for (size_t i = 0; i < json_array_size(tags); i++) {
		tag = json_string_value(json_array_get(tags, i));
		if (tag == NULL || finish(source, &image, tag) < 0) {
			return tag == NULL ? fault_set(0, "a RepoTag that is no text") : -1;
		}
	}
	return 0;
}

static int load_docker(struct source *source)
{
	size_t at;
	const json_t *one;
	fd_auto fd = open_member(source, "manifest.json");
	json_t *list = fd < 0 ? NULL : file_json(fd, "manifest.json");
	if (list == NULL || !json_is_array(list)) {
		return list == NULL ? -1 : fault_set(0, "manifest.json is no list");
	}
	json_array_foreach(list, at, one)
	{
		if (load_docker_image(source, one) < 0) {
			return -1;
		}
	}
	return 0;
}

static int load_dir(struct source *source)
{
	int result;
	if (faccessat(source->dir, "index.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		result = load_layout(source);
	} else if (faccessat(source->dir, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		result = load_docker(source);
	} else {
		return fault_set(0, "neither an OCI layout (index.json) nor a docker-archive "
				    "(manifest.json)");
	}
	if (result == 0 && source->loaded == 0) {
		return fault_set(0, "no image is in it");
	}
	return result;
}

static int load_tar(int fd, struct source *source)
{
	struct unpack_count count;
	char *dir = file_text("%s", store_path("tmp/load.XXXXXX"));
	if (mkdtemp(dir) == NULL) {
		return fault_set(errno, "make a directory in the store");
	}
	source->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = unpack_tar(fd, source->dir, false, unpack_defaults(), &count);
	if (result == 0) {
		result = load_dir(source);
	}
	char *why = file_text("%s", fault_text());
	close(source->dir);
	file_remove_tree(AT_FDCWD, dir);
	if (result < 0) {
		fault_set(0, "%s", why);
	}
	free(why);
	free(dir);
	return result;
}

int load_images(const char *path, const char *name)
{
	struct stat status;
	struct source source = {.dir = -1, .name = name, .file = path};
	fd_auto lock = store_lock();
	bool piped = strcmp(path, "-") == 0;
	fd_auto fd = piped ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (lock < 0 || fd < 0 || fstat(fd, &status) < 0) {
		return lock < 0 ? -1 : fault_set(errno, "load %s", path);
	}
	int result;
	if (S_ISDIR(status.st_mode)) {
		source.dir = fd;
		result = load_dir(&source);
	} else {
		result = load_tar(fd, &source);
	}
	return result < 0 ? fault_in("load %s", path) : 0;
}
