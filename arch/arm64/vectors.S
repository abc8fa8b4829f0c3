/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's exception vectors. A trap from a guest saves what C may clobber (x0 to
 * x18, x30) at the top of this CPU's stack; the long way, on which any register of the
 * guest may be read or written, saves x19 to x29 as well. Everything leaves by trap_return.
 *
 * In a guest, SP_EL2 points to the (empty) frame, so no register is needed to find it.
 */
#include "arch/arm64/offsets.h"

	/* x2 and x3 are saved already. */
	.macro save_caller_rest
	stp	x0, x1, [sp, #16 * 0]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	str	x18, [sp, #16 * 9]
	str	x30, [sp, #16 * 15]
	.endm

	.macro save_caller
	stp	x2, x3, [sp, #16 * 1]
	save_caller_rest
	.endm

	.macro save_callee
	stp	x19, x20, [sp, #16 * 9 + 8]
	stp	x21, x22, [sp, #16 * 10 + 8]
	stp	x23, x24, [sp, #16 * 11 + 8]
	stp	x25, x26, [sp, #16 * 12 + 8]
	stp	x27, x28, [sp, #16 * 13 + 8]
	str	x29, [sp, #16 * 14 + 8]
	.endm

	.macro restore_callee
	ldp	x19, x20, [sp, #16 * 9 + 8]
	ldp	x21, x22, [sp, #16 * 10 + 8]
	ldp	x23, x24, [sp, #16 * 11 + 8]
	ldp	x25, x26, [sp, #16 * 12 + 8]
	ldp	x27, x28, [sp, #16 * 13 + 8]
	ldr	x29, [sp, #16 * 14 + 8]
	.endm

	.macro vector label
	.balign 128
	b	\label
	.endm

	/* An exception that EL2 must not have: report with its number, never return. */
	.macro fatal_vector number
	.balign 128
	msr	tpidr_el0, x0
	mov	x0, #\number
	b	fatal
	.endm

	.section .text.vectors, "ax"
	.balign 2048
	.global vectors
vectors:
	fatal_vector 0			// current EL, SP_EL0: never used
	fatal_vector 1
	fatal_vector 2
	fatal_vector 3
	.balign 128			// current EL, SP_EL2
	msr	tpidr_el0, x0
	msr	tpidrro_el0, x1
	mrs	x0, elr_el2
	adrp	x1, device_access
	add	x1, x1, :lo12:device_access
	sub	x0, x0, x1
	lsr	x0, x0, #8
	cbnz	x0, own_fault		// a fault of the hypervisor's own
	mrs	x0, esr_el2
	and	x0, x0, #ISS_FSC_MASK
	cmp	x0, #ISS_FSC_EXTERNAL
	b.eq	device_refused
own_fault:
	mrs	x1, tpidrro_el0
	mov	x0, #4
	b	fatal
	fatal_vector 5
	fatal_vector 6
	fatal_vector 7
	.balign 128
guest_sync:				// guest, AArch64
	save_caller
	mrs	x16, esr_el2
	ubfx	x17, x16, #ESR_EC_SHIFT, #6
	cmp	x17, #EC_HVC64
	b.eq	guest_hvc
	mov	x0, x16
	bl	trap_fast
	tbnz	w0, #0, trap_return
	b	guest_slow
	.balign 128
guest_irq:
	save_caller
	bl	trap_irq
	b	trap_return
	vector	guest_irq		// FIQ: no group 0 interrupt is ours; served alike
	vector	guest_serror
	vector	guest_sync		// guest, AArch32 at EL0
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror

/* Not one of the fast ones: every register of the guest is to be had. */
guest_slow:
	mrs	x0, esr_el2
	save_callee
	bl	trap_sync
	restore_callee
	b	trap_return

guest_hvc:				// x0 to x3 are the guest's still
	bl	trap_hvc
	str	x0, [sp]
	b	trap_return

guest_serror:
	save_caller
	save_callee
	bl	trap_serror
	restore_callee

/* In: sp = frame. The barrier after eret stops speculation past it. */
	.global trap_return
trap_return:
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldr	x18, [sp, #16 * 9]
	ldr	x30, [sp, #16 * 15]
	ldp	x0, x1, [sp, #16 * 0]
	eret
	dsb	nsh
	isb

/*
 * _Noreturn enter_guest(frame): x0 = frame, which becomes the stack; all of the
 * guest's registers come from it.
 */
	.global enter_guest
enter_guest:
	mov	sp, x0
	restore_callee
	b	trap_return

/* _Noreturn cpu_switch_to_idle(stack_top): drop whatever was on the stack. */
	.global cpu_switch_to_idle
cpu_switch_to_idle:
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	b	cpu_idle

/*
 * In: x0 = vector number, TPIDR_EL0 = x0 as it was. The stack itself may be what
 * failed (a guard page), so a spare one takes over; all registers go there.
 */
fatal:
	msr	tpidrro_el0, x1
	mov	x1, sp
	msr	sp_el1, x1
	adrp	x1, fatal_stack_top
	add	x1, x1, :lo12:fatal_stack_top
	mov	sp, x1
	sub	sp, sp, #16 * 16
	mrs	x1, tpidrro_el0
	stp	x2, x3, [sp, #16 * 1]
	mov	x2, x0
	mrs	x0, tpidr_el0
	save_caller_rest
	save_callee
	mov	x0, x2
	mov	x1, sp
	bl	trap_fatal
	b	.

	.section .bss.fatal_stack, "aw", @nobits
	.balign 4096
	.skip	8192
fatal_stack_top:
