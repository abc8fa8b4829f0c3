/* SPDX-License-Identifier: Apache-2.0 */
/* Start of a payload, exceptions, locks, time, PSCI calls, the other CPUs. */
#include "tests/payloads/lib/asm.h"
#include "tests/payloads/lib/payload.h"

#define STACK_SIZE 16384

_Static_assert(sizeof(struct frame) == FRAME_SIZE, "start.S");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "start.S");

struct cpu cpus[CPU_MAX];
uint64_t started_at;
unsigned cpu_count = 1;
volatile struct raw_seen raw_seen;
static uint8_t stacks[CPU_MAX][STACK_SIZE] __attribute__((aligned(16)));

void fdt_read(uintptr_t fdt);
void payload_start(uintptr_t fdt) __attribute__((noreturn));
void secondary_main(struct cpu *cpu) __attribute__((noreturn));
void exception(struct frame *f, unsigned kind);

__attribute__((weak)) void payload_early(uintptr_t fdt)
{
	(void)fdt;
}

/* -- Locks, time, calls ------------------------------------------------------------------ */
void spin_lock(spinlock_t *l)
{
	while (__atomic_exchange_n(&l->word, 1, __ATOMIC_ACQUIRE)) {
		__asm__ volatile("yield");
	}
}

void spin_unlock(spinlock_t *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
}

uint64_t ticks_per_ms(void)
{
	return sysreg_read(cntfrq_el0) / 1000;
}

void delay_us(unsigned us)
{
	uint64_t end = now() + us * ticks_per_ms() / 1000;

	while (now() < end) {}
}

int64_t hvc(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	uint64_t regs[18] = {fn, a1, a2, a3};

	hvc_regs(regs);
	return (int64_t)regs[0];
}

int psci(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return (int)hvc(fn, a1, a2, a3);
}

uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* -- Exceptions ---------------------------------------------------------------------------- */
void fault_arm(void)
{
	this_cpu()->fault = (struct fault){.armed = true};
	__asm__ volatile("" ::: "memory");
}

unsigned fault_disarm(void)
{
	__asm__ volatile("dsb sy\n\tisb" ::: "memory");
	this_cpu()->fault.armed = false;
	return this_cpu()->fault.count;
}

static void take_irq(struct cpu *cpu)
{
	uint32_t iar = gic_ack();
	unsigned intid = iar_intid(iar);

	if (intid >= 1020) {
		cpu->spurious_count++;
		return;
	}
	cpu->irq_count++;
	cpu->irq_seen[intid]++;
	if (cpu->irq_hook) {
		cpu->irq_hook(iar);
	} else {
		gic_eoi(iar);
	}
}

void exception(struct frame *f, unsigned kind)
{
	struct cpu *cpu = this_cpu();
	struct fault *fault = &cpu->fault;

	if (kind == 5) {
		take_irq(cpu);
		return;
	}
	if (kind == 4 && fault->armed) {
		fault->count++;
		fault->esr = sysreg_read(esr_el1);
		fault->far = sysreg_read(far_el1);
		fault->elr = f->elr;
		f->elr += 4;
		return;
	}
	fail("exception %u on CPU %u: esr 0x%lx elr 0x%lx far 0x%lx x30 0x%lx", kind, cpu->index,
	     sysreg_read(esr_el1), f->elr, sysreg_read(far_el1), f->x[30]);
	finish();
}

/* -- CPUs ---------------------------------------------------------------------------------------- */
static void cpu_fill(unsigned index, uint64_t mpidr)
{
	cpus[index].index = index;
	cpus[index].mpidr = mpidr;
	cpus[index].stack_top = (uintptr_t)stacks[index] + STACK_SIZE;
}

/* CPUs are affinity level 0 of one cluster, on every machine a payload is for. */
static void find_cpus(void)
{
	cpu_fill(0, sysreg_read(mpidr_el1) & 0xff00ffffffull);
	for (unsigned i = 1; i < CPU_MAX; i++) {
		if (psci(PSCI_AFFINITY_INFO, i, 0, 0) < 0) {
			break;
		}
		cpu_fill(i, i);
		cpu_count = i + 1;
	}
}

