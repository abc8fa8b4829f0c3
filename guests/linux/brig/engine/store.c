/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/lib/sha256.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/store.h"
#include "guests/linux/brig/engine/unpack.h"

#define REF_NAME "org.opencontainers.image.ref.name"

struct path {
	struct path *before;
	char text[];
};

static struct path *last_path;

const char *store_path(const char *format, ...)
{
	char *rest = NULL;
	const char *top = getenv("BRIG_STORE");
	top = top != NULL ? top : "/var/lib/brig";
	va_list args;
	va_start(args, format);
	int length = vasprintf(&rest, format, args);
	va_end(args);
	size_t size = strlen(top) + 1 + (size_t)length + 1;
	struct path *path = length < 0 ? NULL : malloc(sizeof(*path) + size);
	if (path == NULL) {
		abort();
	}
	snprintf(path->text, size, "%s/%s", top, rest);
	free(rest);
	path->before = last_path;
	last_path = path;
	return path->text;
}

const void *store_paths(void)
{
	return last_path;
}

void store_free_paths(const void *since)
{
	while (last_path != since) {
		struct path *path = last_path;
		last_path = path->before;
		free(path);
	}
}

/* An image's or a container's setuid program in it is not for users of this machine to run. */
static int close_to_others(const char *path)
{
	struct stat status;
	if (stat(path, &status) < 0 || ((status.st_mode & 077) != 0 && chmod(path, 0700) < 0)) {
		return fault_set(errno, "close %s to others", path);
	}
	return 0;
}

int store_open(void)
{
	static const char *const folders[] = {"layers", "tmp", "containers", "volumes"};
	if (file_make_dirs(store_path("blobs/sha256")) < 0) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (file_make_dirs(store_path("%s", folders[i])) < 0 ||
		    close_to_others(store_path("%s", folders[i])) < 0) {
			return -1;
		}
	}
	const char *layout = store_path("oci-layout");
	if (access(layout, F_OK) == 0) {
		return 0;
	}
	static const char text[] = "{\"imageLayoutVersion\": \"1.0.0\"}\n";
	return file_write(layout, text, sizeof(text) - 1);
}

int store_lock(void)
{
	int fd = file_lock(store_path("lock"), true);
	return fd < 0 ? fault_set(errno, "lock the image store") : fd;
}

int store_digest(int fd, char digest[IMAGE_DIGEST_SIZE], int64_t *size)
{
	struct stat status;
	uint8_t sum[SHA256_SIZE];
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		return fault_set(EINVAL, "take the digest of what is no file");
	}
	size_t length = (size_t)status.st_size;
	void *data = length == 0 ? NULL : mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		return fault_set(errno, "map a file of %zu bytes", length);
	}
	sha256(data, length, sum);
	if (data != NULL) {
		munmap(data, length);
	}
	strcpy(digest, "sha256:");
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		sprintf(digest + 7 + 2 * i, "%02x", sum[i]);
	}
	*size = status.st_size;
	return 0;
}

static int copy_bytes(int from, int to)
{
	static char block[65536];
	ssize_t got;
	while ((got = read(from, block, sizeof(block))) > 0) {
		if (!file_write_all(to, block, (size_t)got)) {
			return fault_set(errno, "copy into the store");
		}
	}
	return got < 0 ? fault_set(errno, "read what is to be loaded") : 0;
}

/* The digest is taken of the store's own copy: what was checked is what will be used. */
static int settle_blob(int fd, const char *part, const struct image_blob *wanted,
		       struct image_blob *got)
{
	if (store_digest(fd, got->digest, &got->size) < 0) {
		return -1;
	}
	if (wanted != NULL &&
	    (strcmp(wanted->digest, got->digest) != 0 || wanted->size != got->size)) {
		return fault_set(0, "%s of %lld bytes was named, %s of %lld bytes is there",
				 wanted->digest, (long long)wanted->size, got->digest,
				 (long long)got->size);
	}
	if (fsync(fd) < 0 || rename(part, store_path("blobs/sha256/%s", got->digest + 7)) < 0) {
		return fault_set(errno, "keep the blob %s", got->digest);
	}
	return 0;
}

int store_import(int from, const struct image_blob *wanted, struct image_blob *got)
{
	char *part = file_text("%s", store_path("tmp/blob.XXXXXX"));
	fd_auto fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0) {
		return fault_set(errno, "make a file in the store");
	}
	int result = copy_bytes(from, fd);
	if (result == 0) {
		result = settle_blob(fd, part, wanted, got);
	}
	if (result < 0) {
		unlink(part);
	}
	free(part);
	return result;
}

int store_import_text(const char *text, struct image_blob *got)
{
	fd_auto fd = memfd_create("blob", MFD_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, text, strlen(text)) || lseek(fd, 0, SEEK_SET) < 0) {
		return fault_set(errno, "hold a document in memory");
	}
	return store_import(fd, NULL, got);
}

static int open_blob(const struct image_blob *blob)
{
	char digest[IMAGE_DIGEST_SIZE];
	int64_t size;
	int fd = open(store_path("blobs/sha256/%s", blob->digest + 7), O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return fault_set(errno, "open the blob %s", blob->digest);
	}
	if (store_digest(fd, digest, &size) < 0 || strcmp(digest, blob->digest) != 0) {
		close(fd);
		return fault_set(0, "the blob %s is damaged: its bytes are %s", blob->digest,
				 digest);
	}
	return fd;
}

json_t *store_document(const struct image_blob *blob)
{
	fd_auto fd = open_blob(blob);
	return fd < 0 ? NULL : file_json(fd, blob->digest);
}

