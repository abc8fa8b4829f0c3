/*
 * Entry, by the arm64 Linux boot protocol (Documentation/arch/arm64/booting.rst):
 * x0 = device tree or 0, MMU off, interrupts masked, image cleaned to memory.
 */
#include "guests/rtos/port/context.h"

#define UART_FIXED 0x09000000 /* QEMU virt's PL011, for the two lines below */

	.section .text.head, "ax"
	.global _start
_start:
	b	primary
	.long	0
	.quad	0x80000			/* text_offset */
	.quad	__end - _start		/* image_size */
	.quad	0x2			/* little endian, 4 KiB pages, near RAM's base */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
primary:
	msr	daifset, #0xf
	mov	x20, x0
	mrs	x1, CurrentEL
	cmp	x1, #(1 << 2)
	adr	x2, wrong_level
	b.ne	refuse
	adr	x1, _start
	ldr	x3, =_start
	cmp	x1, x3
	adr	x2, wrong_address
	b.ne	refuse

	/* MMU and caches off whoever started us; nothing stale in the I side. */
	ldr	x1, =0x30d00800		/* SCTLR_EL1: RES1 bits only (D13.2.118) */
	msr	sctlr_el1, x1
	ic	iallu
	dsb	nsh
	isb
	msr	spsel, #1
	msr	cpacr_el1, xzr

	/*
	 * .bss and the tables in it are written with the caches off: lines left
	 * over from before must not hide that.
	 */
	ldr	x1, =__bss_start
	ldr	x2, =__end
	mov	x3, x1
1:	dc	ivac, x3
	add	x3, x3, #16		/* no cache line is shorter */
	cmp	x3, x2
	b.lo	1b
	dsb	sy
2:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	2b

	ldr	x1, =vectors
	msr	vbar_el1, x1
	isb
	ldr	x1, =trap_stack_top
	mov	sp, x1
	mov	x29, xzr
	mov	x0, x20
	bl	boot_main

/* in: x2 = text. Says it and stops. */
refuse:
	ldr	x1, =UART_FIXED
1:	ldrb	w0, [x2], #1
	cbz	w0, 2f
	str	w0, [x1]
	b	1b
2:	wfe
	b	2b

wrong_level:
	.asciz	"keel: not entered at EL1, which it needs; stopped\r\n"
wrong_address:
	.asciz	"keel: not loaded at 0x40080000, where it is linked; stopped\r\n"
