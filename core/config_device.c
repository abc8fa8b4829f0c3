/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices given to VMs: found in the host tree, read, and checked to be no one
 * else's. The unit of giving is the 4 KiB page, since stage 2 cannot split one; of filtered
 * devices it is their registers.
 */
#include <libfdt.h>
#include <string.h>

#include "core/config_parts.h"
#include "core/guest_map.h"
#include "core/lib/fdt_pci.h"
#include "core/lib/fdt_read.h"
#include "core/lib/fmt.h"

#define SPI_FIRST 32

/* The whole pages that a device's registers lie in. */
static struct mem_range pages_of(struct mem_range regs)
{
	uint64_t base = ALIGN_DOWN(regs.base, SZ_4K);

	return (struct mem_range){base, ALIGN_UP(range_end(regs), SZ_4K) - base};
}

static bool share_page(struct mem_range a, struct mem_range b)
{
	struct mem_range pa = pages_of(a), pb = pages_of(b);

	return ranges_overlap(pa.base, pa.size, pb.base, pb.size);
}

static bool share_register(struct mem_range a, struct mem_range b)
{
	return ranges_overlap(a.base, a.size, b.base, b.size);
}

/* May others have the interrupt too? Its device must say who asks, by the only one that it has. */
static bool can_share_irq(const struct vm_device *d)
{
	return d->access == DEVICE_FILTERED && d->gate && d->irq_count == 1 && !d->irqs[0].edge;
}

/* -- What is the hypervisor's -------------------------------------------------------------- */

/* The part of the board that the hypervisor keeps and that stands in the way of regs, or NULL. */
static const char *kept_by_hypervisor(const struct board *b, struct mem_range regs,
				      enum device_access access)
{
	bool (*meet)(struct mem_range a, struct mem_range b) =
		access == DEVICE_MAPPED ? share_page : share_register;
	const struct board_gic *g = &b->gic;
	const struct mem_range gic[] = {g->dist, g->cpu, g->hyp, g->virt};

	for (unsigned int i = 0; i < ARRAY_SIZE(gic); i++) {
		if (gic[i].size != 0 && share_page(gic[i], regs)) {
			return "the interrupt controller";
		}
	}
	for (unsigned int i = 0; i < g->redist_count; i++) {
		if (share_page(g->redist[i], regs)) {
			return "the interrupt controller";
		}
	}
	if (b->uart.type != UART_NONE && meet(b->uart.regs, regs)) {
		return "the console UART";
	}
	if (b->pm.size != 0 && meet(b->pm, regs)) {
		return "the power manager";
	}
	for (unsigned int i = 0; i < b->bank_count; i++) {
		if (ranges_overlap(b->banks[i].base, b->banks[i].size, regs.base, regs.size)) {
			return "memory";
		}
	}
	return NULL;
}

/* -- Reading a device ---------------------------------------------------------------------- */

/* What is wrong with an entry of a property. */
static const char *read_error(int error)
{
	return error == FDT_READ_FOREIGN ? "not an address of the CPUs" : "malformed";
}

static int read_regs(struct vm_config *vm, struct vm_device *d, const struct board *b,
		     struct report *r)
{
	struct mem_range regs = {0, 0};
	int error = 0;

	while (!error) {
		error = fdt_read_reg(b->fdt, d->node, d->reg_count, &regs);
		if (error) {
			break;
		}
		if (d->reg_count == DEVICE_REGS_MAX) {
			config_refuse(vm, r, d->property, "%s: more than %d register ranges",
				      d->path, DEVICE_REGS_MAX);
			return -1;
		}
		if (regs.size == 0 || !range_within(regs.base, regs.size, 0, VM_IPA_LIMIT)) {
			config_refuse(vm, r, d->property,
				      "%s: reg 0x%lx+0x%lx is empty or ends above 0x%lx", d->path,
				      regs.base, regs.size, VM_IPA_LIMIT);
			return -1;
		}
		d->regs[d->reg_count++] = regs;
	}
	if (error == FDT_READ_ABSENT && d->reg_count > 0) {
		return 0;
	}
	config_refuse(vm, r, d->property, "%s: has no reg that can be given (%s)", d->path,
		      error == FDT_READ_ABSENT ? "none there" : read_error(error));
	return -1;
}

/*
 * A PCI bridge's windows, behind its registers, and whether its DMA can be told. A window that no
 * stage 2 can hold is left out.
 */
