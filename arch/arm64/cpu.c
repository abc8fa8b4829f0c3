/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/cpu.h"

#include "arch/arm64/boot.h"
#include "arch/arm64/firmware.h"
#include "arch/arm64/mmu.h"
#include "arch/arm64/trap.h"
#include "core/arch.h"
#include "core/gic.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/vm.h"

#define START_TIMEOUT_MS 5000

#define VTCR_RES1        BIT(31)
#define VTCR_T0SZ        (64 - PGTABLE_BITS)
#define VTCR_SL0_LEVEL1  (1UL << 6)
#define VTCR_WB_WA       (BIT(8) | BIT(10))
#define VTCR_INNER_SHARE (3UL << 12)
#define VTCR_PS_SHIFT    16

#define MMFR1_HCX(r)   ((r) >> 40 & 0xf)
#define MMFR0_FGT(r)   ((r) >> 56 & 0xf)
#define DFR0_PMUVER(r) ((r) >> 8 & 0xf)
#define PMCR_N(p)      ((p) >> 11 & 0x1f)
#define HCRX_EL2       s3_4_c1_c2_2
#define HFGRTR_EL2     s3_4_c1_c1_4
#define HFGWTR_EL2     s3_4_c1_c1_5
#define HFGITR_EL2     s3_4_c1_c1_6
#define HDFGRTR_EL2    s3_4_c3_c1_4
#define HDFGWTR_EL2    s3_4_c3_c1_5

struct cpu cpus[BOARD_CPUS_MAX];
/* A guard page below each stack. */
static uint8_t stacks[BOARD_CPUS_MAX][SZ_4K + STACK_SIZE] __attribute__((aligned(SZ_4K)));

extern uint8_t vectors[];
extern uint8_t secondary_entry[];

void cpu_init_table(const struct board *b)
{
	for (unsigned int i = 0; i < BOARD_CPUS_MAX; i++) {
		cpus[i].affinity = i < b->cpu_count ? b->cpus[i].mpidr : UINT64_MAX;
		cpus[i].id = i;
		cpus[i].stack_top =
			(uint64_t)stacks[i] + sizeof(stacks[i]) - sizeof(struct vcpu_regs);
	}
}

int cpu_guard_stacks(const struct board *b)
{
	int ret = 0;

	for (unsigned int i = 0; i < b->cpu_count; i++) {
		ret |= mmu_guard((uint64_t)stacks[i]);
	}
	return ret;
}

/* Where a feature brings a register of its own at EL2: written, because reset leaves it unknown. */
static void init_optional(void)
{
	if (MMFR1_HCX(read_sysreg(id_aa64mmfr1_el1))) {
		write_sysreg(HCRX_EL2, 0);
	}
	if (MMFR0_FGT(read_sysreg(id_aa64mmfr0_el1))) {
		write_sysreg(HFGRTR_EL2, 0);
		write_sysreg(HFGWTR_EL2, 0);
		write_sysreg(HFGITR_EL2, 0);
		write_sysreg(HDFGRTR_EL2, 0);
		write_sysreg(HDFGWTR_EL2, 0);
	}
}

static uint64_t mdcr(void)
{
	uint64_t pmuver = DFR0_PMUVER(read_sysreg(id_aa64dfr0_el1));
	uint64_t counters = pmuver && pmuver != 0xf ? PMCR_N(read_sysreg(pmcr_el0)) : 0;

	return counters | MDCR_TPM | MDCR_TPMCR | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF;
}

void cpu_init_el2(void)
{
	uint64_t parange = MIN(read_sysreg(id_aa64mmfr0_el1) & 0xf, 5);

	write_sysreg(vbar_el2, vectors);
	write_sysreg(hcr_el2, HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO |
				      HCR_BSU_IS | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR |
				      HCR_RW);
	write_sysreg(cptr_el2, CPTR_RES1 | CPTR_TTA | CPTR_TAM);
	write_sysreg(hstr_el2, 0);
	write_sysreg(mdcr_el2, mdcr());
	write_sysreg(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(cnthp_ctl_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1));
	write_sysreg(vmpidr_el2, read_sysreg(mpidr_el1));
	write_sysreg(vttbr_el2, 0);
	write_sysreg(vtcr_el2, VTCR_RES1 | VTCR_T0SZ | VTCR_SL0_LEVEL1 | VTCR_WB_WA |
				       VTCR_INNER_SHARE | parange << VTCR_PS_SHIFT);
	write_sysreg(tpidr_el0, 0);
	write_sysreg(actlr_el2, 0);
	init_optional();
	isb();
	this_cpu()->current = NULL;
}

/* A secondary's first C, on its own stack with the MMU on (head.S). */
_Noreturn void secondary_main(void);

void secondary_main(void)
{
	struct cpu *c = this_cpu();

	cpu_init_el2();
	irq_init_cpu();
	__atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&boot_done, __ATOMIC_ACQUIRE)) {
		wfe(); /* the boot CPU builds the VMs */
	}
	cpu_idle();
}

static bool start_one(const struct board *b, unsigned int i)
{
	uint64_t give_up = arch_counter() + arch_counter_hz() * START_TIMEOUT_MS / 1000;

	if (firmware_cpu_on(b, &b->cpus[i], (uint64_t)secondary_entry) != 0) {
		log_error("CPU %u: firmware does not start it", i);
		return false;
	}
	while (!__atomic_load_n(&cpus[i].online, __ATOMIC_ACQUIRE)) {
		if (arch_counter() > give_up) {
			log_error("CPU %u: did not come up in %u ms", i, START_TIMEOUT_MS);
			return false;
		}
	}
	return true;
}

unsigned int cpu_start_others(const struct board *b)
{
	unsigned int up = 1;

	this_cpu()->online = true;
	for (unsigned int i = 0; i < b->cpu_count; i++) {
		if (i != this_cpu()->id && start_one(b, i)) {
			up++;
		}
	}
	return up;
}

unsigned int arch_cpu_id(void)
{
	return this_cpu()->id;
}

uint64_t arch_counter(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

uint64_t arch_counter_hz(void)
{
	return read_sysreg(cntfrq_el0);
}

void arch_kick(unsigned int cpu)
{
	gic.send_sgi(cpu, GIC_KICK_SGI);
}

void cpu_serve_call(void)
{
	struct cpu *c = this_cpu();
	void (*fn)(void *arg) = __atomic_load_n(&c->call_fn, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
		panic_halt();
	}
	if (fn) {
		fn(c->call_arg);
		__atomic_store_n(&c->call_fn, NULL, __ATOMIC_RELEASE);
	}
}

/* While waiting for another CPU, serve what it may ask of us: neither waits for ever. */
void arch_call(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct cpu *to = &cpus[cpu];

	while (!spin_trylock(&to->call_lock)) {
		cpu_serve_call();
	}
	to->call_arg = arg;
	__atomic_store_n(&to->call_fn, fn, __ATOMIC_RELEASE);
	arch_kick(cpu);
	while (__atomic_load_n(&to->call_fn, __ATOMIC_ACQUIRE)) {
		cpu_serve_call();
	}
	spin_unlock(&to->call_lock);
}

void cpu_idle(void)
{
	struct cpu *c = this_cpu();

	for (;;) {
		arch_wait(c->owner ? vm_idle_work(c->owner) : UINT64_MAX);
	}
}
