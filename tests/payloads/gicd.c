/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor, and the CPU interface's active states (H18 to H30). */
#include "tests/payloads/lib/payload.h"

#define SPI_WANTED 44
#define NONE       1023u

/* INTIDs of SPIs that this machine has and whose lines nobody drives. */
static unsigned spi[SPI_WANTED], spi_count;
static volatile unsigned taken[64], taken_count;

/*
 * Above the machine's own devices (virtio-mmio ends at INTID 79), then below them.
 * Only those count whose enable bit can be set and that are not pending.
 */
static void find_spis(void)
{
	for (unsigned n = 0; n < gic.irq_count && spi_count < SPI_WANTED; n++) {
		unsigned id = n + 80 < gic.irq_count ? n + 80 : gic.irq_count - 1 - n;

		if (id < 40) {
			break;
		}
		gic_enable(id);
		if (gic_get(GIC_ISENABLER, id) && !gic_get(GIC_ISPENDR, id)) {
			spi[spi_count++] = id;
		}
		gic_disable(id);
	}
}

static void enough_spis(void)
{
	CHECK(spi_count >= 40, "only %u SPIs can be enabled of %u INTIDs", spi_count,
	      gic.irq_count);
}

/* Ready to be pended by software: edge, enabled, to this CPU. */
static void prepare(unsigned n, uint8_t priority)
{
	gic_set_edge(spi[n], true);
	gic_set_priority(spi[n], priority);
	gic_route(spi[n], this_cpu()->index);
	gic_enable(spi[n]);
}

static void on_irq(uint32_t iar)
{
	if (taken_count < ARRAY_LEN(taken)) {
		taken[taken_count] = iar_intid(iar);
	}
	taken_count = taken_count + 1;
	gic_eoi(iar);
}

static void begin(void)
{
	gic_reset_state();
	taken_count = 0;
	this_cpu()->irq_hook = on_irq;
}

static void typer(void)
{
	uint32_t t = mmio_read32(gic.gicd + GICD_TYPER);
	unsigned cpus_told = ((t >> 5) & 7) + 1;

	CHECK(gic.irq_count >= 64 && gic.irq_count <= 1020, "%u INTIDs", gic.irq_count);
	if (gic.version == 2) {
		CHECK(cpus_told == cpu_count, "TYPER tells %u CPUs of %u", cpus_told, cpu_count);
	}
	CHECK(mmio_read32(gic.gicd + GICD_TYPER) == t, "TYPER changes");
	mmio_write32(gic.gicd + GICD_TYPER, ~t);
	CHECK(mmio_read32(gic.gicd + GICD_TYPER) == t, "TYPER can be written");
}

static void pidr(void)
{
	uintptr_t a = gic.gicd + (gic.version == 3 ? 0xffe8 : 0xfe8);

	CHECK(((mmio_read32(a) >> 4) & 0xf) == gic.version, "PIDR2 is 0x%x", mmio_read32(a));
}

static void redistributors(void)
{
	unsigned n = 0, last = 0;

	if (gic.version != 3) {
		skip("GICv3 only");
		return;
	}
	for (; n < cpu_count; n++) {
		uint64_t t = mmio_read64(gic.gicr + n * (uint64_t)GICR_STRIDE + GICR_TYPER);

		CHECK(((t >> 8) & 0xffff) == n, "number %u says it is %lu", n, (t >> 8) & 0xffff);
		CHECK(t >> 32 == cpus[n].mpidr, "number %u has affinity 0x%lx", n, t >> 32);
		last += (t >> 4) & 1;
		CHECK(((t >> 4) & 1) == (n == cpu_count - 1), "Last of number %u: %lu", n,
		      (t >> 4) & 1);
		CHECK(mmio_read32(gic.gicr + n * (uint64_t)GICR_STRIDE + GICR_TYPER + 4) ==
			      (uint32_t)(t >> 32),
		      "TYPER's halves");
	}
	CHECK(last == 1, "%u are the last", last);
}

