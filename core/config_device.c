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

/* The property that names the device. */
static const char *list_of(const struct vm_device *d)
{
	return d->filtered ? "filtered-devices" : "devices";
}

/* May others have the interrupt too? Its device must say who asks, by the only one that it has. */
static bool can_share_irq(const struct vm_device *d)
{
	return d->filtered && d->gate && d->irq_count == 1 && !d->irqs[0].edge;
}

/* -- What is the hypervisor's -------------------------------------------------------------- */

/* The part of the board that the hypervisor keeps and that stands in the way of regs, or NULL. */
static const char *kept_by_hypervisor(const struct board *b, struct mem_range regs, bool filtered)
{
	bool (*meet)(struct mem_range a, struct mem_range b) =
		filtered ? share_register : share_page;
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
			config_refuse(vm, r, list_of(d), "%s: more than %d register ranges",
				      d->path, DEVICE_REGS_MAX);
			return -1;
		}
		if (regs.size == 0 || !range_within(regs.base, regs.size, 0, VM_IPA_LIMIT)) {
			config_refuse(vm, r, list_of(d),
				      "%s: reg 0x%lx+0x%lx is empty or ends above 0x%lx", d->path,
				      regs.base, regs.size, VM_IPA_LIMIT);
			return -1;
		}
		d->regs[d->reg_count++] = regs;
	}
	if (error == FDT_READ_ABSENT && d->reg_count > 0) {
		return 0;
	}
	config_refuse(vm, r, list_of(d), "%s: has no reg that can be given (%s)", d->path,
		      error == FDT_READ_ABSENT    ? "none there"
		      : error == FDT_READ_FOREIGN ? "not an address of the CPUs"
						  : "malformed");
	return -1;
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
			config_refuse(vm, r, list_of(d), "%s: interrupt %u is %s", d->path,
				      d->irq_count,
				      error == FDT_READ_FOREIGN ? "not the GIC's" : "malformed");
			return -1;
		}
		if (d->irq_count == DEVICE_IRQS_MAX) {
			config_refuse(vm, r, list_of(d), "%s: more than %d interrupts", d->path,
				      DEVICE_IRQS_MAX);
			return -1;
		}
		if (interrupt.intid < SPI_FIRST || interrupt.intid >= GUEST_INTIDS) {
			config_refuse(vm, r, list_of(d),
				      "%s: interrupt %u is not an SPI (%u to %u)", d->path,
				      interrupt.intid, SPI_FIRST, GUEST_INTIDS - 1);
			return -1;
		}
		d->irqs[d->irq_count++] =
			(struct device_irq){interrupt.intid, (interrupt.flags & 3) != 0, false};
	}
}

/* Find the node, write its path out in full, and read registers and interrupts. */
static int resolve(struct vm_config *vm, struct vm_device *d, const struct board *b,
		   struct report *r)
{
	char path[sizeof(d->path)];

	d->node = fdt_path_offset(b->fdt, d->path);
	if (d->node <= 0) {
		config_refuse(vm, r, list_of(d), "%s: no such node in the board's device tree",
			      d->path);
		d->node = -1;
		return -1;
	}
	if (!fdt_read_enabled(b->fdt, d->node)) {
		config_refuse(vm, r, list_of(d), "%s: is disabled in the board's device tree",
			      d->path);
		return -1;
	}
	if (fdt_get_path(b->fdt, d->node, path, sizeof(path))) {
		config_refuse(vm, r, list_of(d),
			      "%s: stands for a path of more than %zu characters", d->path,
			      sizeof(path) - 1);
		return -1;
	}
	memcpy(d->path, path, sizeof(path));
	if (read_regs(vm, d, b, r) || read_irqs(vm, d, b, r)) {
		return -1;
	}
	d->gate = gate_find(b->fdt, d->node);
	return 0;
}

/* -- Whose it is --------------------------------------------------------------------------- */

static void check_hypervisor(struct vm_config *vm, struct vm_device *d, const struct board *b,
			     struct report *r)
{
	for (unsigned int i = 0; i < d->reg_count; i++) {
		const char *kept = kept_by_hypervisor(b, d->regs[i], d->filtered);

		if (kept) {
			config_refuse(vm, r, list_of(d),
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
			config_refuse(vm, r, list_of(d),
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

		*page = pages_of(mine).base;
		if (a->filtered && b->filtered
			    ? share_register(mine, other)
			    : share_page(mine, other) && (!same_vm || a->filtered != b->filtered)) {
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

/* Two devices: what both want, described in text. */
static bool in_conflict(struct vm_device *a, struct vm_device *b, bool same_vm, char *text,
			size_t size)
{
	uint64_t page = 0;
	uint32_t intid = 0;

	if (a->node == b->node) {
		fmt_print(text, size, "the device");
	} else if (registers_meet(a, b, same_vm, &page)) {
		fmt_print(text, size, "the page at 0x%lx", page);
	} else if (!same_vm && (intid = irqs_meet(a, b)) != 0) {
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
			config_refuse(vm, r, list_of(d), "%s: %s belongs to %s already (%s)",
				      d->path, what, other->name, o->path);
		}
	}
}

bool config_makes_dma(const struct vm_config *vm)
{
	return vm->device_count > 0 && !vm->no_dma;
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
		count += vm->devices[i].filtered ? vm->devices[i].reg_count : 0;
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

		if (vm->device_count > 0 && !vm->direct_map && !vm->no_dma) {
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
}
