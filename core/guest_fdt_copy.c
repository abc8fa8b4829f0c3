/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the host's nodes for the devices of a VM; guest_fdt.h says by which rules. */
#include <libfdt.h>
#include <string.h>

#include "core/guest_fdt_parts.h"
#include "core/lib/fdt_pci.h"
#include "core/lib/fdt_read.h"

/* Described nodes (clocks, regulators) that one VM's devices may refer to. */
#define REFERENCES_MAX 32
/* Levels of children copied below a device. */
#define COPY_DEPTH_MAX 6
#define DMA_RANGES_MAX 4

struct copier {
	struct fdt_writer *w;
	const struct vm_config *vm;
	const struct board *b;
	const void *host;
	int references[REFERENCES_MAX]; /* nodes to copy under /host, found so far */
	unsigned int reference_count;
	int reset; /* the firmware's reset controller, if the VM has its tag; or less than 0 */
};

/* -- References ---------------------------------------------------------------------------- */

/* Properties that refer to other nodes, and what says how many cells follow a phandle. */
static const struct reference {
	const char *name;
	const char *cells; /* NULL: phandles alone */
} references[] = {
	{"clocks", "#clock-cells"},
	{"assigned-clocks", "#clock-cells"},
	{"assigned-clock-parents", "#clock-cells"},
	{"resets", "#reset-cells"},
	{"power-domains", "#power-domain-cells"},
	{"dmas", "#dma-cells"},
	{"phys", "#phy-cells"},
	{"mboxes", "#mbox-cells"},
	{"iommus", "#iommu-cells"},
	{"pwms", "#pwm-cells"},
	{"interconnects", "#interconnect-cells"},
	{"thermal-sensors", "#thermal-sensor-cells"},
	{"gpio", "#gpio-cells"},
	{"gpios", "#gpio-cells"},
	{"interrupt-parent", NULL},
	{"interrupts-extended", "#interrupt-cells"},
	{"msi-parent", NULL},
	{"memory-region", NULL},
	{"mmc-pwrseq", NULL},
	{"usb-phy", NULL},
	{"phy-handle", NULL},
};

/* The same for names made of a part and a fixed ending. */
static const struct reference endings[] = {
	{"-gpio", "#gpio-cells"},
	{"-gpios", "#gpio-cells"},
	{"-supply", NULL},
};

static const struct reference *find_reference(const char *name)
{
	static const struct reference pinctrl = {"pinctrl-", NULL};
	size_t length = strlen(name);

	for (unsigned int i = 0; i < ARRAY_SIZE(references); i++) {
		if (strcmp(name, references[i].name) == 0) {
			return &references[i];
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i].name);

		if (length > ending && strcmp(name + length - ending, endings[i].name) == 0) {
			return &endings[i];
		}
	}
	if (strncmp(name, "pinctrl-", 8) == 0 && name[8] >= '0' && name[8] <= '9') {
		return &pinctrl;
	}
	return NULL;
}

/* Is the node one of the VM's devices, or below one? */
static bool owned(const struct copier *c, int node)
{
	/* Bounded by the depth of the tree. */
	while (node > 0) {
		for (unsigned int i = 0; i < c->vm->device_count; i++) {
			if (c->vm->devices[i].node == node) {
				return true;
			}
		}
		node = fdt_parent_offset(c->host, node);
	}
	return false;
}

/* Nodes that describe and control nothing: a guest may have its own copy. */
static bool mere_description(const void *host, int node)
{
	static const char *const kinds[] = {
		"fixed-clock",       "fixed-factor-clock", "regulator-fixed",
		"mmc-pwrseq-simple", "mmc-pwrseq-emmc",    "usb-nop-xceiv",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (fdt_read_compatible(host, node, kinds[i])) {
			return true;
		}
	}
	return false;
}

/* Note a node for /host; false when there is no room for it. */
static bool note_reference(struct copier *c, int node)
{
	for (unsigned int i = 0; i < c->reference_count; i++) {
		if (c->references[i] == node) {
			return true;
		}
	}
	if (c->reference_count == REFERENCES_MAX) {
		return false;
	}
	c->references[c->reference_count++] = node;
	return true;
}

/* The guest can reach the node that the phandle names, or gets a copy of it. */
static bool reachable(struct copier *c, int node)
{
	if (node == c->b->gic.node || node == c->reset || owned(c, node)) {
		return true;
	}
	return mere_description(c->host, node) && note_reference(c, node);
}

/* Are messages to be sent to the GIC? A guest's takes none. */
static bool lacks_messages(const struct copier *c, const struct reference *ref, int node)
{
	return node == c->b->gic.node && strcmp(ref->name, "msi-parent") == 0;
}

