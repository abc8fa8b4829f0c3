/* The CPU's registers and barriers, and MMIO. */
#ifndef KEEL_CPU_H
#define KEEL_CPU_H

#include <stdint.h>

#define cpu_read(reg)                                                                              \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " #reg : "=r"(value_));                                  \
		value_;                                                                            \
	})

#define cpu_write(reg, value)                                                                      \
	__asm__ volatile("msr " #reg ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void cpu_isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void cpu_dsb(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void cpu_wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/* Plain base-register accesses, which a hypervisor can decode (ESR.ISV = 1). */
static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return value;
}

static inline void mmio_write32(uint64_t addr, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

static inline uint64_t mmio_read64(uint64_t addr)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(addr) : "memory");
	return value;
}

static inline void mmio_write64(uint64_t addr, uint64_t value)
{
	__asm__ volatile("str %0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

static inline void mmio_write8(uint64_t addr, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(addr) : "memory");
}

#endif
