/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCI host bridge's node, for trees that are not trusted: its windows are in `ranges`, what its
 * devices' DMA reaches in `dma-ranges`, their interrupts in `interrupt-map`. Sources: IEEE 1275 PCI
 * Bus Binding 2.1; Devicetree Specification v0.4, chapter 2.4.3. Answers as in fdt_read.h.
 */
#ifndef CORE_LIB_FDT_PCI_H
#define CORE_LIB_FDT_PCI_H

#include "core/lib/fdt_read.h"

/* Entries of a `ranges` or `dma-ranges` that are read; one with more is malformed. */
#define FDT_PCI_RANGES_MAX 16
/* The same of an `interrupt-map`, in bytes: four pins of 32 devices. */
#define FDT_PCI_MAP_MAX 8192

/* Which space a range is of, in the first cell of its PCI address: 0 is configuration. */
#define FDT_PCI_SPACE 0x03000000U

/* One more answer: it is there, but not to be given. */
#define FDT_PCI_LEFT_OUT 1

struct fdt_pci_range {
	uint32_t space; /* first cell of the PCI address */
	uint64_t bus;   /* the two others */
	struct mem_range cpu;
};

/* One entry of `interrupt-map`: a device and its pin, and the GIC's interrupt. */
struct fdt_pci_route {
	uint32_t match[4];
	struct fdt_interrupt interrupt;
};

/* device_type = "pci" */
bool fdt_pci_is_bridge(const void *fdt, int node);

/*
 * Entry index of a property like `ranges`; .cpu is in the address space of the bridge's parent. An
 * empty property has no entries.
 */
int fdt_pci_range(const void *fdt, int bridge, const char *name, unsigned int index,
		  struct fdt_pci_range *range) MUST_CHECK;

/*
 * Entry index of `ranges`, as CPU addresses. FDT_PCI_LEFT_OUT: it is configuration space, or does
 * not lie below limit.
 */
int fdt_pci_window(const void *fdt, int bridge, unsigned int index, uint64_t limit,
		   struct fdt_pci_range *window) MUST_CHECK;

/*
 * The entry of `interrupt-map` at byte *at, 0 for the first; *at goes on to the next one.
 * FDT_READ_FOREIGN: it leads to another controller than the node gic.
 */
int fdt_pci_route(const void *fdt, int bridge, int gic, int *at,
		  struct fdt_pci_route *route) MUST_CHECK;

#endif
