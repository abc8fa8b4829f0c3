/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI as a guest calls it; what a stop does to the VM is test_vm.c's. */
#include "tests/unit/fake_arch.h"

#include <pthread.h>

#include "core/vm.h"

#define VCPUS 8
#define RAM   0x40000000UL
#define ROM   0x70000000UL

#define VERSION       0x84000000UL
#define CPU_SUSPEND   0x84000001UL
#define CPU_SUSPEND64 0xc4000001UL
#define CPU_OFF       0x84000002UL
#define CPU_ON        0x84000003UL
#define CPU_ON64      0xc4000003UL
#define AFFINITY      0x84000004UL
#define AFFINITY64    0xc4000004UL
#define MIGRATE       0x84000005UL
#define MIGRATE_TYPE  0x84000006UL
#define SYSTEM_OFF    0x84000008UL
#define SYSTEM_RESET  0x84000009UL
#define FEATURES      0x8400000aUL
#define SYSTEM_RESET2 0x84000012UL
#define SMCCC         0x80000000UL
#define SMCCC_FEAT    0x80000001UL
#define CRASH         0x86000001UL

#define NOT_SUPPORTED      -1
#define INVALID_PARAMETERS -2
#define ALREADY_ON         -4
#define ON_PENDING         -5
#define INVALID_ADDRESS    -9

static struct vm vm;
static struct vcpu_regs regs[VCPUS];
static struct vm_config config = {
	.region_count = 2,
	.regions = {{.ipa = RAM, .size = SZ_1G / 2},
		    {.ipa = ROM, .size = SZ_2M, .read_only = true}},
};

/* -- what psci.c asks of others ----------------------------------------------------------- */

static struct vm_stop stop;
static struct vcpu *turned_off;
static unsigned int wait_for; /* arch_wait() calls until an interrupt is pending */

void vm_stop(struct vm *who, const struct vm_stop *why)
{
	assert_ptr_equal(who, &vm);
	stop = *why;
	who->state = VM_STOPPING;
}

void vm_crash(struct vcpu *v, const char *what, uint64_t pc, uint64_t esr, uint64_t far,
	      uint64_t ipa)
{
	struct vm_stop why = {.kind = VM_STOP_CRASH,
			      .vcpu = v->index,
			      .what = what,
			      .pc = pc,
			      .esr = esr,
			      .far = far,
			      .ipa = ipa};

	vm_stop(v->vm, &why);
}

void vm_vcpu_off(struct vcpu *v)
{
	turned_off = v;
	v->power = VCPU_OFF;
}

bool vgic_is_pending(struct vcpu *v)
{
	assert_ptr_equal(v, arch_current_vcpu());
	return fake.waits >= wait_for;
}

/* -- calling it ------------------------------------------------------------------------------ */

static int setup(void **state)
{
	(void)state;
	fake_arch_setup();
	memset(&vm, 0, sizeof(vm));
	memset(&stop, 0, sizeof(stop));
	vm.config = &config;
	vm.vcpu_count = VCPUS;
	vm.state = VM_RUNNING;
	vm.on_count = 1;
	for (unsigned int i = 0; i < VCPUS; i++) {
		vm.vcpus[i].vm = &vm;
		vm.vcpus[i].index = i;
		vm.vcpus[i].cpu = i;
		vm.vcpus[i].regs = &regs[i];
	}
	vm.vcpus[0].power = VCPU_ON;
	fake.current[0] = &vm.vcpus[0];
	turned_off = NULL;
	wait_for = 0;
	return 0;
}

static void call_now(void *vcpu)
{
	fake_hvc(vcpu);
}

static enum fake_exit exit_of(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	for (unsigned int i = 0; i < 31; i++) {
		regs[0].x[i] = 0xf00 + i;
	}
	regs[0].x[0] = function;
	regs[0].x[1] = x1;
	regs[0].x[2] = x2;
	regs[0].x[3] = x3;
	return fake_run(call_now, &vm.vcpus[0]);
}

/* The answer in x0; nothing else may change. */
static int64_t call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(exit_of(function, x1, x2, x3), FAKE_RETURNED);
	assert_int_equal(regs[0].x[1], x1);
	assert_int_equal(regs[0].x[2], x2);
	assert_int_equal(regs[0].x[3], x3);
	for (unsigned int i = 4; i < 31; i++) {
		assert_int_equal(regs[0].x[i], 0xf00 + i);
	}
	return (int64_t)regs[0].x[0];
}

/* -- versions and what there is --------------------------------------------------------------- */

static void test_versions(void **state)
{
	(void)state;
	assert_int_equal(call(VERSION, 0, 0, 0), 0x10001);
	assert_int_equal(call(SMCCC, 0, 0, 0), 0x10001);
	assert_int_equal(call(MIGRATE_TYPE, 0, 0, 0), 2);
}

