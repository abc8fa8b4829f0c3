/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the guest tree's generator share. Not for others. */
#ifndef CORE_GUEST_FDT_PARTS_H
#define CORE_GUEST_FDT_PARTS_H

#include "core/guest_fdt.h"

/* A tree being written; the first error stays, and later calls do nothing. */
struct fdt_writer {
	void *fdt;
	int error;
};

void fdt_writer_begin(struct fdt_writer *w, const char *format, ...) PRINTF_LIKE(2, 3);
void fdt_writer_end(struct fdt_writer *w);
void fdt_writer_data(struct fdt_writer *w, const char *name, const void *data, size_t size);
/* Room for the property's bytes, or NULL: there was an error. */
uint8_t *fdt_writer_place(struct fdt_writer *w, const char *name, size_t size);
void fdt_writer_flag(struct fdt_writer *w, const char *name);
void fdt_writer_u32(struct fdt_writer *w, const char *name, uint32_t value);
void fdt_writer_string(struct fdt_writer *w, const char *name, const char *value);
void fdt_writer_cells(struct fdt_writer *w, const char *name, const uint32_t *cells,
		      unsigned int count);
/* Ranges of 2 + 2 cells. */
void fdt_writer_reg(struct fdt_writer *w, const char *name, const struct mem_range *ranges,
		    unsigned int count);

/* Write copies of the host's nodes for the VM's devices. The root is open. */
void guest_fdt_copy_devices(struct fdt_writer *w, const struct vm_config *vm,
			    const struct board *b);

/* Write the windows, DMA and interrupts of a PCI bridge, whose node is open. */
void guest_fdt_copy_bridge(struct fdt_writer *w, const struct board *b, int bridge);

#endif