static void enable_bits(void)
{
	begin();
	for (unsigned i = 0; i < 8; i++) {
		CHECK(!gic_get(GIC_ISENABLER, spi[i]), "%u is enabled at first", spi[i]);
		gic_enable(spi[i]);
		CHECK(gic_get(GIC_ISENABLER, spi[i]), "%u did not go on", spi[i]);
		CHECK(gic_get(GIC_ICENABLER, spi[i]), "ICENABLER of %u", spi[i]);
		mmio_write32(gic.gicd + GIC_ISENABLER + spi[i] / 32 * 4, 0);
		mmio_write32(gic.gicd + GIC_ICENABLER + spi[i] / 32 * 4, 0);
		CHECK(gic_get(GIC_ISENABLER, spi[i]), "writing 0 changed %u", spi[i]);
		gic_disable(spi[i]);
		CHECK(!gic_get(GIC_ISENABLER, spi[i]), "%u did not go off", spi[i]);
	}
}

static void pending_bits(void)
{
	begin();
	for (unsigned i = 0; i < 8; i++) {
		gic_set_edge(spi[i], true);
		gic_set(GIC_ISPENDR, spi[i]);
		CHECK(gic_get(GIC_ISPENDR, spi[i]), "%u is not pending", spi[i]);
		CHECK(gic_get(GIC_ICPENDR, spi[i]), "ICPENDR of %u", spi[i]);
		gic_set(GIC_ICPENDR, spi[i]);
		CHECK(!gic_get(GIC_ISPENDR, spi[i]), "%u stays pending", spi[i]);
	}
	prepare(0, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	gic_set(GIC_ICPENDR, spi[0]);
	irq_on();
	delay_us(500);
	CHECK(taken_count == 0, "a cleared interrupt came");
	gic_set(GIC_ISPENDR, spi[0]);
	CHECK(wait_for(taken_count == 1), "a pended interrupt did not come");
	CHECK(taken[0] == spi[0], "%u came for %u", taken[0], spi[0]);
	CHECK(!gic_get(GIC_ISPENDR, spi[0]), "pending after it was taken");
	irq_off();
}

static void pend_then_enable(void)
{
	begin();
	prepare(0, 0x80);
	gic_disable(spi[0]);
	gic_set(GIC_ISPENDR, spi[0]);
	irq_on();
	delay_us(500);
	CHECK(taken_count == 0, "a disabled interrupt came");
	gic_enable(spi[0]);
	CHECK(wait_for(taken_count == 1), "it did not come when enabled");
	irq_off();
}

/* Pending in a list register, then disabled: must not be taken any more. */
static void disable_pending(void)
{
	begin();
	prepare(0, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	gic_disable(spi[0]);
	CHECK(iar_intid(gic_ack()) == NONE, "a disabled interrupt was acknowledged");
	CHECK(gic_get(GIC_ISPENDR, spi[0]), "it is no longer pending");
	gic_enable(spi[0]);
	uint32_t iar = gic_ack_patient();

	CHECK(iar_intid(iar) == spi[0], "acknowledged %u", iar_intid(iar));
	gic_eoi(iar);
}

static void active_bits(void)
{
	uint32_t iar;

	begin();
	prepare(0, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	iar = gic_ack_patient();
	CHECK(iar_intid(iar) == spi[0], "acknowledged %u", iar_intid(iar));
	CHECK(gic_get(GIC_ISACTIVER, spi[0]), "not active after IAR");
	CHECK(!gic_get(GIC_ISPENDR, spi[0]), "pending after IAR");
	gic_set(GIC_ISPENDR, spi[0]);
	CHECK(gic_get(GIC_ISPENDR, spi[0]), "not active and pending");
	CHECK(iar_intid(gic_ack()) == NONE, "taken twice");
	gic_eoi(iar);
	CHECK(!gic_get(GIC_ISACTIVER, spi[0]), "active after EOI");
	iar = gic_ack_patient();
	CHECK(iar_intid(iar) == spi[0], "second time: %u", iar_intid(iar));
	gic_eoi(iar);
	CHECK(iar_intid(gic_ack()) == NONE, "a third time");
}

/* Set active by hand: may not be taken until cleared by hand. */
static void active_by_hand(void)
{
	begin();
	prepare(0, 0x80);
	gic_set(GIC_ISACTIVER, spi[0]);
	CHECK(gic_get(GIC_ISACTIVER, spi[0]), "ISACTIVER had no effect");
	gic_set(GIC_ISPENDR, spi[0]);
	CHECK(iar_intid(gic_ack()) == NONE, "an active interrupt was acknowledged");
	gic_set(GIC_ICACTIVER, spi[0]);
	CHECK(!gic_get(GIC_ISACTIVER, spi[0]), "ICACTIVER had no effect");
	uint32_t iar = gic_ack_patient();

	CHECK(iar_intid(iar) == spi[0], "acknowledged %u", iar_intid(iar));
	gic_eoi(iar);
}

static void disable_active(void)
{
	uint32_t iar;

	begin();
	for (unsigned n = 0; n < 20; n++) {
		prepare(0, 0x80);
		gic_set(GIC_ISPENDR, spi[0]);
		iar = gic_ack_patient();
		CHECK(iar_intid(iar) == spi[0], "round %u: acknowledged %u", n, iar_intid(iar));
		gic_disable(spi[0]);
		gic_set_priority(spi[0], 0x40);
		CHECK(gic_get(GIC_ISACTIVER, spi[0]), "disabling ended the active state");
		gic_eoi(iar);
		CHECK(!gic_get(GIC_ISACTIVER, spi[0]), "active after EOI of a disabled one");
	}
}

static void priority_bits(void)
{
	uint8_t mask;

	begin();
	gic_set_priority(spi[0], 0xff);
	mask = gic_get_priority(spi[0]);
	CHECK((mask & 0xf0) == 0xf0, "implemented priority bits 0x%x", mask);
	for (unsigned p = 0; p < 256; p += 8) {
		gic_set_priority(spi[0], (uint8_t)p);
		CHECK(gic_get_priority(spi[0]) == (p & mask), "wrote 0x%x, read 0x%x", p,
		      gic_get_priority(spi[0]));
	}
}

/* Byte accesses touch one interrupt, words four; other widths are the same bytes. */
static void priority_bytes(void)
{
	unsigned first = (spi[0] + 3) & ~3u;
	uintptr_t a = gic.gicd + GIC_IPRIORITYR + first;

	begin();
	mmio_write32(a, 0x40506070);
	CHECK(mmio_read32(a) == 0x40506070, "word reads 0x%x", mmio_read32(a));
	mmio_write8(a + 1, 0x20);
	CHECK(mmio_read32(a) == 0x40502070, "after byte write 0x%x", mmio_read32(a));
	for (unsigned i = 0; i < 4; i++) {
		CHECK(mmio_read8(a + i) == ((0x40502070u >> (8 * i)) & 0xff), "byte %u is 0x%x", i,
		      mmio_read8(a + i));
	}
}

static void target_bytes(void)
{
	unsigned first = (spi[0] + 3) & ~3u;
	uintptr_t a = gic.gicd + GIC_ITARGETSR + first;

	if (gic.version != 2 || cpu_count < 2) {
		skip("GICv2 with several CPUs only");
		return;
	}
	begin();
	mmio_write32(a, 0x01010101);
	mmio_write8(a + 2, cpus[1].gic_mask);
	CHECK(mmio_read32(a) == (0x01000101u | (uint32_t)cpus[1].gic_mask << 16), "reads 0x%x",
	      mmio_read32(a));
	mmio_write8(a, 0xff); /* absent CPUs' bits are RAZ/WI, in QEMU not (H20) */
	CHECK(!strict() || (mmio_read8(a) >> cpu_count) == 0, "targets 0x%x of %u CPUs",
	      mmio_read8(a), cpu_count);
	for (unsigned i = 0; i < 32; i++) {
		CHECK(mmio_read8(gic.gicd + GIC_ITARGETSR + i) == cpus[0].gic_mask ||
			      mmio_read8(gic.gicd + GIC_ITARGETSR + i) == 0,
		      "private %u is for 0x%x", i, mmio_read8(gic.gicd + GIC_ITARGETSR + i));
	}
}

static void router(void)
{
	uintptr_t a = gic.gicd + GICD_IROUTER + 8 * spi[0];

	if (gic.version != 3) {
		skip("GICv3 only");
		return;
	}
	begin();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		mmio_write64(a, cpus[cpu].mpidr);
		CHECK(mmio_read64(a) == cpus[cpu].mpidr, "reads 0x%lx", mmio_read64(a));
		CHECK(mmio_read32(a) == (uint32_t)cpus[cpu].mpidr, "low half");
	}
	mmio_write64(a, 0x0000000000000077ull); /* absent: nobody takes it, nothing dies */
	prepare(1, 0x80);
	gic_enable(spi[0]);
	mmio_write64(a, 0x77);
	gic_set(GIC_ISPENDR, spi[0]);
	CHECK(iar_intid(gic_ack()) == NONE, "taken though for an absent CPU");
	gic_set(GIC_ICPENDR, spi[0]);
}

static void config_bits(void)
{
	begin();
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned edge = 0; edge < 2; edge++) {
			uintptr_t a = gic.gicd + GIC_ICFGR + spi[i] / 16 * 4;

			gic_set_edge(spi[i], edge != 0);
			CHECK(((mmio_read32(a) >> (spi[i] % 16 * 2 + 1)) & 1) == edge,
			      "ICFGR of %u for %u reads 0x%x", spi[i], edge, mmio_read32(a));
		}
	}
}

