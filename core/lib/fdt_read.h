/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed readers over libfdt, for trees that are not trusted: what is absent, short or
 * out of range is a negative answer, never a wild read. Every tree goes
 * through fdt_read_check() first. Source: Devicetree Specification v0.4, chapter 2.
 */
#ifndef CORE_LIB_FDT_READ_H
#define CORE_LIB_FDT_READ_H

#include "core/lib/types.h"

/* Nodes may lie this deep, the root included. */
#define FDT_READ_DEPTH_MAX 32
/* Nodes of a tree that can be indexed; a Raspberry Pi 4's has about 500. */
#define FDT_READ_INDEX_MAX 1024

/* Answers besides 0. */
#define FDT_READ_ABSENT    (-1) /* no such property, or fewer entries */
#define FDT_READ_MALFORMED (-2) /* there, but its length or value cannot be right */
#define FDT_READ_FOREIGN   (-3) /* an interrupt of another controller; an address of a closed bus */

/* Is this a sound tree of at most size bytes, 8-byte aligned? NULL, or what is wrong. */
const char *fdt_read_check(const void *fdt, size_t size) MUST_CHECK;
/*
 * Do tree, reservations and structure lie where libfdt may read words (chapter 5.6)? EL2 traps
 * what is misaligned. There must be a header.
 */
bool fdt_read_aligned(const void *fdt) MUST_CHECK;

/*
 * Remember where the nodes of a tree are, until the next call: parents and phandles are then
 * found without a walk. It must not change meanwhile. NULL forgets; a tree that is too large
 * or too deep is not remembered, which costs time alone.
 */
void fdt_read_index(const void *fdt);
/* Offset of the parent; less than 0 for the root and what is no node. */
int fdt_read_parent(const void *fdt, int node);
/* The node that has a phandle, or less than 0. */
int fdt_read_phandle(const void *fdt, uint32_t phandle);

/* One 32-bit cell. */
int fdt_read_u32(const void *fdt, int node, const char *name, uint32_t *value) MUST_CHECK;
/* A number of one or two cells. */
int fdt_read_u64(const void *fdt, int node, const char *name, uint64_t *value) MUST_CHECK;
/* The first string of a property; NULL when absent or not terminated. */
const char *fdt_read_string(const void *fdt, int node, const char *name);
/* Is the node's `compatible` list naming it? */
bool fdt_read_compatible(const void *fdt, int node, const char *compatible);
/* `status` is absent, "okay" or "ok". */
bool fdt_read_enabled(const void *fdt, int node);

/* A big-endian number of 1 or 2 cells; 0 cells are 0. */
uint64_t fdt_read_cells(const void *cells, unsigned int count);
/* #address-cells and #size-cells that node sets for its children: 0..2 (address: up to 3). */
int fdt_read_cell_counts(const void *fdt, int node, unsigned int *address,
			 unsigned int *size) MUST_CHECK;

/* Entry index of `reg` as written, in the parent's address space. */
int fdt_read_reg_raw(const void *fdt, int node, unsigned int index,
		     struct mem_range *reg) MUST_CHECK;
/* Entry index of `reg` as CPU addresses: translated by the `ranges` of all parents. */
int fdt_read_reg(const void *fdt, int node, unsigned int index, struct mem_range *reg) MUST_CHECK;
/* Translate a range from the address space of bus's children to CPU addresses. */
int fdt_read_translate(const void *fdt, int bus, struct mem_range *range) MUST_CHECK;

/* Interrupt of an Arm GIC (binding arm,gic: type, number, flags). */
struct fdt_interrupt {
	uint32_t intid;
	uint32_t flags; /* 1, 2: edge; 4, 8: level */
};

/* The interrupt that a specifier of so many cells names. */
int fdt_read_gic_cells(const uint8_t *cells, unsigned int count,
		       struct fdt_interrupt *interrupt) MUST_CHECK;
/*
 * Entry index of `interrupts` or `interrupts-extended`, when its controller is
 * the node gic. FDT_READ_FOREIGN when it is another one.
 */
int fdt_read_interrupt(const void *fdt, int node, unsigned int index, int gic,
		       struct fdt_interrupt *interrupt) MUST_CHECK;

#endif
