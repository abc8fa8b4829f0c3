/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox of a Raspberry Pi's firmware, of which each VM may use some requests
 * (mailbox-tags). A VM sees the registers where the board has them. A request is copied, its
 * tags that the VM has not are left out and stay unanswered, and the firmware gets the
 * rest in memory of the hypervisor: it never reads or writes a VM's. There a value is of whole
 * words, and at least 16 bytes long where another tag follows. One request is under way
 * at a time, and VMs take turns; nobody waits for it but who asked.
 *
 * Sources: BCM2835 ARM Peripherals' mailbox registers as in Linux' bcm2835-mailbox.c, and the
 * firmware's wiki, "Mailbox property interface".
 */
#ifndef CORE_VMAILBOX_H
#define CORE_VMAILBOX_H

#include "core/config.h"
#include "core/mmio.h"

/* The longest request that is passed on, in bytes. */
#define MAILBOX_REQUEST_MAX 1024

enum vmailbox_state {
	MAILBOX_FREE,
	MAILBOX_WAITING, /* for the firmware to be done with another's */
	MAILBOX_SENT,
	MAILBOX_ANSWERED, /* the VM has not taken the answer yet */
};

struct vmailbox {
	struct vm *vm; /* NULL: the VM has no tags */
	uint64_t base; /* IPA = PA */
	uint32_t intid;
	enum vmailbox_state state;
	uint32_t message;     /* as the VM wrote it: bus address and channel */
	bool wants_interrupt; /* when there is an answer */
};

/* Have the accesses to the mailbox pass here. Returns 0, or -1: it cannot be mapped. */
int vmailbox_add(struct vm *vm, const struct vm_device *device) MUST_CHECK;
/* The VM stopped or is about to start: no request is its own. */
void vmailbox_reset(struct vm *vm);
/* A physical interrupt came. False: it is not the mailbox's. */
bool vmailbox_interrupt(uint32_t intid);

#endif
