/* SPDX-License-Identifier: Apache-2.0 */
/* The devices that an image built for QEMU virt takes for granted, and those it may look for. */
#include "tests/payloads/lib/payload.h"

#define UART(offset) (PL011_BASE + (offset))
#define UARTDR       0x00
#define UARTFR       0x18
#define UARTIMSC     0x38
#define UARTRIS      0x3c
#define UARTMIS      0x40
#define UARTICR      0x44
#define FR_TXFE      BIT(7)
#define INT_TX       BIT(5)
#define INTID_UART   33u

#define RTC(offset) (0x09010000UL + (offset))
#define RTCDR       0x00
#define RTCMR       0x04
#define RTCLR       0x08
#define RTCCR       0x0c
#define RTCIMSC     0x10
#define RTCRIS      0x14
#define RTCMIS      0x18
#define RTCICR      0x1c
#define RTCID       0xfe0
#define INTID_RTC   34u

#define FLASH_BASE 0x00000000UL
#define FLASH_TOP  0x04000000UL
#define FW_CFG     0x09020000UL
#define VIRTIO     0x0a000000UL

static volatile unsigned came;

static void on_rtc(uint32_t iar)
{
	came++;
	mmio_write32(RTC(RTCICR), 1);
	gic_eoi(iar);
}

static void on_uart(uint32_t iar)
{
	came++;
	mmio_write32(UART(UARTIMSC), 0);
	gic_eoi(iar);
}

static void begin(unsigned intid, void (*hook)(uint32_t iar))
{
	irq_off();
	came = 0;
	this_cpu()->irq_hook = hook;
	gic_set_edge(intid, false);
	gic_route(intid, 0);
	gic_enable(intid);
	irq_on();
}

static void end(unsigned intid)
{
	irq_off();
	gic_disable(intid);
	gic_drain();
	this_cpu()->irq_hook = NULL;
}

static uint32_t identity(uintptr_t base)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < 4; i++) {
		id |= (mmio_read32(base + 4 * i) & 0xff) << (8 * i);
	}
	return id;
}

/* -- PL031 ------------------------------------------------------------------------------------ */
static void rtc_id(void)
{
	CHECK(identity(RTC(RTCID)) == 0x00141031, "peripheral ID 0x%x", identity(RTC(RTCID)));
	CHECK(identity(RTC(RTCID + 0x10)) == 0xb105f00d, "PrimeCell ID");
	CHECK(mmio_read32(RTC(RTCCR)) == 1, "RTCCR is 0x%x", mmio_read32(RTC(RTCCR)));
}

static void rtc_runs(void)
{
	uint32_t before = mmio_read32(RTC(RTCDR));

	CHECK(wait_for(mmio_read32(RTC(RTCDR)) != before), "the clock stands still");
	CHECK(mmio_read32(RTC(RTCDR)) - before < 0x10000, "the clock jumps");
}

static void rtc_set(void)
{
	mmio_write32(RTC(RTCLR), 1000000);
	CHECK(mmio_read32(RTC(RTCLR)) == 1000000, "RTCLR is not kept");
	CHECK(mmio_read32(RTC(RTCDR)) - 1000000 < 0x10000, "RTCDR is %u", mmio_read32(RTC(RTCDR)));
}

/* A match so many seconds from now; anew, if this CPU was held up until after it. */
static uint32_t match_in(uint32_t seconds)
{
	uint32_t at;

	do {
		at = mmio_read32(RTC(RTCDR)) + seconds;
		mmio_write32(RTC(RTCMR), at);
	} while (mmio_read32(RTC(RTCDR)) > at && mmio_read32(RTC(RTCRIS)) == 0 && !came);
	return at;
}

static void rtc_alarm(void)
{
	uint32_t at;

	begin(INTID_RTC, on_rtc);
	mmio_write32(RTC(RTCICR), 1);
	mmio_write32(RTC(RTCIMSC), 1);
	at = match_in(2);
	CHECK(mmio_read32(RTC(RTCMR)) == at, "RTCMR is not kept");
	CHECK(wait_for(came), "no interrupt at the match");
	CHECK(mmio_read32(RTC(RTCDR)) - at < 0x10000, "early: %u of %u", mmio_read32(RTC(RTCDR)),
	      at);
	CHECK(came <= 1, "%u interrupts", came);
	CHECK(mmio_read32(RTC(RTCRIS)) == 0, "RTCRIS after RTCICR");
	end(INTID_RTC);
}

