/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/firmware.h"

#include "arch/arm64/mmu.h"
#include "arch/arm64/sysreg.h"
#include "core/arch.h"
#include "platform/pm_bcm2835.h"

#define PSCI_CPU_ON64     0xc4000003UL
#define PSCI_SYSTEM_OFF   0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL

/* SMCCC 1.0 lets the callee trash x4 to x17 (DEN 0028, 2.5). */
static int64_t call(enum psci_conduit conduit, uint64_t function, uint64_t a1, uint64_t a2)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = 0;

#define CLOBBERS                                                                                   \
	"x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",       \
		"x17", "memory"
	if (conduit == PSCI_CONDUIT_SMC) {
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::CLOBBERS);
	} else {
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::CLOBBERS);
	}
	return (int64_t)x0;
}

static int spin_table_release(const struct board_cpu *cpu, uint64_t entry)
{
	uint64_t page = ALIGN_DOWN(cpu->release_addr, SZ_4K);
	volatile uint64_t *slot;

	/*
	 * As a device, so that the write does not stay in a cache. Not by arch_map(): the
	 * Raspberry Pi's table is in page 0, whose address looks like a failure.
	 */
	if (mmu_map_device(page, SZ_4K) != 0) {
		return -1;
	}
	slot = (volatile uint64_t *)cpu->release_addr;
	*slot = entry;
	dsb(sy);
	sev();
	arch_unmap((void *)page, SZ_4K);
	return 0;
}

int firmware_cpu_on(const struct board *b, const struct board_cpu *cpu, uint64_t entry)
{
	switch (cpu->enable) {
	case CPU_ENABLE_PSCI:
		return b->psci != PSCI_CONDUIT_NONE &&
				       call(b->psci, PSCI_CPU_ON64, cpu->mpidr, entry) == 0
			       ? 0
			       : -1;
	case CPU_ENABLE_SPIN_TABLE:
		return spin_table_release(cpu, entry);
	default:
		return -1;
	}
}

static void spin(unsigned int seconds)
{
	uint64_t end = arch_counter() + seconds * arch_counter_hz();

	while (arch_counter() < end) {}
}

void firmware_power_off(const struct board *b)
{
	if (b->psci != PSCI_CONDUIT_NONE) {
		call(b->psci, PSCI_SYSTEM_OFF, 0, 0);
	} else if (b->pm.size != 0) {
		pm_power_off(b->pm.base);
		spin(1); /* it takes a moment */
	}
}

void firmware_reset(const struct board *b)
{
	if (b->psci != PSCI_CONDUIT_NONE) {
		call(b->psci, PSCI_SYSTEM_RESET, 0, 0);
	} else if (b->pm.size != 0) {
		pm_reset(b->pm.base);
		spin(1); /* it takes a moment */
	}
}

void firmware_reset_later(const struct board *b)
{
	spin(FIRMWARE_RESET_SECONDS);
	firmware_reset(b);
}
