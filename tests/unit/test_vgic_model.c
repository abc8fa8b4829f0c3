/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vgic.c against a model: random sources, guests and changes, from fixed
 * seeds. The model knows of each interrupt whether it is pending and where it is
 * active; how that fits into list registers is none of its business.
 *
 * "strict" serves all kicks after each step, so what a vCPU takes is known.
 * "late" serves them now and then: what is taken may have been withdrawn just
 * before, or two edges may not have met; but nothing is lost, made up, or in two places.
 */
#include "tests/unit/fake_vm.h"

#define STEPS      60000U
#define SGIS       4
#define SPI_FIRST  44U
#define SPI_LAST   63U /* 44..49 levels, 50..59 edges, 60, 62 hw levels, 61, 63 hw edges */
#define SLOTS_EACH 4
#define NOBODY     0xff

/* What the model knows of an interrupt; private ones have one for each vCPU. */
struct truth {
	bool enabled;
	bool pending;    /* edge, software, or linked and fired */
	uint8_t senders; /* GICv2 SGI: pending, for each sender */
	uint8_t active;  /* vCPU that handles it, or NOBODY */
	uint8_t target;  /* vCPU, SPIs only */
	uint8_t priority;
	unsigned int credit; /* edges not yet taken: no more deliveries than edges */
};

static struct truth sgi[VCPUS][SGIS];
static struct truth timer[VCPUS];
static struct truth spi[GUEST_INTIDS];
/* What each vCPU handles, the last taken last. */
static uint32_t handled[VCPUS][GUEST_INTIDS];
static unsigned int depth[VCPUS];
static bool is_strict;
static unsigned int deliveries;

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % n;
}

static bool is_hw(uint32_t intid)
{
	return intid == GUEST_VTIMER_INTID || (intid >= HW_LEVEL && intid <= SPI_LAST);
}

static bool is_level(uint32_t intid)
{
	return intid == GUEST_VTIMER_INTID || (intid >= SPI_FIRST && intid < EDGE) ||
	       intid == HW_LEVEL || intid == HW_LEVEL + 2;
}

static struct truth *truth_of(unsigned int vcpu, uint32_t intid)
{
	if (intid < VGIC_SGIS) {
		return &sgi[vcpu][intid];
	}
	return intid < VGIC_PRIVATE ? &timer[vcpu] : &spi[intid];
}

static bool line_of(uint32_t intid)
{
	return is_level(intid) && !is_hw(intid) && vgic_find(&vm, NULL, intid)->line;
}

static bool is_pending(unsigned int vcpu, uint32_t intid)
{
	const struct truth *t = truth_of(vcpu, intid);

	return t->pending || t->senders || (intid >= SPI_FIRST && line_of(intid));
}

static bool is_online(unsigned int vcpu)
{
	return fake.current[vcpu] != NULL;
}

/* Should the vCPU see it? */
static bool is_wanted(unsigned int vcpu, uint32_t intid)
{
	const struct truth *t = truth_of(vcpu, intid);

	return t->enabled && t->active == NOBODY && is_pending(vcpu, intid) &&
	       (intid < VGIC_PRIVATE || t->target == vcpu);
}

/* The interrupts of the model, one after the other; FAKE_NONE ends it. */
static uint32_t next_intid(uint32_t intid)
{
	if (intid == SGIS - 1) {
		return GUEST_VTIMER_INTID;
	}
	if (intid == GUEST_VTIMER_INTID) {
		return SPI_FIRST;
	}
	return intid == SPI_LAST ? FAKE_NONE : intid + 1;
}

static void raise(struct truth *t)
{
	t->pending = true;
	t->credit++;
}

static void on_fire(unsigned int cpu, uint32_t intid)
{
	raise(truth_of(cpu, intid));
}

/* -- invariants (I12) ----------------------------------------------------------------------- */

static void check_list_registers(unsigned int cpu)
{
	const struct vgic_cpu *c = &vm.vcpus[cpu].vgic;

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		uint64_t lr = fake_gic.cpu[cpu].lr[n];
		const struct virq *irq = vgic_find(&vm, &vm.vcpus[cpu], c->lr_intid[n]);

		if (!(c->used & BIT(n))) {
			assert_int_equal(lr & LR_STATE, 0);
			continue;
		}
		/* the interrupt knows this list register, so it cannot be in two */
		assert_int_equal(irq->lr, n);
		assert_int_equal(irq->holder, cpu);
		assert_false(irq->spilled);
		if (lr & LR_STATE) {
			assert_int_equal(LR_INTID(lr), c->lr_intid[n]);
		}
	}
}

