/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core asks of the architecture, and nothing else. arch/arm64 implements
 * it for the board, tests/unit/fake_arch.c for the host.
 */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include "core/lib/types.h"

struct vcpu;
struct vm;

/* -- this CPU ---------------------------------------------------------------- */
unsigned int arch_cpu_id(void);
/* The vCPU whose registers are loaded here, or NULL. */
struct vcpu *arch_current_vcpu(void);
/* System counter, in ticks, and its frequency in Hz. */
uint64_t arch_counter(void);
uint64_t arch_counter_hz(void);
/* Give up this CPU until an interrupt, then serve it. deadline: counter value, or UINT64_MAX. */
void arch_wait(uint64_t deadline);
/* Have vpl031_poll() called on this CPU, for the VM that owns it, at a counter value: one at a time. */
void arch_alarm(uint64_t at);
/* Serve what is pending, without waiting: for long work. */
void arch_poll(void);

/* -- other CPUs --------------------------------------------------------------- */
/* Make a CPU leave its guest, look at its work and at its list registers. */
void arch_kick(unsigned int cpu);
/* Run fn(arg) on a CPU and wait for it. No lock may be held. */
void arch_call(unsigned int cpu, void (*fn)(void *arg), void *arg);

/* -- memory -------------------------------------------------------------------- */
/* Map physical memory for EL2, read-write, or give it back. Page-aligned. NULL: out of tables. */
void *arch_map(paddr_t pa, uint64_t size) MUST_CHECK;
void arch_unmap(void *va, uint64_t size);
/*
 * Map at most ARCH_WINDOW_SIZE bytes in the one window that there is for this, until arch_unmap().
 * Page-aligned. It takes no table, so that a guest may have it done at any place as often as it
 * likes; the caller sees to it that there is one user at a time. NULL: no such memory.
 */
#define ARCH_WINDOW_SIZE (2 * SZ_4K)
void *arch_window(paddr_t pa, uint64_t size) MUST_CHECK;
/* Map the pages of device registers, at their own address. Returns 0, or -1: out of tables. */
int arch_map_device(paddr_t pa, uint64_t size) MUST_CHECK;
/* One access to such registers, of 1, 2, 4 or 8 bytes. False: the bus refused it. */
bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value) MUST_CHECK;
bool arch_device_write(uint64_t address, unsigned int size, uint64_t value) MUST_CHECK;
/* The same of 4 bytes, where a refusal needs no reaction: it reads as otherwise. */
uint32_t arch_device_word(uint64_t address, uint32_t otherwise);
/*
 * Zero or clean and invalidate, by VA; both reach the point of coherency. What is cleaned is so
 * after all accesses before, those to devices too.
 */
void arch_zero(void *va, uint64_t size);
void arch_clean_poc(const void *va, uint64_t size);
/* A page-table page is at this address in EL2. */
void *arch_table(paddr_t pa);
/* Where memory of the hypervisor's image lies. */
paddr_t arch_pa(const void *va);
/* After a descriptor was written: make it visible to the table walker. */
void arch_table_sync(void);
/* Invalidate a VM's translations: one IPA range, or everything. All CPUs. */
void arch_stage2_invalidate(uint64_t vttbr, ipaddr_t ipa, uint64_t size);
void arch_stage2_invalidate_all(uint64_t vttbr);

/* -- guest registers ------------------------------------------------------------ */
/* Bring a vCPU's context to reset state, entry and x0 given, to be run on its CPU. */
void arch_vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0);
/* Leave the trap for good and return to this CPU's idle loop. */
_Noreturn void arch_leave_guest(void);
/* Enter the guest with the reset context of v. */
_Noreturn void arch_enter_guest(struct vcpu *v);
/* Have the access for which the guest trapped here made again: later, when its CPU has been free. */
void arch_repeat_access(void);
/* Where the guest that trapped here is. */
uint64_t arch_guest_pc(void);
/* Does the timer behind this private interrupt of the current vCPU ask for it: on, due, not masked? */
bool arch_timer_line(uint32_t intid);
/* Physical CNTVOFF of a VM that starts now. */
uint64_t arch_vm_counter_offset(void);

/* -- the board ------------------------------------------------------------------ */
_Noreturn void arch_power_off(void);
/*
 * Nothing runs, and nothing will: reset the board where its boot loader asked for that
 * (/chosen bulkhead,on-failure), which may start another bundle then. Else it returns.
 */
void arch_nothing_runs(void);

#endif
