/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/fdt_pci.h"

#include <libfdt.h>
#include <string.h>

/* Of a PCI address, and of a size on such a bus. */
#define ADDRESS_CELLS 3
#define SIZE_CELLS    2
/* What stands before a controller's cells in an interrupt-map: device, pin, phandle. */
#define ROUTE_HEAD 20
/* More cells than any controller's address or interrupt has. */
#define CELLS_MAX 8

bool fdt_pci_is_bridge(const void *fdt, int node)
{
	const char *type = fdt_read_string(fdt, node, "device_type");

	return type && strcmp(type, "pci") == 0;
}

int fdt_pci_range(const void *fdt, int bridge, const char *name, unsigned int index,
		  struct fdt_pci_range *range)
{
	unsigned int address, size, up, up_size, entry;
	int length;
	const uint8_t *data = fdt_getprop(fdt, bridge, name, &length);

	if (!data || length == 0) {
		return FDT_READ_ABSENT;
	}
	if (fdt_read_cell_counts(fdt, bridge, &address, &size) || address != ADDRESS_CELLS ||
	    size != SIZE_CELLS ||
	    fdt_read_cell_counts(fdt, fdt_read_parent(fdt, bridge), &up, &up_size) || up == 0 ||
	    up > 2) {
		return FDT_READ_MALFORMED;
	}
	entry = (ADDRESS_CELLS + up + SIZE_CELLS) * 4;
	if ((unsigned int)length % entry != 0 ||
	    (unsigned int)length > entry * FDT_PCI_RANGES_MAX) {
		return FDT_READ_MALFORMED;
	}
	if (index >= (unsigned int)length / entry) {
		return FDT_READ_ABSENT;
	}
	data += index * entry;
	range->space = (uint32_t)fdt_read_cells(data, 1);
	range->bus = fdt_read_cells(data + 4, 2);
	range->cpu.base = fdt_read_cells(data + ADDRESS_CELLS * 4, up);
	range->cpu.size = fdt_read_cells(data + (ADDRESS_CELLS + up) * 4, SIZE_CELLS);
	return range->cpu.size == 0 || range_wraps(range->cpu.base, range->cpu.size)
		       ? FDT_READ_MALFORMED
		       : 0;
}

int fdt_pci_window(const void *fdt, int bridge, unsigned int index, uint64_t limit,
		   struct fdt_pci_range *window)
{
	int error = fdt_pci_range(fdt, bridge, "ranges", index, window);

	if (error) {
		return error;
	}
	if ((window->space & FDT_PCI_SPACE) == 0) {
		return FDT_PCI_LEFT_OUT;
	}
	error = fdt_read_translate(fdt, fdt_read_parent(fdt, bridge), &window->cpu);
	if (error) {
		return error;
	}
	return range_within(window->cpu.base, window->cpu.size, 0, limit) ? 0 : FDT_PCI_LEFT_OUT;
}

int fdt_pci_route(const void *fdt, int bridge, int gic, int *at, struct fdt_pci_route *route)
{
	uint32_t pin_cells, cells, address = 0;
	int length, controller, left, error;
	const uint8_t *data = fdt_getprop(fdt, bridge, "interrupt-map", &length);

	if (!data || *at >= length) {
		return FDT_READ_ABSENT;
	}
	left = length - *at - ROUTE_HEAD;
	if (left < 0 || length > FDT_PCI_MAP_MAX ||
	    fdt_read_u32(fdt, bridge, "#interrupt-cells", &pin_cells) || pin_cells != 1) {
		return FDT_READ_MALFORMED;
	}
	data += *at;
	for (unsigned int i = 0; i < ARRAY_SIZE(route->match); i++) {
		route->match[i] = (uint32_t)fdt_read_cells(data + i * 4, 1);
	}
	controller = fdt_read_phandle(fdt, (uint32_t)fdt_read_cells(data + ROUTE_HEAD - 4, 1));
	/* A controller that says nothing of addresses has none: what Linux takes it for, too. */
	if (controller < 0 || fdt_read_u32(fdt, controller, "#interrupt-cells", &cells) ||
	    fdt_read_u32(fdt, controller, "#address-cells", &address) == FDT_READ_MALFORMED ||
	    cells > CELLS_MAX || address > CELLS_MAX || left < (int)((address + cells) * 4)) {
		return FDT_READ_MALFORMED;
	}
	error = controller != gic ? FDT_READ_FOREIGN
				  : fdt_read_gic_cells(data + ROUTE_HEAD + address * 4, cells,
						       &route->interrupt);
	if (error != FDT_READ_MALFORMED) {
		*at += ROUTE_HEAD + (int)((address + cells) * 4);
	}
	return error;
}