static void test_features_are_those_that_answer(void **state)
{
	static const uint64_t there[] = {
		VERSION,    CPU_SUSPEND, CPU_SUSPEND64, CPU_OFF,  CPU_ON, CPU_ON64,    AFFINITY,
		AFFINITY64, SYSTEM_OFF,  SYSTEM_RESET,  FEATURES, SMCCC,  MIGRATE_TYPE};
	static const uint64_t absent[] = {
		MIGRATE, SYSTEM_RESET2, 0, 0x8400000e, CPU_OFF | 1UL << 30, 0x84000010, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(there); i++) {
		assert_int_equal(call(FEATURES, there[i], 0, 0), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		assert_int_equal(call(FEATURES, absent[i], 0, 0), NOT_SUPPORTED);
	}
}

static void test_smccc_features(void **state)
{
	(void)state;
	assert_int_equal(call(SMCCC_FEAT, SMCCC, 0, 0), 0);
	assert_int_equal(call(SMCCC_FEAT, SMCCC_FEAT, 0, 0), 0);
	assert_int_equal(call(SMCCC_FEAT, 0x80008000, 0, 0), NOT_SUPPORTED);
}

/* H33: every number of the PSCI range, and others, is answered or ends this vCPU alone. */
static void test_unknown_functions_are_not_supported(void **state)
{
	static const uint64_t known[] = {VERSION,      CPU_SUSPEND, CPU_OFF,      CPU_ON,  AFFINITY,
					 MIGRATE_TYPE, SYSTEM_OFF,  SYSTEM_RESET, FEATURES};

	(void)state;
	for (uint64_t n = 0; n < 0x10000; n++) {
		uint64_t function = 0x84000000 + n;
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
			is_known |= known[i] == function;
		}
		if (!is_known) {
			assert_int_equal(call(function, 0, 0, 0), NOT_SUPPORTED);
		}
	}
	assert_int_equal(call(0, 0, 0, 0), NOT_SUPPORTED);
	assert_int_equal(call(0xffffffff, 0, 0, 0), NOT_SUPPORTED);
	assert_int_equal(call(0xc4000002, 0, 0, 0), NOT_SUPPORTED); /* CPU_OFF is SMC32 only */
	assert_int_equal(call(0xc4000008, 0, 0, 0), NOT_SUPPORTED);
	assert_int_equal(call(CPU_ON & ~BIT(31), 0, 0, 0), NOT_SUPPORTED); /* yielding */
}

static void test_upper_half_of_the_function_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(call(0xffffffff00000000 | VERSION, 0, 0, 0), 0x10001);
}

/* -- CPU_ON -------------------------------------------------------------------------------------- */

static void test_cpu_on_starts_a_vcpu(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 3, RAM + 0x1000, 0x123456789abcdef0), 0);
	assert_int_equal(vm.vcpus[3].power, VCPU_ON_PENDING);
	assert_int_equal(vm.vcpus[3].entry, RAM + 0x1000);
	assert_int_equal(vm.vcpus[3].entry_x0, 0x123456789abcdef0);
	assert_int_equal(fake.kicks[3], 1);
	assert_int_equal(vm.on_count, 2);
}

static void test_cpu_on_32_has_arguments_of_32_bits(void **state)
{
	(void)state;
	assert_int_equal(
		call(CPU_ON, 0xffffffff00000002, 0xffffffff00000000 | RAM, 0xffffffff12345678), 0);
	assert_int_equal(vm.vcpus[2].entry, RAM);
	assert_int_equal(vm.vcpus[2].entry_x0, 0x12345678);
}

static void test_cpu_on_of_one_that_is_on(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 0, RAM, 0), ALREADY_ON); /* itself */
	vm.vcpus[1].power = VCPU_ON;
	assert_int_equal(call(CPU_ON64, 1, RAM, 0), ALREADY_ON);
	assert_int_equal(vm.on_count, 1);
	assert_int_equal(fake.kicks[1], 0);
}

static void test_cpu_on_of_one_underway(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 1, RAM, 7), 0);
	assert_int_equal(call(CPU_ON64, 1, RAM + 4, 8), ON_PENDING);
	vm.vcpus[2].power = VCPU_CLAIMED;
	assert_int_equal(call(CPU_ON64, 2, RAM + 4, 8), ON_PENDING);
	assert_int_equal(vm.vcpus[1].entry, RAM);
	assert_int_equal(vm.vcpus[1].entry_x0, 7);
	assert_int_equal(vm.on_count, 2);
}

