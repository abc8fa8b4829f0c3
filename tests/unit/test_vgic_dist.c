/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's and redistributors' registers, as a guest sees them. */
#include "tests/unit/fake_vm.h"

#define CTLR        0x000
#define TYPER       0x004
#define IIDR        0x008
#define IGROUPR     0x080
#define ISENABLER   0x100
#define ICENABLER   0x180
#define ISPENDR     0x200
#define ICPENDR     0x280
#define ISACTIVER   0x300
#define ICACTIVER   0x380
#define IPRIORITYR  0x400
#define ITARGETSR   0x800
#define ICFGR       0xc00
#define SGIR        0xf00
#define CPENDSGIR   0xf10
#define SPENDSGIR   0xf20
#define IROUTER     0x6000
#define SGI_BASE    0x10000
#define REDIST_SIZE 0x20000

static uint64_t access(uint64_t offset, unsigned int size, bool write, uint64_t value)
{
	struct mmio_op op = {.offset = (uint32_t)offset, .size = (uint8_t)size, .write = write};

	value = (vm.vgic.version == GIC_V2 ? vgic_dist_v2_access : vgic_dist_v3_access)(
		&vm.vcpus[fake.cpu], &vm, op, value);
	assert_false(spin_is_held(&vm.vgic.lock));
	return write ? 0 : value;
}

static uint64_t read32(uint64_t offset)
{
	return access(offset, 4, false, 0x5a5a5a5a);
}

static void write32(uint64_t offset, uint64_t value)
{
	(void)access(offset, 4, true, value);
}

static uint64_t redist(uint64_t offset, unsigned int size, bool write, uint64_t value)
{
	struct mmio_op op = {.offset = (uint32_t)offset, .size = (uint8_t)size, .write = write};

	value = vgic_redist_access(&vm.vcpus[fake.cpu], &vm, op, value);
	assert_false(spin_is_held(&vm.vgic.lock));
	return write ? 0 : value;
}

/* The word and the bit of an interrupt in a register of one bit each. */
static uint64_t word(uint64_t base, uint32_t intid)
{
	return base + intid / 32 * 4;
}

static uint64_t bit(uint32_t intid)
{
	return BIT(intid % 32);
}

static int setup_fresh_v2(void **state)
{
	(void)setup_v2(state);
	vgic_reset(&vm);
	return 0;
}

static int setup_fresh_v3(void **state)
{
	(void)setup_v3(state);
	vgic_reset(&vm);
	return 0;
}

/* -- identification ------------------------------------------------------------------------- */

static void test_identifies_itself(void **state)
{
	(void)state;
	assert_int_equal(read32(TYPER), (GUEST_INTIDS / 32 - 1) | (VCPUS - 1) << 5);
	assert_int_equal(read32(IIDR), 0x43b);
	assert_int_equal(read32(0xfe8), 0x2b);
	assert_int_equal(read32(CTLR), 0);
}

static void test_gicv3_identifies_itself(void **state)
{
	(void)state;
	/* nine bits of INTID, no 1 of N, no LPIs (H29) */
	assert_int_equal(read32(TYPER), (GUEST_INTIDS / 32 - 1) | 9 << 19 | BIT(25));
	assert_int_equal(read32(0xffe8), 0x3b);
	assert_int_equal(read32(CTLR), BIT(4) | BIT(6)); /* ARE and DS, fixed */
	write32(CTLR, 0);
	assert_int_equal(read32(CTLR), BIT(4) | BIT(6));
}

static void test_control_keeps_the_group_enables_alone(void **state)
{
	(void)state;
	write32(CTLR, 0xffffffff);
	assert_int_equal(read32(CTLR), 3);
	write32(CTLR, 2);
	assert_int_equal(read32(CTLR), 2);
}

static void test_identification_cannot_be_written(void **state)
{
	uint64_t typer = read32(TYPER);

	(void)state;
	write32(TYPER, 0);
	write32(0xfe8, 0);
	assert_int_equal(read32(TYPER), typer);
	assert_int_equal(read32(0xfe8), 0x2b);
}