/* A level interrupt pended by ISPENDR comes once. */
static void level_pended(void)
{
	begin();
	prepare(0, 0x80);
	gic_set_edge(spi[0], false);
	gic_set(GIC_ISPENDR, spi[0]);
	irq_on();
	CHECK(wait_for(taken_count == 1), "did not come");
	delay_us(1000);
	CHECK(taken_count == 1, "came %u times", taken_count);
	irq_off();
}

static void order_of_two(void)
{
	for (unsigned swap = 0; swap < 2; swap++) {
		unsigned high = swap, low = 1 - swap;

		begin();
		prepare(low, 0xa0);
		prepare(high, 0x40);
		gic_set(GIC_ISPENDR, spi[low]);
		gic_set(GIC_ISPENDR, spi[high]);
		CHECK(gic_hppi() == spi[high], "HPPIR is %u", gic_hppi());
		irq_on();
		CHECK(wait_for(taken_count == 2), "%u of 2 came", taken_count);
		CHECK(taken[0] == spi[high] && taken[1] == spi[low], "order %u, %u", taken[0],
		      taken[1]);
		irq_off();
	}
}

static uint8_t scattered(unsigned n)
{
	return (uint8_t)(0x10 + (n * 7 % 14) * 0x10);
}

/* More than any list registers can hold: none lost, none twice, best first (H24). */
static void many_pending(void)
{
	uint64_t seen = 0;
	uint8_t last = 0;

	begin();
	for (unsigned n = 0; n < spi_count; n++) {
		prepare(n, scattered(n));
		gic_set(GIC_ISPENDR, spi[n]);
	}
	for (unsigned got = 0; got < spi_count; got++) {
		uint32_t iar = gic_ack_patient();
		unsigned n = 0;

		while (n < spi_count && spi[n] != iar_intid(iar)) {
			n++;
		}
		if (n == spi_count) {
			fail("after %u of %u came INTID %u", got, spi_count, iar_intid(iar));
			break;
		}
		CHECK(!(seen & BIT(n)), "INTID %u came twice", spi[n]);
		CHECK(scattered(n) >= last, "INTID %u of priority 0x%x after 0x%x", spi[n],
		      scattered(n), last);
		seen |= BIT(n);
		last = scattered(n);
		gic_eoi(iar);
	}
	CHECK(iar_intid(gic_ack()) == NONE, "more than were pended");
	gic_reset_state();
}