static void test_cpu_on_of_nobody(void **state)
{
	static const uint64_t bad[] = {VCPUS,   0x100,       0x10000,     BIT(24),
				       BIT(31), BIT(32) | 1, BIT(63) | 1, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(call(CPU_ON64, bad[i], RAM, 0), INVALID_PARAMETERS);
	}
	vm.vcpu_count = 2;
	assert_int_equal(call(CPU_ON64, 2, RAM, 0), INVALID_PARAMETERS);
	assert_int_equal(vm.on_count, 1);
}

static void test_cpu_on_at_no_address(void **state)
{
	static const uint64_t bad[] = {0,         RAM + 1,         RAM + 2,
				       RAM - 4,   RAM + SZ_1G / 2, ROM + SZ_2M,
				       0x9000000, UINT64_MAX - 3};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(call(CPU_ON64, 1, bad[i], 0), INVALID_ADDRESS);
		assert_int_equal(vm.vcpus[1].power, VCPU_OFF);
	}
	assert_int_equal(call(CPU_ON64, 1, ROM + SZ_2M - 4, 0), 0);
}

/* H31, bao#386: all vCPUs call CPU_ON on the last one at once; one wins. */
#define RACERS (VCPUS - 1)
#define ROUNDS 2000U

static pthread_barrier_t gate;
static unsigned int winners[ROUNDS];
static unsigned int losers[ROUNDS];

static void *race(void *vcpu)
{
	struct vcpu *v = vcpu;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		(void)pthread_barrier_wait(&gate);
		v->regs->x[0] = CPU_ON64;
		v->regs->x[1] = VCPUS - 1;
		v->regs->x[2] = RAM + 4 * v->index;
		v->regs->x[3] = v->index;
		fake_hvc(v);
		if (v->regs->x[0] == 0) {
			(void)__atomic_add_fetch(&winners[i], 1, __ATOMIC_RELAXED);
		} else if ((int64_t)v->regs->x[0] == ON_PENDING) {
			(void)__atomic_add_fetch(&losers[i], 1, __ATOMIC_RELAXED);
		}
		(void)pthread_barrier_wait(&gate);
		if (v->index == 0) {
			struct vcpu *target = &vm.vcpus[VCPUS - 1];

			/* entry and context are of one caller */
			if (target->entry != RAM + 4 * target->entry_x0 ||
			    target->power != VCPU_ON_PENDING || vm.on_count != 2) {
				winners[i] = 99;
			}
			target->power = VCPU_OFF;
			vm.on_count = 1;
		}
	}
	return NULL;
}

static void test_cpu_on_race_has_one_winner(void **state)
{
	pthread_t threads[RACERS];

	(void)state;
	memset(winners, 0, sizeof(winners));
	memset(losers, 0, sizeof(losers));
	assert_int_equal(pthread_barrier_init(&gate, NULL, RACERS), 0);
	for (unsigned int i = 0; i < RACERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, race, &vm.vcpus[i]), 0);
	}
	for (unsigned int i = 0; i < RACERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	(void)pthread_barrier_destroy(&gate);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		assert_int_equal(winners[i], 1);
		assert_int_equal(losers[i], RACERS - 1);
	}
}

/* -- the others -------------------------------------------------------------------------------------- */

static void test_affinity_info_is_real(void **state)
{
	(void)state;
	vm.vcpus[1].power = VCPU_ON_PENDING;
	vm.vcpus[2].power = VCPU_CLAIMED;
	assert_int_equal(call(AFFINITY64, 0, 0, 0), 0);
	assert_int_equal(call(AFFINITY64, 1, 0, 0), 2);
	assert_int_equal(call(AFFINITY64, 2, 0, 0), 2);
	assert_int_equal(call(AFFINITY, 3, 0, 0), 1);
	assert_int_equal(call(AFFINITY64, VCPUS, 0, 0), INVALID_PARAMETERS);
	assert_int_equal(call(AFFINITY64, 0, 1, 0), INVALID_PARAMETERS);
	assert_int_equal(call(AFFINITY64, 0, BIT(40), 0), INVALID_PARAMETERS);
}

static void test_cpu_off_does_not_return(void **state)
{
	(void)state;
	assert_int_equal(exit_of(CPU_OFF, 0, 0, 0), FAKE_LEFT_GUEST);
	assert_ptr_equal(turned_off, &vm.vcpus[0]);
	assert_int_equal(stop.kind, VM_STOP_NONE);
}

static void assert_stopped(enum vm_stop_kind kind)
{
	assert_int_equal(stop.kind, kind);
	assert_non_null(stop.what);
	assert_int_equal(stop.vcpu, 0);
	assert_ptr_equal(turned_off, &vm.vcpus[0]);
}