/* -- one bit for each interrupt ---------------------------------------------------------------- */

static void test_reset_state(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < GUEST_INTIDS; i += 32) {
		assert_int_equal(read32(word(IGROUPR, i)), 0);
		assert_int_equal(read32(word(ISENABLER, i)), 0);
		assert_int_equal(read32(word(ISPENDR, i)), 0);
		assert_int_equal(read32(word(ISACTIVER, i)), 0);
		assert_int_equal(read32(IPRIORITYR + i), 0);
	}
	assert_int_equal(read32(ICFGR), 0xaaaaaaaa); /* SGIs are edges */
	assert_int_equal(read32(ICFGR + 4), 0);
}

static void test_enable_bits_set_and_clear(void **state)
{
	(void)state;
	write32(word(ISENABLER, 40), bit(40) | bit(50));
	assert_int_equal(read32(word(ISENABLER, 40)), bit(40) | bit(50));
	assert_int_equal(read32(word(ICENABLER, 40)), bit(40) | bit(50));
	write32(word(ICENABLER, 40), bit(40));
	assert_int_equal(read32(word(ISENABLER, 40)), bit(50));
	write32(word(ISENABLER, 40), 0);
	assert_int_equal(read32(word(ISENABLER, 40)), bit(50));
}

static void test_private_bits_are_banked(void **state)
{
	(void)state;
	write32(ISENABLER, bit(3) | bit(GUEST_VTIMER_INTID));
	(void)fake_on_cpu(1);
	assert_int_equal(read32(ISENABLER), 0);
	write32(word(ISENABLER, 40), bit(40));
	(void)fake_on_cpu(0);
	assert_int_equal(read32(ISENABLER), bit(3) | bit(GUEST_VTIMER_INTID));
	assert_int_equal(read32(word(ISENABLER, 40)), bit(40));
}

static void test_pending_and_active_bits(void **state)
{
	(void)state;
	write32(word(ISPENDR, 50), bit(50));
	assert_int_equal(read32(word(ISPENDR, 50)), bit(50));
	assert_int_equal(read32(word(ICPENDR, 50)), bit(50));
	write32(word(ICPENDR, 50), bit(50));
	assert_int_equal(read32(word(ISPENDR, 50)), 0);
	write32(word(ISACTIVER, 50), bit(50));
	assert_int_equal(read32(word(ICACTIVER, 50)), bit(50));
	write32(word(ICACTIVER, 50), bit(50));
	assert_int_equal(read32(word(ISACTIVER, 50)), 0);
}

static void test_ispendr_delivers(void **state)
{
	(void)state;
	write32(word(ISPENDR, LEVEL), bit(LEVEL));
	assert_delivered(0, LEVEL);
	assert_quiet(0);
}

/* IHI 0048, 4.3.7: SGI bits are read-only; GICD_SPENDSGIR is for them. */
static void test_ispendr_of_sgis_is_ignored(void **state)
{
	(void)state;
	write32(ISPENDR, 0xffff);
	assert_int_equal(read32(ISPENDR), 0);
	assert_quiet(0);
	send_sgi(1, 0, 4);
	fake_settle(&vm);
	write32(ICPENDR, 0xffff);
	assert_delivered(0, 4);
}

static void test_group_toggle_withdraws_and_brings_back(void **state)
{
	(void)state;
	write32(word(IGROUPR, EDGE), bit(EDGE));
	assert_int_equal(read32(word(IGROUPR, EDGE)), bit(EDGE));
	pulse(EDGE);
	assert_quiet(0); /* group 1 is off */
	write32(CTLR, 3);
	assert_delivered(0, EDGE);
}

