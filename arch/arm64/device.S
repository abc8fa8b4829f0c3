/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to device registers in a guest's name, which the bus may refuse: the abort lands in
 * EL2. The vector (vectors.S) sends one from this block to device_refused. It is 256 bytes
 * aligned and no larger, which is how the vector tells.
 *
 * An exception overwrites where the guest is to go on and why it is here, and the vector uses
 * two registers of the guest's: they are kept in x3 to x7.
 */
	.section .text.device, "ax"
	.balign 256
	.global device_access
device_access:

	.macro keep
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	mrs	x5, tpidr_el0
	mrs	x6, tpidrro_el0
	mrs	x7, esr_el2
	.endm

/* In: x0 = address, x1 = 1, 2, 4 or 8 bytes. Out: x0 = value, x1 = 1 if refused. */
	.global device_read
device_read:
	keep
	tbnz	w1, #3, 8f
	tbnz	w1, #2, 4f
	tbnz	w1, #1, 2f
	ldrb	w0, [x0]
	b	done
2:	ldrh	w0, [x0]
	b	done
4:	ldr	w0, [x0]
	b	done
8:	ldr	x0, [x0]
done:
	mov	x1, xzr
	ret

/* In: the same, x2 = value. Out: x1. A refused write may show later, as an SError. */
	.global device_write
device_write:
	keep
	tbnz	w1, #3, 8f
	tbnz	w1, #2, 4f
	tbnz	w1, #1, 2f
	strb	w2, [x0]
	b	done
2:	strh	w2, [x0]
	b	done
4:	str	w2, [x0]
	b	done
8:	str	x2, [x0]
	b	done

	.global device_refused
device_refused:
	msr	elr_el2, x3
	msr	spsr_el2, x4
	msr	tpidr_el0, x5
	msr	tpidrro_el0, x6
	msr	esr_el2, x7
	mov	x1, #1
	ret
	.if	. - device_access > 256
	.error	"larger than its block"
	.endif
