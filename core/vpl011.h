/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PL011 that a guest sees (ARM DDI 0183): a console port out, a 32-byte FIFO
 * in. Behind the FIFO is a longer queue, so that a pasted line is not lost
 * before the guest had a chance to run.
 */
#ifndef CORE_VPL011_H
#define CORE_VPL011_H

#include "core/lib/spinlock.h"
#include "core/lib/types.h"
#include "core/mmio.h"

#define VPL011_FIFO  32U
#define VPL011_QUEUE 1024U

struct vm;
struct vcpu;

struct vpl011 {
	struct spinlock lock;
	struct vm *vm;
	uint32_t intid;
	char queue[VPL011_QUEUE]; /* its first bytes are the FIFO's */
	uint32_t fifo_in;         /* free-running; fifo_in - fifo_out bytes are there */
	uint32_t fifo_out;
	uint32_t control; /* UARTCR */
	uint32_t line;    /* UARTLCR_H */
	uint32_t ibrd;
	uint32_t fbrd;
	uint32_t ifls;
	uint32_t dmacr;
	uint32_t mask; /* UARTIMSC */
	uint32_t raw;  /* UARTRIS */
};

void vpl011_reset(struct vpl011 *u, struct vm *vm, uint32_t intid);
/* A key from the console: dropped when the queue is full, as on the wire. */
void vpl011_receive(void *uart, char c);
mmio_access vpl011_access;

#endif
