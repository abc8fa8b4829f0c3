/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device registers, by instructions that a hypervisor below us could emulate: one register,
 * no write-back.
 */
#ifndef ARCH_ARM64_MMIO_H
#define ARCH_ARM64_MMIO_H

#include "core/lib/types.h"

static inline uint32_t mmio_read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, %1"
			 : "=r"(value)
			 : "m"(*(const volatile uint32_t *)address)
			 : "memory");
	return value;
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, %1" ::"r"(value), "m"(*(volatile uint32_t *)address) : "memory");
}

static inline uint8_t mmio_read8(uint64_t address)
{
	uint8_t value;

	__asm__ volatile("ldrb %w0, %1"
			 : "=r"(value)
			 : "m"(*(const volatile uint8_t *)address)
			 : "memory");
	return value;
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, %1" ::"r"(value), "m"(*(volatile uint8_t *)address) : "memory");
}

static inline uint64_t mmio_read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, %1"
			 : "=r"(value)
			 : "m"(*(const volatile uint64_t *)address)
			 : "memory");
	return value;
}

static inline void mmio_write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %0, %1" ::"r"(value), "m"(*(volatile uint64_t *)address) : "memory");
}

#endif
