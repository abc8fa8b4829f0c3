/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: config.json, whatever it holds, is taken or refused with a reason. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/linux/brig/lib/err.h"
#include "guests/linux/brig/lib/mem.h"
#include "guests/linux/brig/lib/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct spec *spec = spec_parse((const char *)data, size, "config.json");
	assert(spec != NULL || err_text()[0] != '\0');
	mem_free_all();
	return 0;
}
