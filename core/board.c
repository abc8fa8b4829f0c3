/* SPDX-License-Identifier: Apache-2.0 */
#include "core/board.h"

#include <libfdt.h>
#include <string.h>

#include "core/lib/fdt_read.h"
#include "core/lib/fmt.h"

/* The affinity fields of MPIDR_EL1, and of a cpu node's reg. */
#define MPIDR_AFFINITY 0xff00ffffffUL

#define board_error(r, ...) report_error(r, "board: " __VA_ARGS__)

bool board_is_ram(const struct board *b, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < b->bank_count; i++) {
		if (range_within(base, size, b->banks[i].base, b->banks[i].size)) {
			return true;
		}
	}
	return false;
}

/* -- Console ----------------------------------------------------------------------- */

static enum uart_type uart_type(const void *fdt, int node)
{
	if (fdt_read_compatible(fdt, node, "arm,pl011")) {
		return UART_PL011;
	}
	if (fdt_read_compatible(fdt, node, "brcm,bcm2835-aux-uart")) {
		return UART_MINI;
	}
	return UART_NONE;
}

/* The node that a stdout-path means: an alias or a path, with options after ':'. */
static int stdout_node(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : fdt_read_string(fdt, chosen, "stdout-path");
	const char *colon;

	if (!path) {
		return fdt_path_offset(fdt, "serial0");
	}
	colon = strchr(path, ':');
	return fdt_path_offset_namelen(fdt, path, (int)(colon ? colon - path : (long)strlen(path)));
}

/* GICv3 where there are both. */
static enum gic_version gic_version(const void *fdt, int node)
{
	static const struct {
		const char *compatible;
		enum gic_version version;
	} known[] = {
		{"arm,gic-v3", GIC_V3},
		{"arm,gic-400", GIC_V2},
		{"arm,cortex-a15-gic", GIC_V2},
	};
	int length;
	const char *list = fdt_getprop(fdt, node, "compatible", &length);

	for (unsigned int i = 0; list && i < ARRAY_SIZE(known); i++) {
		if (fdt_stringlist_contains(list, length, known[i].compatible)) {
			return known[i].version;
		}
	}
	return GIC_NONE;
}

static int find_gic(const void *fdt, enum gic_version *version)
{
	int found = -1;

	*version = GIC_NONE;
	for (int node = 0; node >= 0 && *version != GIC_V3; node = fdt_next_node(fdt, node, NULL)) {
		enum gic_version v = gic_version(fdt, node);

		if (v > *version && fdt_read_enabled(fdt, node)) {
			*version = v;
			found = node;
		}
	}
	return found;
}

static int find_uart(const void *fdt, int node, struct board_uart *uart)
{
	uart->type = node < 0 ? UART_NONE : uart_type(fdt, node);
	if (uart->type == UART_NONE || fdt_read_reg(fdt, node, 0, &uart->regs) ||
	    !range_within(uart->regs.base, uart->regs.size, 0, BOARD_PA_LIMIT)) {
		memset(uart, 0, sizeof(*uart));
		return -1;
	}
	uart->node = node;
	return 0;
}

int board_find_uart(const void *fdt, struct board_uart *uart)
{
	memset(uart, 0, sizeof(*uart));
	if (!fdt || !fdt_read_aligned(fdt) || fdt_check_header(fdt) ||
	    fdt_totalsize(fdt) > BOARD_FDT_MAX) {
		return -1;
	}
	return find_uart(fdt, stdout_node(fdt), uart);
}

static void parse_uart(struct board *b, int node, struct report *r)
{
	struct fdt_interrupt interrupt;

	if (find_uart(b->fdt, node, &b->uart)) {
		board_error(r,
			    "/chosen: stdout-path: names no UART that Bulkhead knows (arm,pl011, "
			    "brcm,bcm2835-aux-uart)");
	} else if (fdt_read_interrupt(b->fdt, node, 0, b->gic.node, &interrupt) == 0) {
		b->uart.intid = interrupt.intid;
	}
}

/* -- Memory ------------------------------------------------------------------------ */