/* The same by interrupts, pended from the lowest priority up while being taken. */
static void many_taken(void)
{
	begin();
	for (unsigned n = 0; n < spi_count; n++) {
		prepare(n, scattered(n));
	}
	for (unsigned round = 1; round <= 20; round++) {
		taken_count = 0;
		irq_on();
		for (unsigned n = 0; n < spi_count; n++) {
			gic_set(GIC_ISPENDR, spi[n]);
		}
		CHECK(wait_for(taken_count >= spi_count), "%u of %u came", taken_count, spi_count);
		irq_off();
		CHECK(gic_drain() == 0 && taken_count == spi_count, "%u of %u came", taken_count,
		      spi_count);
	}
	gic_reset_state();
}

/* -- Nesting ---------------------------------------------------------------------------- */
#define DEPTH 10
static volatile unsigned depth_now, depth_max;

static void on_nested(uint32_t iar)
{
	unsigned d = depth_now + 1;

	taken[taken_count] = iar_intid(iar);
	taken_count = taken_count + 1;
	depth_now = d;
	if (d > depth_max) {
		depth_max = d;
	}
	if (d < DEPTH) {
		gic_set(GIC_ISPENDR, spi[d]);
		irq_on();
		CHECK(wait_for(depth_max > d), "no preemption at depth %u", d);
		irq_off();
	}
	depth_now = d - 1;
	gic_eoi(iar);
}