static void check_interrupt(unsigned int cpu, uint32_t intid)
{
	const struct virq *irq = vgic_find(&vm, &vm.vcpus[cpu], intid);
	const struct vgic_cpu *c = &vm.vcpus[cpu].vgic;

	if (irq->lr != VIRQ_NO_LR) {
		assert_true(vm.vcpus[irq->holder].vgic.used & BIT(irq->lr));
		assert_int_equal(vm.vcpus[irq->holder].vgic.lr_intid[irq->lr], intid);
	} else if (is_strict && is_online(cpu) && is_wanted(cpu, intid)) {
		assert_true(c->waiting[intid / 64] & BIT(intid % 64));
		assert_true(c->waits);
	}
	assert_true(!irq->spilled || irq->active);
}

static void check(void)
{
	unsigned int spilled[VCPUS] = {0};

	for (unsigned int cpu = 0; cpu < VCPUS; cpu++) {
		check_list_registers(cpu);
		for (uint32_t i = 0; i != FAKE_NONE; i = next_intid(i)) {
			const struct virq *irq = vgic_find(&vm, &vm.vcpus[cpu], i);

			check_interrupt(cpu, i);
			if (irq->spilled && (i < VGIC_PRIVATE || cpu == 0)) {
				spilled[irq->holder]++;
			}
		}
	}
	for (unsigned int cpu = 0; cpu < VCPUS; cpu++) {
		assert_int_equal(vm.vcpus[cpu].vgic.spilled_count, spilled[cpu]);
	}
	assert_false(spin_is_held(&vm.vgic.lock));
}

/* Ask as a guest does, from a random vCPU. */
static void check_state_of(uint32_t intid)
{
	const struct truth *t = truth_of(fake.cpu, intid);

	assert_int_equal(operate(intid, VGIC_GET_ACTIVE), t->active != NOBODY);
	if (!is_hw(intid)) {
		assert_int_equal(operate(intid, VGIC_GET_PENDING), is_pending(fake.cpu, intid));
	}
}

/* -- steps ------------------------------------------------------------------------------------ */

static unsigned int most_urgent(unsigned int vcpu)
{
	unsigned int best = 0x100;

	for (uint32_t i = 0; i != FAKE_NONE; i = next_intid(i)) {
		if (is_wanted(vcpu, i)) {
			best = MIN(best, truth_of(vcpu, i)->priority);
		}
	}
	return best;
}

static void check_taken(unsigned int vcpu, uint32_t intid, unsigned int running)
{
	unsigned int expected = most_urgent(vcpu);

	if (!is_strict) {
		return;
	}
	if (expected >= running) {
		assert_int_equal(intid, FAKE_NONE);
		return;
	}
	assert_int_not_equal(intid, FAKE_NONE);
	assert_true(is_wanted(vcpu, intid));
	assert_int_equal(truth_of(vcpu, intid)->priority, expected);
}

static bool guest_takes(unsigned int vcpu)
{
	unsigned int running = fake_running(vcpu);
	uint32_t intid = fake_take(vcpu);
	struct truth *t;

	check_taken(vcpu, intid, running);
	if (intid == FAKE_NONE) {
		return false;
	}
	t = truth_of(vcpu, intid);
	assert_int_equal(t->active, NOBODY);
	if (is_strict && intid < VGIC_SGIS && vm.vgic.version == GIC_V2) {
		assert_true(t->senders & BIT(fake_gic.cpu[vcpu].source));
	}
	if (!is_level(intid) || is_hw(intid)) {
		assert_true(t->credit-- > 0);
	}
	t->senders &= (uint8_t)~BIT(fake_gic.cpu[vcpu].source);
	t->pending = false;
	t->active = (uint8_t)vcpu;
	handled[vcpu][depth[vcpu]++] = intid;
	deliveries++;
	return true;
}

static bool guest_ends(unsigned int vcpu, bool split)
{
	uint32_t intid;

	if (depth[vcpu] == 0) {
		return false;
	}
	intid = handled[vcpu][--depth[vcpu]];
	truth_of(vcpu, intid)->active = NOBODY;
	if (split) {
		fake_drop(vcpu);
		vgic_deactivate(&vm.vcpus[vcpu], intid);
	} else {
		fake_end(vcpu, intid);
	}
	return true;
}

