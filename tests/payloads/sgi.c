/* SPDX-License-Identifier: Apache-2.0 */
/* Software-generated interrupts between all CPUs (H17, H22, H28). */
#include "tests/payloads/lib/payload.h"

#define STORM 1000

/* Per CPU: which SGIs came, and (v2) from which CPU interfaces. */
static unsigned came[CPU_MAX][16];
static unsigned sources[CPU_MAX][16];

static void on_sgi(uint32_t iar)
{
	unsigned cpu = this_cpu()->index, id = iar_intid(iar);

	if (id < 16) {
		sources[cpu][id] |= 1u << iar_source(iar);
		__atomic_fetch_add(&came[cpu][id], 1, __ATOMIC_RELEASE);
	}
	gic_eoi(iar);
}

static void listen_job(void *arg)
{
	irq_off();
	gic_drain();
	this_cpu()->irq_hook = on_sgi;
	if (arg) {
		irq_on();
	}
}

static void quiet_job(void *arg)
{
	(void)arg;
	irq_off();
	gic_drain();
	this_cpu()->irq_hook = NULL;
}

static void begin(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++) {
		for (unsigned id = 0; id < 16; id++) {
			came[i][id] = 0;
			sources[i][id] = 0;
		}
	}
	smp_call_all(listen_job, (void *)1);
}

static void end(void)
{
	smp_call_all(quiet_job, NULL);
}

static unsigned count(unsigned cpu, unsigned id)
{
	return __atomic_load_n(&came[cpu][id], __ATOMIC_ACQUIRE);
}

static void to_one(unsigned cpu, unsigned id)
{
	unsigned before = count(cpu, id);

	gic_sgi(cpu, id);
	CHECK(wait_for(count(cpu, id) == before + 1), "SGI %u to CPU %u came %u times of 1", id,
	      cpu, count(cpu, id) - before);
}

static void all_ids(void)
{
	begin();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		for (unsigned id = 0; id < 16; id++) {
			to_one(cpu, id);
		}
	}
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		for (unsigned id = 0; id < 16; id++) {
			CHECK(count(cpu, id) == 1, "CPU %u took SGI %u %u times", cpu, id,
			      count(cpu, id));
		}
	}
	end();
}

static void others(void)
{
	begin();
	for (unsigned n = 1; n <= 20; n++) {
		gic_sgi_others(5);
		for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
			CHECK(wait_for(count(cpu, 5) == n), "CPU %u took %u of %u", cpu,
			      count(cpu, 5), n);
		}
	}
	CHECK(count(0, 5) == 0, "the sender took its own broadcast");
	end();
}

static void self_v2(void)
{
	if (gic.version != 2) {
		skip("GICv2 only");
		return;
	}
	begin();
	mmio_write32(GICD_BASE + GICD_SGIR, 2u << 24 | 0xff << 16 | 9);
	CHECK(wait_for(count(0, 9) == 1), "no SGI to self");
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		CHECK(count(cpu, 9) == 0, "CPU %u took it too", cpu);
	}
	end();
}

static void list_v2(void)
{
	uint32_t list = 0;

	if (gic.version != 2) {
		skip("GICv2 only");
		return;
	}
	begin();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		list |= cpus[cpu].gic_mask;
	}
	mmio_write32(GICD_BASE + GICD_SGIR, list << 16 | 3);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		CHECK(wait_for(count(cpu, 3) == 1), "CPU %u of list 0x%x took none", cpu, list);
		CHECK(sources[cpu][3] == 1u << 0, "sources of CPU %u: 0x%x", cpu, sources[cpu][3]);
	}
	end();
}

static void list_v3(void)
{
	if (gic.version != 3) {
		skip("GICv3 only");
		return;
	}
	begin();
	dsb();
	sysreg_write(icc_sgi1r_el1, (BIT(cpu_count) - 1) | 3ull << 24);
	isb();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		CHECK(wait_for(count(cpu, 3) == 1), "CPU %u of the list took none", cpu);
	}
	end();
}

static void send_job(void *arg)
{
	gic_sgi(0, (unsigned)(uintptr_t)arg);
}

