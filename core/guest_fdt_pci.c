/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a PCI bridge's node says of windows, DMA and interrupts, for the guest: its bus has addresses
 * of two cells, as the GIC has. Checked by config_check(): what is malformed does not come here.
 */
#include <libfdt.h>

#include "core/guest_fdt_parts.h"
#include "core/lib/fdt_pci.h"

/* Cells of a guest's entry: PCI address, address, size; device, pin, phandle, address, interrupt. */
#define RANGE_CELLS 7
#define ROUTE_CELLS 10

static void write_ranges(struct fdt_writer *w, const void *host, int bridge, const char *name,
			 bool windows)
{
	uint32_t cells[RANGE_CELLS * FDT_PCI_RANGES_MAX];
	struct fdt_pci_range r;
	unsigned int count = 0;
	int error;

	for (unsigned int i = 0; i < FDT_PCI_RANGES_MAX; i++) {
		error = windows ? fdt_pci_window(host, bridge, i, VM_IPA_LIMIT, &r)
				: fdt_pci_range(host, bridge, name, i, &r);
		if (error < 0) {
			break;
		}
		if (error == 0) {
			const uint64_t fields[] = {r.bus, r.cpu.base, r.cpu.size};

			cells[count++] = r.space;
			for (unsigned int j = 0; j < RANGE_CELLS - 1; j++) {
				cells[count++] = (uint32_t)(fields[j / 2] >> (j % 2 ? 0 : 32));
			}
		}
	}
	/* An empty dma-ranges says that addresses are the same. */
	if (count > 0 || fdt_getprop(host, bridge, name, NULL)) {
		fdt_writer_cells(w, name, cells, count);
	}
}

/* The entries that lead to the GIC; data may be NULL. Returns their number. */
static unsigned int put_routes(const struct board *b, int bridge, uint8_t *data)
{
	uint32_t phandle = fdt_get_phandle(b->fdt, b->gic.node);
	struct fdt_pci_route r;
	unsigned int count = 0;
	int at = 0, error;

	while ((error = fdt_pci_route(b->fdt, bridge, b->gic.node, &at, &r)) == 0 ||
	       error == FDT_READ_FOREIGN) {
		const uint32_t cells[ROUTE_CELLS] = {r.match[0],
						     r.match[1],
						     r.match[2],
						     r.match[3],
						     phandle,
						     0,
						     0,
						     0,
						     r.interrupt.intid - 32,
						     r.interrupt.flags};

		if (error) {
			continue;
		}
		for (unsigned int i = 0; data && i < ROUTE_CELLS; i++) {
			fdt32_st(data + (count * ROUTE_CELLS + i) * 4, cells[i]);
		}
		count++;
	}
	return count;
}

void guest_fdt_copy_bridge(struct fdt_writer *w, const struct board *b, int bridge)
{
	unsigned int count = put_routes(b, bridge, NULL);
	uint8_t *data;

	write_ranges(w, b->fdt, bridge, "ranges", true);
	write_ranges(w, b->fdt, bridge, "dma-ranges", false);
	if (count > 0) {
		data = fdt_writer_place(w, "interrupt-map", count * ROUTE_CELLS * 4);
		if (data) {
			(void)put_routes(b, bridge, data);
		}
	}
}