static int read_windows(struct vm_config *vm, struct vm_device *d, const struct board *b,
			struct report *r)
{
	struct fdt_pci_range w;
	unsigned int i;
	int error;

	for (i = 0; (error = fdt_pci_window(b->fdt, d->node, i, VM_IPA_LIMIT, &w)) >= 0; i++) {
		if (error == FDT_PCI_LEFT_OUT) {
			continue;
		}
		if (!IS_ALIGNED(w.cpu.base | w.cpu.size, SZ_4K)) {
			config_refuse(vm, r, d->property,
				      "%s: window 0x%lx+0x%lx is not of whole 4 KiB pages", d->path,
				      w.cpu.base, w.cpu.size);
			return -1;
		}
		if (d->reg_count == DEVICE_REGS_MAX) {
			config_refuse(vm, r, d->property, "%s: more than %d registers and windows",
				      d->path, DEVICE_REGS_MAX);
			return -1;
		}
		d->regs[d->reg_count++] = w.cpu;
		d->window_count++;
	}
	if (error != FDT_READ_ABSENT || d->window_count == 0) {
		config_refuse(vm, r, d->property, "%s: ranges: entry %u is %s", d->path, i,
			      error == FDT_READ_ABSENT ? "missing: no window to give"
						       : read_error(error));
		return -1;
	}
	for (i = 0; (error = fdt_pci_range(b->fdt, d->node, "dma-ranges", i, &w)) == 0; i++) {}
	if (error != FDT_READ_ABSENT) {
		config_refuse(vm, r, d->property, "%s: dma-ranges: entry %u is malformed", d->path,
			      i);
		return -1;
	}
	return 0;
}

static int add_irq(struct vm_config *vm, struct vm_device *d, const struct fdt_interrupt *interrupt,
		   struct report *r)
{
	if (d->irq_count == DEVICE_IRQS_MAX) {
		config_refuse(vm, r, d->property, "%s: more than %d interrupts", d->path,
			      DEVICE_IRQS_MAX);
		return -1;
	}
	if (interrupt->intid < SPI_FIRST || interrupt->intid >= GUEST_INTIDS) {
		config_refuse(vm, r, d->property, "%s: interrupt %u is not an SPI (%u to %u)",
			      d->path, interrupt->intid, SPI_FIRST, GUEST_INTIDS - 1);
		return -1;
	}
	d->irqs[d->irq_count++] =
		(struct device_irq){interrupt->intid, (interrupt->flags & 3) != 0, false};
	return 0;
}

static bool has_irq(const struct vm_device *d, uint32_t intid)
{
	for (unsigned int i = 0; i < d->irq_count; i++) {
		if (d->irqs[i].intid == intid) {
			return true;
		}
	}
	return false;
}

/* Interrupts of the devices behind a PCI bridge, each once. Another controller's are no one's. */
static int read_routes(struct vm_config *vm, struct vm_device *d, const struct board *b,
		       struct report *r)
{
	struct fdt_pci_route route;
	int at = 0, error;

	do {
		error = fdt_pci_route(b->fdt, d->node, b->gic.node, &at, &route);
		if (error == FDT_READ_MALFORMED) {
			config_refuse(vm, r, d->property, "%s: interrupt-map: malformed at byte %d",
				      d->path, at);
			return -1;
		}
		if (error == 0 && !has_irq(d, route.interrupt.intid) &&
		    add_irq(vm, d, &route.interrupt, r)) {
			return -1;
		}
	} while (error != FDT_READ_ABSENT);
	return 0;
}

static int read_irqs(struct vm_config *vm, struct vm_device *d, const struct board *b,
		     struct report *r)
{
	struct fdt_interrupt interrupt;

	for (;;) {
		int error =
			fdt_read_interrupt(b->fdt, d->node, d->irq_count, b->gic.node, &interrupt);

		if (error == FDT_READ_ABSENT) {
			return 0;
		}
		if (error) {
			config_refuse(vm, r, d->property, "%s: interrupt %u is %s", d->path,
				      d->irq_count,
				      error == FDT_READ_FOREIGN ? "not the GIC's" : "malformed");
			return -1;
		}
		if (add_irq(vm, d, &interrupt, r)) {
			return -1;
		}
	}
}

/* Find the node, write its path out in full, and read registers and interrupts. */
static int resolve(struct vm_config *vm, struct vm_device *d, const struct board *b,
		   struct report *r)
{
	char path[sizeof(d->path)];

