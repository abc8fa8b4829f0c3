/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of a Raspberry Pi 4 that VMs have parts of. Two VMs run this, each with its part:
 *
 *   line=N other=N    gpio-lines: one line each (BCM2711 ARM Peripherals, 5.2)
 *   tag=N other=N     mailbox-tags: one tag each ("Mailbox property interface")
 */
#include "tests/payloads/lib/payload.h"

#define ROUNDS 100

static uint32_t own, other;

/* -- GPIO: lines below 10, so that the first register of each kind has both --------------------- */
#define GPIO    0xfe200000UL
#define GPFSEL0 (GPIO + 0x00)
#define GPSET0  (GPIO + 0x1c)
#define GPCLR0  (GPIO + 0x28)
#define GPLEV0  (GPIO + 0x34)
#define GPREN0  (GPIO + 0x4c)
#define PULL0   (GPIO + 0xe4)
#define OUTPUT  1u

static void gpio_function(void)
{
	mmio_write32(GPFSEL0, OUTPUT << 3 * own | OUTPUT << 3 * other);
	CHECK(mmio_read32(GPFSEL0) == OUTPUT << 3 * own, "GPFSEL0 0x%x", mmio_read32(GPFSEL0));
}

static void gpio_level(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		mmio_write32(GPSET0, 0xffffffff);
		CHECK(mmio_read32(GPLEV0) == BIT(own), "set: GPLEV0 0x%x", mmio_read32(GPLEV0));
		mmio_write32(GPCLR0, BIT(other)); /* not its own: nothing */
		CHECK(mmio_read32(GPLEV0) == BIT(own), "GPLEV0 0x%x", mmio_read32(GPLEV0));
		delay_us(500);
		CHECK(mmio_read32(GPLEV0) == BIT(own), "later: GPLEV0 0x%x", mmio_read32(GPLEV0));
		mmio_write32(GPCLR0, 0xffffffff);
		CHECK(mmio_read32(GPLEV0) == 0, "clear: GPLEV0 0x%x", mmio_read32(GPLEV0));
		CHECK(mmio_read32(GPFSEL0) == OUTPUT << 3 * own, "GPFSEL0 0x%x",
		      mmio_read32(GPFSEL0));
	}
}

static void gpio_settings(void)
{
	mmio_write32(GPREN0, 0xffffffff);
	CHECK(mmio_read32(GPREN0) == BIT(own), "GPREN0 0x%x", mmio_read32(GPREN0));
	mmio_write32(GPREN0, 0);
	mmio_write32(PULL0, 0x55555555);
	CHECK((mmio_read32(PULL0) & ~(3u << 2 * own)) == 0, "PULL0 0x%x", mmio_read32(PULL0));
	mmio_write32(GPIO + 0x90, 0xffffffff); /* a hole */
	CHECK(mmio_read32(GPIO + 0x90) == 0, "0x90 reads 0x%x", mmio_read32(GPIO + 0x90));
}

static const struct test gpio_tests[] = {
	{"gpio-function-of-own-line", gpio_function},
	{"gpio-level-of-own-line", gpio_level},
	{"gpio-settings-of-own-line", gpio_settings},
};

/* -- mailbox -------------------------------------------------------------------------------------- */
#define MAILBOX   0xfe00b880UL
#define READ      (MAILBOX + 0x00)
#define STATUS0   (MAILBOX + 0x18)
#define CONFIG0   (MAILBOX + 0x1c)
#define WRITE1    (MAILBOX + 0x20)
#define STATUS1   (MAILBOX + 0x38)
#define FULL      0x80000000u
#define EMPTY     0x40000000u
#define CHANNEL   8u
#define DONE      0x80000000u
#define MALFORMED 0x80000001u
#define ANSWERED  0x80000000u /* of a tag */
#define INTID     65u

static uint32_t request[16] /* a line of the cache */ __attribute__((aligned(64)));
static volatile unsigned came;

static void make_request(void)
{
	const uint32_t words[] = {48, 0, own, 8, 0, 77, 77, other, 4, 0, 77, 0};

	for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
		request[i] = words[i];
	}
}

static uint32_t message(void)
{
	return (uint32_t)(uintptr_t)request | CHANNEL;
}