static void test_beyond_the_last_interrupt_is_nothing(void **state)
{
	static const uint32_t bases[] = {IGROUPR, ISENABLER, ICENABLER, ISPENDR,
					 ICPENDR, ISACTIVER, ICACTIVER};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		for (uint64_t at = word(bases[i], GUEST_INTIDS); at < bases[i] + 0x80U; at += 4) {
			write32(at, 0xffffffff);
			assert_int_equal(read32(at), 0);
		}
	}
	write32(IPRIORITYR + GUEST_INTIDS, 0xffffffff);
	assert_int_equal(read32(IPRIORITYR + GUEST_INTIDS), 0);
	write32(ITARGETSR + GUEST_INTIDS, 0xffffffff);
	assert_int_equal(read32(ITARGETSR + GUEST_INTIDS), 0);
	write32(ICFGR + GUEST_INTIDS / 4, 0xffffffff);
	assert_int_equal(read32(ICFGR + GUEST_INTIDS / 4), 0);
}

/* -- priorities, targets, configuration -------------------------------------------------------- */

static void test_priorities_have_five_bits(void **state)
{
	(void)state;
	write32(IPRIORITYR + 40, 0xff7f0708);
	assert_int_equal(read32(IPRIORITYR + 40), 0xf8780008);
	assert_int_equal(access(IPRIORITYR + 43, 1, false, 0), 0xf8);
	(void)access(IPRIORITYR + 41, 1, true, 0x20);
	assert_int_equal(read32(IPRIORITYR + 40), 0xf8782008);
}

static void test_targets_move_and_name_no_absent_cpu(void **state)
{
	(void)state;
	write32(ITARGETSR + 48, 0xff020100);
	assert_int_equal(read32(ITARGETSR + 48), 0x0f020100); /* H20 */
	pulse(EDGE);
	assert_delivered(1, EDGE);
	(void)access(ITARGETSR + EDGE, 1, true, 0x08);
	pulse(EDGE);
	assert_delivered(3, EDGE);
	(void)access(ITARGETSR + EDGE, 1, true, 0xf0);
	assert_int_equal(access(ITARGETSR + EDGE, 1, false, 0), 0);
}

static void test_private_targets_name_the_reader(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VCPUS; i++) {
		(void)fake_on_cpu(i);
		write32(ITARGETSR, 0);
		assert_int_equal(read32(ITARGETSR), BIT(i) * 0x01010101);
		assert_int_equal(read32(ITARGETSR + 28), BIT(i) * 0x01010101);
	}
}

static void test_uniprocessor_has_no_targets(void **state)
{
	(void)state;
	vm.vcpu_count = 1;
	write32(ITARGETSR + 40, 0x01010101);
	assert_int_equal(read32(ITARGETSR + 40), 0);
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
}

static void test_configuration_has_one_bit_that_counts(void **state)
{
	(void)state;
	write32(ICFGR + 8, 0xffffffff);
	assert_int_equal(read32(ICFGR + 8), 0xaaaaaaaa);
	write32(ICFGR + 8, 0x2);
	assert_int_equal(read32(ICFGR + 8), 0x2);
	write32(ICFGR, 0); /* SGIs stay edges */
	assert_int_equal(read32(ICFGR), 0xaaaaaaaa);
	write32(ICFGR + 4, 0xffffffff); /* the timers are what they are */
	assert_int_equal(read32(ICFGR + 4) & BIT(2 * (GUEST_VTIMER_INTID - 16) + 1), 0);
}

static void test_hw_configuration_is_physical(void **state)
{
	(void)state;
	assert_false(fake_phys(0, HW_LEVEL)->edge);
	write32(ICFGR + HW_LEVEL / 16 * 4, 0xffffffff);
	assert_true(fake_phys(0, HW_LEVEL)->edge);
}

static void test_hw_of_others_is_untouched(void **state)
{
	(void)state;
	for (uint32_t i = VGIC_PRIVATE; i < GUEST_INTIDS; i += 32) {
		write32(word(ISENABLER, i), 0xffffffff);
		write32(word(ISPENDR, i), 0xffffffff);
		write32(word(ICACTIVER, i), 0xffffffff);
	}
	for (uint32_t i = VGIC_PRIVATE; i < GUEST_INTIDS; i++) {
		if (i != HW_LEVEL && i != HW_EDGE) { /* H19 */
			assert_false(fake_phys(0, i)->enabled);
			assert_false(fake_phys(0, i)->pending);
			assert_int_equal(fake_phys(0, i)->deactivations, 0);
		}
	}
}

