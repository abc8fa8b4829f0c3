/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that do not split (filtered-devices). Two VMs run this, each with its part:
 *
 *   slot=ADDR other=ADDR mark=N   virtio-mmio slots of one page (Virtio 1.1, 4.2.2)
 *   sdhci=ADDR [hog]              SD host controllers that share SPI 126; the hog serves nothing
 */
#include "tests/payloads/lib/payload.h"

#define VIRTIO_MAGIC  0x00
#define VIRTIO_DEVICE 0x08
#define VIRTIO_STATUS 0x70
#define MAGIC         0x74726976

/* SD Host Controller Specification 3.00, 2.2.18 to 2.2.26. Errors alone can be forced. */
#define SDHCI_STATUS        0x30
#define SDHCI_STATUS_ENABLE 0x34
#define SDHCI_SIGNAL_ENABLE 0x38
#define SDHCI_FORCE         0x50
#define ERROR_CRC           BIT(17)
#define INTID_SDHCI         158u

#define ROUNDS 200

static uintptr_t own, other;
static uint32_t mark;
static volatile unsigned came, unasked;

/* -- one page -------------------------------------------------------------------------------- */
static void own_registers(void)
{
	CHECK(mmio_read32(own + VIRTIO_MAGIC) == MAGIC, "magic 0x%x", mmio_read32(own));
	CHECK(mmio_read32(own + VIRTIO_DEVICE) != 0, "no device");
}

static void other_registers(void)
{
	CHECK(mmio_read32(other + VIRTIO_DEVICE) == 0, "the other's device is seen: %u",
	      mmio_read32(other + VIRTIO_DEVICE));
}

/* The other VM tries the same, with a mark of its own. */
static void marks_stay(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		mmio_write32(own + VIRTIO_STATUS, mark);
		mmio_write32(other + VIRTIO_STATUS, 0);
		delay_us(1000);
		CHECK(mmio_read32(own + VIRTIO_STATUS) == mark, "round %u: status 0x%x", i,
		      mmio_read32(own + VIRTIO_STATUS));
		CHECK(mmio_read32(other + VIRTIO_STATUS) == 0, "round %u: the other's status", i);
	}
}

static const struct test page_tests[] = {
	{"shared-page-own-registers", own_registers},
	{"shared-page-other-registers", other_registers},
	{"shared-page-marks-stay", marks_stay},
};

/* -- one interrupt ------------------------------------------------------------------------------ */
static void on_error(uint32_t iar)
{
	if (mmio_read32(own + SDHCI_STATUS) & ERROR_CRC) {
		mmio_write32(own + SDHCI_STATUS, ERROR_CRC);
		came++;
	} else {
		unasked++;
	}
	gic_eoi(iar);
}

static void sdhci_init(void)
{
	mmio_write32(own + SDHCI_STATUS, 0xffffffff);
	mmio_write32(own + SDHCI_STATUS_ENABLE, ERROR_CRC);
	mmio_write32(own + SDHCI_SIGNAL_ENABLE, ERROR_CRC);
	gic_set_edge(INTID_SDHCI, false);
	gic_route(INTID_SDHCI, 0);
}

static void irq_per_event(void)
{
	sdhci_init();
	this_cpu()->irq_hook = on_error;
	gic_enable(INTID_SDHCI);
	irq_on();
	for (unsigned i = 1; i <= ROUNDS; i++) {
		mmio_write32(own + SDHCI_FORCE, ERROR_CRC);
		CHECK(wait_for(came == i), "round %u: %u interrupts", i, came);
		delay_us(10000);
	}
	irq_off();
	gic_disable(INTID_SDHCI);
	CHECK(came == ROUNDS, "%u interrupts of %u", came, ROUNDS);
	CHECK(unasked == 0, "%u interrupts that the device did not ask for", unasked);
	CHECK(mmio_read32(own + SDHCI_SIGNAL_ENABLE) == ERROR_CRC, "SIGNAL_ENABLE 0x%x",
	      mmio_read32(own + SDHCI_SIGNAL_ENABLE));
}

/* It asks, looks, and never serves: its line stays up, to its own cost. */
static void hog(void)
{
	sdhci_init();
	mmio_write32(own + SDHCI_FORCE, ERROR_CRC);
	CHECK(wait_for(gic_get(GIC_ISPENDR, INTID_SDHCI)), "the line does not rise");
	for (unsigned i = 0; i < 20 * ROUNDS; i++) {
		CHECK(mmio_read32(own + SDHCI_STATUS) & ERROR_CRC, "the event is gone");
		CHECK(mmio_read32(own + SDHCI_SIGNAL_ENABLE) == ERROR_CRC, "SIGNAL_ENABLE 0x%x",
		      mmio_read32(own + SDHCI_SIGNAL_ENABLE));
		CHECK(gic_get(GIC_ISPENDR, INTID_SDHCI), "the line falls");
		delay_us(1000);
	}
}

static const struct test hog_tests[] = {{"shared-irq-hog", hog}};
static const struct test irq_tests[] = {{"shared-irq-per-event", irq_per_event}};

void payload_main(void)
{
	own = bootarg_number("slot", 0);
	other = bootarg_number("other", 0);
	mark = (uint32_t)bootarg_number("mark", 0);
	if (own) {
		run_tests(page_tests, ARRAY_LEN(page_tests));
		return;
	}
	own = bootarg_number("sdhci", 0);
	if (bootarg("hog")) {
		run_tests(hog_tests, ARRAY_LEN(hog_tests));
	} else {
		run_tests(irq_tests, ARRAY_LEN(irq_tests));
	}
}
