/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 (ARM DEN 0022) and SMCCC 1.1 (DEN 0028) for guests. The only file that speaks them. */
#include "core/arch.h"
#include "core/log.h"
#include "core/vm.h"

#define SMCCC_FAST     BIT(31)
#define SMCCC_64       BIT(30)
#define SMCCC_VERSION  0x80000000U
#define SMCCC_FEATURES 0x80000001U

#define PSCI_BASE      0x84000000U /* functions are numbered from here (DEN 0022, 5.1) */
#define BULKHEAD_CRASH 0x86000001U /* vendor hypervisor service: a guest reports its own end */

#define VERSION_PSCI_1_1  0x10001
#define VERSION_SMCCC_1_1 0x10001

#define SUCCESS            0
#define NOT_SUPPORTED      (-1L)
#define INVALID_PARAMETERS (-2L)
#define ALREADY_ON         (-4L)
#define ON_PENDING         (-5L)
#define INVALID_ADDRESS    (-9L)

#define AFFINITY_ON         0
#define AFFINITY_OFF        1
#define AFFINITY_ON_PENDING 2
#define MIGRATE_NOT_NEEDED  2 /* no Trusted OS, or one that needs no migration (5.9) */

#define STATE_POWERDOWN BIT(16) /* power_state, original format (5.4.2.1) */
#define STATE_KNOWN     (BIT(16) | 0xffffUL | 3UL << 24)

#define MPIDR_AFFINITY 0xff00ffffffUL

/* The vCPU of an MPIDR argument, or NULL: vCPU n is Aff0 = n. */
static struct vcpu *find_vcpu(struct vm *vm, uint64_t mpidr)
{
	return mpidr < vm->vcpu_count ? &vm->vcpus[mpidr] : NULL;
}

static bool is_guest_ram(const struct vm *vm, uint64_t ipa)
{
	for (unsigned int i = 0; i < vm->config->region_count; i++) {
		if (ipa - vm->config->regions[i].ipa < vm->config->regions[i].size) {
			return true;
		}
	}
	return false;
}

static int64_t cpu_on(struct vcpu *v, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	struct vcpu *target = find_vcpu(v->vm, mpidr);
	enum vcpu_power expected = VCPU_OFF;

	if (!target) {
		return INVALID_PARAMETERS;
	}
	if ((entry & 3) || !is_guest_ram(v->vm, entry)) {
		return INVALID_ADDRESS;
	}
	/* one winner: OFF test and start are one step */
	if (!__atomic_compare_exchange_n(&target->power, &expected, VCPU_CLAIMED, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		return expected == VCPU_ON ? ALREADY_ON : ON_PENDING;
	}
	__atomic_add_fetch(&v->vm->on_count, 1, __ATOMIC_ACQ_REL);
	target->entry_x0 = context;
	target->entry = entry;
	__atomic_store_n(&target->power, VCPU_ON_PENDING, __ATOMIC_RELEASE);
	arch_kick(target->cpu);
	return SUCCESS;
}

static int64_t affinity_info(struct vcpu *v, uint64_t mpidr, uint64_t level, uint64_t unused)
{
	const struct vcpu *target = find_vcpu(v->vm, mpidr);

	(void)unused;
	if (level > 0 || !target) {
		return INVALID_PARAMETERS;
	}
	switch (__atomic_load_n(&target->power, __ATOMIC_ACQUIRE)) {
	case VCPU_ON:
		return AFFINITY_ON;
	case VCPU_OFF:
		return AFFINITY_OFF;
	default:
		return AFFINITY_ON_PENDING;
	}
}

static _Noreturn void leave(struct vcpu *v)
{
	vm_vcpu_off(v);
	arch_leave_guest();
}

/* Both kinds of state end at a wake-up interrupt; power-down then starts at the entry point. */
static int64_t cpu_suspend(struct vcpu *v, uint64_t state, uint64_t entry, uint64_t context)
{
	if (state & ~STATE_KNOWN) {
		return INVALID_PARAMETERS;
	}
	if ((state & STATE_POWERDOWN) && ((entry & 3) || !is_guest_ram(v->vm, entry))) {
		return INVALID_ADDRESS;
	}
	while (!vgic_is_pending(v) && !vm_is_stopping(v->vm)) {
		arch_wait(UINT64_MAX);
	}
	if (vm_is_stopping(v->vm)) { /* the kick that says so may be served already */
		leave(v);
	}
	if (state & STATE_POWERDOWN) {
		arch_vcpu_reset(v, entry, context);
		arch_enter_guest(v);
	}
	return SUCCESS;
}

static _Noreturn void stop(struct vcpu *v, enum vm_stop_kind kind, const char *what)
{
	struct vm_stop why = {.kind = kind, .what = what, .vcpu = v->index};

	vm_stop(v->vm, &why);
	leave(v);
}

static int64_t version(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)v;
	(void)a1;
	(void)a2;
	(void)a3;
	return VERSION_PSCI_1_1;
}