const char *store_full_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	return strchr(slash != NULL ? slash : name, ':') != NULL ? name
								 : file_text("%s:latest", name);
}

json_t *store_index(void)
{
	const char *path = store_path("index.json");
	if (access(path, F_OK) == 0) {
		return file_json_at(path);
	}
	return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", IMAGE_TYPE_INDEX,
			 "manifests");
}

static const char *ref_name(const json_t *one)
{
	return json_string_value(json_object_get(json_object_get(one, "annotations"), REF_NAME));
}

static int drop_name(json_t *index, const char *name)
{
	json_t *list = json_object_get(index, "manifests");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *here = ref_name(json_array_get(list, i));
		if (here != NULL && strcmp(here, name) == 0) {
			json_array_remove(list, i);
			return 1;
		}
	}
	return 0;
}

int store_tag(const char *name, const struct image_blob *manifest)
{
	const char *full = store_full_name(name);
	json_t *index = store_index();
	if (index == NULL) {
		return -1;
	}
	(void)drop_name(index, full);
	json_array_append_new(json_object_get(index, "manifests"),
			      json_pack("{s:s, s:s, s:I, s:{s:s}}", "mediaType",
					IMAGE_TYPE_MANIFEST, "digest", manifest->digest, "size",
					(json_int_t)manifest->size, "annotations", REF_NAME, full));
	int result = file_json_write(store_path("index.json"), index);
	json_decref(index);
	return result;
}

int store_untag(const char *name)
{
	json_t *index = store_index();
	int found = index == NULL ? -1 : drop_name(index, store_full_name(name));
	if (found > 0 && file_json_write(store_path("index.json"), index) < 0) {
		found = -1;
	}
	json_decref(index);
	return found;
}

static int read_image(const json_t *descriptor, struct image *image)
{
	memset(image, 0, sizeof(*image));
	if (image_parse_descriptor(descriptor, &image->manifest) < 0) {
		return -1;
	}
	json_t *manifest = store_document(&image->manifest);
	if (manifest == NULL || image_parse_manifest(manifest, image) < 0) {
		json_decref(manifest);
		return -1;
	}
	json_decref(manifest);
	image->document = store_document(&image->config);
	return image->document == NULL ? -1 : image_parse_config(image->document, image);
}

int store_find(const char *name, struct image *image)
{
	size_t at;
	const json_t *one;
	const char *full = store_full_name(name);
	size_t digits = strspn(name, "0123456789abcdef");
	json_t *index = store_index();
	if (index == NULL) {
		return -1;
	}
	json_array_foreach(json_object_get(index, "manifests"), at, one)
	{
		const char *here = ref_name(one);
		const char *digest = json_string_value(json_object_get(one, "digest"));
		bool by_digest = digits >= 6 && name[digits] == '\0' && image_is_digest(digest) &&
				 strncmp(digest + 7, name, digits) == 0;
		if (by_digest || (here != NULL && strcmp(here, full) == 0)) {
			int result = read_image(one, image);
			json_decref(index);
			return result < 0 ? fault_in("image %s", name) : 0;
		}
	}
	json_decref(index);
	return fault_set(0, "image %s: not in the store (brig images lists it, brig load fills it)",
			 name);
}

/* The plain tar of a layer in a file of its own, checked against its diff id. */
static int plain_layer(const struct image *image, int layer)
{
	char digest[IMAGE_DIGEST_SIZE];
	int64_t size;
	fd_auto blob = open_blob(&image->layers[layer]);
	if (blob < 0) {
		return -1;
	}
	int plain = open(store_path("tmp"), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (plain < 0) {
		return fault_set(errno, "make a file in the store");
	}
	if (unpack_plain(blob, plain, unpack_defaults()->bytes) == 0 &&
	    store_digest(plain, digest, &size) == 0) {
		if (strcmp(digest, image->diff_ids[layer]) == 0) {
			lseek(plain, 0, SEEK_SET);
			return plain;
		}
		fault_set(0, "layer %d is %s, the config says %s", layer, digest,
			  image->diff_ids[layer]);
	}
	close(plain);
	return -1;
}

static int fill_layer(const struct image *image, int layer, const char *part)
{
	struct unpack_count count;
	fd_auto plain = plain_layer(image, layer);
	fd_auto root = plain < 0 ? -1 : open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		return plain < 0 ? -1 : fault_set(errno, "open %s", part);
	}
	if (unpack_tar(plain, root, true, unpack_defaults(), &count) < 0) {
		return -1;
	}
	if (count.skipped > 0) {
		fprintf(stderr, "brig: layer %d: %llu device nodes left out\n", layer,
			(unsigned long long)count.skipped);
	}
	return syncfs(root);
}

const char *store_layer(const struct image *image, int layer)
{
	const char *path = store_path("layers/%s", image->diff_ids[layer] + 7);
	if (access(path, F_OK) == 0) {
		return path;
	}
	char *part = file_text("%s", store_path("tmp/layer.XXXXXX"));
	if (mkdtemp(part) == NULL) {
		fault_set(errno, "make a directory in the store");
		return NULL;
	}
	chmod(part, 0755);
	if (fill_layer(image, layer, part) < 0 ||
	    (rename(part, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)) {
		fault_in("layer %d", layer);
		char *why = file_text("%s", fault_text());
		file_remove_tree(AT_FDCWD, part);
		fault_set(0, "%s", why);
		free(why);
		return NULL;
	}
	file_remove_tree(AT_FDCWD, part);
	free(part);
	return path;
}
