/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3's list registers, ICH_LR<n>_EL2 (IHI 0069, 12.4.8). An instruction names its
 * register, so each has a pair of instructions of its own, and n is where to jump.
 */
	.macro jump_to_pair			// x0 = n, 0 to 15
	and	x0, x0, #15
	adr	x2, 1f
	add	x2, x2, x0, lsl #3
	br	x2
1:
	.endm

	.text
/* uint64_t gicv3_lr_read(unsigned int n) */
	.global gicv3_lr_read
gicv3_lr_read:
	jump_to_pair
	.irp	crm, 12, 13
	.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, s3_4_c12_c\crm\()_\op2
	ret
	.endr
	.endr

/* void gicv3_lr_write(unsigned int n, uint64_t lr) */
	.global gicv3_lr_write
gicv3_lr_write:
	jump_to_pair
	.irp	crm, 12, 13
	.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	msr	s3_4_c12_c\crm\()_\op2, x1
	ret
	.endr
	.endr
