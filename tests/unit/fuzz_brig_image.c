/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: an image's documents, index, manifest or config, are taken or refused with a reason. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* what the store reads them with (store_document()) */
	json_t *document = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct image image = {0};

	fault_set(0, "%s", "");
	if (document == NULL) {
		return 0;
	}
	if (image_is_index(document) == 1) {
		const json_t *chosen = image_choose(document, "arm64");
		assert(chosen == NULL || image_parse_descriptor(chosen, &image.manifest) == 0 ||
		       fault_text()[0] != '\0');
	} else if (image_parse_manifest(document, &image) == 0) {
		assert(image.layer_count >= 0 && image.layer_count <= IMAGE_LAYERS_MAX);
		for (int i = 0; i < image.layer_count; i++) {
			assert(image_is_digest(image.layers[i].digest) &&
			       image.layers[i].size >= 0);
		}
	} else {
		assert(fault_text()[0] != '\0');
	}
	image.layer_count = 1;
	(void)image_parse_config(document, &image);
	json_decref(document);
	return 0;
}
