/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL031 real-time clock that a guest sees (ARM DDI 0224). It counts seconds
 * from zero at the VM's start: the boards that we know have no clock of their
 * own to copy, and the guest may set it (RTCLR). The match register raises an interrupt.
 */
#ifndef CORE_VPL031_H
#define CORE_VPL031_H

#include "core/lib/spinlock.h"
#include "core/lib/types.h"
#include "core/mmio.h"

struct vm;
struct vcpu;

struct vpl031 {
	struct spinlock lock;
	struct vm *vm;
	uint32_t offset; /* RTCDR = offset + seconds of the system counter */
	uint32_t match;
	uint32_t load;
	uint32_t mask;  /* RTCIMSC, 0 or 1 */
	uint32_t raw;   /* RTCRIS, 0 or 1 */
	bool armed;     /* the match is still to come... */
	uint64_t alarm; /* ...at this counter value */
};

void vpl031_reset(struct vpl031 *r, struct vm *vm);
/* arch_alarm() came due on this CPU. */
void vpl031_poll(struct vpl031 *r);
uint64_t vpl031_access(struct vcpu *v, void *rtc, struct mmio_op op, uint64_t value);

#endif
