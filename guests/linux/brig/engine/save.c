/* SPDX-License-Identifier: Apache-2.0 */
/* An image out of the store as an OCI layout; and what no image needs out of it. */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guests/linux/brig/engine/container.h"
#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/file.h"
#include "guests/linux/brig/engine/load.h"
#include "guests/linux/brig/engine/store.h"

static int add_member(struct archive *out, const char *name, int64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	int code = archive_write_header(out, entry);
	archive_entry_free(entry);
	return code == ARCHIVE_OK ? 0
				  : fault_set(0, "write %s: %s", name, archive_error_string(out));
}

static int add_text(struct archive *out, const char *name, const char *text)
{
	size_t length = strlen(text);
	if (add_member(out, name, (int64_t)length) < 0) {
		return -1;
	}
	return archive_write_data(out, text, length) == (la_ssize_t)length
		       ? 0
		       : fault_set(0, "write %s: %s", name, archive_error_string(out));
}

static int add_blob(struct archive *out, const struct image_blob *blob)
{
	static char block[65536];
	char name[96];
	ssize_t got;
	snprintf(name, sizeof(name), "blobs/sha256/%s", blob->digest + 7);
	fd_auto fd = open(store_path("%s", name), O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return fault_set(errno, "open the blob %s", blob->digest);
	}
	if (add_member(out, name, blob->size) < 0) {
		return -1;
	}
	while ((got = read(fd, block, sizeof(block))) > 0) {
		if (archive_write_data(out, block, (size_t)got) != got) {
			return fault_set(0, "write %s: %s", name, archive_error_string(out));
		}
	}
	return 0;
}

static int add_all(struct archive *out, const struct image *image, const char *name)
{
	json_t *index = json_pack("{s:i, s:s, s:[{s:s, s:s, s:I, s:{s:s}}]}", "schemaVersion", 2,
				  "mediaType", IMAGE_TYPE_INDEX, "manifests", "mediaType",
				  IMAGE_TYPE_MANIFEST, "digest", image->manifest.digest, "size",
				  (json_int_t)image->manifest.size, "annotations",
				  "org.opencontainers.image.ref.name", store_full_name(name));
	char *text = json_dumps(index, JSON_INDENT(2));
	int result = add_text(out, "oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}\n");
	if (result == 0 &&
	    (add_text(out, "index.json", text) < 0 || add_blob(out, &image->manifest) < 0 ||
	     add_blob(out, &image->config) < 0)) {
		result = -1;
	}
	for (int i = 0; i < image->layer_count && result == 0; i++) {
		result = add_blob(out, &image->layers[i]);
	}
	free(text);
	json_decref(index);
	return result;
}

int save_image(const char *name, const char *path)
{
	struct image image;
	if (path == NULL && isatty(STDOUT_FILENO)) {
		return fault_set(0, "save %s: to a terminal (use -o FILE)", name);
	}
	if (store_find(name, &image) < 0) {
		return -1;
	}
	struct archive *out = archive_write_new();
	archive_write_set_format_ustar(out);
	int code = path != NULL ? archive_write_open_filename(out, path)
				: archive_write_open_fd(out, STDOUT_FILENO);
	int result = code == ARCHIVE_OK ? add_all(out, &image, name)
					: fault_set(0, "%s", archive_error_string(out));
	if (result == 0 && archive_write_close(out) != ARCHIVE_OK) {
		result = fault_set(0, "%s", archive_error_string(out));
	}
	archive_write_free(out);
	return result < 0 ? fault_in("save %s to %s", name, path != NULL ? path : "stdout") : 0;
}

/* -- Pruning ----------------------------------------------------------------------- */

/* The digests that images and containers hold, as the keys of an object. */
static json_t *needed(void)
{
	size_t at;
	const json_t *one;
	json_t *keep = json_object();
	json_t *index = store_index();
	json_array_foreach(json_object_get(index, "manifests"), at, one)
	{
		struct image image;
		const char *digest = json_string_value(json_object_get(one, "digest"));
		if (!image_is_digest(digest) || store_find(digest + 7, &image) < 0) {
			json_decref(keep);
			return NULL;
		}
		json_object_set_new(keep, image.manifest.digest + 7, json_true());
		json_object_set_new(keep, image.config.digest + 7, json_true());
		for (int i = 0; i < image.layer_count; i++) {
			json_object_set_new(keep, image.layers[i].digest + 7, json_true());
			json_object_set_new(keep, image.diff_ids[i] + 7, json_true());
		}
	}
	for (const struct container *c = container_list(); c->id[0] != '\0'; c++) {
		json_array_foreach(json_object_get(c->record, "layers"), at, one)
		{
			json_object_set_new(keep, json_string_value(one), json_true());
		}
	}
	json_decref(index);
	return keep;
}

static int64_t sweep(const char *folder, const json_t *keep)
{
	int64_t freed = 0;
	DIR *list = opendir(store_path("%s", folder));
	const struct dirent *entry;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		struct stat status;
		if (entry->d_name[0] == '.' || json_object_get(keep, entry->d_name) != NULL) {
			continue;
		}
		if (fstatat(dirfd(list), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(status.st_mode)) {
			freed += status.st_size;
		}
		(void)file_remove_tree(dirfd(list), entry->d_name);
	}
	if (list != NULL) {
		closedir(list);
	}
	return freed;
}

int64_t store_prune(void)
{
	json_t *keep = needed();
	if (keep == NULL) {
		return fault_in("nothing is pruned while an image is damaged");
	}
	json_t *none = json_object();
	int64_t freed = sweep("blobs/sha256", keep) + sweep("tmp", none);
	(void)sweep("layers", keep);
	json_decref(keep);
	json_decref(none);
	return freed;
}