/* The CPU sleeps: nothing of its own will wake it. */
static void rtc_alarm_wakes(void)
{
	begin(INTID_RTC, on_rtc);
	irq_off();
	mmio_write32(RTC(RTCIMSC), 1);
	(void)match_in(1);
	wfi();
	irq_on();
	CHECK(wait_for(came), "no interrupt after WFI");
	end(INTID_RTC);
}

static void rtc_masked(void)
{
	begin(INTID_RTC, on_rtc);
	mmio_write32(RTC(RTCIMSC), 0);
	(void)match_in(1);
	CHECK(wait_for(mmio_read32(RTC(RTCRIS)) == 1), "RTCRIS does not rise");
	CHECK(mmio_read32(RTC(RTCMIS)) == 0, "RTCMIS though masked");
	CHECK(came == 0, "an interrupt though masked");
	mmio_write32(RTC(RTCIMSC), 1);
	CHECK(wait_for(came), "no interrupt when unmasked");
	mmio_write32(RTC(RTCIMSC), 0);
	end(INTID_RTC);
}

/* -- PL011 ------------------------------------------------------------------------------------ */
static void uart_id(void)
{
	CHECK((identity(UART(0xfe0)) & 0x000fffff) == 0x00041011, "ID 0x%x", identity(UART(0xfe0)));
	CHECK(identity(UART(0xff0)) == 0xb105f00d, "PrimeCell ID");
}

static void uart_sends(void)
{
	begin(INTID_UART, on_uart);
	mmio_write32(UART(UARTICR), 0x7ff);
	CHECK(!(mmio_read32(UART(UARTRIS)) & INT_TX), "TX raw after a clear");
	mmio_write32(UART(UARTDR), '\r');
	CHECK(wait_for(mmio_read32(UART(UARTRIS)) & INT_TX), "TX does not rise");
	CHECK(mmio_read32(UART(UARTMIS)) == 0, "UARTMIS though masked");
	CHECK(came == 0, "an interrupt though masked");
	mmio_write32(UART(UARTIMSC), INT_TX);
	CHECK(wait_for(came), "no TX interrupt");
	CHECK(mmio_read32(UART(UARTFR)) & FR_TXFE, "not sent");
	end(INTID_UART);
}

/* -- what is not there ------------------------------------------------------------------------- */
static void no_flash(void)
{
	fault_arm();
	CHECK(mmio_read32(FLASH_BASE) == 0 && mmio_read32(FLASH_TOP) == 0, "flash is not empty");
	CHECK(fault_disarm() == 0, "a read of flash faults");
}

static void fw_cfg(void)
{
	uint32_t signature;

	fault_arm();
	mmio_write16(FW_CFG + 8, 0);
	signature = mmio_read32(FW_CFG);
	CHECK(fault_disarm() == 0, "a probe of fw_cfg faults");
	CHECK(signature == 0 || signature == 0x554d4551, "signature 0x%x", signature);
}

static void virtio_slots(void)
{
	for (unsigned i = 0; i < 32; i++) {
		uintptr_t slot = VIRTIO + 0x200 * i;

		CHECK(mmio_read32(slot) == 0x74726976, "slot %u: magic 0x%x", i, mmio_read32(slot));
		CHECK(mmio_read32(slot + 4) == 1 && mmio_read32(slot + 8) == 0,
		      "slot %u is not empty", i);
	}
}

static const struct test tests[] = {
	{"devices-rtc-id", rtc_id},
	{"devices-rtc-runs", rtc_runs},
	{"devices-rtc-set", rtc_set},
	{"devices-rtc-alarm", rtc_alarm},
	{"devices-rtc-alarm-wakes", rtc_alarm_wakes},
	{"devices-rtc-masked", rtc_masked},
	{"devices-uart-id", uart_id},
	{"devices-uart-tx-interrupt", uart_sends},
	{"devices-no-flash", no_flash},
	{"devices-fw-cfg-probe", fw_cfg},
	{"devices-virtio-slots", virtio_slots},
};

void payload_main(void)
{
	run_tests(tests, ARRAY_LEN(tests));
}