/* Several CPUs send one SGI to CPU 0 before it takes any: v2 delivers each. */
static void many_sources(void)
{
	unsigned want = gic.version == 2 ? cpu_count : 1, mask = 0;

	begin();
	irq_off();
	smp_call_all(send_job, (void *)7);
	CHECK(gic_get(GIC_ISPENDR, 7), "SGI 7 is not pending");
	irq_on();
	wait_for(count(0, 7) >= want);
	delay_us(1000);
	CHECK(count(0, 7) == want, "%u of %u came", count(0, 7), want);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		mask |= 1u << __builtin_ctz(cpus[cpu].gic_mask | 0x100u);
	}
	CHECK(gic.version == 3 || sources[0][7] == mask, "sources 0x%x of 0x%x", sources[0][7],
	      mask);
	end();
}

static void priorities(void)
{
	static const uint8_t prio[] = {0x80, 0x20, 0x60, 0x40, 0x10, 0x70, 0x30, 0x50};
	static const uint8_t order[] = {4, 1, 6, 3, 7, 2, 5, 0};

	irq_off();
	for (unsigned id = 0; id < 8; id++) {
		gic_set_priority(id, prio[id]);
		gic_sgi(0, id);
	}
	for (unsigned i = 0; i < 8; i++) {
		uint32_t iar = gic_ack_patient();

		CHECK(iar_intid(iar) == order[i], "number %u was SGI %u, not %u", i, iar_intid(iar),
		      order[i]);
		if (iar_intid(iar) < 1020) {
			gic_eoi(iar);
		}
	}
	gic_reset_state();
}

static void masked_then_taken(void)
{
	begin();
	irq_off();
	for (unsigned id = 0; id < 16; id++) {
		gic_sgi(0, id);
		gic_sgi(0, id); /* pending already: merges */
	}
	irq_on();
	for (unsigned id = 0; id < 16; id++) {
		CHECK(wait_for(count(0, id) == 1), "SGI %u came %u times", id, count(0, id));
	}
	end();
}

/* Each CPU sends to its neighbour and waits until it is taken, all at once. */
static void storm_job(void *arg)
{
	unsigned me = this_cpu()->index, next = (me + 1) % cpu_count;

	(void)arg;
	for (unsigned n = 1; n <= STORM; n++) {
		gic_sgi(next, 1);
		if (!wait_for(count(next, 1) >= n)) {
			fail("CPU %u to %u: %u of %u", me, next, count(next, 1), n);
			return;
		}
	}
}

static void storm(void)
{
	begin();
	smp_call_all(storm_job, NULL);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		CHECK(count(cpu, 1) == STORM, "CPU %u took %u", cpu, count(cpu, 1));
	}
	end();
}

static void flood_job(void *arg)
{
	uint64_t seed = 0x9e3779b97f4a7c15ull + this_cpu()->index;

	(void)arg;
	for (unsigned n = 0; n < STORM; n++) {
		uint64_t r = random_next(&seed);

		if (r & 0x100) {
			gic_sgi_others(r & 0xf);
		} else {
			gic_sgi((r >> 4) % cpu_count, r & 0xf);
		}
	}
}

static void flood(void)
{
	begin();
	smp_call_all(flood_job, NULL);
	end();
	all_ids();
}

/* All values of filter, list and INTID; the reserved filter by name. */
static void sgir_all(void)
{
	if (gic.version != 2) {
		skip("GICv2 only");
		return;
	}
	begin();
	mmio_write32(GICD_BASE + GICD_SGIR, 3u << 24 | 0xffu << 16);
	for (uint32_t v = 0; v < 16384; v++) {
		mmio_write32(GICD_BASE + GICD_SGIR,
			     (v >> 12) << 24 | ((v >> 4) & 0xff) << 16 | (v & 0xf));
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		mmio_write32(GICD_BASE + GICD_SGIR, 1u << bit);
	}
	end();
	all_ids();
}

