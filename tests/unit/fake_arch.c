/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_arch.h"

#include <stdio.h>

#include "core/panic.h"
#include "core/vcpu.h"

struct fake_arch fake;

static uint8_t ram[FAKE_RAM_SIZE] __attribute__((aligned(SZ_4K)));
static jmp_buf out;
static bool is_running;

void fake_arch_setup(void)
{
	fake = (struct fake_arch){.ram = ram, .counter = FAKE_HZ};
	memset(ram, 0xa5, sizeof(ram));
	is_running = false;
}

enum fake_exit fake_run(void (*fn)(void *arg), void *arg)
{
	int how = setjmp(out);

	if (how == FAKE_RETURNED) {
		assert_false(is_running);
		is_running = true;
		fn(arg);
	}
	is_running = false;
	return (enum fake_exit)how;
}

static _Noreturn void leave(enum fake_exit how, const char *what)
{
	if (!is_running) {
		fail_msg("unexpected: %s", what);
	}
	longjmp(out, how);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(fake.panic_text, sizeof(fake.panic_text), format, args);
	va_end(args);
	leave(FAKE_PANICKED, fake.panic_text);
}

unsigned int fake_on_cpu(unsigned int cpu)
{
	unsigned int before = fake.cpu;

	assert_true(cpu < FAKE_CPUS);
	fake.cpu = cpu;
	return before;
}

/* -- CPUs ------------------------------------------------------------------------- */

unsigned int arch_cpu_id(void)
{
	return fake.cpu;
}

struct vcpu *arch_current_vcpu(void)
{
	return fake.current[fake.cpu];
}

uint64_t arch_counter(void)
{
	return fake.counter;
}

uint64_t arch_counter_hz(void)
{
	return FAKE_HZ;
}

void arch_wait(uint64_t deadline)
{
	(void)deadline;
	fake.waits++;
	assert_true(fake.waits < 1000);
	if (fake.on_wait) {
		fake.on_wait();
	}
}

void arch_poll(void)
{
	fake.polls++;
	fake.counter += fake.poll_ticks;
}

void arch_kick(unsigned int cpu)
{
	assert_true(cpu < FAKE_CPUS);
	fake.kicks[cpu]++;
}

void arch_call(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	unsigned int before = fake_on_cpu(cpu);

	assert_int_not_equal(cpu, before);
	fake.calls++;
	fn(arg);
	(void)fake_on_cpu(before);
}

/* -- memory ------------------------------------------------------------------------- */

int arch_map_device(paddr_t pa, uint64_t size)
{
	(void)pa;
	(void)size;
	return fake.map_fails ? -1 : 0;
}

/* Where no test has a device. */
__attribute__((weak)) bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value)
{
	(void)address;
	(void)size;
	*value = 0;
	return false;
}

uint32_t arch_device_word(uint64_t address, uint32_t otherwise)
{
	uint64_t value;

	return arch_device_read(address, 4, &value) ? (uint32_t)value : otherwise;
}

__attribute__((weak)) bool arch_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	(void)address;
	(void)size;
	(void)value;
	return false;
}

void arch_repeat_access(void)
{
	fake.repeats++;
}

uint64_t arch_guest_pc(void)
{
	return 0;
}

void *arch_map(paddr_t pa, uint64_t size)
{
	assert_true(IS_ALIGNED(pa.pa | size, SZ_4K));
	if (fake.map_fails || !range_within(pa.pa, size, FAKE_RAM_BASE, FAKE_RAM_SIZE)) {
		return NULL;
	}
	fake.mapped++;
	return ram + (pa.pa - FAKE_RAM_BASE);
}

void *arch_window(paddr_t pa, uint64_t size)
{
	assert_true(IS_ALIGNED(pa.pa | size, SZ_4K) && size <= ARCH_WINDOW_SIZE);
	assert_true(range_within(pa.pa, size, FAKE_RAM_BASE, FAKE_RAM_SIZE));
	assert_int_equal(fake.mapped, 0); /* one at a time */
	fake.mapped++;
	return ram + (pa.pa - FAKE_RAM_BASE);
}

void arch_unmap(void *va, uint64_t size)
{
	(void)size;
	assert_true((uint8_t *)va >= ram && (uint8_t *)va < ram + sizeof(ram));
	fake.mapped--;
}

void arch_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

void arch_clean_poc(const void *va, uint64_t size)
{
	(void)va;
	(void)size;
}

void *arch_table(paddr_t pa)
{
	return (void *)(uintptr_t)pa.pa;
}

__attribute__((weak)) paddr_t arch_pa(const void *va)
{
	return (paddr_t){(uintptr_t)va};
}

void arch_table_sync(void)
{
	fake.table_syncs++;
}

void arch_stage2_invalidate(uint64_t vttbr, ipaddr_t ipa, uint64_t size)
{
	fake.invalidations++;
	fake.invalidated_vttbr = vttbr;
	fake.invalidated_ipa = ipa.ipa;
	fake.invalidated_size = size;
}

void arch_stage2_invalidate_all(uint64_t vttbr)
{
	(void)vttbr;
	fake.invalidations++;
}

/* -- guest registers --------------------------------------------------------------------- */

void arch_vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
	fake.reset_vcpu = v;
	fake.reset_entry = entry;
	fake.reset_x0 = x0;
}

void arch_leave_guest(void)
{
	fake.current[fake.cpu] = NULL;
	leave(FAKE_LEFT_GUEST, "arch_leave_guest()");
}

void arch_enter_guest(struct vcpu *v)
{
	assert_int_equal(v->cpu, fake.cpu);
	fake.entered = v;
	fake.current[fake.cpu] = v;
	leave(FAKE_ENTERED_GUEST, "arch_enter_guest()");
}

void arch_alarm(uint64_t at)
{
	fake.alarm = at;
}

uint64_t arch_vm_counter_offset(void)
{
	return fake.counter_offset ? fake.counter_offset : fake.counter;
}

void arch_nothing_runs(void)
{
	fake.nothing_runs++;
}

void arch_power_off(void)
{
	leave(FAKE_POWERED_OFF, "arch_power_off()");
}
