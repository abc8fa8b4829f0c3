/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/arm64/esr.h"
#include "arch/arm64/sysreg.h"
#include "core/arch.h"

/* device.S */
struct device_answer {
	uint64_t value;
	uint64_t refused;
};
struct device_answer device_read(uint64_t address, uint64_t size);
struct device_answer device_write(uint64_t address, uint64_t size, uint64_t value);

bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value)
{
	struct device_answer answer = device_read(address, size);

	*value = answer.value;
	return !answer.refused;
}

uint32_t arch_device_word(uint64_t address, uint32_t otherwise)
{
	struct device_answer answer = device_read(address, 4);

	return answer.refused ? otherwise : (uint32_t)answer.value;
}

bool arch_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	return !device_write(address, size, value).refused;
}

void arch_repeat_access(void)
{
	/* what comes after the access goes on behind it (fast.c, abort.c) */
	write_sysreg(elr_el2, read_sysreg(elr_el2) - (read_sysreg(esr_el2) & ESR_IL ? 4 : 2));
}

uint64_t arch_guest_pc(void)
{
	return read_sysreg(elr_el2);
}