static int64_t cpu_off(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1;
	(void)a2;
	(void)a3;
	leave(v);
}

static int64_t migrate_type(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)v;
	(void)a1;
	(void)a2;
	(void)a3;
	return MIGRATE_NOT_NEEDED;
}

static int64_t system_off(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1;
	(void)a2;
	(void)a3;
	stop(v, VM_STOP_POWER_OFF, "powered off");
}

static int64_t system_reset(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1;
	(void)a2;
	(void)a3;
	stop(v, VM_STOP_RESET, "reset");
}

static int64_t features(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3);

/* Indexed by the function's number. The answer goes to x0; the 64-bit form exists or not. */
static const struct {
	int64_t (*call)(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3);
	bool smc64;
} functions[] = {
	[0x00] = {version, false},      [0x01] = {cpu_suspend, true},
	[0x02] = {cpu_off, false},      [0x03] = {cpu_on, true},
	[0x04] = {affinity_info, true}, [0x06] = {migrate_type, false},
	[0x08] = {system_off, false},   [0x09] = {system_reset, false},
	[0x0a] = {features, false},
};

/* The number of a PSCI function that is there, or -1. */
static int find_function(uint32_t function)
{
	uint32_t n = (function & ~(uint32_t)SMCCC_64) - PSCI_BASE;

	if (n >= ARRAY_SIZE(functions) || !functions[n].call ||
	    ((function & SMCCC_64) && !functions[n].smc64)) {
		return -1;
	}
	return (int)n;
}

static int64_t features(struct vcpu *v, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)v;
	(void)a2;
	(void)a3;
	return find_function((uint32_t)a1) >= 0 || (uint32_t)a1 == SMCCC_VERSION ? SUCCESS
										 : NOT_SUPPORTED;
}

/* What is not PSCI's. */
static int64_t other_call(struct vcpu *v, uint32_t function, uint64_t a1, uint64_t a2)
{
	switch (function) {
	case SMCCC_VERSION:
		return VERSION_SMCCC_1_1;
	case SMCCC_FEATURES:
		return (uint32_t)a1 == SMCCC_VERSION || (uint32_t)a1 == SMCCC_FEATURES
			       ? SUCCESS
			       : NOT_SUPPORTED;
	case BULKHEAD_CRASH:
		vm_crash(v, "the guest reported a crash", (uint32_t)a2, 0, (uint32_t)a1, 0);
		vm_vcpu_off(v);
		arch_leave_guest();
	default:
		return NOT_SUPPORTED;
	}
}

uint64_t psci_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3, struct vcpu *v)
{
	int n = find_function((uint32_t)function);

	if (n < 0) {
		return (uint64_t)other_call(v, (uint32_t)function, a1, a2);
	}
	if (!(function & SMCCC_64)) { /* SMC32: 32-bit arguments (DEN 0028, 2.6) */
		a1 = (uint32_t)a1;
		a2 = (uint32_t)a2;
		a3 = (uint32_t)a3;
	}
	return (uint64_t)functions[n].call(v, a1, a2, a3);
}