static void nesting(void)
{
	begin();
	depth_now = 0;
	depth_max = 0;
	this_cpu()->irq_hook = on_nested;
	for (unsigned n = 0; n < DEPTH; n++) {
		prepare(n, (uint8_t)(0xe0 - 0x10 * n));
	}
	gic_set(GIC_ISPENDR, spi[0]);
	irq_on();
	CHECK(wait_for(depth_max == DEPTH && depth_now == 0), "depth %u of %u", depth_max, DEPTH);
	CHECK(taken_count == DEPTH, "%u of %u taken", taken_count, DEPTH);
	CHECK(gic_rpr() == 0xff, "running priority 0x%x at the end", gic_rpr());
	irq_off();
	for (unsigned n = 0; n < DEPTH; n++) {
		CHECK(!gic_get(GIC_ISACTIVER, spi[n]), "INTID %u stays active", spi[n]);
	}
}

static void no_preemption_by_equal(void)
{
	uint32_t iar;

	begin();
	prepare(0, 0x80);
	prepare(1, 0x80);
	prepare(2, 0x90);
	prepare(3, 0x70);
	gic_set(GIC_ISPENDR, spi[0]);
	iar = gic_ack_patient();
	CHECK(gic_rpr() == 0x80, "running priority 0x%x", gic_rpr());
	gic_set(GIC_ISPENDR, spi[1]);
	gic_set(GIC_ISPENDR, spi[2]);
	CHECK(iar_intid(gic_ack()) == NONE, "equal or lower priority preempted");
	gic_set(GIC_ISPENDR, spi[3]);
	uint32_t higher = gic_ack_patient();

	CHECK(iar_intid(higher) == spi[3], "higher priority did not preempt: %u",
	      iar_intid(higher));
	CHECK(gic_rpr() == 0x70, "running priority 0x%x", gic_rpr());
	gic_eoi(higher);
	CHECK(gic_rpr() == 0x80, "running priority 0x%x", gic_rpr());
	gic_eoi(iar);
	CHECK(gic_drain() == 2, "the two that waited did not come");
}

/* Priority drop and deactivation apart, deactivated in another order (H25). */
static void split_eoi(void)
{
	uint32_t iar[6];

	begin();
	gic_eoimode(true);
	for (unsigned n = 0; n < 6; n++) {
		prepare(n, 0x80);
		gic_set(GIC_ISPENDR, spi[n]);
	}
	for (unsigned n = 0; n < 6; n++) {
		iar[n] = gic_ack_patient();
		CHECK(iar_intid(iar[n]) < 1020, "number %u is %u", n, iar_intid(iar[n]));
		gic_eoi(iar[n]);
		CHECK(gic_rpr() == 0xff, "running priority 0x%x after the drop", gic_rpr());
	}
	for (unsigned n = 0; n < 6; n++) {
		CHECK(gic_get(GIC_ISACTIVER, spi[n]), "INTID %u ended by the drop", spi[n]);
		gic_set(GIC_ISPENDR, spi[n]);
	}
	CHECK(iar_intid(gic_ack()) == NONE, "an active one taken again");
	for (unsigned n = 0; n < 6; n++) {
		unsigned k = n * 5 % 6; /* 0 5 4 3 2 1 */

		gic_dir(iar[k]);
		CHECK(!gic_get(GIC_ISACTIVER, iar_intid(iar[k])), "INTID %u active after DIR",
		      iar_intid(iar[k]));
		uint32_t again = gic_ack_patient();

		CHECK(iar_intid(again) == iar_intid(iar[k]), "%u came for %u", iar_intid(again),
		      iar_intid(iar[k]));
		gic_eoi(again);
		gic_dir(again);
	}
	gic_eoimode(false);
	gic_reset_state();
}