static void sgi1r_all(void)
{
	static const uint64_t odd[] = {
		0xffffull,
		BIT(16) | 0xffff,
		BIT(32) | 0xffff,
		BIT(48) | 0xffff,
		BIT(44) | 0xffff,
		0xfull << 44 | 1,
		0xffull << 16 | 1,
		0xffull << 32 | 1,
		0xffull << 48 | 1,
		BIT(40) | 0xffff,
		BIT(41) | 1,
		~0ull,
		0,
	};

	if (gic.version != 3) {
		skip("GICv3 only");
		return;
	}
	begin();
	for (unsigned i = 0; i < ARRAY_LEN(odd); i++) {
		for (uint64_t id = 0; id < 16; id++) {
			sysreg_write(icc_sgi1r_el1, (odd[i] & ~(0xfull << 24)) | id << 24);
		}
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		sysreg_write(icc_sgi1r_el1, 1ull << bit);
	}
	end();
	all_ids();
}

static void absent_cpus(void)
{
	begin();
	if (gic.version == 2) {
		uint32_t list = 0xff;

		for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
			list &= ~(uint32_t)cpus[cpu].gic_mask;
		}
		mmio_write32(GICD_BASE + GICD_SGIR, list << 16 | 4);
	} else {
		sysreg_write(icc_sgi1r_el1, (0xffffull & ~(BIT(cpu_count) - 1)) | 4ull << 24);
		sysreg_write(icc_sgi1r_el1, 1 | 4ull << 24 | 1ull << 16);
	}
	isb();
	delay_us(1000);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		CHECK(count(cpu, 4) == 0, "CPU %u took an SGI for an absent one", cpu);
	}
	end();
}

static void disabled_id(void)
{
	begin();
	gic_disable(6);
	if (gic_get(GIC_ISENABLER, 6)) {
		skip("SGIs are always enabled here");
	} else {
		gic_sgi(0, 6);
		delay_us(1000);
		CHECK(count(0, 6) == 0, "a disabled SGI came");
		gic_enable(6);
		CHECK(wait_for(count(0, 6) == 1), "not after enabling");
	}
	gic_enable(6);
	end();
}

/* The pending state of SGIs by source: GICD_SPENDSGIR, GICD_CPENDSGIR. */
static void pend_registers_v2(void)
{
	if (gic.version != 2) {
		skip("GICv2 only");
		return;
	}
	begin();
	irq_off();
	mmio_write8(GICD_BASE + GICD_SPENDSGIR + 2, 1);
	CHECK(gic_get(GIC_ISPENDR, 2), "SPENDSGIR did not make SGI 2 pending");
	CHECK(mmio_read8(GICD_BASE + GICD_CPENDSGIR + 2) == 1, "CPENDSGIR reads 0x%x",
	      mmio_read8(GICD_BASE + GICD_CPENDSGIR + 2));
	mmio_write8(GICD_BASE + GICD_CPENDSGIR + 2, 1);
	CHECK(!gic_get(GIC_ISPENDR, 2), "CPENDSGIR did not clear SGI 2");
	irq_on();
	delay_us(500);
	CHECK(count(0, 2) == 0, "a cleared SGI came");
	mmio_write8(GICD_BASE + GICD_SPENDSGIR + 2, 1);
	CHECK(wait_for(count(0, 2) == 1), "an SGI set by SPENDSGIR did not come");
	end();
}

static const struct test tests[] = {
	{"sgi-all-ids-H17", all_ids},
	{"sgi-others-H17", others},
	{"sgi-self-v2-H17", self_v2},
	{"sgi-list-v2-H17", list_v2},
	{"sgi-list-v3-H28", list_v3},
	{"sgi-many-sources-H17", many_sources},
	{"sgi-priorities", priorities},
	{"sgi-masked-H17", masked_then_taken},
	{"sgi-disabled", disabled_id},
	{"sgi-pend-registers-v2", pend_registers_v2},
	{"sgi-absent-cpus-H20", absent_cpus},
	{"sgi-storm-H22", storm},
	{"sgi-flood-H22", flood},
	{"sgi-sgir-all-H17", sgir_all},
	{"sgi-sgi1r-all-H28", sgi1r_all},
};

void payload_main(void)
{
	smp_start_all();
	run_tests(tests, ARRAY_LEN(tests));
}