/* -- SGIs of GICv2 --------------------------------------------------------------------------------- */

/* Which vCPUs get the SGI that the register value sends from vCPU 1. */
static unsigned int receivers(uint64_t value)
{
	unsigned int mask = 0;

	(void)fake_on_cpu(1);
	write32(SGIR, value);
	for (unsigned int i = 0; i < VCPUS; i++) {
		uint32_t intid = take(i);

		if (intid != FAKE_NONE) {
			assert_int_equal(intid, value & 0xf);
			assert_int_equal(fake_gic.cpu[i].source, 1);
			mask |= (unsigned int)BIT(i);
			end(i, intid);
		}
	}
	return mask;
}

/* H17: all filters, lists and INTIDs. */
static void test_every_sgir_value(void **state)
{
	(void)state;
	for (uint32_t intid = 0; intid < 16; intid++) {
		for (uint32_t list = 0; list < 256; list++) {
			assert_int_equal(receivers(list << 16 | intid), list & 0xf);
		}
		assert_int_equal(receivers(1U << 24 | 0xff << 16 | intid), 0xd);
		assert_int_equal(receivers(2U << 24 | 0xff << 16 | intid), 0x2);
		assert_int_equal(receivers(3U << 24 | 0xff << 16 | intid), 0);
	}
	assert_int_equal(read32(SGIR), 0);
}

static void test_sgir_is_a_word(void **state)
{
	(void)state;
	(void)access(SGIR, 1, true, 2UL << 24 | 1);
	(void)access(SGIR + 2, 1, true, 0xff);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_quiet(i);
	}
}

static void test_pending_sgis_name_their_senders(void **state)
{
	(void)state;
	send_sgi(1, 0, 6);
	send_sgi(3, 0, 6);
	fake_settle(&vm);
	assert_int_equal(read32(SPENDSGIR + 4), 0x0a0000);
	assert_int_equal(read32(CPENDSGIR + 4), 0x0a0000);
	assert_int_equal(access(SPENDSGIR + 6, 1, false, 0), 0x0a);
	assert_int_equal(take(0), 6); /* the first is active now */
	assert_int_equal(read32(SPENDSGIR + 4), 0x080000);
	end(0, 6);
	assert_delivered(0, 6);
	assert_int_equal(read32(SPENDSGIR + 4), 0);
}

static void test_spendsgir_sends_in_anothers_name(void **state)
{
	(void)state;
	write32(SPENDSGIR, 0x04000000);
	assert_int_equal(take(0), 3);
	assert_int_equal(fake_gic.cpu[0].source, 2);
	end(0, 3);
	assert_quiet(0);
}

static void test_cpendsgir_takes_one_sender_away(void **state)
{
	(void)state;
	for (unsigned int gone = 1; gone <= 2; gone++) {
		send_sgi(1, 0, 6);
		send_sgi(2, 0, 6);
		fake_settle(&vm);
		(void)access(CPENDSGIR + 6, 1, true, BIT(gone));
		assert_int_equal(access(SPENDSGIR + 6, 1, false, 0), BIT(3 - gone));
		assert_int_equal(take(0), 6);
		assert_int_equal(fake_gic.cpu[0].source, 3 - gone);
		end(0, 6);
		assert_quiet(0);
	}
}

static void test_cpendsgir_leaves_the_active_one(void **state)
{
	(void)state;
	send_sgi(1, 0, 6);
	assert_int_equal(take(0), 6);
	send_sgi(1, 0, 6);
	send_sgi(2, 0, 6);
	(void)access(CPENDSGIR + 6, 1, true, 2);
	assert_int_equal(read32(ISACTIVER) & bit(6), bit(6));
	end(0, 6);
	assert_int_equal(take(0), 6);
	assert_int_equal(fake_gic.cpu[0].source, 2);
	end(0, 6);
	assert_quiet(0);
}