static void split_eoi_other_cpu_job(void *arg)
{
	gic_eoimode(true);
	gic_dir((uint32_t)(uintptr_t)arg);
	gic_eoimode(false);
}

/* An SPI may be deactivated by another CPU than the one that took it. */
static void dir_elsewhere(void)
{
	uint32_t iar;

	if (cpu_count < 2) {
		skip("one CPU");
		return;
	}
	begin();
	gic_eoimode(true);
	prepare(0, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	iar = gic_ack_patient();
	gic_eoi(iar);
	smp_call(1, split_eoi_other_cpu_job, (void *)(uintptr_t)iar);
	CHECK(wait_for(!gic_get(GIC_ISACTIVER, spi[0])), "DIR on another CPU had no effect");
	gic_set(GIC_ISPENDR, spi[0]);
	iar = gic_ack_patient();
	CHECK(iar_intid(iar) == spi[0], "not again: %u", iar_intid(iar));
	gic_eoi(iar);
	gic_dir(iar);
	gic_eoimode(false);
	gic_reset_state();
}

/* UNPREDICTABLE by the architecture: whatever happens, the GIC works after a reset. */
static void odd_eoi(void)
{
	uint32_t a, b;

	begin();
	prepare(0, 0x80);
	prepare(1, 0x40);
	gic_set(GIC_ISPENDR, spi[0]);
	a = gic_ack_patient();
	gic_set(GIC_ISPENDR, spi[1]);
	b = gic_ack_patient();
	gic_eoi(a);
	gic_eoi(b);
	for (unsigned id = 0; id < 1024; id++) {
		gic_eoi(id);
		gic_dir(id);
	}
	gic_eoi(~0u);
	gic_eoimode(true);
	for (unsigned id = 0; id < 1024; id++) {
		gic_dir(id);
		gic_eoi(id);
	}
	gic_eoimode(false);
	order_of_two();
}

static void spurious(void)
{
	begin();
	for (unsigned i = 0; i < 1000; i++) {
		CHECK(iar_intid(gic_ack()) == NONE, "IAR with nothing pending");
	}
	CHECK(gic_rpr() == 0xff, "running priority 0x%x", gic_rpr());
	CHECK(gic_hppi() == NONE, "HPPIR %u", gic_hppi());
	gic_eoi(NONE);
	order_of_two();
}

static void pmr_extremes(void)
{
	begin();
	gic_pmr(0);
	CHECK(gic_get_pmr() == 0, "PMR reads 0x%x", gic_get_pmr());
	prepare(0, 0);
	prepare(1, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	gic_set(GIC_ISPENDR, spi[1]);
	CHECK(iar_intid(gic_ack()) == NONE, "taken though PMR is 0");
	gic_pmr(0x80);
	uint32_t iar = gic_ack_patient();

	CHECK(iar_intid(iar) == spi[0], "PMR 0x80 lets %u pass", iar_intid(iar));
	gic_eoi(iar);
	CHECK(iar_intid(gic_ack()) == NONE, "priority equal to PMR was taken");
	gic_pmr(0x90);
	iar = gic_ack_patient();
	CHECK(iar_intid(iar) == spi[1], "PMR 0x90 lets %u pass", iar_intid(iar));
	gic_eoi(iar);
	gic_pmr(0xff);
	CHECK((gic_get_pmr() & 0xf0) == 0xf0, "PMR reads 0x%x", gic_get_pmr());
}

/* With BPR 7 all priorities are one group: nothing preempts. */
static void bpr_extremes(void)
{
	uint32_t iar;

	begin();
	gic_bpr(7);
	CHECK(gic_get_bpr() == 7, "BPR reads %u", gic_get_bpr());
	prepare(0, 0x70);
	prepare(1, 0x10);
	gic_set(GIC_ISPENDR, spi[0]);
	iar = gic_ack_patient();
	gic_set(GIC_ISPENDR, spi[1]);
	CHECK(iar_intid(gic_ack()) == NONE, "preempted within a group");
	gic_eoi(iar);
	iar = gic_ack_patient();
	CHECK(iar_intid(iar) == spi[1], "then came %u", iar_intid(iar));
	gic_eoi(iar);
	gic_bpr(0);
	CHECK(gic_get_bpr() <= 4, "smallest BPR is %u", gic_get_bpr());
}

static void ctlr_off(void)
{
	uint32_t on = gic.version == 3 ? 0x13 : 1, off = gic.version == 3 ? 0x10 : 0;

	begin();
	prepare(0, 0x80);
	for (unsigned i = 0; i < 200; i++) {
		mmio_write32(gic.gicd + GICD_CTLR, off);
		dsb();
		gic_set(GIC_ISPENDR, spi[0]);
		CHECK(iar_intid(gic_ack()) == NONE, "taken though the distributor is off");
		mmio_write32(gic.gicd + GICD_CTLR, on);
		dsb();
		uint32_t iar = gic_ack_patient();

		if (iar_intid(iar) != spi[0]) {
			fail("round %u: %u came when switched on", i, iar_intid(iar));
			return;
		}
		gic_eoi(iar);
	}
}

/* -- Several CPUs --------------------------------------------------------------------------- */
static volatile unsigned elsewhere;

static void read_active_job(void *arg)
{
	elsewhere = gic_get(GIC_ISACTIVER, (unsigned)(uintptr_t)arg);
}

static void read_pending_job(void *arg)
{
	elsewhere = gic_get(GIC_ISPENDR, (unsigned)(uintptr_t)arg);
}

static void active_seen_elsewhere(void)
{
	uint32_t iar;

	if (cpu_count < 2) {
		skip("one CPU");
		return;
	}
	begin();
	prepare(0, 0x80);
	gic_set(GIC_ISPENDR, spi[0]);
	smp_call(1, read_pending_job, (void *)(uintptr_t)spi[0]);
	CHECK(elsewhere == 1, "CPU 1 does not see it pending");
	iar = gic_ack_patient();
	smp_call(1, read_active_job, (void *)(uintptr_t)spi[0]);
	CHECK(elsewhere == 1, "CPU 1 does not see it active");
	smp_call(1, read_pending_job, (void *)(uintptr_t)spi[0]);
	CHECK(elsewhere == 0, "CPU 1 sees it pending when active");
	gic_eoi(iar);
	smp_call(1, read_active_job, (void *)(uintptr_t)spi[0]);
	CHECK(elsewhere == 0, "CPU 1 sees it active after EOI");
}

static void take_one_job(void *arg)
{
	uint32_t iar = gic_ack_patient();

	(void)arg;
	elsewhere = iar_intid(iar);
	if (elsewhere < 1020) {
		gic_eoi(iar);
	}
}

static void retarget_pending(void)
{
	if (cpu_count < 2) {
		skip("one CPU");
		return;
	}
	begin();
	for (unsigned round = 0; round < 50; round++) {
		unsigned to = 1 + round % (cpu_count - 1);

		prepare(0, 0x80);
		gic_set(GIC_ISPENDR, spi[0]);
		gic_route(spi[0], to);
		CHECK(iar_intid(gic_ack()) == NONE, "taken here though it is CPU %u's", to);
		smp_call(to, take_one_job, NULL);
		CHECK(elsewhere == spi[0], "round %u: CPU %u took %u", round, to, elsewhere);
	}
}

static volatile unsigned shared_taken;

static void on_shared(uint32_t iar)
{
	__atomic_fetch_add(&shared_taken, 1, __ATOMIC_SEQ_CST);
	gic_eoi(iar);
}

static void hook_job(void *arg)
{
	irq_off();
	this_cpu()->irq_hook = arg ? on_shared : NULL;
	if (arg) {
		irq_on();
	}
}

/* Retargeted all the time while it is taken: each pend is one interrupt. */
static void retarget_running(void)
{
	begin();
	shared_taken = 0;
	prepare(0, 0x80);
	smp_call_all(hook_job, (void *)1);
	for (unsigned n = 1; n <= 1000; n++) {
		gic_route(spi[0], n % cpu_count);
		gic_set(GIC_ISPENDR, spi[0]);
		gic_route(spi[0], (n + 1) % cpu_count);
		if (!wait_for(shared_taken == n)) {
			fail("%u of %u taken", shared_taken, n);
			break;
		}
	}
	smp_call_all(hook_job, NULL);
}

/* -- Registers that must be harmless ----------------------------------------------------------- */
static void reserved(void)
{
	static const unsigned offsets[] = {0x00c, 0x010, 0x020, 0x030, 0x07c, 0xe00, 0xfd0, 0xffc};

	for (unsigned i = 0; i < ARRAY_LEN(offsets); i++) {
		fault_arm();
		(void)mmio_read32(gic.gicd + offsets[i]);
		mmio_write32(gic.gicd + offsets[i], ~0u);
		mmio_write32(gic.gicd + offsets[i], 0);
		fault_disarm();
	}
	begin();
	order_of_two();
}

static void beyond_last_intid(void)
{
	for (unsigned id = gic.irq_count; id < 1024; id += 32) {
		uintptr_t a = gic.gicd + GIC_ISENABLER + id / 8;

		mmio_write32(a, ~0u);
		CHECK(mmio_read32(a) == 0, "ISENABLER of %u reads 0x%x", id, mmio_read32(a));
		mmio_write32(gic.gicd + GIC_ISPENDR + id / 8, ~0u);
		CHECK(mmio_read32(gic.gicd + GIC_ISPENDR + id / 8) == 0, "ISPENDR of %u", id);
	}
	begin();
	order_of_two();
}

static void ppi_banked_job(void *arg)
{
	(void)arg;
	gic_set_priority(20, (uint8_t)(0x10 * (this_cpu()->index + 1)));
}

static void private_banked(void)
{
	begin();
	smp_call_all(ppi_banked_job, NULL);
	CHECK(gic_get_priority(20) == 0x10, "CPU 0's PPI 20 has priority 0x%x",
	      gic_get_priority(20));
}

static void sgi_enable_bits(void)
{
	begin();
	CHECK((mmio_read32(gic_frame(0) + GIC_ISENABLER) & 0xffff) == 0xffff, "SGIs: 0x%x",
	      mmio_read32(gic_frame(0) + GIC_ISENABLER));
	CHECK((mmio_read32(gic_frame(0) + GIC_ICFGR) & 0xaaaaaaaa) == 0xaaaaaaaa,
	      "SGIs are not edge: 0x%x", mmio_read32(gic_frame(0) + GIC_ICFGR));
}

static const struct test tests[] = {
	{"gicd-typer", typer},
	{"gicd-pidr", pidr},
	{"gicd-redistributors-H21", redistributors},
	{"gicd-spis", enough_spis},
	{"gicd-enable-H18", enable_bits},
	{"gicd-pending-H18", pending_bits},
	{"gicd-pend-then-enable-H23", pend_then_enable},
	{"gicd-disable-pending-H23", disable_pending},
	{"gicd-active-H18", active_bits},
	{"gicd-active-by-hand-H23", active_by_hand},
	{"gicd-disable-active-H23", disable_active},
	{"gicd-priority-bits-H18", priority_bits},
	{"gicd-priority-bytes-H16", priority_bytes},
	{"gicd-target-bytes-H16", target_bytes},
	{"gicd-router-H20", router},
	{"gicd-config-H18", config_bits},
	{"gicd-level-pended-H27", level_pended},
	{"gicd-order-H24", order_of_two},
	{"gicd-many-pending-H24", many_pending},
	{"gicd-many-taken-H24", many_taken},
	{"gicd-nesting-H24", nesting},
	{"gicd-equal-priority", no_preemption_by_equal},
	{"gicd-split-eoi-H25", split_eoi},
	{"gicd-dir-elsewhere-H25", dir_elsewhere},
	{"gicd-odd-eoi-H25", odd_eoi},
	{"gicd-spurious-H25", spurious},
	{"gicd-pmr-H26", pmr_extremes},
	{"gicd-bpr-H26", bpr_extremes},
	{"gicd-ctlr-H30", ctlr_off},
	{"gicd-seen-elsewhere", active_seen_elsewhere},
	{"gicd-retarget-pending-H23", retarget_pending},
	{"gicd-retarget-running-H23", retarget_running},
	{"gicd-reserved-H18", reserved},
	{"gicd-beyond-last-H18", beyond_last_intid},
	{"gicd-private-banked", private_banked},
	{"gicd-sgi-bits", sgi_enable_bits},
};

void payload_main(void)
{
	smp_start_all();
	find_spis();
	run_tests(tests, ARRAY_LEN(tests));
}