/* Whole pages inside a range; false when there is none. */
static bool shrink_to_pages(struct mem_range *range)
{
	uint64_t skip = (SZ_4K - range->base % SZ_4K) % SZ_4K;

	if (range->size < skip + SZ_4K) {
		return false;
	}
	range->base += skip;
	range->size = ALIGN_DOWN(range->size - skip, SZ_4K);
	return true;
}

static int add_bank(struct board *b, struct mem_range bank, const char *node, struct report *r)
{
	unsigned int at = b->bank_count;

	if (bank.size == 0 || !shrink_to_pages(&bank)) {
		return 0; /* the Raspberry Pi's tree has empty entries */
	}
	if (!range_within(bank.base, bank.size, 0, BOARD_PA_LIMIT)) {
		board_error(r, "/%s: reg: 0x%lx+0x%lx ends above 0x%lx", node, bank.base, bank.size,
			    BOARD_PA_LIMIT);
		return -1;
	}
	if (b->bank_count == BOARD_BANKS_MAX) {
		board_error(r, "/%s: reg: more than %d memory banks", node, BOARD_BANKS_MAX);
		return -1;
	}
	while (at > 0 && b->banks[at - 1].base > bank.base) {
		b->banks[at] = b->banks[at - 1];
		at--;
	}
	b->banks[at] = bank;
	b->bank_count++;
	return 0;
}

static int parse_memory_node(struct board *b, int node, struct report *r)
{
	const char *name = fdt_get_name(b->fdt, node, NULL);
	struct mem_range bank;
	int error;

	for (unsigned int i = 0;; i++) {
		error = fdt_read_reg(b->fdt, node, i, &bank);
		if (error) {
			break;
		}
		if (add_bank(b, bank, name, r)) {
			return -1;
		}
	}
	if (error == FDT_READ_ABSENT) {
		return 0;
	}
	board_error(r, "/%s: reg: does not fit the root's #address-cells and #size-cells, or wraps",
		    name);
	return -1;
}

/* Join banks that touch; ones that overlap are a mistake in the tree. */
static int join_banks(struct board *b, struct report *r)
{
	unsigned int kept = 0;

	for (unsigned int i = 1; i < b->bank_count; i++) {
		struct mem_range *last = &b->banks[kept], *next = &b->banks[i];

		if (ranges_overlap(last->base, last->size, next->base, next->size)) {
			board_error(r, "memory: 0x%lx+0x%lx overlaps 0x%lx+0x%lx", next->base,
				    next->size, last->base, last->size);
			return -1;
		}
		if (range_end(*last) == next->base) {
			last->size += next->size;
		} else {
			b->banks[++kept] = *next;
		}
	}
	b->bank_count = b->bank_count ? kept + 1 : 0;
	return 0;
}

static int parse_memory(struct board *b, struct report *r)
{
	int node;

	fdt_for_each_subnode (node, b->fdt, 0) {
		const char *type = fdt_read_string(b->fdt, node, "device_type");

		if (type && strcmp(type, "memory") == 0 && fdt_read_enabled(b->fdt, node) &&
		    parse_memory_node(b, node, r)) {
			return -1;
		}
	}
	if (b->bank_count == 0) {
		board_error(r, "no memory: no node with device_type = \"memory\" has a usable reg");
		return -1;
	}
	return join_banks(b, r);
}

/* Keep [base, base + size) free of guests, whole pages. */
static int add_reserved(struct board *b, uint64_t base, uint64_t size, const char *what,
			struct report *r)
{
	uint64_t start = ALIGN_DOWN(base, SZ_4K);

	if (size == 0) {
		return 0;
	}
	if (range_wraps(base, size) || base + (size - 1) >= UINT64_MAX - SZ_4K) {
		board_error(r, "%s: 0x%lx+0x%lx wraps past the end of the address space", what,
			    base, size);
		return -1;
	}
	if (b->reserved_count == BOARD_RESERVED_MAX) {
		board_error(r, "%s: more than %d reserved ranges", what, BOARD_RESERVED_MAX);
		return -1;
	}
	b->reserved[b->reserved_count++] =
		(struct mem_range){start, ALIGN_UP(base + size, SZ_4K) - start};
	return 0;
}

