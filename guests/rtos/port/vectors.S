/*
 * Exceptions. Tasks run at EL1t on SP_EL0; everything else runs at EL1h on
 * the trap stack, so that a task's stack overflow finds a good stack here.
 * A task's whole state lies in its struct task, to which TPIDR_EL1 points.
 */
#include "guests/rtos/port/context.h"

/* in: interrupted task's state. out: saved; x0 = task. sp as it was. */
	.macro save_task
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el1
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	ldp	x1, x2, [sp], #16
	stp	x1, x2, [x0]
	mrs	x1, sp_el0
	stp	x30, x1, [x0, #240]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [x0, #CTX_PC]
	.endm

	.macro vector label
	.balign	128
	b	\label
	.endm

/* A vector that can only mean a broken kernel: reported with its number. */
	.macro fatal_vector number
	.balign	128
	msr	tpidr_el0, x0
	mov	x0, #\number
	b	trap_fatal_entry
	.endm

	.text
	.balign	2048
	.global vectors
vectors:
	vector	task_sync
	vector	task_irq
	vector	task_fiq
	vector	task_serror
	fatal_vector 4			/* EL1h: the kernel itself */
	fatal_vector 5
	fatal_vector 6
	fatal_vector 7
	fatal_vector 8			/* EL0: there is none */
	fatal_vector 9
	fatal_vector 10
	fatal_vector 11
	fatal_vector 12
	fatal_vector 13
	fatal_vector 14
	fatal_vector 15
	.balign	128

task_sync:
	save_task
	bl	trap_sync
	b	trap_return
task_irq:
	save_task
	bl	trap_irq
	b	trap_return
task_fiq:
	save_task
	mov	x1, #2
	b	trap_unexpected
task_serror:
	save_task
	mov	x1, #3
	b	trap_unexpected

/* The one way out: go on as sched_current(). Also the way into the first task. */
	.global trap_return
trap_return:
	bl	sched_current
	msr	tpidr_el1, x0
	ldp	x1, x2, [x0, #CTX_PC]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldp	x30, x1, [x0, #240]
	msr	sp_el0, x1
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldp	x0, x1, [x0]
	eret
	dsb	nsh
	isb

/*
 * in: x0 = vector number, TPIDR_EL0 = the x0 interrupted, sp not to be trusted.
 * out: to trap_fatal(vector, context) on a stack of its own.
 */
trap_fatal_entry:
	msr	tpidr_el1, x1
	ldr	x1, =trap_fatal_context
	stp	x2, x3, [x1, #16]
	stp	x4, x5, [x1, #32]
	stp	x6, x7, [x1, #48]
	stp	x8, x9, [x1, #64]
	stp	x10, x11, [x1, #80]
	stp	x12, x13, [x1, #96]
	stp	x14, x15, [x1, #112]
	stp	x16, x17, [x1, #128]
	stp	x18, x19, [x1, #144]
	stp	x20, x21, [x1, #160]
	stp	x22, x23, [x1, #176]
	stp	x24, x25, [x1, #192]
	stp	x26, x27, [x1, #208]
	stp	x28, x29, [x1, #224]
	mrs	x2, tpidr_el0
	mrs	x3, tpidr_el1
	stp	x2, x3, [x1]
	mov	x2, sp
	stp	x30, x2, [x1, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [x1, #CTX_PC]
	ldr	x2, =trap_fatal_stack_top
	mov	sp, x2
	b	trap_fatal
