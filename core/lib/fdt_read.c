/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/fdt_read.h"

#include <libfdt.h>
#include <string.h>

/* Cells of an interrupt specifier of the GIC, and where each lies. */
#define GIC_CELLS    3
#define GIC_TYPE_SPI 0
#define GIC_TYPE_PPI 1
#define SPI_FIRST    32U
#define SPI_COUNT    988U
#define PPI_FIRST    16U
#define PPI_COUNT    16U

static bool too_deep(const void *fdt)
{
	int depth = 0;

	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
		if (depth >= FDT_READ_DEPTH_MAX) {
			return true;
		}
	}
	return false;
}

bool fdt_read_aligned(const void *fdt)
{
	return IS_ALIGNED((uintptr_t)fdt, 8) && IS_ALIGNED(fdt_off_mem_rsvmap(fdt), 8) &&
	       IS_ALIGNED(fdt_off_dt_struct(fdt), 4);
}

const char *fdt_read_check(const void *fdt, size_t size)
{
	int error;

	if (!IS_ALIGNED((uintptr_t)fdt, 8)) {
		return "is not 8-byte aligned";
	}
	/* Versions below 17 have shorter headers, whose missing fields libfdt reads all the same. */
	if (size < sizeof(struct fdt_header)) {
		return fdt_strerror(-FDT_ERR_TRUNCATED);
	}
	if (!fdt_read_aligned(fdt)) {
		return "has blocks that are not aligned";
	}
	error = fdt_check_full(fdt, size);
	if (error) {
		return fdt_strerror(error);
	}
	/* fdt_check_full() accepts a structure block with no node at all. */
	if (!fdt_get_name(fdt, 0, NULL)) {
		return "has no root node";
	}
	if (too_deep(fdt)) {
		return "has nodes more than 32 levels deep";
	}
	return NULL;
}

/* -- The index: where the nodes of one tree are, in the order of their offsets ------------- */

struct node {
	int offset;
	int parent; /* offset; -1 above the root */
	uint32_t phandle;
};

static struct node nodes[FDT_READ_INDEX_MAX];
static unsigned int node_count;
static const void *indexed; /* the tree, or NULL */

void fdt_read_index(const void *fdt)
{
	int above[FDT_READ_DEPTH_MAX + 1] = {-1}; /* [depth + 1] */
	int depth = 0;

	indexed = NULL;
	node_count = 0;
	for (int node = fdt ? 0 : -1; node >= 0 && depth >= 0;
	     node = fdt_next_node(fdt, node, &depth)) {
		if (depth >= FDT_READ_DEPTH_MAX || node_count == FDT_READ_INDEX_MAX) {
			return; /* then libfdt walks, as without an index */
		}
		above[depth + 1] = node;
		nodes[node_count++] = (struct node){node, above[depth], fdt_get_phandle(fdt, node)};
	}
	indexed = fdt;
}

int fdt_read_parent(const void *fdt, int node)
{
	unsigned int low = 0, high = node_count;

	if (fdt != indexed) {
		return fdt_parent_offset(fdt, node);
	}
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (nodes[middle].offset == node) {
			return nodes[middle].parent;
		}
		if (nodes[middle].offset < node) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return -1;
}

int fdt_read_phandle(const void *fdt, uint32_t phandle)
{
	if (fdt != indexed || phandle == 0 || phandle == UINT32_MAX) {
		return fdt_node_offset_by_phandle(fdt, phandle);
	}
	for (unsigned int i = 0; i < node_count; i++) {
		if (nodes[i].phandle == phandle) {
			return nodes[i].offset;
		}
	}
	return -1;
}

/* -- Properties ----------------------------------------------------------------------------- */

uint64_t fdt_read_cells(const void *cells, unsigned int count)
{
	const uint8_t *byte = cells;
	uint64_t value = 0;

	for (unsigned int i = 0; i < count * 4; i++) {
		value = value << 8 | byte[i];
	}
	return value;
}

int fdt_read_u32(const void *fdt, int node, const char *name, uint32_t *value)
{
	int length;
	const void *data = fdt_getprop(fdt, node, name, &length);

	if (!data) {
		return FDT_READ_ABSENT;
	}
	if (length != 4) {
		return FDT_READ_MALFORMED;
	}
	*value = (uint32_t)fdt_read_cells(data, 1);
	return 0;
}

