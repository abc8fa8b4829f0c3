/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vabsent.h"

#include "core/log.h"
#include "core/mmio.h"
#include "core/vm.h"

struct absent {
	const char *what;
	uint64_t base;
	uint64_t size;
};

static const struct absent table[] = {
	{"flash", 0x00000000, 0x08000000}, {"GICv2m", 0x08020000, SZ_4K},
	{"ITS", 0x08080000, 0x20000},      {"fw_cfg", 0x09020000, SZ_4K},
	{"PL061", 0x09030000, SZ_4K},
};

static uint64_t access_absent(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	const struct absent *absent = device;
	uint32_t bit = (uint32_t)BIT(absent - table);

	(void)value;
	if (!(__atomic_fetch_or(&v->vm->absent_seen, bit, __ATOMIC_RELAXED) & bit)) {
		log_guest(v->vm, "%s: looked for %s at 0x%lx: there is none", v->vm->config->name,
			  absent->what, absent->base + op.offset);
	}
	return 0;
}

void vabsent_add(struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		mmio_add(&vm->mmio, table[i].base, table[i].size, access_absent,
			 (void *)(uintptr_t)&table[i]);
	}
}
