/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One access outside this VM's memory, from bootargs: walls=HOW:ADDRESS with HOW of
 * read8 read16 read32 read read64 write8 write32 write write64 exec pair atomic walk.
 * A hypervisor stops the VM at the access; what is printed after it is a failure.
 */
#include "tests/payloads/lib/payload.h"

#define VALUE 0xb01dfaceb01dfaceull

static bool is(const char *s, const char *word)
{
	while (*word && *s == *word) {
		s++;
		word++;
	}
	return *word == 0 && *s == ':';
}

static uint64_t do_pair(uintptr_t a)
{
	uint64_t v, w;

	__asm__ volatile("ldp %0, %1, [%2]" : "=&r"(v), "=r"(w) : "r"(a) : "memory");
	return v | w;
}

/* The stage-1 table walk itself goes there (H11): TTBR1 with its own table address. */
static uint64_t do_walk(uintptr_t a)
{
	uint64_t tcr = sysreg_read(tcr_el1) & ~BIT(23);

	sysreg_write(ttbr1_el1, a);
	tcr |= 25ull << 16 | 2ull << 30 | 1ull << 24 | 1ull << 26 | 3ull << 28;
	sysreg_write(tcr_el1, tcr);
	__asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
	return mmio_read64(~0ul << 39);
}

static uint64_t access_once(const char *how, uintptr_t a)
{
	if (is(how, "read8")) {
		return mmio_read8(a);
	} else if (is(how, "read16")) {
		return mmio_read16(a);
	} else if (is(how, "read32")) {
		return mmio_read32(a);
	} else if (is(how, "read") || is(how, "read64")) {
		return mmio_read64(a);
	} else if (is(how, "write8")) {
		mmio_write8(a, (uint8_t)VALUE);
	} else if (is(how, "write32")) {
		mmio_write32(a, (uint32_t)VALUE);
	} else if (is(how, "write") || is(how, "write64")) {
		mmio_write64(a, VALUE);
	} else if (is(how, "exec")) {
		((void (*)(void))a)();
	} else if (is(how, "pair")) {
		return do_pair(a);
	} else if (is(how, "atomic")) {
		return __atomic_fetch_add((uint64_t *)a, 1, __ATOMIC_SEQ_CST);
	} else if (is(how, "walk")) {
		return do_walk(a);
	} else {
		fail("unknown way of access");
	}
	return VALUE;
}

void payload_main(void)
{
	const char *how = bootarg("walls"), *p = how;
	uintptr_t a;
	uint64_t v;

	if (!how) {
		fail("no walls=HOW:ADDRESS in bootargs");
		return;
	}
	while (*p && *p != ':') {
		p++;
	}
	a = parse_number(p + 1, NULL);
	print("TRY ");
	for (const char *c = how; c < p; c++) {
		print("%c", *c);
	}
	print(" 0x%lx\n", a);
	fault_arm();
	v = access_once(how, a);
	dsb();
	if (fault_disarm()) {
		print("FAULT esr 0x%lx far 0x%lx\n", this_cpu()->fault.esr, this_cpu()->fault.far);
	} else {
		fail("survived 0x%lx", v);
	}
}