void payload_start(uintptr_t fdt)
{
	uart_init();
	if (((sysreg_read(CurrentEL) >> 2) & 3) != 1) {
		fail("entered at EL%lu, not EL1", (sysreg_read(CurrentEL) >> 2) & 3);
		finish();
	}
	fdt_read(fdt);
	find_cpus();
	gic_find();
	gic_dist_init();
	gic_cpu_init();
	cpus[0].online = true;
	print("PAYLOAD gic %u cpus %u midr 0x%lx%s\n", gic.version, cpu_count,
	      sysreg_read(midr_el1), strict() ? " strict" : "");
	payload_main();
	finish();
}

void cpu_off(void)
{
	for (;;) {
		psci(PSCI_CPU_OFF, 0, 0, 0);
	}
}

void secondary_main(struct cpu *cpu)
{
	gic_cpu_init();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	__asm__ volatile("dsb sy\n\tsev");
	for (;;) {
		void (*job)(void *arg) = __atomic_load_n(&cpu->job, __ATOMIC_ACQUIRE);

		if (!job) {
			__asm__ volatile("wfe");
			continue;
		}
		job(cpu->job_arg);
		cpu->job = NULL;
		__atomic_store_n(&cpu->job_done, true, __ATOMIC_RELEASE);
		__asm__ volatile("dsb sy\n\tsev");
	}
}

bool smp_start(unsigned index)
{
	struct cpu *cpu = &cpus[index];
	int ret;

	if (cpu->online) {
		return true;
	}
	cpu->job = NULL;
	dcache_clean_inval(cpu); /* its stack is read before its caches are on */
	ret = psci(PSCI_CPU_ON, cpu->mpidr, (uintptr_t)secondary_entry, (uintptr_t)cpu);
	if (ret != PSCI_SUCCESS) {
		fail("CPU_ON of CPU %u returned %d", index, ret);
		return false;
	}
	if (!wait_for(__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))) {
		fail("CPU %u did not come up", index);
		return false;
	}
	return true;
}

void smp_start_all(void)
{
	for (unsigned i = 1; i < cpu_count; i++) {
		smp_start(i);
	}
}

static void off_job(void *arg)
{
	(void)arg;
	this_cpu()->online = false;
	this_cpu()->job = NULL; /* not again when it is started next */
	dsb();
	cpu_off();
}

bool smp_stop(unsigned index)
{
	smp_post(index, off_job, NULL);
	if (!wait_for(psci(PSCI_AFFINITY_INFO, cpus[index].mpidr, 0, 0) == PSCI_OFF)) {
		fail("CPU %u did not go off", index);
		return false;
	}
	return true;
}

void smp_post(unsigned index, void (*job)(void *arg), void *arg)
{
	struct cpu *cpu = &cpus[index];

	cpu->job_arg = arg;
	cpu->job_done = false;
	__atomic_store_n(&cpu->job, job, __ATOMIC_RELEASE);
	__asm__ volatile("dsb sy\n\tsev");
}

bool smp_wait(unsigned index)
{
	struct cpu *cpu = &cpus[index];

	if (!wait_up_to(JOB_PATIENCE_MS, __atomic_load_n(&cpu->job_done, __ATOMIC_ACQUIRE))) {
		fail("CPU %u did not end its job", index);
		return false;
	}
	return true;
}

void smp_call(unsigned index, void (*job)(void *arg), void *arg)
{
	if (index == this_cpu()->index) {
		job(arg);
		return;
	}
	if (!cpus[index].online) {
		return;
	}
	smp_post(index, job, arg);
	smp_wait(index);
}

void smp_call_all(void (*job)(void *arg), void *arg)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		if (i != this_cpu()->index && cpus[i].online) {
			smp_post(i, job, arg);
		}
	}
	job(arg);
	for (unsigned i = 0; i < cpu_count; i++) {
		if (i != this_cpu()->index && cpus[i].online) {
			smp_wait(i);
		}
	}
}
