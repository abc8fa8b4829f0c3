#include "guests/rtos/port/machine.h"

#include <stddef.h>
#include <string.h>

#include <libfdt.h>

#define GIC_CELLS       3 /* type, number, flags: arm,gic.yaml */
#define TIMER_VIRT      2 /* arm,arch_timer.yaml: secure, physical, virtual, hypervisor */
#define PATH_MAX_LENGTH 64
#define GPIO_LINES      58
#define REPORT_LIMIT    1000001

/* QEMU virt (hw/arm/virt.c, base_memmap). */
static const struct machine qemu_virt = {
	.ram_base = 0x40000000,
	.ram_size = 0x01000000,
	.gicd = 0x08000000,
	.gicc = 0x08010000,
	.gicr = 0x080a0000,
	.gicr_size = 0x00f60000,
	.uart = 0x09000000,
	.uart_intid = 33,
	.timer_intid = 27,
	.loop_line = MACHINE_NO_LINE,
};

static void note_missing(struct machine *m, const char *what)
{
	if (m->missing == NULL) {
		m->missing = what;
	}
}

static uint64_t read_cells(const fdt32_t *cell, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++) {
		value = value << 32 | fdt32_to_cpu(cell[i]);
	}
	return value;
}

/* Entry `index` of the node's reg, by its parent's cell counts. */
static bool read_reg(const void *fdt, int node, int index, uint64_t *addr, uint64_t *size)
{
	int parent = fdt_parent_offset(fdt, node);
	int address_cells = fdt_address_cells(fdt, parent);
	int size_cells = fdt_size_cells(fdt, parent);
	int entry_cells = address_cells + size_cells;
	int length;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);

	if (reg == NULL || address_cells < 1 || size_cells < 0 ||
	    length < (index + 1) * entry_cells * (int)sizeof(*reg)) {
		return false;
	}
	reg += index * entry_cells;
	*addr = read_cells(reg, address_cells);
	*size = read_cells(reg + address_cells, size_cells);
	return true;
}

static bool read_intid(const void *fdt, int node, int index, unsigned int *intid)
{
	int length;
	const fdt32_t *cells = fdt_getprop(fdt, node, "interrupts", &length);

	if (cells == NULL || length < (index + 1) * GIC_CELLS * (int)sizeof(*cells)) {
		return false;
	}
	cells += index * GIC_CELLS;
	*intid = fdt32_to_cpu(cells[1]) + (fdt32_to_cpu(cells[0]) == 1 ? 16 : 32);
	return true;
}

static int find(const void *fdt, const char *compatible)
{
	return fdt_node_offset_by_compatible(fdt, -1, compatible);
}

static bool parse_gicv3(struct machine *m, const void *fdt)
{
	int node = find(fdt, "arm,gic-v3");
	uint64_t size;

	if (node < 0 || !read_reg(fdt, node, 0, &m->gicd, &size) ||
	    !read_reg(fdt, node, 1, &m->gicr, &m->gicr_size)) {
		return false;
	}
	m->gic_version = 3;
	return true;
}

static bool parse_gicv2(struct machine *m, const void *fdt)
{
	int node = find(fdt, "arm,cortex-a15-gic");
	uint64_t size;

	if (node < 0) {
		node = find(fdt, "arm,gic-400");
	}
	if (node < 0 || !read_reg(fdt, node, 0, &m->gicd, &size) ||
	    !read_reg(fdt, node, 1, &m->gicc, &size)) {
		return false;
	}
	m->gic_version = 2;
	return true;
}

/* The UART that /chosen names, else the first. */
static int find_uart(const void *fdt)
{
	int length;
	const char *path =
		fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "stdout-path", &length);
	int node = -1;

	if (path != NULL) {
		const char *options = memchr(path, ':', (size_t)length);

		node = fdt_path_offset_namelen(fdt, path,
					       options != NULL
						       ? (int)(options - path)
						       : (int)strnlen(path, (size_t)length));
	}
	if (node < 0 || fdt_node_check_compatible(fdt, node, "arm,pl011") != 0) {
		node = find(fdt, "arm,pl011");
	}
	return node;
}