static void guest_sends_sgi(unsigned int from)
{
	unsigned int to = random_below(VCPUS);
	uint32_t intid = random_below(SGIS);

	vgic_send_sgi(&vm.vcpus[from], BIT(to),
		      (struct vgic_sgi){(uint8_t)intid, (uint8_t)from, false});
	if (vm.vgic.version == GIC_V2) {
		sgi[to][intid].senders |= (uint8_t)BIT(from);
		sgi[to][intid].credit++;
	} else {
		raise(&sgi[to][intid]);
	}
}

static uint32_t random_spi(void)
{
	return SPI_FIRST + random_below(SPI_LAST - SPI_FIRST + 1);
}

static void source_acts(void)
{
	uint32_t intid = random_below(8) ? random_spi() : GUEST_VTIMER_INTID;
	unsigned int cpu = random_below(VCPUS);

	if (is_hw(intid) && is_level(intid)) {
		fake_phys(cpu, intid)->line ^= true;
	} else if (is_hw(intid)) {
		fake_phys(cpu, intid)->pending = true;
	} else if (is_level(intid)) {
		vgic_set_line(&vm, intid, random_below(2));
	} else {
		pulse(intid);
		raise(&spi[intid]);
	}
}

static void guest_enables(unsigned int vcpu)
{
	static const uint32_t private[] = {0, 1, 2, 3, GUEST_VTIMER_INTID};
	uint32_t intid = random_below(4) ? random_spi() : private[random_below(5)];
	struct truth *t = truth_of(vcpu, intid);

	t->enabled = random_below(4) != 0;
	if (t->enabled) {
		enable(intid);
	} else {
		disable(intid);
		/* a timer's line is asked again when it is enabled */
		t->pending &= intid != GUEST_VTIMER_INTID;
	}
}

static void guest_retargets(void)
{
	uint32_t intid = random_spi();
	unsigned int to = random_below(VCPUS + 1);

	target(intid, to < VCPUS ? (unsigned int)BIT(to) : 0);
	spi[intid].target = to < VCPUS ? (uint8_t)to : NOBODY;
}

/* Only while it rests: hardware need not look at the new value before. */
static void guest_reprioritises(unsigned int vcpu)
{
	uint32_t intid = random_spi();

	if (spi[intid].active == NOBODY && !is_pending(vcpu, intid) && is_strict) {
		spi[intid].priority = (uint8_t)(random_below(32) * 8);
		set_priority(intid, spi[intid].priority);
	}
}

static void guest_forces(void)
{
	uint32_t intid = random_spi();
	bool set = random_below(2);

	if (is_hw(intid)) {
		if (set) {
			(void)operate(intid, VGIC_SET_PENDING);
		}
		return;
	}
	if (!set && !is_strict) {
		return;
	}
	(void)operate(intid, set ? VGIC_SET_PENDING : VGIC_CLEAR_PENDING);
	spi[intid].pending = set;
	spi[intid].credit += set;
}

static unsigned int random_online(void)
{
	unsigned int vcpu = random_below(VCPUS);

	return is_online(vcpu) ? vcpu : 0;
}

/* CPU_OFF with nothing in hand, and CPU_ON. vCPU 0 stays. */
static void vcpu_comes_or_goes(void)
{
	unsigned int vcpu = 1 + random_below(VCPUS - 1);

	if (!is_online(vcpu)) {
		go_online(vcpu);
	} else if (depth[vcpu] == 0) {
		go_offline(vcpu);
		timer[vcpu].pending = false;
	}
}

