/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that do not split at a page, or that share an interrupt: no stage 2 maps them. Each
 * access of their VM to their own registers, and no other, is carried out here. A shared
 * interrupt is taken by the hypervisor, which asks each device (gate.h), shuts the gate of those
 * that ask and raises their VMs' own lines: so one that never serves its device delays nobody.
 * With the VM's next access to the device the gate opens again, and shuts if the device still asks:
 * each time it may have interrupted. A VM whose gates shut more often than VFILTER_EVENTS_HZ waits
 * with its access, its CPU taking interrupts meanwhile. So in t seconds a device interrupts at most
 * VFILTER_EVENTS_HZ * t + VFILTER_EVENTS_AHEAD times, and once for each vCPU of its VM.
 */
#ifndef CORE_VFILTER_H
#define CORE_VFILTER_H

#include "core/config.h"
#include "core/gate.h"
#include "core/lib/spinlock.h"
#include "core/mmio.h"

#define VFILTER_EVENTS_HZ    20000
#define VFILTER_EVENTS_AHEAD 100

struct vfilter {
	struct vm *vm;
	struct mem_range regs;   /* IPA = PA */
	const struct gate *gate; /* NULL: it shares no interrupt */
	uint32_t intid;
	struct spinlock lock; /* of the device, if it has a gate */
	bool shut;
	uint32_t taken;   /* the enabling bits that are taken away while it is shut */
	uint64_t paid_at; /* when it may interrupt next: counter value */
};

struct vm_filters {
	struct vfilter filter[VM_FILTERS_MAX];
	unsigned int count;
};

/* Have the accesses to a device's registers pass here. Returns 0, or -1: no tables left. */
int vfilter_add(struct vm *vm, const struct vm_device *device) MUST_CHECK;
/* The VM stopped or is about to start: its devices ask for nothing. */
void vfilter_reset(struct vm *vm);
/* A physical interrupt came. False: no device of a filter has it. */
bool vfilter_interrupt(uint32_t intid);

#endif