int fdt_read_u64(const void *fdt, int node, const char *name, uint64_t *value)
{
	int length;
	const void *data = fdt_getprop(fdt, node, name, &length);

	if (!data) {
		return FDT_READ_ABSENT;
	}
	if (length != 4 && length != 8) {
		return FDT_READ_MALFORMED;
	}
	*value = fdt_read_cells(data, (unsigned int)length / 4);
	return 0;
}

const char *fdt_read_string(const void *fdt, int node, const char *name)
{
	int length;

	return fdt_stringlist_get(fdt, node, name, 0, &length);
}

bool fdt_read_compatible(const void *fdt, int node, const char *compatible)
{
	return fdt_node_check_compatible(fdt, node, compatible) == 0;
}

bool fdt_read_enabled(const void *fdt, int node)
{
	const char *status = fdt_read_string(fdt, node, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static int cell_count(const void *fdt, int node, const char *name, uint32_t absent, uint32_t max,
		      unsigned int *count)
{
	uint32_t value = absent;
	int error = fdt_read_u32(fdt, node, name, &value);

	if (error == FDT_READ_MALFORMED || value > max) {
		return FDT_READ_MALFORMED;
	}
	*count = value;
	return 0;
}

int fdt_read_cell_counts(const void *fdt, int node, unsigned int *address, unsigned int *size)
{
	/* The specification's defaults where a node says nothing: 2 and 1. */
	if (cell_count(fdt, node, "#address-cells", 2, 3, address) ||
	    cell_count(fdt, node, "#size-cells", 1, 2, size)) {
		return FDT_READ_MALFORMED;
	}
	return 0;
}

int fdt_read_reg_raw(const void *fdt, int node, unsigned int index, struct mem_range *reg)
{
	unsigned int address, size, entry;
	int length, parent = fdt_read_parent(fdt, node);
	const uint8_t *data = fdt_getprop(fdt, node, "reg", &length);

	if (!data || parent < 0) {
		return FDT_READ_ABSENT;
	}
	if (fdt_read_cell_counts(fdt, parent, &address, &size) || address == 0) {
		return FDT_READ_MALFORMED;
	}
	if (address > 2) {
		return FDT_READ_FOREIGN;
	}
	entry = (address + size) * 4;
	if (length == 0 || (unsigned int)length % entry != 0) {
		return FDT_READ_MALFORMED;
	}
	if (index >= (unsigned int)length / entry) {
		return FDT_READ_ABSENT;
	}
	data += index * entry;
	reg->base = fdt_read_cells(data, address);
	reg->size = fdt_read_cells(data + address * 4, size);
	return range_wraps(reg->base, reg->size) ? FDT_READ_MALFORMED : 0;
}

/* One step up: through the `ranges` of bus, whose parent is given. */
static int translate_up(const void *fdt, int bus, int parent, struct mem_range *range)
{
	unsigned int child, size, up, up_size, entry;
	int length;
	const uint8_t *data = fdt_getprop(fdt, bus, "ranges", &length);

	if (!data) {
		return FDT_READ_FOREIGN;
	}
	if (length == 0) {
		return 0;
	}
	if (fdt_read_cell_counts(fdt, bus, &child, &size) ||
	    fdt_read_cell_counts(fdt, parent, &up, &up_size)) {
		return FDT_READ_MALFORMED;
	}
	if (child == 0 || child > 2 || up == 0 || up > 2 || size == 0) {
		return FDT_READ_FOREIGN;
	}
	entry = (child + up + size) * 4;
	for (; length >= (int)entry; length -= (int)entry, data += entry) {
		uint64_t from = fdt_read_cells(data, child);
		uint64_t to = fdt_read_cells(data + child * 4, up);
		uint64_t extent = fdt_read_cells(data + (child + up) * 4, size);

		if (range_within(range->base, range->size, from, extent)) {
			range->base -= from;
			if (range->base > UINT64_MAX - to) {
				return FDT_READ_MALFORMED;
			}
			range->base += to;
			return range_wraps(range->base, range->size) ? FDT_READ_MALFORMED : 0;
		}
	}
	return FDT_READ_FOREIGN;
}

int fdt_read_translate(const void *fdt, int bus, struct mem_range *range)
{
	/* Each step is one level up: bounded by the depth of the tree. */
	while (bus > 0) {
		int parent = fdt_read_parent(fdt, bus);
		int error;

		if (parent < 0) {
			return FDT_READ_MALFORMED;
		}
		error = translate_up(fdt, bus, parent, range);
		if (error) {
			return error;
		}
		bus = parent;
	}
	return bus == 0 ? 0 : FDT_READ_MALFORMED;
}

int fdt_read_reg(const void *fdt, int node, unsigned int index, struct mem_range *reg)
{
	int error = fdt_read_reg_raw(fdt, node, index, reg);

	return error ? error : fdt_read_translate(fdt, fdt_read_parent(fdt, node), reg);
}

/* The node that `interrupts` of this node goes to: interrupt-parent, inherited. */
static int interrupt_parent(const void *fdt, int node)
{
	while (node >= 0) {
		uint32_t phandle;

		if (fdt_read_u32(fdt, node, "interrupt-parent", &phandle) == 0) {
			return fdt_read_phandle(fdt, phandle);
		}
		node = node == 0 ? -1 : fdt_read_parent(fdt, node);
	}
	return -1;
}

int fdt_read_gic_cells(const uint8_t *cells, unsigned int count, struct fdt_interrupt *interrupt)
{
	uint32_t type, number;

	if (count < GIC_CELLS) {
		return FDT_READ_MALFORMED;
	}
	type = (uint32_t)fdt_read_cells(cells, 1);
	number = (uint32_t)fdt_read_cells(cells + 4, 1);
	interrupt->flags = (uint32_t)fdt_read_cells(cells + 8, 1) & 0xf;
	if (type == GIC_TYPE_SPI && number < SPI_COUNT) {
		interrupt->intid = SPI_FIRST + number;
		return 0;
	}
	if (type == GIC_TYPE_PPI && number < PPI_COUNT) {
		interrupt->intid = PPI_FIRST + number;
		return 0;
	}
	return FDT_READ_MALFORMED;
}

static int gic_cells(const void *fdt, int gic)
{
	uint32_t cells;

	if (fdt_read_u32(fdt, gic, "#interrupt-cells", &cells) || cells < GIC_CELLS || cells > 4) {
		return FDT_READ_MALFORMED;
	}
	return (int)cells;
}

/* `interrupts-extended`: each entry is a phandle and that controller's cells. */
static int read_extended(const void *fdt, const uint8_t *data, int length, unsigned int index,
			 int gic, struct fdt_interrupt *interrupt)
{
	while (length >= 4) {
		uint32_t cells;
		int controller = fdt_read_phandle(fdt, (uint32_t)fdt_read_cells(data, 1));

		if (controller < 0 || fdt_read_u32(fdt, controller, "#interrupt-cells", &cells) ||
		    cells > 8 || length < (int)(4 + cells * 4)) {
			return FDT_READ_MALFORMED;
		}
		if (index == 0 && controller != gic) {
			return FDT_READ_FOREIGN;
		}
		if (index == 0) {
			return fdt_read_gic_cells(data + 4, cells, interrupt);
		}
		index--;
		data += 4 + cells * 4;
		length -= (int)(4 + cells * 4);
	}
	return FDT_READ_ABSENT;
}

int fdt_read_interrupt(const void *fdt, int node, unsigned int index, int gic,
		       struct fdt_interrupt *interrupt)
{
	int length, cells;
	const uint8_t *data = fdt_getprop(fdt, node, "interrupts-extended", &length);

	if (data) {
		return read_extended(fdt, data, length, index, gic, interrupt);
	}
	data = fdt_getprop(fdt, node, "interrupts", &length);
	if (!data) {
		return FDT_READ_ABSENT;
	}
	if (interrupt_parent(fdt, node) != gic) {
		return FDT_READ_FOREIGN;
	}
	cells = gic_cells(fdt, gic);
	if (cells < 0 || length % (cells * 4) != 0) {
		return FDT_READ_MALFORMED;
	}
	if (index >= (unsigned int)(length / (cells * 4))) {
		return FDT_READ_ABSENT;
	}
	return fdt_read_gic_cells(data + index * (unsigned int)cells * 4, (unsigned int)cells,
				  interrupt);
}