	d->node = d->access >= DEVICE_GPIO ? config_shared_node(d, b->fdt)
					   : fdt_path_offset(b->fdt, d->path);
	if (d->node <= 0) {
		config_refuse(vm, r, d->property, "%s: no such node in the board's device tree",
			      d->path[0] ? d->path : "of a Raspberry Pi 4");
		d->node = -1;
		return -1;
	}
	if (!fdt_read_enabled(b->fdt, d->node)) {
		config_refuse(vm, r, d->property, "%s: is disabled in the board's device tree",
			      d->path);
		return -1;
	}
	if (fdt_get_path(b->fdt, d->node, path, sizeof(path))) {
		config_refuse(vm, r, d->property,
			      "%s: stands for a path of more than %zu characters", d->path,
			      sizeof(path) - 1);
		return -1;
	}
	memcpy(d->path, path, sizeof(path));
	if (read_regs(vm, d, b, r) || read_irqs(vm, d, b, r)) {
		return -1;
	}
	if (d->access == DEVICE_MAPPED && fdt_pci_is_bridge(b->fdt, d->node) &&
	    (read_windows(vm, d, b, r) || read_routes(vm, d, b, r))) {
		return -1;
	}
	d->gate = gate_find(b->fdt, d->node);
	return d->access >= DEVICE_GPIO ? config_shared_resolved(vm, d, r) : 0;
}

/* Forget what is optional and not there, or switched off. */
static void drop_absent(struct vm_config *vm, const struct board *b)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < vm->device_count; i++) {
		const struct vm_device *d = &vm->devices[i];
		int node = fdt_path_offset(b->fdt, d->path);

		if (!d->optional || (node > 0 && fdt_read_enabled(b->fdt, node))) {
			vm->devices[kept++] = *d;
		}
	}
	vm->device_count = kept;
}

/* -- Whose it is --------------------------------------------------------------------------- */

static void check_hypervisor(struct vm_config *vm, struct vm_device *d, const struct board *b,
			     struct report *r)
{
	for (unsigned int i = 0; i < d->reg_count; i++) {
		const char *kept = kept_by_hypervisor(b, d->regs[i], d->access);

		if (kept && i >= d->reg_count - d->window_count) {
			config_refuse(
				vm, r, d->property,
				"%s: window 0x%lx+0x%lx overlaps %s, which is the hypervisor's",
				d->path, d->regs[i].base, d->regs[i].size, kept);
		} else if (kept) {
			config_refuse(vm, r, d->property,
				      "%s: shares the page at 0x%lx with %s, which is the "
				      "hypervisor's",
				      d->path, pages_of(d->regs[i]).base, kept);
		}
	}
	for (unsigned int i = 0; i < d->irq_count; i++) {
		if (b->uart.type == UART_NONE || d->irqs[i].intid != b->uart.intid) {
			continue;
		}
		d->irqs[i].shared = can_share_irq(d);
		if (!d->irqs[i].shared) {
			config_refuse(vm, r, d->property,
				      "%s: interrupt %u is the console UART's too", d->path,
				      d->irqs[i].intid);
		}
	}
}

/*
 * Do registers of two devices meet? Filtered ones may lie in one page; and a VM's own may, when
 * all of that page is mapped, or nothing.
 */
static bool registers_meet(const struct vm_device *a, const struct vm_device *b, bool same_vm,
			   uint64_t *page)
{
	for (unsigned int i = 0; i < a->reg_count * b->reg_count; i++) {
		struct mem_range mine = a->regs[i % a->reg_count];
		struct mem_range other = b->regs[i / a->reg_count];

		*page = MAX(pages_of(mine).base, pages_of(other).base);
		if (a->access != DEVICE_MAPPED && b->access != DEVICE_MAPPED
			    ? share_register(mine, other)
			    : share_page(mine, other) && (!same_vm || a->access != b->access)) {
			return true;
		}
	}
	return false;
}

/* The interrupt that both have and cannot share, or 0; one that they can is marked. */
static uint32_t irqs_meet(struct vm_device *a, struct vm_device *b)
{
	for (unsigned int i = 0; i < a->irq_count * b->irq_count; i++) {
		struct device_irq *mine = &a->irqs[i % a->irq_count];
		struct device_irq *other = &b->irqs[i / a->irq_count];

		if (mine->intid != other->intid) {
			continue;
		}
		if (!can_share_irq(a) || !can_share_irq(b)) {
			return mine->intid;
		}
		mine->shared = true;
		other->shared = true;
	}
	return 0;
}

