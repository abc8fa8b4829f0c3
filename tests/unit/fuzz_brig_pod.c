/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: a pod file is taken or refused with a reason. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guests/linux/brig/engine/fault.h"
#include "guests/linux/brig/engine/pod.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *file;
	json_t *pod;

	if (size == 0 || (file = fmemopen((void *)(uintptr_t)data, size, "r")) == NULL) {
		return 0;
	}
	fault_set(0, "%s", "");
	pod = pod_read(file, "pod.yaml");
	assert(pod != NULL || fault_text()[0] != '\0');
	json_decref(pod);
	fclose(file);
	return 0;
}
