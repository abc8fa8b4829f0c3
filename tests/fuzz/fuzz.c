/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's entry: one program for each kind of input, chosen by FUZZ_INPUT. The input
 * lies in memory of its own, aligned as the real one is.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/desk_inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	if (copy) {
		memcpy(copy, data, size);
		(void)FUZZ_INPUT(copy, size);
	}
	free(copy);
	return 0;
}
