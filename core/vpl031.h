/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL031 real-time clock that a guest sees (ARM DDI 0224). It counts seconds
 * from zero at the VM's start: the boards that we know have no clock of their
 * own to copy, and the guest may set it (RTCLR). No alarm interrupt.
 */
#ifndef CORE_VPL031_H
#define CORE_VPL031_H

#include "core/lib/types.h"
#include "core/mmio.h"

struct vcpu;

struct vpl031 {
	uint32_t offset; /* RTCDR = offset + seconds of the system counter */
	uint32_t match;
	uint32_t load;
	uint32_t mask;
};

void vpl031_reset(struct vpl031 *r);
mmio_access vpl031_access;

#endif