static int parse_reserved_node(struct board *b, int node, struct report *r)
{
	struct mem_range range;
	int error = 0;

	for (unsigned int i = 0; !error; i++) {
		error = fdt_read_reg(b->fdt, node, i, &range);
		if (!error && add_reserved(b, range.base, range.size, "/reserved-memory", r)) {
			return -1;
		}
	}
	/* A child without reg asks an operating system to allocate it: nothing to keep. */
	if (error == FDT_READ_ABSENT) {
		return 0;
	}
	board_error(r, "/reserved-memory/%s: reg: cannot be read (ranges and cell counts right?)",
		    fdt_get_name(b->fdt, node, NULL));
	return -1;
}

static int parse_reserved(struct board *b, struct report *r)
{
	int node, parent = fdt_path_offset(b->fdt, "/reserved-memory");
	int count = fdt_num_mem_rsv(b->fdt);

	for (int i = 0; i < count; i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(b->fdt, i, &base, &size) ||
		    add_reserved(b, base, size, "/memreserve/", r)) {
			return -1;
		}
	}
	if (parent >= 0) {
		fdt_for_each_subnode (node, b->fdt, parent) {
			if (fdt_read_enabled(b->fdt, node) && parse_reserved_node(b, node, r)) {
				return -1;
			}
		}
	}
	return add_reserved(b, (uintptr_t)b->fdt, fdt_totalsize(b->fdt), "device tree", r);
}

/* -- CPUs and firmware --------------------------------------------------------------- */

static int parse_enable_method(const struct board *b, int node, struct board_cpu *cpu)
{
	if (fdt_stringlist_search(b->fdt, node, "enable-method", "psci") >= 0) {
		cpu->enable = CPU_ENABLE_PSCI;
		return 0;
	}
	if (fdt_stringlist_search(b->fdt, node, "enable-method", "spin-table") >= 0) {
		cpu->enable = CPU_ENABLE_SPIN_TABLE;
		return fdt_read_u64(b->fdt, node, "cpu-release-addr", &cpu->release_addr);
	}
	cpu->enable = CPU_ENABLE_NONE;
	return 0;
}

static int parse_cpu(struct board *b, int node, struct report *r)
{
	const char *name = fdt_get_name(b->fdt, node, NULL);
	struct board_cpu *cpu = &b->cpus[b->cpu_count];
	struct mem_range reg;

	if (b->cpu_count == BOARD_CPUS_MAX) {
		return 0; /* the first 32 are used */
	}
	memset(cpu, 0, sizeof(*cpu));
	if (fdt_read_reg_raw(b->fdt, node, 0, &reg) || (reg.base & ~MPIDR_AFFINITY)) {
		board_error(r, "/cpus/%s: reg: is not the affinity of a CPU (MPIDR_EL1)", name);
		return -1;
	}
	cpu->mpidr = reg.base;
	for (unsigned int i = 0; i < b->cpu_count; i++) {
		if (b->cpus[i].mpidr == cpu->mpidr) {
			board_error(r, "/cpus/%s: reg: 0x%lx is the reg of another CPU too", name,
				    cpu->mpidr);
			return -1;
		}
	}
	if (parse_enable_method(b, node, cpu)) {
		board_error(r, "/cpus/%s: cpu-release-addr: spin-table needs one of 1 or 2 cells",
			    name);
		return -1;
	}
	b->cpu_count++;
	return 0;
}

static int parse_cpus(struct board *b, struct report *r)
{
	int node, parent = fdt_path_offset(b->fdt, "/cpus");

	if (parent >= 0) {
		fdt_for_each_subnode (node, b->fdt, parent) {
			const char *type = fdt_read_string(b->fdt, node, "device_type");

			if (type && strcmp(type, "cpu") == 0 && fdt_read_enabled(b->fdt, node) &&
			    parse_cpu(b, node, r)) {
				return -1;
			}
		}
	}
	if (b->cpu_count == 0) {
		board_error(r, "/cpus: no node with device_type = \"cpu\" and status \"okay\"");
		return -1;
	}
	return 0;
}

