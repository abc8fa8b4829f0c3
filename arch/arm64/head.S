/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from the boot loader (Linux' Documentation/arm64/booting.rst): MMU off,
 * x0 = device tree, and from PSCI or a spin table for the other CPUs.
 */
#include "arch/arm64/offsets.h"

	.section .head, "ax"
	.global _start
_start:
	b	primary_entry		// the Image header
	.long	0
	.quad	0			// text_offset
	.quad	image_end - . + 16	// image_size: up to the end of .bss
	.quad	0xa			// flags: little endian, 4K pages, anywhere in memory
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

/*
 * Clean and invalidate [x0, x1) to the point of coherency, eight lines at a time: a few
 * more do no harm. Clobbers x0, x2, x3.
 */
cache_civac_range:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		// DminLine: log2 of words
	mov	x3, #4
	lsl	x3, x3, x2
	sub	x2, x3, #1
	bic	x0, x0, x2
1:
	.rept	8
	dc	civac, x0
	add	x0, x0, x3
	.endr
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

primary_entry:
	msr	daifset, #0xf
	mov	x20, x0			// device tree
	/* no cached line may hide what is written with the MMU off, or be written over it */
	adrp	x0, image_start
	adrp	x1, image_end
	add	x1, x1, :lo12:image_end
	bl	cache_civac_range

	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, image_end
	add	x1, x1, :lo12:image_end
2:	stp	xzr, xzr, [x0]		// .bss is whole pages
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x1
	b.lo	2b

	/* R_AARCH64_RELATIVE: *(base + offset) = base + addend */
	adrp	x0, image_start
	adrp	x1, rela_start
	add	x1, x1, :lo12:rela_start
	adrp	x2, rela_end
	add	x2, x2, :lo12:rela_end
3:	cmp	x1, x2
	b.hs	4f
	ldp	x3, x4, [x1], #24
	ldur	x5, [x1, #-8]
	cmp	w4, #1027
	b.ne	3b
	add	x5, x5, x0
	str	x5, [x0, x3]
	b	3b
4:
	adrp	x0, boot_stack_top
	add	sp, x0, :lo12:boot_stack_top
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	mrs	x1, CurrentEL
	lsr	x1, x1, #2
	bl	boot_early		// parses the tree, builds EL2's tables, returns at EL2 only

	adrp	x0, image_start
	adrp	x1, image_end
	add	x1, x1, :lo12:image_end
	bl	cache_civac_range	// what was written until now, for the other CPUs
	bl	mmu_enable
	b	find_self

/* The other CPUs: EL2, MMU off, nothing else is known. */
	.global secondary_entry
secondary_entry:
	msr	daifset, #0xf
	bl	mmu_enable
	adrp	x0, secondary_main
	add	x19, x0, :lo12:secondary_main
	b	find_cpu

find_self:
	adrp	x0, boot_main
	add	x19, x0, :lo12:boot_main

/* Find this CPU in cpus[] by its affinity, take its stack, go on in x19. */
find_cpu:
	mrs	x1, mpidr_el1
	mov	x2, #0x00ffffff
	orr	x2, x2, #0xff00000000
	and	x1, x1, x2
	adrp	x0, cpus
	add	x0, x0, :lo12:cpus
	mov	x2, #BOARD_CPUS_MAX
5:	ldr	x3, [x0, #CPU_AFFINITY]
	cmp	x3, x1
	b.eq	6f
	add	x0, x0, #CPU_SIZE
	subs	x2, x2, #1
	b.ne	5b
	/* a CPU that the tree does not name: it has no stack to say so */
7:	wfe
	b	7b
6:	msr	tpidr_el2, x0
	ldr	x1, [x0, #CPU_STACK_TOP]
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	br	x19

/* Turn on EL2's MMU and caches with the tables that mmu_init() built. Clobbers x0 to x4. */
mmu_enable:
	adrp	x0, mmu_boot
	add	x0, x0, :lo12:mmu_boot
	ldp	x1, x2, [x0]		// TTBR0_EL2, TCR_EL2
	ldp	x3, x4, [x0, #16]	// MAIR_EL2, SCTLR_EL2
	msr	hcr_el2, xzr		// no VHE: the registers below mean what is written here
	isb
	msr	ttbr0_el2, x1
	msr	tcr_el2, x2
	msr	mair_el2, x3
	isb
	tlbi	alle2
	tlbi	alle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el2, x4
	isb
	ret

	.section .bss.boot_stack, "aw", @nobits
	.balign 4096
	.skip	8192
boot_stack_top:
