/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library of the guest-side test payloads: a bare-metal EL1 program that
 * runs the same on bare QEMU `virt` and as a VM (tests/README.md).
 */
#ifndef TESTS_PAYLOADS_LIB_PAYLOAD_H
#define TESTS_PAYLOADS_LIB_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_MAX      8
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)       (1ull << (n))

#define PL011_BASE 0x09000000ul
#define PL031_BASE 0x09010000ul
#define GICD_BASE  0x08000000ul
#define GICC_BASE  0x08010000ul
#define GICR_BASE  0x080a0000ul

/* -- Registers ---------------------------------------------------------------------- */
#define sysreg_read(reg)                                                                           \
	({                                                                                         \
		uint64_t val_;                                                                     \
		__asm__ volatile("mrs %0, " #reg : "=r"(val_)::"memory");                          \
		val_;                                                                              \
	})
#define sysreg_write(reg, v)                                                                       \
	do {                                                                                       \
		uint64_t val_ = (v);                                                               \
		__asm__ volatile("msr " #reg ", %0" ::"r"(val_) : "memory");                       \
	} while (0)

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}
static inline void dsb(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}
static inline void wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}
static inline void irq_on(void)
{
	__asm__ volatile("msr daifclr, #2\n\tisb" ::: "memory");
}
static inline void irq_off(void)
{
	__asm__ volatile("msr daifset, #2\n\tisb" ::: "memory");
}

/* The asm forms below always have a syndrome (no writeback, no pairs). */
#define MMIO_RW(bits, type, ld, st, w)                                                             \
	static inline type mmio_read##bits(uintptr_t a)                                            \
	{                                                                                          \
		type v;                                                                            \
		__asm__ volatile(ld " %" w "0, [%1]" : "=r"(v) : "r"(a) : "memory");               \
		return v;                                                                          \
	}                                                                                          \
	static inline void mmio_write##bits(uintptr_t a, type v)                                   \
	{                                                                                          \
		__asm__ volatile(st " %" w "0, [%1]" ::"r"(v), "r"(a) : "memory");                 \
	}
MMIO_RW(8, uint8_t, "ldrb", "strb", "w")
MMIO_RW(16, uint16_t, "ldrh", "strh", "w")
MMIO_RW(32, uint32_t, "ldr", "str", "w")
MMIO_RW(64, uint64_t, "ldr", "str", "x")
#undef MMIO_RW

/* -- Output and the verdict --------------------------------------------------------- */
void uart_init(void);
void uart_putc(char c);
/* A received character, or -1. */
int uart_getc(void);
/* %s %c %d %u %x %ld %lu %lx, with a field width and 0. One call is one unbroken piece. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct test {
	const char *name;
	void (*run)(void);
};

/* Runs each, prints PASS/FAIL/SKIP lines; further calls add to the totals. */
void run_tests(const struct test *tests, size_t count);
/* Of the running test, from any CPU. The first one prints the FAIL line. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *reason);
#define CHECK(cond, ...)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fail("" __VA_ARGS__);                                                      \
		}                                                                                  \
	} while (0)
/* Prints the DONE line and switches the machine off. */
__attribute__((noreturn)) void finish(void);

/* -- What the machine said ------------------------------------------------------------- */
/* Value of NAME in bootargs ("NAME=value" or a lone "NAME"), NULL if not there. */
const char *bootarg(const char *name);
/* The number after NAME=, or fallback. */
uint64_t bootarg_number(const char *name, uint64_t fallback);
/* True under the hypervisor's tests: checks that bare QEMU is known to fail count too. */
bool strict(void);
uint64_t parse_number(const char *s, const char **end);

struct machine {
	uint64_t ram_base, ram_size; /* first /memory region; 0, 0 without a tree */
	unsigned fdt_cpu_count;      /* 0 without a tree */
	uintptr_t fdt;
	uint64_t fdt_size;
};
extern struct machine machine;

/* -- CPUs ------------------------------------------------------------------------------ */
struct frame {
	uint64_t x[31], elr, spsr, pad;
};

struct fault {
	bool armed;
	unsigned count; /* exceptions since fault_arm() */
	uint64_t esr, far, elr;
};

struct cpu {
	uint64_t stack_top; /* first: CPU_STACK_TOP */
	unsigned index;
	uint64_t mpidr;
	struct fault fault;
	void (*irq_hook)(uint32_t iar); /* NULL: end it and count */
	unsigned irq_count, spurious_count;
	unsigned irq_seen[1020]; /* times taken, per INTID */
	uintptr_t gicr;          /* v3: its redistributor */
	uint8_t gic_mask;        /* v2: its CPU interface bit */
	bool online;
	void (*job)(void *arg);
	void *job_arg;
	bool job_done;
};

extern struct cpu cpus[CPU_MAX];
/* The virtual counter at the first instruction. */
extern uint64_t started_at;
extern unsigned cpu_count;

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

/* Starts every CPU that PSCI knows; each then waits for jobs with IRQs masked. */
void smp_start_all(void);
/* One CPU; false if it did not come within the time limit. */
bool smp_start(unsigned index);
/* Sends a job's CPU to CPU_OFF and waits until AFFINITY_INFO says so. */
bool smp_stop(unsigned index);
void smp_post(unsigned index, void (*job)(void *arg), void *arg);
/* False, and the test failed, if the job did not end within the time limit. */
bool smp_wait(unsigned index);
void smp_call(unsigned index, void (*job)(void *arg), void *arg);
/* The job on every CPU, this one too; returns when all are through. */
void smp_call_all(void (*job)(void *arg), void *arg);

void secondary_entry(void);
void raw_entry(void);
void idle_entry(void);
struct raw_seen {
	uint64_t done, context, el, sctlr, daif;
};
extern volatile struct raw_seen raw_seen;

typedef struct {
	uint32_t word;
} spinlock_t;
void spin_lock(spinlock_t *l);
void spin_unlock(spinlock_t *l);

/* -- Faults ---------------------------------------------------------------------------- */
/* From here a synchronous exception is noted and its instruction skipped... */
void fault_arm(void);
/* ...until here; returns how many there were (details in this_cpu()->fault). */
unsigned fault_disarm(void);
static inline unsigned fault_class(void)
{
	return (unsigned)(this_cpu()->fault.esr >> 26) & 0x3f;
}
#define EC_UNKNOWN  0x00u
#define EC_SYSREG   0x18u
#define EC_SVE      0x19u
#define EC_SME      0x1du
#define EC_DABT_CUR 0x25u
#define EC_IABT_CUR 0x21u

/* -- Time ------------------------------------------------------------------------------ */
static inline uint64_t now(void)
{
	isb();
	return sysreg_read(cntvct_el0);
}
uint64_t ticks_per_ms(void);
void delay_us(unsigned us);
/* How long a wait may last before a test calls the thing lost. Not a speed check. */
#define PATIENCE_MS 20000
/* A whole job of another CPU's, which has such waits itself. */
#define JOB_PATIENCE_MS (10 * PATIENCE_MS)
/* Waits until cond; evaluates to whether it came. */
#define wait_for(cond) wait_up_to(PATIENCE_MS, cond)
#define wait_up_to(ms, cond)                                                                       \
	({                                                                                         \
		uint64_t end_ = now() + (ms)*ticks_per_ms();                                       \
		while (!(cond) && now() < end_) {                                                  \
			__asm__ volatile("yield" ::: "memory");                                    \
		}                                                                                  \
		(bool)(cond);                                                                      \
	})

/* -- PSCI and SMCCC by HVC ---------------------------------------------------------------- */
#define PSCI_VERSION           0x84000000u
#define PSCI_CPU_SUSPEND       0xc4000001u
#define PSCI_CPU_SUSPEND32     0x84000001u
#define PSCI_CPU_OFF           0x84000002u
#define PSCI_CPU_ON            0xc4000003u
#define PSCI_CPU_ON32          0x84000003u
#define PSCI_AFFINITY_INFO     0xc4000004u
#define PSCI_AFFINITY_INFO32   0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF        0x84000008u
#define PSCI_SYSTEM_RESET      0x84000009u
#define PSCI_FEATURES          0x8400000au
#define PSCI_SYSTEM_RESET2     0xc4000012u
#define PSCI_SYSTEM_RESET2_32  0x84000012u
#define SMCCC_VERSION          0x80000000u
#define SMCCC_ARCH_FEATURES    0x80000001u