static void step(void)
{
	unsigned int vcpu = random_online();

	(void)fake_on_cpu(vcpu);
	if (random_below(64) == 0) {
		vcpu_comes_or_goes();
		return;
	}
	switch (random_below(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		(void)guest_takes(vcpu);
		break;
	case 4:
	case 5:
	case 6:
		(void)guest_ends(vcpu, false);
		break;
	case 7:
		(void)guest_ends(vcpu, true);
		break;
	case 8:
		guest_sends_sgi(vcpu);
		break;
	case 9:
		guest_enables(vcpu);
		break;
	case 10:
		guest_retargets();
		break;
	case 11:
		guest_forces();
		break;
	case 12:
		guest_reprioritises(vcpu);
		break;
	default:
		source_acts();
		break;
	}
}

/* -- the end: everything is let through, and nothing is left ------------------------------------- */

static void open_everything(void)
{
	for (unsigned int cpu = 0; cpu < VCPUS; cpu++) {
		(void)fake_on_cpu(cpu);
		if (!is_online(cpu)) {
			go_online(cpu);
		}
		for (uint32_t i = 0; i != FAKE_NONE; i = next_intid(i)) {
			truth_of(cpu, i)->enabled = true;
			enable(i);
			if (is_level(i)) {
				fake_phys(cpu, i)->line = false;
			}
			if (i >= SPI_FIRST) {
				target(i, 1);
				spi[i].target = 0;
				if (!is_hw(i) && is_level(i)) {
					vgic_set_line(&vm, i, false);
				}
			}
		}
	}
}

static void drain(void)
{
	open_everything();
	fake_settle(&vm);
	for (unsigned int idle = 0, cpu = 0; idle < VCPUS; cpu = (cpu + 1) % VCPUS) {
		(void)fake_on_cpu(cpu);
		idle = guest_ends(cpu, false) || guest_takes(cpu) ? 0 : idle + 1;
		fake_settle(&vm);
		check();
	}
	for (unsigned int cpu = 0; cpu < VCPUS; cpu++) {
		(void)fake_on_cpu(cpu);
		for (uint32_t i = 0; i != FAKE_NONE; i = next_intid(i)) {
			assert_false(is_pending(cpu, i));
			assert_false(operate(i, VGIC_GET_PENDING));
			assert_false(operate(i, VGIC_GET_ACTIVE));
			assert_false(fake_phys(cpu, i)->active);
		}
		assert_int_equal(vm.vcpus[cpu].vgic.spilled_count, 0);
	}
}

static void begin(enum gic_version version, unsigned int lr_count, uint64_t the_seed)
{
	seed = the_seed;
	start(version, lr_count);
	fake_gic.on_fire = on_fire;
	vgic_own_spi(&vm, HW_LEVEL + 2, false);
	vgic_own_spi(&vm, HW_LEVEL + 3, true);
	memset(depth, 0, sizeof(depth));
	deliveries = 0;
	for (unsigned int cpu = 0; cpu < VCPUS; cpu++) {
		(void)fake_on_cpu(cpu);
		for (uint32_t i = 0; i != FAKE_NONE; i = next_intid(i)) {
			struct truth *t = truth_of(cpu, i);

			*t = (struct truth){.enabled = true, .active = NOBODY};
			t->priority = (uint8_t)(random_below(32) * 8);
			set_priority(i, t->priority);
			enable(i);
			if (i >= SPI_FIRST) {
				target(i, (unsigned int)BIT(cpu));
				t->target = (uint8_t)cpu;
			}
		}
	}
	fake_settle(&vm);
}

static void run(enum gic_version version, unsigned int lr_count, uint64_t the_seed)
{
	begin(version, lr_count, the_seed);
	for (unsigned int i = 0; i < STEPS; i++) {
		step();
		if (is_strict || random_below(4) == 0) {
			fake_settle(&vm);
		}
		check();
		if (is_strict) {
			(void)fake_on_cpu(random_online());
			check_state_of(random_spi());
		}
	}
	drain();
	assert_true(deliveries > STEPS / 20);
}

static void test_strict_gicv2_four_list_registers(void **state)
{
	(void)state;
	is_strict = true;
	run(GIC_V2, 4, 0x9e3779b97f4a7c15);
}

static void test_strict_gicv3_four_list_registers(void **state)
{
	(void)state;
	is_strict = true;
	run(GIC_V3, 4, 0x2545f4914f6cdd1d);
}

static void test_strict_one_list_register(void **state)
{
	(void)state;
	is_strict = true;
	run(GIC_V2, 1, 0xdeadbeefcafe);
}

static void test_strict_sixteen_list_registers(void **state)
{
	(void)state;
	is_strict = true;
	run(GIC_V3, 16, 0x123456789abcdef);
}

static void test_late_gicv2_four_list_registers(void **state)
{
	(void)state;
	is_strict = false;
	run(GIC_V2, 4, 0x853c49e6748fea9b);
}

static void test_late_gicv3_two_list_registers(void **state)
{
	(void)state;
	is_strict = false;
	run(GIC_V3, 2, 0xda3e39cb94b95bdb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strict_gicv2_four_list_registers),
		cmocka_unit_test(test_strict_gicv3_four_list_registers),
		cmocka_unit_test(test_strict_one_list_register),
		cmocka_unit_test(test_strict_sixteen_list_registers),
		cmocka_unit_test(test_late_gicv2_four_list_registers),
		cmocka_unit_test(test_late_gicv3_two_list_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