static void parse_uart(struct machine *m, const void *fdt)
{
	int node = find_uart(fdt);
	uint64_t size;

	if (node < 0 || !read_reg(fdt, node, 0, &m->uart, &size) ||
	    !read_intid(fdt, node, 0, &m->uart_intid)) {
		note_missing(m, "arm,pl011");
	}
}

static void parse_timer(struct machine *m, const void *fdt)
{
	int node = find(fdt, "arm,armv8-timer");

	if (node < 0 || !read_intid(fdt, node, TIMER_VIRT, &m->timer_intid)) {
		note_missing(m, "arm,armv8-timer");
	}
}

static void parse_memory(struct machine *m, const void *fdt)
{
	int node =
		fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof("memory"));

	if (node < 0 || !read_reg(fdt, node, 0, &m->ram_base, &m->ram_size)) {
		note_missing(m, "memory");
	}
}

static void parse_psci(struct machine *m, const void *fdt)
{
	const char *method = fdt_getprop(fdt, fdt_path_offset(fdt, "/psci"), "method", NULL);

	if (method == NULL) {
		note_missing(m, "/psci");
	} else {
		m->psci_smc = strcmp(method, "smc") == 0;
	}
}

/* The value of the word NAME=VALUE, to the string's end; NULL: it is not there. */
static const char *find_word(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (bool begins = true; *text != '\0'; text++) {
		if (begins && strlen(text) > length && memcmp(text, name, length) == 0 &&
		    text[length] == '=') {
			return text + length + 1;
		}
		begins = *text == ' ';
	}
	return NULL;
}

/* The number at the text's begin, below `limit`; returns what follows it, NULL: there is none. */
static const char *parse_number(const char *text, unsigned int limit, unsigned int *value)
{
	if (text == NULL || *text < '0' || *text > '9') {
		return NULL;
	}
	for (*value = 0; *text >= '0' && *text <= '9'; text++) {
		*value = *value * 10 + (unsigned int)(*text - '0');
		if (*value >= limit) {
			return NULL;
		}
	}
	return text;
}

static bool is_end(const char *text)
{
	return text != NULL && (*text == '\0' || *text == ' ');
}

static void parse_gpio(struct machine *m, const void *fdt, const char *bootargs)
{
	int node = find(fdt, "brcm,bcm2711-gpio");
	unsigned int line;
	uint64_t size;

	if (!is_end(parse_number(find_word(bootargs, "loop-line"), GPIO_LINES, &line))) {
		return;
	}
	m->loop_line = line;
	if (node < 0 || !read_reg(fdt, node, 0, &m->gpio, &size)) {
		note_missing(m, "brcm,bcm2711-gpio");
	}
}

static void parse_report(struct machine *m, const char *bootargs)
{
	unsigned int after;
	unsigned int periods;
	const char *text = parse_number(find_word(bootargs, "loop-report"), REPORT_LIMIT, &after);

	if (text != NULL && *text == ',' &&
	    is_end(parse_number(text + 1, REPORT_LIMIT, &periods))) {
		m->report_after = after;
		m->report_periods = periods;
	}
}

static void parse_bootargs(struct machine *m, const void *fdt)
{
	int length;
	const char *bootargs =
		fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &length);

	if (bootargs != NULL && length > 0 && bootargs[length - 1] == '\0') {
		parse_gpio(m, fdt, bootargs);
		parse_report(m, bootargs);
	}
}

void machine_parse(struct machine *m, const void *fdt)
{
	*m = qemu_virt;
	if (fdt == NULL || fdt_check_header(fdt) != 0) {
		return;
	}
	m->from_tree = true;
	if (!parse_gicv3(m, fdt) && !parse_gicv2(m, fdt)) {
		note_missing(m, "interrupt controller");
	}
	parse_uart(m, fdt);
	parse_timer(m, fdt);
	parse_memory(m, fdt);
	parse_psci(m, fdt);
	parse_bootargs(m, fdt);
}
