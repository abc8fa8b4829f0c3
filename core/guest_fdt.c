/* SPDX-License-Identifier: Apache-2.0 */
#include "core/guest_fdt.h"

#include <libfdt.h>
#include <string.h>

#include "core/guest_fdt_parts.h"
#include "core/lib/fdt_read.h"
#include "core/lib/fmt.h"

/* Interrupt specifier of the GIC binding. */
#define GIC_SPI   0
#define GIC_PPI   1
#define IRQ_EDGE  1
#define IRQ_LEVEL 4
#define SPI_FIRST 32
#define PPI_FIRST 16

#define CLOCK_HZ    24000000
#define VIRTIO_SLOT 0x200

/* Phandles of the nodes that the generator itself refers to. */
struct phandles {
	uint32_t gic;
	uint32_t clock;
};

/* -- The writer ---------------------------------------------------------------------------- */

void fdt_writer_begin(struct fdt_writer *w, const char *format, ...)
{
	char name[64];
	va_list args;

	va_start(args, format);
	fmt_vprint(name, sizeof(name), format, args);
	va_end(args);
	if (!w->error) {
		w->error = fdt_begin_node(w->fdt, name);
	}
}

void fdt_writer_end(struct fdt_writer *w)
{
	if (!w->error) {
		w->error = fdt_end_node(w->fdt);
	}
}

void fdt_writer_data(struct fdt_writer *w, const char *name, const void *data, size_t size)
{
	if (!w->error) {
		w->error = fdt_property(w->fdt, name, data, (int)size);
	}
}

uint8_t *fdt_writer_place(struct fdt_writer *w, const char *name, size_t size)
{
	void *to = NULL;

	if (!w->error) {
		w->error = fdt_property_placeholder(w->fdt, name, (int)size, &to);
	}
	return w->error ? NULL : to;
}

void fdt_writer_flag(struct fdt_writer *w, const char *name)
{
	fdt_writer_data(w, name, "", 0);
}

void fdt_writer_u32(struct fdt_writer *w, const char *name, uint32_t value)
{
	fdt_writer_cells(w, name, &value, 1);
}

void fdt_writer_string(struct fdt_writer *w, const char *name, const char *value)
{
	fdt_writer_data(w, name, value, strlen(value) + 1);
}

void fdt_writer_cells(struct fdt_writer *w, const char *name, const uint32_t *cells,
		      unsigned int count)
{
	uint8_t *to = fdt_writer_place(w, name, count * 4UL);

	for (unsigned int i = 0; to && i < count; i++) {
		fdt32_st(to + i * 4, cells[i]);
	}
}

void fdt_writer_reg(struct fdt_writer *w, const char *name, const struct mem_range *ranges,
		    unsigned int count)
{
	uint8_t *to = fdt_writer_place(w, name, count * 16UL);

	for (unsigned int i = 0; to && i < count; i++) {
		fdt64_st(to + i * 16, ranges[i].base);
		fdt64_st(to + i * 16 + 8, ranges[i].size);
	}
}

/* A property of several strings, each with its NUL. */
#define write_strings(w, name, strings) fdt_writer_data(w, name, strings, sizeof(strings))

/* -- QEMU virt's nodes (hw/arm/virt.c) ------------------------------------------------------- */