#define PSCI_SUCCESS            0
#define PSCI_NOT_SUPPORTED      (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON         (-4)
#define PSCI_ON_PENDING         (-5)
#define PSCI_INVALID_ADDRESS    (-9)
#define PSCI_ON                 0
#define PSCI_OFF                1
#define PSCI_ON_PENDING_STATE   2

int64_t hvc(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);
/* The same, as the signed 32-bit number that every PSCI function returns. */
int psci(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3);
void hvc_regs(uint64_t regs[18]);
__attribute__((noreturn)) void cpu_off(void);

/* -- Interrupts --------------------------------------------------------------------------- */
struct gic {
	unsigned version; /* 2 or 3 */
	uintptr_t gicd, gicc, gicr;
	unsigned irq_count; /* INTIDs the distributor says it has */
};
extern struct gic gic;

#define GICD_CTLR      0x000
#define GICD_TYPER     0x004
#define GICD_IIDR      0x008
#define GIC_IGROUPR    0x080
#define GIC_ISENABLER  0x100
#define GIC_ICENABLER  0x180
#define GIC_ISPENDR    0x200
#define GIC_ICPENDR    0x280
#define GIC_ISACTIVER  0x300
#define GIC_ICACTIVER  0x380
#define GIC_IPRIORITYR 0x400
#define GIC_ITARGETSR  0x800
#define GIC_ICFGR      0xc00
#define GICD_SGIR      0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD_IROUTER   0x6000
#define GICR_CTLR      0x000
#define GICR_TYPER     0x008
#define GICR_WAKER     0x014
#define GICR_SGI       0x10000
#define GICR_STRIDE    0x20000
#define GICC_CTLR      0x000
#define GICC_PMR       0x004
#define GICC_BPR       0x008
#define GICC_IAR       0x00c
#define GICC_EOIR      0x010
#define GICC_RPR       0x014
#define GICC_HPPIR     0x018
#define GICC_DIR       0x1000

#define INTID_VTIMER     27u
#define INTID_PTIMER     30u
#define PRIORITY_DEFAULT 0xa0u

void gic_find(void);
void gic_dist_init(void);
void gic_cpu_init(void);
/* Frame whose GIC_* registers hold this INTID for this CPU. */
uintptr_t gic_frame(unsigned intid);
void gic_set(unsigned reg, unsigned intid);
bool gic_get(unsigned reg, unsigned intid);
void gic_enable(unsigned intid);
void gic_disable(unsigned intid);
void gic_set_priority(unsigned intid, uint8_t priority);
uint8_t gic_get_priority(unsigned intid);
void gic_set_edge(unsigned intid, bool edge);
/* SPIs only. */
void gic_route(unsigned intid, unsigned cpu);

uint32_t gic_ack(void);
void gic_eoi(uint32_t iar);
void gic_dir(uint32_t iar);
static inline unsigned iar_intid(uint32_t iar)
{
	return gic.version == 2 ? iar & 0x3ff : iar & 0xffffff;
}
static inline unsigned iar_source(uint32_t iar)
{
	return (iar >> 10) & 7; /* v2, SGIs */
}
void gic_pmr(uint8_t v);
uint8_t gic_get_pmr(void);
void gic_bpr(uint8_t v);
uint8_t gic_get_bpr(void);
uint8_t gic_rpr(void);
unsigned gic_hppi(void);
void gic_eoimode(bool split);
void gic_sgi(unsigned cpu, unsigned id);
void gic_sgi_others(unsigned id);
/* Takes and ends whatever is pending on this CPU (IRQs masked); how many. */
unsigned gic_drain(void);
/* The next INTID by polling, retried for a while; 1023 if there is none. */
uint32_t gic_ack_patient(void);
/* Back to a known state: nothing pending, active or enabled but the SGIs. */
void gic_reset_state(void);

/* -- Memory ------------------------------------------------------------------------------- */
void mmu_tables(void);
void mmu_on(void);
void sync_code(void *start, size_t size);
static inline void dcache_clean_inval(const volatile void *p)
{
	__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(p) : "memory");
}
extern char _image_start[], _image_end[];

/* xorshift64*: the same numbers from the same seed everywhere. */
uint64_t random_next(uint64_t *state);

/* -- What a payload supplies ----------------------------------------------------------------- */
void payload_main(void);
/* Before the MMU is on, no printing; an empty weak one is in the library. */
void payload_early(uintptr_t fdt);

#endif
