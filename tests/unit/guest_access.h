/* SPDX-License-Identifier: Apache-2.0 */
/* One access of a VM's first vCPU to an emulated frame, which must be there. */
#ifndef TESTS_UNIT_GUEST_ACCESS_H
#define TESTS_UNIT_GUEST_ACCESS_H

#include "core/mmio.h"
#include "tests/unit/fake_arch.h"

static inline uint64_t guest_access(struct vm *vm, uint64_t ipa, uint32_t size, bool write,
				    uint64_t value)
{
	const struct mmio_frame *f = mmio_find(&vm->mmio, ipa);
	struct mmio_op op = {.size = size, .write = write};

	assert_non_null(f);
	op.offset = (uint32_t)(ipa - f->base);
	return mmio_dispatch(f, &vm->vcpus[0], op, value);
}

#endif
