/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/utsname.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/image.h"

bool image_is_digest(const char *text)
{
	return text != NULL && strncmp(text, "sha256:", 7) == 0 && strlen(text) == 71 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

bool image_is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-/:@";
	size_t length = strlen(text);
	return length > 0 && length < 256 && strspn(text, allowed) == length &&
	       strstr(text, "..") == NULL && text[0] != '-' && text[0] != '/';
}

int image_parse_descriptor(const json_t *value, struct image_blob *blob)
{
	const char *digest = json_string_value(json_object_get(value, "digest"));
	const json_t *size = json_object_get(value, "size");
	if (!image_is_digest(digest)) {
		return fault_set(0, "a descriptor's digest \"%.80s\" is no sha256",
				 digest ? digest : "");
	}
	if (!json_is_integer(size) || json_integer_value(size) < 0) {
		return fault_set(0, "the descriptor of %s has no size", digest);
	}
	strcpy(blob->digest, digest);
	blob->size = json_integer_value(size);
	return 0;
}

int image_is_index(const json_t *value)
{
	const json_t *manifests = json_object_get(value, "manifests");
	bool leaf = json_object_get(value, "layers") != NULL ||
		    json_object_get(value, "config") != NULL;
	const char *type = json_string_value(json_object_get(value, "mediaType"));
	if (!json_is_object(value) || (manifests != NULL && leaf)) {
		return fault_set(0, "a document that is both a manifest and an index, or neither");
	}
	if (manifests == NULL && !leaf) {
		return fault_set(0, "a document with neither layers nor manifests");
	}
	bool says_index =
		type != NULL && (strstr(type, "index") != NULL || strstr(type, "manifest.list"));
	if (type != NULL && says_index != (manifests != NULL)) {
		return fault_set(0, "its mediaType %.80s is not what it is", type);
	}
	return manifests != NULL;
}

int image_parse_manifest(const json_t *value, struct image *image)
{
	const json_t *layers = json_object_get(value, "layers");
	size_t count = json_array_size(layers);
	int index = image_is_index(value);
	if (index != 0) {
		return index < 0 ? -1 : fault_set(0, "an index where a manifest should be");
	}
	if (json_integer_value(json_object_get(value, "schemaVersion")) != 2) {
		return fault_set(0, "schemaVersion is not 2");
	}
	if (!json_is_array(layers) || count > IMAGE_LAYERS_MAX) {
		return fault_set(0, "it has no list of layers, or more than %d", IMAGE_LAYERS_MAX);
	}
	if (image_parse_descriptor(json_object_get(value, "config"), &image->config) < 0) {
		return fault_in("config");
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *layer = json_array_get(layers, i);
		const char *type = json_string_value(json_object_get(layer, "mediaType"));
		if (type == NULL || strstr(type, "tar") == NULL ||
		    strstr(type, "encrypted") != NULL) {
			return fault_set(0, "layer %zu is of the unknown type \"%.80s\"", i,
					 type ? type : "");
		}
		if (image_parse_descriptor(layer, &image->layers[i]) < 0) {
			return fault_in("layer %zu", i);
		}
	}
	image->layer_count = (int)count;
	return 0;
}

int image_parse_config(const json_t *value, struct image *image)
{
	const json_t *ids = json_object_get(json_object_get(value, "rootfs"), "diff_ids");
	if (!json_is_array(ids) || json_array_size(ids) != (size_t)image->layer_count) {
		return fault_set(0, "the config names %zu layers, the manifest %d",
				 json_array_size(ids), image->layer_count);
	}
	for (int i = 0; i < image->layer_count; i++) {
		const char *id = json_string_value(json_array_get(ids, (size_t)i));
		if (!image_is_digest(id)) {
			return fault_set(0, "diff_id %d is no sha256", i);
		}
		strcpy(image->diff_ids[i], id);
	}
	return 0;
}

const char *image_arch(void)
{
	static struct utsname name;
	uname(&name);
	if (strcmp(name.machine, "aarch64") == 0) {
		return "arm64";
	}
	return strcmp(name.machine, "x86_64") == 0 ? "amd64" : name.machine;
}

const json_t *image_choose(const json_t *index, const char *arch)
{
	size_t at;
	const json_t *one;
	const json_t *list = json_object_get(index, "manifests");
	json_array_foreach(list, at, one)
	{
		const json_t *platform = json_object_get(one, "platform");
		const char *here = json_string_value(json_object_get(platform, "architecture"));
		const char *os = json_string_value(json_object_get(platform, "os"));
		if (here != NULL && strcmp(here, arch) == 0 &&
		    (os == NULL || strcmp(os, "linux") == 0)) {
			return one;
		}
	}
	if (json_array_size(list) == 1 &&
	    json_object_get(json_array_get(list, 0), "platform") == NULL) {
		return json_array_get(list, 0);
	}
	fault_set(0, "the index has no image for linux/%s", arch);
	return NULL;
}