static int parse_psci(struct board *b, struct report *r)
{
	int node = fdt_path_offset(b->fdt, "/psci");
	const char *method = node < 0 ? NULL : fdt_read_string(b->fdt, node, "method");
	bool needed = false;

	if (method && strcmp(method, "smc") == 0) {
		b->psci = PSCI_CONDUIT_SMC;
	} else if (method && strcmp(method, "hvc") == 0) {
		b->psci = PSCI_CONDUIT_HVC;
	}
	for (unsigned int i = 0; i < b->cpu_count; i++) {
		needed |= b->cpus[i].enable == CPU_ENABLE_PSCI;
	}
	if (needed && b->psci == PSCI_CONDUIT_NONE) {
		board_error(
			r,
			"/psci: method: must be \"smc\" or \"hvc\", as CPUs are enabled by PSCI");
		return -1;
	}
	return 0;
}

/* -- Interrupt controller and timer -------------------------------------------------- */

static int gic_reg(const struct board *b, unsigned int index, const char *what, uint64_t min,
		   struct mem_range *reg, struct report *r)
{
	if (fdt_read_reg(b->fdt, b->gic.node, index, reg) || reg->size < min ||
	    !IS_ALIGNED(reg->base, SZ_4K) ||
	    !range_within(reg->base, reg->size, 0, BOARD_PA_LIMIT)) {
		board_error(r,
			    "/%s: reg: entry %u (%s) is missing, misaligned or below 0x%lx bytes",
			    fdt_get_name(b->fdt, b->gic.node, NULL), index, what, min);
		return -1;
	}
	return 0;
}

static int parse_gicv2(struct board *b, struct report *r)
{
	struct board_gic *g = &b->gic;

	if (gic_reg(b, 0, "GICD", SZ_4K, &g->dist, r) ||
	    gic_reg(b, 1, "GICC", 2 * SZ_4K, &g->cpu, r) ||
	    gic_reg(b, 2, "GICH, which EL2 needs", SZ_4K, &g->hyp, r) ||
	    gic_reg(b, 3, "GICV, which guests need", 2 * SZ_4K, &g->virt, r)) {
		return -1;
	}
	return 0;
}

static int parse_gicv3(struct board *b, struct report *r)
{
	struct board_gic *g = &b->gic;
	uint32_t count = 1;

	if (fdt_read_u32(b->fdt, g->node, "#redistributor-regions", &count) == FDT_READ_MALFORMED ||
	    count == 0 || count > BOARD_REDISTS_MAX) {
		board_error(r, "/%s: #redistributor-regions: must be 1 to %d",
			    fdt_get_name(b->fdt, g->node, NULL), BOARD_REDISTS_MAX);
		return -1;
	}
	if (gic_reg(b, 0, "GICD", SZ_64K, &g->dist, r)) {
		return -1;
	}
	for (; g->redist_count < count; g->redist_count++) {
		if (gic_reg(b, 1 + g->redist_count, "GICR", 2 * SZ_64K, &g->redist[g->redist_count],
			    r)) {
			return -1;
		}
	}
	if (fdt_read_u64(b->fdt, g->node, "redistributor-stride", &g->redist_stride) ==
		    FDT_READ_MALFORMED ||
	    !IS_ALIGNED(g->redist_stride, SZ_64K)) {
		board_error(r, "/%s: redistributor-stride: must be a multiple of 64 KiB",
			    fdt_get_name(b->fdt, g->node, NULL));
		return -1;
	}
	return 0;
}

static int parse_gic(struct board *b, struct report *r)
{
	struct fdt_interrupt maintenance;

	if (b->gic.version == GIC_NONE) {
		board_error(r, "no interrupt controller that is arm,gic-400, arm,cortex-a15-gic or "
			       "arm,gic-v3");
		return -1;
	}
	if (b->gic.version == GIC_V2 ? parse_gicv2(b, r) : parse_gicv3(b, r)) {
		return -1;
	}
	if (fdt_read_interrupt(b->fdt, b->gic.node, 0, b->gic.node, &maintenance)) {
		board_error(r, "/%s: interrupts: no maintenance interrupt (started with EL2?)",
			    fdt_get_name(b->fdt, b->gic.node, NULL));
		return -1;
	}
	b->gic.maintenance_intid = maintenance.intid;
	return 0;
}

