/*
 * Accesses that may fault. trap.c sends a data abort at probe_load or
 * probe_store to probe_failed instead of treating it as fatal.
 */
	.text
/* int probe_read32(uint64_t addr, uint32_t *value): 0, or -1 if it faulted. */
	.global probe_read32, probe_load
probe_read32:
probe_load:
	ldr	w2, [x0]
	str	w2, [x1]
	mov	w0, #0
	ret

/* int probe_write32(uint64_t addr, uint32_t value): 0, or -1 if it faulted. */
	.global probe_write32, probe_store
probe_write32:
probe_store:
	str	w1, [x0]
	dsb	sy
	mov	w0, #0
	ret

	.global probe_failed
probe_failed:
	mov	w0, #-1
	ret