/* Are all targets of a property reachable? */
static bool references_reachable(struct copier *c, const struct reference *ref, const uint8_t *data,
				 int length)
{
	while (length >= 4) {
		uint32_t phandle = (uint32_t)fdt_read_cells(data, 1), cells = 0;
		int node = phandle ? fdt_node_offset_by_phandle(c->host, phandle) : 0;

		if (node < 0) {
			return false;
		}
		/* Phandle 0 leaves an entry out, in a list that is counted. */
		if (phandle && ((ref->cells && fdt_read_u32(c->host, node, ref->cells, &cells)) ||
				cells > 8 || lacks_messages(c, ref, node) || !reachable(c, node))) {
			return false;
		}
		data += 4 + cells * 4;
		length -= (int)(4 + cells * 4);
	}
	return length == 0;
}

/* -- Copying a subtree ----------------------------------------------------------------------- */

static bool one_of(const char *name, const char *const *names, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Copy the properties of a node. A top node has its addresses and interrupts written anew. Maps name
 * controllers by their numbers of cells, which are others for a guest: a bridge has its own anew.
 */
static void copy_properties(struct copier *c, int node, bool top)
{
	static const char *const anew[] = {
		"reg",         "ranges", "interrupts", "interrupt-parent", "interrupts-extended",
		"dma-coherent"};
	static const char *const maps[] = {"interrupt-map", "msi-map", "iommu-map"};
	bool bridge = top && fdt_pci_is_bridge(c->host, node);
	int property;

	fdt_for_each_property_offset (property, c->host, node) {
		const struct reference *ref;
		const char *name;
		int length;
		const void *data = fdt_getprop_by_offset(c->host, property, &name, &length);

		if (!data || one_of(name, maps, ARRAY_SIZE(maps)) ||
		    (top && one_of(name, anew, ARRAY_SIZE(anew))) ||
		    (bridge && strcmp(name, "dma-ranges") == 0)) {
			continue;
		}
		ref = find_reference(name);
		if (!ref || references_reachable(c, ref, data, length)) {
			fdt_writer_data(c->w, name, data, (size_t)length);
		}
	}
}

/* Children of a node, in the order of the tree, without recursion. */
static void copy_children(struct copier *c, int top)
{
	int depth = 0, open = 0;

	for (int node = fdt_next_node(c->host, top, &depth); node >= 0 && depth > 0;
	     node = fdt_next_node(c->host, node, &depth)) {
		if (depth > COPY_DEPTH_MAX) {
			continue;
		}
		for (; open >= depth; open--) {
			fdt_writer_end(c->w);
		}
		fdt_writer_begin(c->w, "%s", fdt_get_name(c->host, node, NULL));
		open++;
		copy_properties(c, node, false);
	}
	for (; open > 0; open--) {
		fdt_writer_end(c->w);
	}
}

/* -- A device -------------------------------------------------------------------------------- */

/* dma-coherent holds for everything below the node that says it. */
static bool dma_coherent(const void *host, int node)
{
	while (node >= 0) {
		if (fdt_getprop(host, node, "dma-coherent", NULL)) {
			return true;
		}
		node = node == 0 ? -1 : fdt_parent_offset(host, node);
	}
	return false;
}

/* One entry of dma-ranges: what the device calls an address, and what it is. */
struct dma_range {
	uint64_t bus, cpu, size;
};

/* The dma-ranges of the nearest bus that has some; their number, 0 when DMA is not translated. */
static unsigned int read_dma_ranges(const void *host, int node, struct dma_range *ranges)
{
	unsigned int child, size, up, up_size, count = 0, entry;
	const uint8_t *data = NULL;
	int length = 0;

	while (node > 0 && length <= 0) {
		node = fdt_parent_offset(host, node);
		data = node < 0 ? NULL : fdt_getprop(host, node, "dma-ranges", &length);
	}
	if (!data || length <= 0 || node <= 0 || fdt_read_cell_counts(host, node, &child, &size) ||
	    fdt_read_cell_counts(host, fdt_parent_offset(host, node), &up, &up_size) || child > 2 ||
	    up > 2 || child == 0 || up == 0 || size == 0) {
		return 0;
	}
	entry = (child + up + size) * 4;
	for (; count < DMA_RANGES_MAX && length >= (int)entry; length -= (int)entry) {
		ranges[count].bus = fdt_read_cells(data, child);
		ranges[count].cpu = fdt_read_cells(data + child * 4, up);
		ranges[count++].size = fdt_read_cells(data + (child + up) * 4, size);
		data += entry;
	}
	return count;
}

/* Open a bus that translates DMA as the device's host bus does. */
static void begin_dma_bus(struct copier *c, const struct dma_range *ranges, unsigned int count,
			  unsigned int index)
{
	uint32_t cells[DMA_RANGES_MAX * 6];

	for (unsigned int i = 0; i < count; i++) {
		const uint64_t fields[] = {ranges[i].bus, ranges[i].cpu, ranges[i].size};

		for (unsigned int j = 0; j < 6; j++) {
			cells[i * 6 + j] = (uint32_t)(fields[j / 2] >> (j % 2 ? 0 : 32));
		}
	}
	fdt_writer_begin(c->w, "bus%u", index);
	fdt_writer_string(c->w, "compatible", "simple-bus");
	fdt_writer_u32(c->w, "#address-cells", 2);
	fdt_writer_u32(c->w, "#size-cells", 2);
	fdt_writer_flag(c->w, "ranges");
	fdt_writer_cells(c->w, "dma-ranges", cells, count * 6);
}

static void write_interrupts(struct copier *c, const struct vm_device *d)
{
	uint32_t cells[3 * DEVICE_IRQS_MAX];
	struct fdt_interrupt interrupt;
	unsigned int count = 0;

	while (count < d->irq_count &&
	       fdt_read_interrupt(c->host, d->node, count, c->b->gic.node, &interrupt) == 0) {
		cells[3 * count] = 0; /* SPI */
		cells[3 * count + 1] = interrupt.intid - 32;
		cells[3 * count + 2] = interrupt.flags;
		count++;
	}
	if (count > 0) {
		fdt_writer_cells(c->w, "interrupts", cells, 3 * count);
	}
}

/* A node's name without its unit address. */
static void base_name(const void *host, int node, char *to, size_t size)
{
	const char *name = fdt_get_name(host, node, NULL);
	size_t at = 0;

	while (name[at] && name[at] != '@' && at < size - 1) {
		to[at] = name[at];
		at++;
	}
	to[at] = '\0';
}

/*
 * The mailbox's user, where the guest's driver looks for it. Of the firmware's clocks and lines,
 * which are nodes below it, a VM has what its tags allow: none of them is promised. The resets are
 * one tag.
 */
static void copy_firmware(struct copier *c)
{
	int node = fdt_node_offset_by_compatible(c->host, -1, "raspberrypi,bcm2835-firmware");

	if (node >= 0) {
		fdt_writer_begin(c->w, "firmware");
		copy_properties(c, node, true);
		if (c->reset >= 0) {
			fdt_writer_begin(c->w, "reset");
			copy_properties(c, c->reset, false);
			fdt_writer_end(c->w);
		}
		fdt_writer_end(c->w);
	}
}

/* The firmware's reset controller, for a VM whose requests with its one tag are passed on. */
static int find_reset(const struct vm_config *vm, const void *host)
{
	return config_has_tag(vm, MAILBOX_TAG_RESET_USB)
		       ? fdt_node_offset_by_compatible(host, -1, "raspberrypi,firmware-reset")
		       : -1;
}

static void copy_device(struct copier *c, unsigned int index)
{
	const struct vm_device *d = &c->vm->devices[index];
	char name[48];
	struct dma_range ranges[DMA_RANGES_MAX];
	unsigned int range_count = read_dma_ranges(c->host, d->node, ranges);

	base_name(c->host, d->node, name, sizeof(name));
	if (range_count > 0) {
		begin_dma_bus(c, ranges, range_count, index);
	}
	fdt_writer_begin(c->w, "%s@%lx", name, d->regs[0].base);
	copy_properties(c, d->node, true);
	fdt_writer_reg(c->w, "reg", d->regs, d->reg_count - d->window_count);
	if (d->window_count > 0) {
		guest_fdt_copy_bridge(c->w, c->b, d->node);
	}
	write_interrupts(c, d);
	if (dma_coherent(c->host, d->node)) {
		fdt_writer_flag(c->w, "dma-coherent");
	}
	copy_children(c, d->node);
	fdt_writer_end(c->w);
	if (d->access == DEVICE_MAILBOX) {
		copy_firmware(c);
	}
	if (range_count > 0) {
		fdt_writer_end(c->w);
	}
}

/* Has an earlier reference, from elsewhere in the host's tree, the name of this one? */
static bool name_taken(const struct copier *c, unsigned int index)
{
	const char *name = fdt_get_name(c->host, c->references[index], NULL);

	for (unsigned int i = 0; i < index; i++) {
		if (strcmp(name, fdt_get_name(c->host, c->references[i], NULL)) == 0) {
			return true;
		}
	}
	return false;
}

/* What the devices refer to; copying one may find more, up to the size of the list. */
static void copy_references(struct copier *c)
{
	if (c->reference_count == 0) {
		return;
	}
	fdt_writer_begin(c->w, "host");
	fdt_writer_string(c->w, "compatible", "simple-bus");
	fdt_writer_u32(c->w, "#address-cells", 2);
	fdt_writer_u32(c->w, "#size-cells", 2);
	fdt_writer_flag(c->w, "ranges");
	for (unsigned int i = 0; i < c->reference_count; i++) {
		const char *name = fdt_get_name(c->host, c->references[i], NULL);

		if (name_taken(c, i)) {
			fdt_writer_begin(c->w, "n%u-%s", i, name);
		} else {
			fdt_writer_begin(c->w, "%s", name);
		}
		copy_properties(c, c->references[i], false);
		fdt_writer_end(c->w);
	}
	fdt_writer_end(c->w);
}

void guest_fdt_copy_devices(struct fdt_writer *w, const struct vm_config *vm, const struct board *b)
{
	struct copier c = {
		.w = w, .vm = vm, .b = b, .host = b->fdt, .reset = find_reset(vm, b->fdt)};

	for (unsigned int i = 0; i < vm->device_count; i++) {
		copy_device(&c, i);
	}
	copy_references(&c);
}