/* -- GICv3 ------------------------------------------------------------------------------------------- */

static void test_gicv3_distributor_has_nothing_private(void **state)
{
	(void)state;
	write32(ISENABLER, 0xffffffff);
	assert_int_equal(read32(ISENABLER), 0);
	assert_int_equal(read32(ISPENDR), 0);
	assert_int_equal(read32(ITARGETSR + 40), 0);
	write32(ITARGETSR + 40, 0x04040404);
	assert_int_equal(vgic_find(&vm, NULL, 40)->target, 0);
	write32(SGIR, 0x00ff0001);
	write32(SPENDSGIR, 0xffffffff);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_quiet(i);
	}
}

static void test_gicv3_route_moves(void **state)
{
	(void)state;
	(void)access(IROUTER + 8 * EDGE, 8, true, 2);
	assert_int_equal(access(IROUTER + 8 * EDGE, 8, false, 0), 2);
	pulse(EDGE);
	assert_delivered(2, EDGE);
	(void)access(IROUTER + 8 * EDGE, 4, true, 3);
	pulse(EDGE);
	assert_delivered(3, EDGE);
	(void)access(IROUTER + 8 * EDGE + 4, 4, true, 1); /* Aff3 is not there: RAZ/WI */
	assert_int_equal(access(IROUTER + 8 * EDGE, 8, false, 0), 3);
	(void)access(IROUTER + 8 * EDGE, 4, true, 0x100); /* Aff1 = 1: nobody */
	assert_int_equal(access(IROUTER + 8 * EDGE, 8, false, 0), 0x100);
	pulse(EDGE);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_quiet(i);
	}
	(void)access(IROUTER + 8 * EDGE, 8, true, BIT(31)); /* any */
	assert_delivered(0, EDGE);
	(void)access(IROUTER + 8 * EDGE, 8, true, UINT64_MAX);
	assert_int_equal(access(IROUTER + 8 * EDGE, 8, false, 0), 0x80ffffff);
}

static void test_gicv3_route_of_private_and_absent_is_nothing(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1024; i++) {
		if (i < VGIC_PRIVATE || i >= GUEST_INTIDS) {
			(void)access(IROUTER + 8 * i, 8, true, UINT64_MAX);
			assert_int_equal(access(IROUTER + 8 * i, 8, false, 1), 0);
		}
	}
	(void)access(IROUTER + 8 * EDGE, 2, true, 3);
	assert_int_equal(access(IROUTER + 8 * EDGE, 8, false, 0), 0);
}

static void test_gicv3_redistributor_knows_its_vcpu(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < VCPUS; i++) {
		uint64_t type = redist(i * REDIST_SIZE + 8, 8, false, 0);

		assert_int_equal(type, i << 32 | i << 8 | (i + 1 == VCPUS ? 0x10 : 0));
		assert_int_equal(redist(i * REDIST_SIZE + 12, 4, false, 0), i);
		assert_int_equal(redist(i * REDIST_SIZE + 0x14, 4, false, 0), 0); /* awake */
		assert_int_equal(redist(i * REDIST_SIZE + 0xffe8, 4, false, 0), 0x3b);
	}
}

static void test_gicv3_redistributor_reaches_another_vcpus_bank(void **state)
{
	(void)state;
	(void)redist(2 * REDIST_SIZE + SGI_BASE + ICENABLER, 4, true, bit(5));
	assert_int_equal(redist(2 * REDIST_SIZE + SGI_BASE + ISENABLER, 4, false, 0),
			 ~bit(5) & 0xffffffff);
	assert_int_equal(redist(SGI_BASE + ISENABLER, 4, false, 0), 0xffffffff);
	(void)redist(2 * REDIST_SIZE + SGI_BASE + ISPENDR, 4, true, bit(9));
	assert_delivered(2, 9);
	(void)redist(SGI_BASE + ISPENDR, 4, true, bit(8));
	assert_delivered(0, 8);
}

