/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host device tree says about the board. Filled once at boot by
 * board_parse(), read-only afterwards.
 */
#ifndef CORE_BOARD_H
#define CORE_BOARD_H

#include "core/lib/types.h"
#include "core/report.h"

#define BOARD_CPUS_MAX     32
#define BOARD_BANKS_MAX    16
#define BOARD_RESERVED_MAX 32
#define BOARD_REDISTS_MAX  4
/* The largest device tree that is accepted, in bytes: QEMU's has 1 MiB, U-Boot adds some. */
#define BOARD_FDT_MAX SZ_2M
/* Physical addresses lie below it: 48 bits, what EL2 can map without FEAT_LPA. */
#define BOARD_PA_LIMIT (1UL << 48)

enum gic_version {
	GIC_NONE = 0,
	GIC_V2 = 2,
	GIC_V3 = 3,
};

/* How firmware starts a secondary CPU (Devicetree Specification, /cpus/cpu*). */
enum cpu_enable {
	CPU_ENABLE_NONE,
	CPU_ENABLE_PSCI,
	CPU_ENABLE_SPIN_TABLE,
};

/* The instruction that reaches PSCI firmware (/psci, property method). */
enum psci_conduit {
	PSCI_CONDUIT_NONE,
	PSCI_CONDUIT_SMC,
	PSCI_CONDUIT_HVC,
};

struct board_cpu {
	uint64_t mpidr; /* affinity fields as in the node's reg, MPIDR_EL1 layout */
	enum cpu_enable enable;
	uint64_t release_addr; /* spin-table: cpu-release-addr */
};

struct board_gic {
	enum gic_version version;
	struct mem_range dist;
	struct mem_range cpu;  /* GICv2: GICC */
	struct mem_range hyp;  /* GICv2: GICH */
	struct mem_range virt; /* GICv2: GICV */
	struct mem_range redist[BOARD_REDISTS_MAX];
	unsigned int redist_count;
	uint64_t redist_stride; /* 0: the architecture's 128 KiB (256 KiB with GICv4) */
	uint32_t maintenance_intid;
	int node; /* offset in the tree */
};

enum uart_type {
	UART_NONE,
	UART_PL011,
	UART_MINI, /* brcm,bcm2835-aux-uart */
};

struct board_uart {
	enum uart_type type;
	struct mem_range regs;
	uint32_t intid; /* 0: none */
	int node;       /* offset in the tree */
};

struct board_timer {
	uint32_t phys_intid; /* non-secure EL1 physical */
	uint32_t virt_intid;
	uint32_t hyp_intid;
};

struct board {
	const void *fdt;
	char model[64];
	struct mem_range banks[BOARD_BANKS_MAX]; /* RAM, sorted, not overlapping */
	unsigned int bank_count;
	/* /memreserve/ entries, /reserved-memory children, the tree itself and the bundle */
	struct mem_range reserved[BOARD_RESERVED_MAX];
	unsigned int reserved_count;
	struct board_cpu cpus[BOARD_CPUS_MAX]; /* in tree order; the configuration's CPU numbers */
	unsigned int cpu_count;
	enum psci_conduit psci;
	struct board_gic gic;
	struct board_uart uart; /* /chosen stdout-path */
	struct board_timer timer;
	struct mem_range pm; /* brcm,bcm2835-pm-wdt, where no PSCI resets the board; size 0: none */
	/* /chosen bulkhead,on-failure = "reset": the boot loader has another thing to start */
	bool reset_on_failure;
	struct mem_range bundle; /* /chosen linux,initrd-start and -end; size 0: none */
};

/*
 * Find the console UART alone. It works on as much of a tree as there is, so
 * that a broken board can still say why it is broken.
 * Returns 0, or -1 when the tree names no UART that we know.
 */
int board_find_uart(const void *fdt, struct board_uart *uart) MUST_CHECK;

/*
 * Read a host device tree of at most fdt_max bytes. Each thing that is missing
 * or wrong is one finding in r. Returns 0, or -1 when the board cannot be used.
 */
int board_parse(const void *fdt, size_t fdt_max, struct board *b, struct report *r) MUST_CHECK;

/* Is [base, base + size) wholly RAM of one bank? */
bool board_is_ram(const struct board *b, uint64_t base, uint64_t size);

#endif
