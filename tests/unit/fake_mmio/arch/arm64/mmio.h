/* SPDX-License-Identifier: Apache-2.0 */
/* Device registers for drivers under test on the host: the test is the device. */
#ifndef TESTS_UNIT_FAKE_MMIO_H
#define TESTS_UNIT_FAKE_MMIO_H

#include "core/lib/types.h"

uint32_t mmio_read32(uint64_t address);
void mmio_write32(uint64_t address, uint32_t value);

#endif
