/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of the bench payload: an IRQ notes the counter first, then calls bench_irq(counter). */
	.text
	.balign	2048
	.globl	bench_vectors
bench_vectors:
	.rept	5
	.balign	128
	b	.
	.endr
	.balign	128			/* IRQ, current EL, SP_EL1 */
	mrs	x28, cntvct_el0
	b	irq
	.rept	10
	.balign	128
	b	.
	.endr

irq:
	stp	x0, x1, [sp, #-176]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mov	x0, x28
	bl	bench_irq
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp], #176
	eret