/* The hypervisor works on memory, not on what lies in this CPU's caches. */
static void send(void)
{
	CHECK(mmio_read32(STATUS1) == EMPTY, "STATUS1 0x%x", mmio_read32(STATUS1));
	dcache_clean_inval(request);
	mmio_write32(WRITE1, message());
}

static void check_answer(void)
{
	dcache_clean_inval(request);
	CHECK(mmio_read32(READ) == message(), "another message");
	CHECK(mmio_read32(STATUS0) == EMPTY, "not taken");
	CHECK(request[1] == DONE, "code 0x%x", request[1]);
	CHECK((request[4] & ANSWERED) && request[5] != 77, "not answered: 0x%x, %u", request[4],
	      request[5]);
	CHECK(request[9] == 0 && request[10] == 77, "the other's tag: 0x%x, %u", request[9],
	      request[10]);
}

static void mailbox_polled(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		make_request();
		send();
		CHECK(wait_for(mmio_read32(STATUS0) == 0), "round %u: no answer", i);
		check_answer();
	}
}

static void on_answer(uint32_t iar)
{
	came++;
	mmio_write32(CONFIG0, 0);
	gic_eoi(iar);
}

static void mailbox_interrupt(void)
{
	gic_set_edge(INTID, false);
	gic_route(INTID, 0);
	this_cpu()->irq_hook = on_answer;
	gic_enable(INTID);
	irq_on();
	for (unsigned i = 1; i <= ROUNDS; i++) {
		make_request();
		mmio_write32(CONFIG0, 1);
		send();
		CHECK(wait_for(came == i), "round %u: %u interrupts", i, came);
		check_answer();
	}
	irq_off();
	gic_disable(INTID);
	CHECK(came == ROUNDS, "%u interrupts of %u", came, ROUNDS);
}

static void mailbox_bad_requests(void)
{
	make_request();
	request[0] = 0xfffffffc;
	send();
	CHECK(wait_for(mmio_read32(STATUS0) == 0) && mmio_read32(READ) == message(), "no answer");
	dcache_clean_inval(request);
	CHECK(request[1] == MALFORMED, "code 0x%x", request[1]);
	mmio_write32(WRITE1, 0x00001000u | CHANNEL); /* not its memory */
	CHECK(wait_for(mmio_read32(STATUS0) == 0), "no answer");
	CHECK(mmio_read32(READ) == (0x00001000u | CHANNEL), "another message");
	mmio_write32(WRITE1, message() & ~0xfu); /* channel 0 */
	CHECK(mmio_read32(STATUS1) == EMPTY, "channel 0 is taken");
}

/* From each 2 MiB of its memory. */
static void mailbox_everywhere(void)
{
	for (uint64_t at = 1 << 21; at < machine.ram_size; at += 1 << 21) {
		uint32_t *place =
			(uint32_t *)(machine.ram_base + at - 64); /* a line of the cache */

		place[0] = 28;
		place[1] = 0;
		place[2] = other;
		place[3] = 4;
		place[6] = 0;
		dcache_clean_inval(place);
		mmio_write32(WRITE1, (uint32_t)(uintptr_t)place | CHANNEL);
		/* the other VM's request may be under way */
		CHECK(wait_for(mmio_read32(STATUS0) == 0), "0x%lx: no answer", (uintptr_t)place);
		(void)mmio_read32(READ);
		dcache_clean_inval(place);
		CHECK(place[1] == DONE, "0x%lx: code 0x%x", (uintptr_t)place, place[1]);
	}
}

static const struct test mailbox_tests[] = {
	{"mailbox-polled", mailbox_polled},
	{"mailbox-interrupt", mailbox_interrupt},
	{"mailbox-bad-requests", mailbox_bad_requests},
	{"mailbox-everywhere", mailbox_everywhere},
};

void payload_main(void)
{
	other = (uint32_t)bootarg_number("other", 0);
	own = (uint32_t)bootarg_number("tag", 0);
	if (own) {
		run_tests(mailbox_tests, ARRAY_LEN(mailbox_tests));
		return;
	}
	own = (uint32_t)bootarg_number("line", 0);
	run_tests(gpio_tests, ARRAY_LEN(gpio_tests));
}