static void test_gicv3_redistributor_has_no_distributor_registers(void **state)
{
	(void)state;
	/* control, a second word, targets, SGIR: read zero, written without effect */
	static const uint32_t none[] = {
		CTLR,      TYPER,     IGROUPR + 4, ISENABLER + 4, IPRIORITYR + 32,
		ITARGETSR, ICFGR + 8, SGIR,        SPENDSGIR,     0xfe8};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		(void)redist(SGI_BASE + none[i], 4, true, 0x00ff0001);
		assert_int_equal(redist(SGI_BASE + none[i], 4, false, 1), 0);
	}
	assert_int_equal(vm.vgic.enable_group[0], 1);
	assert_int_equal(read32(word(ISENABLER, 32)), 0xffffffff);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_quiet(i);
	}
}

static void test_gicv3_sgi_register_names_a_list(void **state)
{
	(void)state;
	vgic_write_sgir(&vm.vcpus[0], 5UL << 24 | 0xa, false);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_int_equal(take(i), i & 1 ? 5 : FAKE_NONE);
	}
}

/* H28 */
static void test_gicv3_sgi_register_hostile_values(void **state)
{
	static const uint64_t nobody[] = {
		0,
		0xfff0,           /* absent vCPUs */
		BIT(16) | 0xffff, /* Aff1, Aff2, Aff3 */
		BIT(32) | 0xffff,
		BIT(48) | 0xffff,
		BIT(44) | 0xffff, /* range selector */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		vgic_write_sgir(&vm.vcpus[0], nobody[i] | 7UL << 24, false);
		for (unsigned int c = 0; c < VCPUS; c++) {
			assert_quiet(c);
		}
	}
	vm.vcpu_count = 2;
	vgic_write_sgir(&vm.vcpus[0], 7UL << 24 | 0xc, false);
	vm.vcpu_count = VCPUS;
	assert_quiet(2);
	vgic_write_sgir(&vm.vcpus[0], BIT(40) | 7UL << 24 | BIT(16), false); /* IRM: all others */
	for (unsigned int c = 0; c < VCPUS; c++) {
		assert_int_equal(take(c), c ? 7 : FAKE_NONE);
	}
}

/* -- hostile accesses ------------------------------------------------------------------------------- */

static void sweep(uint64_t frame, uint64_t (*at)(uint64_t, unsigned int, bool, uint64_t))
{
	for (uint64_t offset = 0; offset < frame; offset++) {
		for (unsigned int size = 1; size <= 8; size *= 2) {
			if (offset % size == 0) {
				(void)at(offset, size, false, 0);
				(void)at(offset, size, true, UINT64_MAX);
				(void)at(offset, size, false, 0);
				(void)at(offset, size, true, 0);
			}
		}
	}
	for (unsigned int i = 0; i < VCPUS; i++) {
		fake_serve(&vm, i);
	}
}

/* H16, H18: every offset and width; the sanitizers and the fakes watch. */
static void test_every_offset(void **state)
{
	(void)state;
	sweep(SZ_4K, access);
}

static void test_gicv3_every_offset(void **state)
{
	(void)state;
	sweep(SZ_64K, access);
	sweep(VCPUS * REDIST_SIZE, redist);
}

static void test_wrong_widths_are_nothing(void **state)
{
	(void)state;
	assert_int_equal(access(TYPER, 1, false, 1), 0);
	assert_int_equal(access(ISENABLER + 4, 2, false, 1), 0);
	assert_int_equal(access(ISENABLER, 8, false, 1), 0);
	assert_int_equal(access(IPRIORITYR, 8, false, 1), 0);
	(void)access(ICENABLER + 4, 1, true, 0xff);
	(void)access(ICENABLER + 8, 8, true, UINT64_MAX);
	assert_int_equal(read32(ISENABLER + 4), 0xffffffff);
	assert_int_equal(read32(ISENABLER + 8), 0xffffffff);
}

