/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which physical addresses. */
#include "core/bhcheck/bhcheck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 5, 6))) static void add(struct spans *s, struct mem_range range,
						      int vm, uint64_t ipa, const char *what, ...)
{
	struct span *span = &s->list[s->count];
	va_list args;

	if (s->count == SPANS_MAX || range.size == 0) {
		return;
	}
	*span = (struct span){.range = range, .vm = vm, .ipa = ipa};
	va_start(args, what);
	vsnprintf(span->what, sizeof(span->what), what, args);
	va_end(args);
	s->count++;
}

void span_size(char *text, uint64_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	unsigned int unit = 0;

	while (unit < 3 && size % 1024 == 0 && size != 0) {
		size /= 1024;
		unit++;
	}
	snprintf(text, 32, "%lu %s", size, units[unit]);
}

const char *span_owner_name(const struct desk *d, const struct span *s)
{
	switch (s->vm) {
	case SPAN_HYPERVISOR:
		return "hypervisor";
	case SPAN_FREE:
		return "free";
	case SPAN_RESERVED:
		return "firmware";
	default:
		return d->config.vms[s->vm].name;
	}
}

static void add_hypervisor(struct spans *s, const struct desk *d)
{
	const char *const taken[] = {"image and tables (assumed)",
				     d->board.bundle.size ? "bundle" : "bundle (assumed)"};
	const struct board_gic *g = &d->board.gic;

	for (unsigned int i = 0; i < MIN(d->taken_count, ARRAY_SIZE(taken)); i++) {
		add(s, d->taken[i], SPAN_HYPERVISOR, 0, "%s", taken[i]);
	}
	add(s, g->dist, SPAN_HYPERVISOR, 0, "GICD");
	add(s, g->cpu, SPAN_HYPERVISOR, 0, "GICC");
	add(s, g->hyp, SPAN_HYPERVISOR, 0, "GICH");
	add(s, g->virt, SPAN_HYPERVISOR, 0, "GICV");
	for (unsigned int i = 0; i < g->redist_count; i++) {
		add(s, g->redist[i], SPAN_HYPERVISOR, 0, "GICR");
	}
	add(s, d->board.uart.regs, SPAN_HYPERVISOR, 0, "console UART");
}

/* The span that covers all of a range, or NULL. */
static struct span *find_span(struct spans *s, struct mem_range range)
{
	for (unsigned int i = 0; i < s->count; i++) {
		struct mem_range all = s->list[i].range;

		if (range_within(range.base, range.size, all.base, all.size)) {
			return &s->list[i];
		}
	}
	return NULL;
}

/* A page that devices of one VM share is one span, with all their names. */
static bool add_to_page(struct spans *s, struct mem_range page, const char *path)
{
	struct span *span = find_span(s, page);

	if (span) {
		size_t used = strlen(span->what);

		snprintf(span->what + used, sizeof(span->what) - used, ", %s", path);
	}
	return span != NULL;
}

/* What no stage 2 maps: registers of one VM's, or a block that VMs have parts of. */
static void add_emulated(struct spans *s, unsigned int vm, const struct vm_device *device)
{
	for (unsigned int i = 0; i < device->reg_count; i++) {
		if (device->access == DEVICE_FILTERED) {
			add(s, device->regs[i], (int)vm, device->regs[i].base,
			    "registers of %s, through the hypervisor", device->path);
		} else if (!find_span(s, device->regs[i])) {
			add(s, device->regs[i], SPAN_HYPERVISOR, 0, "%s, given by parts",
			    device->path);
		}
	}
}

static void add_device(struct spans *s, unsigned int vm, const struct vm_device *device)
{
	if (device->access != DEVICE_MAPPED) {
		add_emulated(s, vm, device);
		return;
	}
	for (unsigned int i = 0; i < device->reg_count; i++) {
		const struct mem_range *regs = &device->regs[i];
		uint64_t base = ALIGN_DOWN(regs->base, SZ_4K);
		struct mem_range pages = {base, ALIGN_UP(range_end(*regs), SZ_4K) - base};

		if (!add_to_page(s, pages, device->path)) {
			/* stage 2 gives it whole: with what else lies there */
			add(s, pages, (int)vm, base, "%s%s",
			    i >= device->reg_count - device->window_count    ? "window of "
			    : regs->base == base && regs->size == pages.size ? ""
									     : "page of ",
			    device->path);
		}
	}
}

static void add_vm(struct spans *s, const struct desk *d, unsigned int index)
{
	const struct vm_config *vm = &d->config.vms[index];

	for (unsigned int i = 0; i < vm->region_count; i++) {
		const struct vm_region *m = &vm->regions[i];

		add(s, (struct mem_range){m->pa, m->size}, (int)index, m->ipa, "%s%s%s%s",
		    i == 0 ? "main memory" : "memory", m->read_only ? ", read-only" : "",
		    m->image[0] ? ", " : "", m->image);
	}
	for (unsigned int i = 0; i < vm->device_count; i++) {
		add_device(s, index, &vm->devices[i]);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->range.base != y->range.base) {
		return x->range.base < y->range.base ? -1 : 1;
	}
	return 0;
}

/* What no span covers of one bank; spans are sorted. */
static void add_free(struct spans *s, unsigned int used, struct mem_range bank)
{
	uint64_t at = bank.base;

	for (unsigned int i = 0; i < used; i++) {
		struct mem_range range = s->list[i].range;

		if (!ranges_overlap(bank.base, bank.size, range.base, range.size)) {
			continue;
		}
		if (range.base > at) {
			add(s, (struct mem_range){at, range.base - at}, SPAN_FREE, 0, "memory");
		}
		at = MAX(at, range_end(range));
	}
	if (at < range_end(bank)) {
		add(s, (struct mem_range){at, range_end(bank) - at}, SPAN_FREE, 0, "memory");
	}
}

void spans_collect(struct spans *s, const struct desk *d)
{
	unsigned int used;

	s->count = 0;
	add_hypervisor(s, d);
	for (unsigned int i = 0; i < d->board.reserved_count; i++) {
		add(s, d->board.reserved[i], SPAN_RESERVED, 0, "reserved by the board's tree");
	}
	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		if (!d->config.vms[i].refused) {
			add_vm(s, d, i);
		}
	}
	qsort(s->list, s->count, sizeof(s->list[0]), by_address);
	used = s->count;
	for (unsigned int i = 0; i < d->board.bank_count; i++) {
		add_free(s, used, d->board.banks[i]);
	}
	qsort(s->list, s->count, sizeof(s->list[0]), by_address);
}