/*
 * Two devices: what both want, described in text. Interrupts of one VM may meet, but for those of
 * a block that VMs have parts of: the hypervisor takes them.
 */
static bool in_conflict(struct vm_device *a, struct vm_device *b, bool same_vm, char *text,
			size_t size)
{
	uint64_t page = 0;
	uint32_t intid = 0;

	if (a->node == b->node) {
		if (a->access >= DEVICE_GPIO && a->access == b->access) {
			return false;
		}
		fmt_print(text, size, "the device");
	} else if (registers_meet(a, b, same_vm, &page)) {
		fmt_print(text, size, "the page at 0x%lx", page);
	} else if ((!same_vm || a->access >= DEVICE_GPIO || b->access >= DEVICE_GPIO) &&
		   (intid = irqs_meet(a, b)) != 0) {
		fmt_print(text, size, "interrupt %u", intid);
	} else {
		return false;
	}
	return true;
}

/* The device against those of the VMs before, and before it in its own VM. */
static void check_others(struct config *c, unsigned int vm_index, unsigned int index,
			 struct report *r)
{
	struct vm_config *vm = &c->vms[vm_index];
	struct vm_device *d = &vm->devices[index];
	char what[48];

	for (unsigned int i = 0; i <= vm_index; i++) {
		struct vm_config *other = &c->vms[i];
		unsigned int count = i == vm_index ? index : other->device_count;

		for (unsigned int j = 0; j < count; j++) {
			struct vm_device *o = &other->devices[j];

			if (o->node < 0 || !in_conflict(d, o, i == vm_index, what, sizeof(what))) {
				continue;
			}
			config_refuse(vm, r, d->property, "%s: %s belongs to %s already (%s)",
				      d->path, what, other->name, o->path);
		}
	}
}

bool config_makes_dma(const struct vm_config *vm)
{
	for (unsigned int i = 0; i < vm->device_count; i++) {
		if (vm->devices[i].access < DEVICE_GPIO) {
			return !vm->no_dma;
		}
	}
	return false;
}

/* There is no IOMMU: one VM with DMA is what the owner of a board must trust, two are a decision. */
static void check_dma(struct config *c, unsigned int index, struct report *r)
{
	struct vm_config *vm = &c->vms[index];

	if (!config_makes_dma(vm) || vm->trust_dma) {
		return;
	}
	for (unsigned int i = 0; i < index; i++) {
		if (config_makes_dma(&c->vms[i])) {
			config_refuse(
				vm, r, "devices",
				"may make DMA, as those of %s may: with no IOMMU each VM could "
				"reach the other's memory; trust-dma accepts that",
				c->vms[i].name);
			return;
		}
	}
}

/* Each filtered range has an entry in the VM's table. */
static void check_filters(struct vm_config *vm, struct report *r)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < vm->device_count; i++) {
		count += vm->devices[i].access == DEVICE_FILTERED ? vm->devices[i].reg_count : 0;
	}
	if (count > VM_FILTERS_MAX) {
		config_refuse(vm, r, "filtered-devices", "%u register ranges; at most %d", count,
			      VM_FILTERS_MAX);
	}
}

void config_check_devices(struct config *c, const struct board *b, struct report *r)
{
	for (unsigned int i = 0; i < c->vm_count; i++) {
		struct vm_config *vm = &c->vms[i];

		drop_absent(vm, b);
		if (config_makes_dma(vm) && !vm->direct_map) {
			config_refuse(vm, r, "devices",
				      "need direct-map, as a device that makes DMA uses board "
				      "addresses; or no-dma, if none does");
		} else {
			check_dma(c, i, r);
		}
		for (unsigned int j = 0; j < vm->device_count; j++) {
			if (resolve(vm, &vm->devices[j], b, r) == 0) {
				check_hypervisor(vm, &vm->devices[j], b, r);
				check_others(c, i, j, r);
			}
		}
		check_filters(vm, r);
	}
	for (unsigned int i = 0; i < c->vm_count; i++) {
		config_check_tags(c, i, r);
		for (unsigned int j = 0; j < c->vms[i].device_count; j++) {
			config_check_lines(c, i, &c->vms[i].devices[j], b, r);
		}
	}
}