static void test_dir_deactivates(void **state)
{
	struct mmio_op op = {.offset = 0, .size = 4, .write = true};

	(void)state;
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
	fake_drop(0);
	op.size = 1;
	(void)vgic_dir_access(&vm.vcpus[0], NULL, op, EDGE);
	op.offset = 4;
	op.size = 4;
	(void)vgic_dir_access(&vm.vcpus[0], NULL, op, EDGE);
	assert_true(operate(EDGE, VGIC_GET_ACTIVE));
	op.offset = 0;
	(void)vgic_dir_access(&vm.vcpus[0], NULL, op, EDGE | 3 << 10); /* with a source CPU */
	assert_false(operate(EDGE, VGIC_GET_ACTIVE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identifies_itself, setup_fresh_v2),
		cmocka_unit_test_setup(test_gicv3_identifies_itself, setup_fresh_v3),
		cmocka_unit_test_setup(test_control_keeps_the_group_enables_alone, setup_fresh_v2),
		cmocka_unit_test_setup(test_identification_cannot_be_written, setup_fresh_v2),
		cmocka_unit_test_setup(test_reset_state, setup_fresh_v2),
		cmocka_unit_test_setup(test_enable_bits_set_and_clear, setup_fresh_v2),
		cmocka_unit_test_setup(test_private_bits_are_banked, setup_fresh_v2),
		cmocka_unit_test_setup(test_pending_and_active_bits, setup_fresh_v2),
		cmocka_unit_test_setup(test_ispendr_delivers, setup_v2),
		cmocka_unit_test_setup(test_ispendr_of_sgis_is_ignored, setup_v2),
		cmocka_unit_test_setup(test_group_toggle_withdraws_and_brings_back, setup_v2),
		cmocka_unit_test_setup(test_beyond_the_last_interrupt_is_nothing, setup_fresh_v2),
		cmocka_unit_test_setup(test_priorities_have_five_bits, setup_fresh_v2),
		cmocka_unit_test_setup(test_targets_move_and_name_no_absent_cpu, setup_v2),
		cmocka_unit_test_setup(test_private_targets_name_the_reader, setup_v2),
		cmocka_unit_test_setup(test_uniprocessor_has_no_targets, setup_v2),
		cmocka_unit_test_setup(test_configuration_has_one_bit_that_counts, setup_fresh_v2),
		cmocka_unit_test_setup(test_hw_configuration_is_physical, setup_v2),
		cmocka_unit_test_setup(test_hw_of_others_is_untouched, setup_v2),
		cmocka_unit_test_setup(test_every_sgir_value, setup_v2),
		cmocka_unit_test_setup(test_sgir_is_a_word, setup_v2),
		cmocka_unit_test_setup(test_pending_sgis_name_their_senders, setup_v2),
		cmocka_unit_test_setup(test_spendsgir_sends_in_anothers_name, setup_v2),
		cmocka_unit_test_setup(test_cpendsgir_takes_one_sender_away, setup_v2),
		cmocka_unit_test_setup(test_cpendsgir_leaves_the_active_one, setup_v2),
		cmocka_unit_test_setup(test_gicv3_distributor_has_nothing_private, setup_v3),
		cmocka_unit_test_setup(test_gicv3_route_moves, setup_v3),
		cmocka_unit_test_setup(test_gicv3_route_of_private_and_absent_is_nothing, setup_v3),
		cmocka_unit_test_setup(test_gicv3_redistributor_knows_its_vcpu, setup_v3),
		cmocka_unit_test_setup(test_gicv3_redistributor_reaches_another_vcpus_bank,
				       setup_v3),
		cmocka_unit_test_setup(test_gicv3_redistributor_has_no_distributor_registers,
				       setup_v3),
		cmocka_unit_test_setup(test_gicv3_sgi_register_names_a_list, setup_v3),
		cmocka_unit_test_setup(test_gicv3_sgi_register_hostile_values, setup_v3),
		cmocka_unit_test_setup(test_every_offset, setup_v2),
		cmocka_unit_test_setup(test_gicv3_every_offset, setup_v3),
		cmocka_unit_test_setup(test_wrong_widths_are_nothing, setup_v2),
		cmocka_unit_test_setup(test_dir_deactivates, setup_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
