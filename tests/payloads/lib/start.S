/* SPDX-License-Identifier: Apache-2.0 */
/* Entry of a payload: arm64 Image header, first CPU, further CPUs, vectors. */
#include "tests/payloads/lib/asm.h"

	.section .head, "ax"
	.globl _start
_start:
	b	first_cpu
	.long	0
	.quad	0x80000			/* text_offset: linked there */
	.quad	_image_size
	.quad	0x2			/* little endian, 4 KiB pages */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
/* in: x0 = device tree or 0. The MMU is off. */
first_cpu:
	mrs	x20, cntvct_el0
	msr	daifset, #0xf
	mov	x19, x0
	adrp	x1, _bss_start
	add	x1, x1, :lo12:_bss_start
	adrp	x2, _bss_end
	add	x2, x2, :lo12:_bss_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	adrp	x0, started_at
	str	x20, [x0, :lo12:started_at]
	adrp	x0, cpus
	add	x0, x0, :lo12:cpus
	bl	cpu_setup
	mov	x0, x19
	bl	payload_early
	bl	mmu_tables
	bl	mmu_on
	mov	x0, x19
	bl	payload_start
	b	.

/* PSCI entry of every further CPU. in: x0 = its struct cpu. */
	.globl	secondary_entry
secondary_entry:
	msr	daifset, #0xf
	bl	cpu_setup
	bl	mmu_on
	mrs	x0, tpidr_el1
	bl	secondary_main
	b	.

/*
 * in: x0 = struct cpu, x30 = return. Sets stack, vectors, TPIDR_EL1.
 * clobbers x1.
 */
cpu_setup:
	msr	tpidr_el1, x0
	ldr	x1, [x0, #CPU_STACK_TOP]
	cbnz	x1, 1f
	adrp	x1, boot_stack_top	/* the first CPU, before its struct is filled */
	add	x1, x1, :lo12:boot_stack_top
1:	mov	sp, x1
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	isb
	ret

/*
 * A CPU started here says how it was started, without any memory but raw_seen,
 * and switches itself off. in: x0 = PSCI context id.
 */
	.globl	raw_entry
raw_entry:
	adrp	x1, raw_seen
	add	x1, x1, :lo12:raw_seen
	mrs	x2, CurrentEL
	mrs	x3, sctlr_el1
	stp	x0, x2, [x1, #8]
	mrs	x2, daif
	stp	x3, x2, [x1, #24]
	dsb	sy
	mov	x3, #1
	str	x3, [x1]
	dsb	sy
	movz	w0, #0x8400, lsl #16
	movk	w0, #0x0002		/* CPU_OFF */
	hvc	#0
	b	.

/* A CPU started here waits for ever: for tests that want one merely "on". */
	.globl	idle_entry
idle_entry:
	wfi
	b	idle_entry

/* unsigned long hvc_regs(uint64_t regs[18]): HVC with x0-x17, all written back. */
	.globl	hvc_regs
hvc_regs:
	stp	x29, x30, [sp, #-32]!
	stp	x18, x19, [sp, #16]
	mov	x19, x0
	ldp	x2, x3, [x19, #16]
	ldp	x4, x5, [x19, #32]
	ldp	x6, x7, [x19, #48]
	ldp	x8, x9, [x19, #64]
	ldp	x10, x11, [x19, #80]
	ldp	x12, x13, [x19, #96]
	ldp	x14, x15, [x19, #112]
	ldp	x16, x17, [x19, #128]
	ldp	x0, x1, [x19]
	hvc	#0
	stp	x0, x1, [x19]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	stp	x8, x9, [x19, #64]
	stp	x10, x11, [x19, #80]
	stp	x12, x13, [x19, #96]
	stp	x14, x15, [x19, #112]
	stp	x16, x17, [x19, #128]
	ldp	x18, x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

/* All sixteen vectors save one struct frame and call exception(frame, kind). */
	.macro	vector kind
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	exception_common
	.endm

	.balign	2048
	.globl	vectors
vectors:
	.set	kind, 0
	.rept	16
	vector	kind
	.set	kind, kind + 1
	.endr

exception_common:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x30, x2, [sp, #240]
	str	x3, [sp, #256]
	mov	x0, sp
	bl	exception
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret
	dsb	nsh
	isb

	.bss
	.balign	16
	.skip	16384
boot_stack_top:
	.section .note.GNU-stack, "", %progbits