static int parse_timer(struct board *b, struct report *r)
{
	/* Binding arm,arch_timer: secure, non-secure, virtual, hypervisor. */
	uint32_t *const intids[] = {NULL, &b->timer.phys_intid, &b->timer.virt_intid,
				    &b->timer.hyp_intid};
	int node = fdt_node_offset_by_compatible(b->fdt, -1, "arm,armv8-timer");
	struct fdt_interrupt interrupt;

	if (node < 0) {
		board_error(r, "no timer node (arm,armv8-timer)");
		return -1;
	}
	for (unsigned int i = 1; i < ARRAY_SIZE(intids); i++) {
		if (fdt_read_interrupt(b->fdt, node, i, b->gic.node, &interrupt) ||
		    interrupt.intid >= 32) {
			board_error(r, "/timer: interrupts: entry %u is not a PPI of the GIC", i);
			return -1;
		}
		*intids[i] = interrupt.intid;
	}
	return 0;
}

/* -- The whole ------------------------------------------------------------------------ */

static int parse_chosen(struct board *b, struct report *r)
{
	int node = fdt_path_offset(b->fdt, "/chosen");
	uint64_t start = 0, end = 0;

	if (node < 0) {
		return 0;
	}
	if (fdt_read_u64(b->fdt, node, "linux,initrd-start", &start) == FDT_READ_MALFORMED ||
	    fdt_read_u64(b->fdt, node, "linux,initrd-end", &end) == FDT_READ_MALFORMED ||
	    end < start) {
		board_error(r, "/chosen: linux,initrd-start, linux,initrd-end: not a range");
		return -1;
	}
	b->bundle = (struct mem_range){start, end - start};
	if (b->bundle.size != 0 && !board_is_ram(b, start, end - start)) {
		board_error(r, "/chosen: linux,initrd-start: 0x%lx+0x%lx is not in memory", start,
			    end - start);
		return -1;
	}
	return add_reserved(b, b->bundle.base, b->bundle.size, "/chosen: linux,initrd-start", r);
}

static void read_model(struct board *b)
{
	const char *model = fdt_read_string(b->fdt, 0, "model");

	if (!model) {
		model = fdt_read_string(b->fdt, 0, "compatible");
	}
	fmt_print(b->model, sizeof(b->model), "%s", model ? model : "unknown board");
}

/* What happens when nothing can be started, or EL2 fails: first, as the rest may be at fault. */
static int parse_on_failure(struct board *b, struct report *r)
{
	/* the search is a walk of the tree, for boards whose firmware has no reset to offer */
	int pm = fdt_path_offset(b->fdt, "/psci") >= 0
			 ? -1
			 : fdt_node_offset_by_compatible(b->fdt, -1, "brcm,bcm2835-pm-wdt");
	int chosen = fdt_path_offset(b->fdt, "/chosen");
	const char *word =
		chosen < 0 ? NULL : fdt_read_string(b->fdt, chosen, "bulkhead,on-failure");

	if (pm >= 0 && (fdt_read_reg(b->fdt, pm, 0, &b->pm) ||
			!range_within(b->pm.base, b->pm.size, 0, BOARD_PA_LIMIT))) {
		b->pm = (struct mem_range){0, 0};
	}
	if (word && strcmp(word, "reset") != 0 && strcmp(word, "halt") != 0) {
		board_error(r,
			    "/chosen: bulkhead,on-failure: \"%s\"; must be \"halt\" or \"reset\"",
			    word);
		return -1;
	}
	b->reset_on_failure = word && word[0] == 'r';
	return 0;
}

static int parse(struct board *b, struct report *r)
{
	read_model(b);
	b->gic.node = find_gic(b->fdt, &b->gic.version);
	parse_uart(b, stdout_node(b->fdt), r);
	return parse_on_failure(b, r) || parse_memory(b, r) || parse_reserved(b, r) ||
			       parse_cpus(b, r) || parse_psci(b, r) || parse_gic(b, r) ||
			       parse_timer(b, r) || parse_chosen(b, r)
		       ? -1
		       : 0;
}

int board_parse(const void *fdt, size_t fdt_max, struct board *b, struct report *r)
{
	const char *wrong = fdt_read_check(fdt, MIN(fdt_max, BOARD_FDT_MAX));
	int result;

	memset(b, 0, sizeof(*b));
	if (wrong) {
		board_error(r, "device tree: %s", wrong);
		return -1;
	}
	b->fdt = fdt;
	fdt_read_index(fdt);
	result = parse(b, r);
	fdt_read_index(NULL);
	return result;
}
