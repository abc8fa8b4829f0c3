/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hypervisor does with each kind of input from outside, from reading to the
 * last use, with the promises that must hold checked on the way: a broken one ends
 * the program. Shared by tests/unit/test_mutate.c and tests/fuzz.
 */
#ifndef TESTS_UNIT_DESK_INPUTS_H
#define TESTS_UNIT_DESK_INPUTS_H

#include "core/lib/types.h"

/* A board's tree of size bytes; a VM is placed on it and given devices. True: accepted. */
bool input_board(const void *data, size_t size);
/* A configuration, on a sound board. */
bool input_config(const void *data, size_t size);
/* A bundle, with the configuration in it. */
bool input_bundle(const void *data, size_t size);
/* A guest's image: ELF, arm64 Image or raw. */
bool input_image(const void *data, size_t size);

/* Sound images to begin with, of at most size bytes; the ELF file's headers take 256. */
void input_make_elf(uint8_t *file, size_t size);
void input_make_linux(uint8_t *file, size_t size);

#endif
