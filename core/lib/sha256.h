/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) on the general registers alone, as EL2 needs it. */
#ifndef CORE_LIB_SHA256_H
#define CORE_LIB_SHA256_H

#include "core/lib/types.h"

#define SHA256_SIZE 32

/* The digest of size bytes at data, of any alignment. */
void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);

#endif