static void test_system_off_and_reset_do_not_return(void **state)
{
	(void)state;
	assert_int_equal(exit_of(SYSTEM_OFF, 0, 0, 0), FAKE_LEFT_GUEST);
	assert_stopped(VM_STOP_POWER_OFF);
	assert_int_equal(setup(state), 0);
	assert_int_equal(exit_of(SYSTEM_RESET, 0, 0, 0), FAKE_LEFT_GUEST);
	assert_stopped(VM_STOP_RESET);
}

static void test_reported_crash_says_where(void **state)
{
	(void)state;
	assert_int_equal(exit_of(CRASH, 0xdead, RAM + 8, 0), FAKE_LEFT_GUEST);
	assert_stopped(VM_STOP_CRASH);
	assert_int_equal(stop.pc, RAM + 8);
	assert_int_equal(stop.far, 0xdead);
}

static void test_standby_returns_with_an_interrupt(void **state)
{
	(void)state;
	wait_for = 3;
	assert_int_equal(call(CPU_SUSPEND64, 0, 0, 0), 0);
	assert_int_equal(fake.waits, 3);
	assert_int_equal(call(CPU_SUSPEND, 0, 0, 0), 0); /* one is pending: at once */
	assert_int_equal(fake.waits, 3);
}

static void test_power_down_starts_at_its_entry(void **state)
{
	(void)state;
	wait_for = 1;
	assert_int_equal(exit_of(CPU_SUSPEND64, BIT(16), RAM + 0x40, 0x99), FAKE_ENTERED_GUEST);
	assert_ptr_equal(fake.reset_vcpu, &vm.vcpus[0]);
	assert_int_equal(fake.reset_entry, RAM + 0x40);
	assert_int_equal(fake.reset_x0, 0x99);
	assert_ptr_equal(fake.entered, &vm.vcpus[0]);
}

static void test_suspend_with_bad_arguments(void **state)
{
	(void)state;
	wait_for = 1;
	assert_int_equal(call(CPU_SUSPEND64, BIT(31), RAM, 0), INVALID_PARAMETERS);
	assert_int_equal(call(CPU_SUSPEND64, BIT(32), RAM, 0), INVALID_PARAMETERS);
	assert_int_equal(call(CPU_SUSPEND64, BIT(17), RAM, 0), INVALID_PARAMETERS);
	assert_int_equal(call(CPU_SUSPEND64, BIT(16), RAM + 1, 0), INVALID_ADDRESS);
	assert_int_equal(call(CPU_SUSPEND64, BIT(16), 0, 0), INVALID_ADDRESS);
	assert_int_equal(fake.waits, 0);
}

static void begin_to_stop(void)
{
	vm.state = VM_STOPPING;
}

static void test_suspend_leaves_when_the_vm_stops(void **state)
{
	(void)state;
	wait_for = 100;
	fake.on_wait = begin_to_stop;
	assert_int_equal(exit_of(CPU_SUSPEND64, 0, 0, 0), FAKE_LEFT_GUEST);
	assert_int_equal(fake.waits, 1);
	assert_ptr_equal(turned_off, &vm.vcpus[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_versions, setup),
		cmocka_unit_test_setup(test_features_are_those_that_answer, setup),
		cmocka_unit_test_setup(test_smccc_features, setup),
		cmocka_unit_test_setup(test_unknown_functions_are_not_supported, setup),
		cmocka_unit_test_setup(test_upper_half_of_the_function_is_ignored, setup),
		cmocka_unit_test_setup(test_cpu_on_starts_a_vcpu, setup),
		cmocka_unit_test_setup(test_cpu_on_32_has_arguments_of_32_bits, setup),
		cmocka_unit_test_setup(test_cpu_on_of_one_that_is_on, setup),
		cmocka_unit_test_setup(test_cpu_on_of_one_underway, setup),
		cmocka_unit_test_setup(test_cpu_on_of_nobody, setup),
		cmocka_unit_test_setup(test_cpu_on_at_no_address, setup),
		cmocka_unit_test_setup(test_cpu_on_race_has_one_winner, setup),
		cmocka_unit_test_setup(test_affinity_info_is_real, setup),
		cmocka_unit_test_setup(test_cpu_off_does_not_return, setup),
		cmocka_unit_test_setup(test_system_off_and_reset_do_not_return, setup),
		cmocka_unit_test_setup(test_reported_crash_says_where, setup),
		cmocka_unit_test_setup(test_standby_returns_with_an_interrupt, setup),
		cmocka_unit_test_setup(test_power_down_starts_at_its_entry, setup),
		cmocka_unit_test_setup(test_suspend_with_bad_arguments, setup),
		cmocka_unit_test_setup(test_suspend_leaves_when_the_vm_stops, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