static void write_psci(struct fdt_writer *w)
{
	/* Function identifiers: PSCI (DEN0022), 64-bit calls where there are some. */
	fdt_writer_begin(w, "psci");
	write_strings(w, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	fdt_writer_string(w, "method", "hvc");
	fdt_writer_u32(w, "cpu_suspend", 0xc4000001);
	fdt_writer_u32(w, "cpu_off", 0x84000002);
	fdt_writer_u32(w, "cpu_on", 0xc4000003);
	fdt_writer_u32(w, "migrate", 0xc4000005);
	fdt_writer_end(w);
}

static void write_cpus(struct fdt_writer *w, unsigned int count)
{
	fdt_writer_begin(w, "cpus");
	fdt_writer_u32(w, "#address-cells", 1);
	fdt_writer_u32(w, "#size-cells", 0);
	for (unsigned int i = 0; i < count; i++) {
		fdt_writer_begin(w, "cpu@%x", i);
		fdt_writer_string(w, "device_type", "cpu");
		fdt_writer_string(w, "compatible", "arm,armv8");
		fdt_writer_string(w, "enable-method", "psci");
		fdt_writer_u32(w, "reg", i); /* vCPU n has affinity n */
		fdt_writer_end(w);
	}
	fdt_writer_end(w);
}

static void write_timer(struct fdt_writer *w, enum gic_version gic, unsigned int vcpu_count)
{
	/* arm,arch_timer: secure, non-secure, virtual, hypervisor; GICv2 names CPUs in 15:8. */
	static const uint32_t ppis[] = {13, GUEST_PTIMER_INTID - PPI_FIRST,
					GUEST_VTIMER_INTID - PPI_FIRST, 10};
	uint32_t flags = IRQ_LEVEL, cells[3 * ARRAY_SIZE(ppis)];

	if (gic == GIC_V2) {
		flags |= (uint32_t)(BIT(vcpu_count) - 1) << 8;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(ppis); i++) {
		cells[3 * i] = GIC_PPI;
		cells[3 * i + 1] = ppis[i];
		cells[3 * i + 2] = flags;
	}
	fdt_writer_begin(w, "timer");
	write_strings(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	fdt_writer_flag(w, "always-on");
	fdt_writer_cells(w, "interrupts", cells, ARRAY_SIZE(cells));
	fdt_writer_end(w);
}

static void write_gic(struct fdt_writer *w, const struct guest_map *map, uint32_t phandle)
{
	const struct mem_range v2[] = {map->gicd, map->gicc}, v3[] = {map->gicd, map->gicr};

	fdt_writer_begin(w, "intc@%lx", map->gicd.base);
	fdt_writer_u32(w, "phandle", phandle);
	fdt_writer_flag(w, "interrupt-controller");
	fdt_writer_u32(w, "#interrupt-cells", 3);
	fdt_writer_u32(w, "#address-cells", 2);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_flag(w, "ranges");
	if (map->gic == GIC_V2) {
		fdt_writer_string(w, "compatible", "arm,cortex-a15-gic");
		fdt_writer_reg(w, "reg", v2, ARRAY_SIZE(v2));
	} else {
		fdt_writer_string(w, "compatible", "arm,gic-v3");
		fdt_writer_u32(w, "#redistributor-regions", 1);
		fdt_writer_reg(w, "reg", v3, ARRAY_SIZE(v3));
	}
	fdt_writer_end(w);
}

static void write_interrupt(struct fdt_writer *w, uint32_t intid, uint32_t flags)
{
	const uint32_t cells[] = {GIC_SPI, intid - SPI_FIRST, flags};

	fdt_writer_cells(w, "interrupts", cells, ARRAY_SIZE(cells));
}

static void write_emulated(struct fdt_writer *w, const struct guest_map *map, uint32_t clock)
{
	const uint32_t clocks[] = {clock, clock};

	fdt_writer_begin(w, "apb-pclk");
	fdt_writer_string(w, "compatible", "fixed-clock");
	fdt_writer_u32(w, "#clock-cells", 0);
	fdt_writer_u32(w, "clock-frequency", CLOCK_HZ);
	fdt_writer_string(w, "clock-output-names", "clk24mhz");
	fdt_writer_u32(w, "phandle", clock);
	fdt_writer_end(w);

	fdt_writer_begin(w, "pl011@%lx", map->uart.base);
	write_strings(w, "compatible", "arm,pl011\0arm,primecell");
	fdt_writer_reg(w, "reg", &map->uart, 1);
	write_interrupt(w, GUEST_UART_INTID, IRQ_LEVEL);
	fdt_writer_cells(w, "clocks", clocks, 2);
	write_strings(w, "clock-names", "uartclk\0apb_pclk");
	fdt_writer_end(w);

	fdt_writer_begin(w, "pl031@%lx", map->rtc.base);
	write_strings(w, "compatible", "arm,pl031\0arm,primecell");
	fdt_writer_reg(w, "reg", &map->rtc, 1);
	write_interrupt(w, GUEST_RTC_INTID, IRQ_LEVEL);
	fdt_writer_cells(w, "clocks", clocks, 1);
	fdt_writer_string(w, "clock-names", "apb_pclk");
	fdt_writer_end(w);
}

static void write_virtio(struct fdt_writer *w, const struct guest_map *map, uint32_t slots)
{
	for (unsigned int i = 0; i < 32; i++) {
		struct mem_range slot = {map->virtio.base + i * VIRTIO_SLOT, VIRTIO_SLOT};

		if (!(slots & BIT(i))) {
			continue;
		}
		fdt_writer_begin(w, "virtio_mmio@%lx", slot.base);
		fdt_writer_string(w, "compatible", "virtio,mmio");
		fdt_writer_flag(w, "dma-coherent");
		fdt_writer_reg(w, "reg", &slot, 1);
		write_interrupt(w, GUEST_VIRTIO_INTID + i, IRQ_EDGE);
		fdt_writer_end(w);
	}
}

/* -- What differs from VM to VM -------------------------------------------------------------- */

/* Main RAM and further RAM are memory nodes; what is read-only or preloaded is not. */
static void write_memory(struct fdt_writer *w, const struct vm_config *vm)
{
	for (unsigned int i = 0; i < vm->region_count; i++) {
		const struct vm_region *region = &vm->regions[i];
		const struct mem_range reg = {region->ipa, region->size};
		bool plain = !region->read_only && (i == 0 || !region->image[0]);

		fdt_writer_begin(w, "%s@%lx", plain ? "memory" : "region", region->ipa);
		if (plain) {
			fdt_writer_string(w, "device_type", "memory");
		} else {
			fdt_writer_string(w, "compatible", "bulkhead,region");
		}
		if (region->read_only) {
			fdt_writer_flag(w, "read-only");
		}
		fdt_writer_reg(w, "reg", &reg, 1);
		fdt_writer_end(w);
	}
}

static void write_chosen(struct fdt_writer *w, const struct guest_fdt_input *in)
{
	char console[32];

	fmt_print(console, sizeof(console), "/pl011@%lx", in->map->uart.base);
	fdt_writer_begin(w, "aliases");
	fdt_writer_string(w, "serial0", console);
	fdt_writer_end(w);
	fdt_writer_begin(w, "chosen");
	fdt_writer_string(w, "stdout-path", console);
	if (in->vm->bootargs[0]) {
		fdt_writer_string(w, "bootargs", in->vm->bootargs);
	}
	if (in->initrd_end > in->initrd_start) {
		fdt64_t start = cpu_to_fdt64(in->initrd_start), end = cpu_to_fdt64(in->initrd_end);

		fdt_writer_data(w, "linux,initrd-start", &start, sizeof(start));
		fdt_writer_data(w, "linux,initrd-end", &end, sizeof(end));
	}
	fdt_writer_end(w);
}

/*
 * Copies keep the host's phandles. So the guest's GIC has that of the host's,
 * and the clock one that no host node has.
 */
static int choose_phandles(const struct board *b, struct phandles *p)
{
	uint32_t max;
	int error = fdt_find_max_phandle(b->fdt, &max);

	if (error || max > FDT_MAX_PHANDLE - 2) {
		return error ? error : -FDT_ERR_NOPHANDLES;
	}
	p->gic = fdt_get_phandle(b->fdt, b->gic.node);
	if (p->gic == 0 || p->gic > max) {
		p->gic = max + 2;
	}
	p->clock = max + 1;
	return 0;
}

static void write_tree(struct fdt_writer *w, const struct guest_fdt_input *in,
		       const struct phandles *phandles)
{
	fdt_writer_begin(w, "%s", "");
	fdt_writer_string(w, "compatible", "linux,dummy-virt");
	fdt_writer_string(w, "model", "linux,dummy-virt");
	fdt_writer_u32(w, "#address-cells", 2);
	fdt_writer_u32(w, "#size-cells", 2);
	fdt_writer_u32(w, "interrupt-parent", phandles->gic);
	write_psci(w);
	write_memory(w, in->vm);
	write_cpus(w, in->vm->cpu_count);
	write_timer(w, in->map->gic, in->vm->cpu_count);
	write_gic(w, in->map, phandles->gic);
	write_emulated(w, in->map, phandles->clock);
	write_virtio(w, in->map, in->virtio_slots);
	guest_fdt_copy_devices(w, in->vm, in->board);
	write_chosen(w, in);
	fdt_writer_end(w);
}

int guest_fdt_build(const struct guest_fdt_input *in, void *buf, size_t size, struct report *r)
{
	struct fdt_writer w = {.fdt = buf};
	struct phandles phandles;

	size = MIN(size, GUEST_FDT_MAX);
	w.error = choose_phandles(in->board, &phandles);
	if (!w.error) {
		w.error = fdt_create(buf, (int)size);
	}
	if (!w.error) {
		w.error = fdt_finish_reservemap(buf);
	}
	if (!w.error) {
		write_tree(&w, in, &phandles);
	}
	if (!w.error) {
		w.error = fdt_finish(buf);
	}
	if (w.error) {
		report_error(r, "%s: device tree: cannot be built in %zu bytes: %s", in->vm->name,
			     size, fdt_strerror(w.error));
		return -1;
	}
	return (int)fdt_totalsize(buf);
}
