/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 (ARM DEN 0022) and SMCCC 1.1 (DEN 0028) for guests. The only file that speaks them. */
#include "core/arch.h"
#include "core/log.h"
#include "core/vm.h"

#define SMCCC_FAST     BIT(31)
#define SMCCC_64       BIT(30)
#define SMCCC_VERSION  0x80000000U
#define SMCCC_FEATURES 0x80000001U

#define PSCI_VERSION       0x84000000U
#define PSCI_CPU_SUSPEND   0x84000001U
#define PSCI_CPU_OFF       0x84000002U
#define PSCI_CPU_ON        0x84000003U
#define PSCI_AFFINITY_INFO 0x84000004U
#define PSCI_MIGRATE_TYPE  0x84000006U
#define PSCI_SYSTEM_OFF    0x84000008U
#define PSCI_SYSTEM_RESET  0x84000009U
#define PSCI_FEATURES      0x8400000aU
#define BULKHEAD_CRASH     0x86000001U /* vendor hypervisor service: a guest reports its own end */

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

static int64_t affinity_info(struct vcpu *v, uint64_t mpidr, uint64_t level)
{
	const struct vcpu *target = find_vcpu(v->vm, mpidr);

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
	vm_vcpu_off(v);
	arch_leave_guest();
}

static int64_t features(uint64_t function)
{
	switch ((uint32_t)function) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMCCC_64:
	case PSCI_MIGRATE_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return SUCCESS;
	default:
		return NOT_SUPPORTED;
	}
}

static int64_t smccc_features(uint64_t function)
{
	return (uint32_t)function == SMCCC_VERSION || (uint32_t)function == SMCCC_FEATURES
		       ? SUCCESS
		       : NOT_SUPPORTED;
}

void psci_call(struct vcpu *v)
{
	uint32_t function = (uint32_t)vcpu_get_reg(v, 0);
	/* SMC32 calls have 32-bit arguments (DEN 0028, 2.6) */
	uint64_t mask = function & SMCCC_64 ? UINT64_MAX : 0xffffffffU;
	uint64_t a1 = vcpu_get_reg(v, 1) & mask;
	uint64_t a2 = vcpu_get_reg(v, 2) & mask;
	uint64_t a3 = vcpu_get_reg(v, 3) & mask;
	int64_t answer = NOT_SUPPORTED;

	switch (function) {
	case PSCI_VERSION:
		answer = VERSION_PSCI_1_1;
		break;
	case SMCCC_VERSION:
		answer = VERSION_SMCCC_1_1;
		break;
	case SMCCC_FEATURES:
		answer = smccc_features(a1);
		break;
	case PSCI_FEATURES:
		answer = features(a1);
		break;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMCCC_64:
		answer = cpu_suspend(v, a1, a2, a3);
		break;
	case PSCI_CPU_OFF:
		vm_vcpu_off(v);
		arch_leave_guest();
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMCCC_64:
		answer = cpu_on(v, a1, a2, a3);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMCCC_64:
		answer = affinity_info(v, a1, a2);
		break;
	case PSCI_MIGRATE_TYPE:
		answer = MIGRATE_NOT_NEEDED;
		break;
	case PSCI_SYSTEM_OFF:
		stop(v, VM_STOP_POWER_OFF, "powered off");
	case PSCI_SYSTEM_RESET:
		stop(v, VM_STOP_RESET, "reset");
	case BULKHEAD_CRASH:
		vm_crash(v, "the guest reported a crash", a2, 0, a1, 0);
		vm_vcpu_off(v);
		arch_leave_guest();
	}
	vcpu_set_reg(v, 0, (uint64_t)answer);
}
