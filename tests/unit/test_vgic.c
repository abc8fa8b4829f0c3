/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vgic.c: sources, list registers, and more interrupts than those hold. A
 * test plays the sources and the guest that takes and ends interrupts.
 */
#include "tests/unit/fake_vm.h"

/* -- levels and edges ------------------------------------------------------------------------- */

static void test_level_comes_again_while_the_line_is_high(void **state)
{
	(void)state;
	vgic_set_line(&vm, LEVEL, true);
	for (unsigned int i = 0; i < 3; i++) {
		assert_delivered(0, LEVEL);
	}
	vgic_set_line(&vm, LEVEL, false);
	assert_quiet(0);
}

static void test_level_that_drops_untaken_is_withdrawn(void **state)
{
	(void)state;
	vgic_set_line(&vm, LEVEL, true);
	assert_true(operate(LEVEL, VGIC_GET_PENDING));
	vgic_set_line(&vm, LEVEL, false);
	assert_quiet(0);
	assert_false(operate(LEVEL, VGIC_GET_PENDING));
}

static void test_level_that_drops_while_active_comes_once(void **state)
{
	(void)state;
	vgic_set_line(&vm, LEVEL, true);
	assert_int_equal(take(0), LEVEL);
	vgic_set_line(&vm, LEVEL, false);
	end(0, LEVEL);
	assert_quiet(0);
}

static void test_level_raised_elsewhere_kicks_its_vcpu(void **state)
{
	(void)state;
	target(LEVEL, BIT(3));
	fake_settle(&vm);
	vgic_set_line(&vm, LEVEL, true);
	assert_int_equal(fake.kicks[3], 1);
	assert_delivered(3, LEVEL);
}

static void test_edge_while_active_is_pending_once(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
	pulse(EDGE);
	pulse(EDGE);
	assert_true(operate(EDGE, VGIC_GET_PENDING));
	assert_true(operate(EDGE, VGIC_GET_ACTIVE));
	end(0, EDGE);
	assert_delivered(0, EDGE);
	assert_quiet(0);
}

static void test_edge_is_one_though_its_line_stays_high(void **state)
{
	(void)state;
	vgic_set_line(&vm, EDGE, true);
	assert_delivered(0, EDGE);
	assert_quiet(0);
	assert_false(operate(EDGE, VGIC_GET_PENDING));
}

static void test_edge_outlives_its_line(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_delivered(0, EDGE);
	assert_quiet(0);
}

/* -- linked to hardware ------------------------------------------------------------------------- */

static void test_hw_is_ended_by_the_guest_alone(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	assert_int_equal(take(0), HW_EDGE);
	assert_true(fake_phys(0, HW_EDGE)->active);
	end(0, HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->active);
	assert_int_equal(fake_gic.maintenances, 0);
}

static void test_hw_level_comes_again_while_the_line_is_high(void **state)
{
	(void)state;
	fake_phys(0, HW_LEVEL)->line = true;
	assert_delivered(0, HW_LEVEL);
	assert_delivered(0, HW_LEVEL);
	assert_int_equal(take(0), HW_LEVEL);
	fake_phys(0, HW_LEVEL)->line = false;
	end(0, HW_LEVEL);
	assert_quiet(0);
}

static void test_hw_cleared_by_the_guest_is_deactivated(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	assert_int_equal(take(0), HW_EDGE);
	(void)operate(HW_EDGE, VGIC_CLEAR_ACTIVE);
	assert_false(fake_phys(0, HW_EDGE)->active);
	assert_false(operate(HW_EDGE, VGIC_GET_ACTIVE));
}

static void test_hw_pending_cleared_is_deactivated(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	(void)operate(HW_EDGE, VGIC_CLEAR_PENDING);
	assert_false(fake_phys(0, HW_EDGE)->active);
	assert_quiet(0);
}

/* The fake fails the test on a linked list register that is pending and active. */
static void test_hw_set_active_is_never_pending_and_active(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	(void)operate(HW_EDGE, VGIC_SET_ACTIVE);
	assert_int_equal(fake_lr_of(0, HW_EDGE) & LR_STATE, LR_ACTIVE);
	(void)operate(HW_EDGE, VGIC_CLEAR_ACTIVE);
	assert_false(fake_phys(0, HW_EDGE)->active);
}

static void test_hw_set_pending_while_active_comes_after_the_end(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	assert_int_equal(take(0), HW_EDGE);
	(void)operate(HW_EDGE, VGIC_SET_PENDING);
	end(0, HW_EDGE);
	assert_delivered(0, HW_EDGE);
	assert_quiet(0);
}

static void test_hw_fired_for_another_cpu_moves_on(void **state)
{
	(void)state;
	target(HW_EDGE, BIT(2));
	fake_phys(0, HW_EDGE)->cpu = 0; /* it was on its way already */
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	assert_delivered(2, HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->active);
}

static void test_hw_retargeted_while_active_fires_on_the_new_cpu(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	assert_int_equal(take(0), HW_EDGE);
	target(HW_EDGE, BIT(2));
	fake_settle(&vm);
	end(0, HW_EDGE); /* no maintenance: its list register is empty, and unseen */
	fake_phys(0, HW_EDGE)->pending = true;
	assert_delivered(2, HW_EDGE);
}

static void test_hw_disabled_while_pending_waits(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	disable(HW_EDGE);
	assert_quiet(0);
	enable(HW_EDGE);
	assert_delivered(0, HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->active);
}

static void test_hw_is_held_back_by_its_group(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	assert_delivered(0, HW_EDGE); /* its list register is empty, and unseen */
	(void)fake_on_cpu(1);
	set_groups(false);
	(void)fake_on_cpu(0);
	vgic_inject_hw(&vm, &vm.vcpus[0], HW_EDGE); /* before the kick */
	assert_int_equal(fake_take(0), FAKE_NONE);
	assert_quiet(0);
	set_groups(true);
	assert_delivered(0, HW_EDGE);
	assert_quiet(0);
}

static void test_hw_set_pending_while_pending_is_one(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	(void)operate(HW_EDGE, VGIC_SET_PENDING);
	assert_delivered(0, HW_EDGE);
	assert_quiet(0);
}

static void test_hw_pending_cleared_while_disabled(void **state)
{
	(void)state;
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	disable(HW_EDGE);
	(void)operate(HW_EDGE, VGIC_CLEAR_PENDING);
	assert_false(fake_phys(0, HW_EDGE)->active);
	enable(HW_EDGE);
	assert_quiet(0);
}

static void test_hw_that_fired_behind_a_forced_active_state(void **state)
{
	(void)state;
	(void)operate(HW_EDGE, VGIC_SET_ACTIVE);
	fake_phys(0, HW_EDGE)->pending = true;
	assert_quiet(0);
	(void)operate(HW_EDGE, VGIC_CLEAR_ACTIVE);
	assert_true(fake_phys(0, HW_EDGE)->active); /* until the guest ends it */
	assert_delivered(0, HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->active);
}

static void test_hw_is_enabled_physically(void **state)
{
	(void)state;
	disable(HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->enabled);
	enable(HW_EDGE);
	assert_true(fake_phys(0, HW_EDGE)->enabled);
	vgic_reset(&vm);
	assert_false(fake_phys(0, HW_EDGE)->enabled);
}

static void test_timer_is_the_cpus_own(void **state)
{
	(void)state;
	fake_phys(1, GUEST_VTIMER_INTID)->line = true;
	assert_int_equal(take(1), GUEST_VTIMER_INTID);
	assert_quiet(0);
	fake_phys(1, GUEST_VTIMER_INTID)->line = false;
	end(1, GUEST_VTIMER_INTID);
	assert_false(fake_phys(1, GUEST_VTIMER_INTID)->active);
}

static void test_timer_stopped_before_it_was_taken_is_not_pending(void **state)
{
	(void)state;
	fake_on_cpu(1);
	fake_phys(1, GUEST_VTIMER_INTID)->line = true;
	fake_settle(&vm);
	assert_true(operate(GUEST_VTIMER_INTID, VGIC_GET_PENDING));
	fake_phys(1, GUEST_VTIMER_INTID)->line = false;
	assert_false(operate(GUEST_VTIMER_INTID, VGIC_GET_PENDING));
	assert_quiet(1);
	assert_false(fake_phys(1, GUEST_VTIMER_INTID)->active);
	fake_phys(1, GUEST_VTIMER_INTID)->line = true;
	assert_int_equal(take(1), GUEST_VTIMER_INTID);
}

static void test_timer_made_pending_by_software_stays_so(void **state)
{
	(void)state;
	fake_on_cpu(1);
	operate(GUEST_VTIMER_INTID, VGIC_SET_PENDING);
	fake_settle(&vm);
	assert_true(operate(GUEST_VTIMER_INTID, VGIC_GET_PENDING));
	assert_delivered(1, GUEST_VTIMER_INTID);
	assert_quiet(1);
}

/* -- more than list registers -------------------------------------------------------------------- */

static void test_forty_pending_come_in_order(void **state)
{
	uint64_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		/* in a scattered order, five to each priority */
		uint32_t intid = 100 + i * 7 % 40;

		set_priority(intid, 0x80 - (intid - 100) / 5 * 8);
	}
	for (uint32_t i = 0; i < 40; i++) {
		pulse(100 + i * 11 % 40);
	}
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t intid = take(0);

		assert_in_range(intid, 100, 139);
		assert_int_equal((intid - 100) / 5, 7 - i / 5);
		seen |= BIT(intid - 100);
		end(0, intid);
	}
	assert_int_equal(seen, BIT(40) - 1);
	assert_quiet(0);
}

static void test_two_hundred_levels_are_all_served(void **state)
{
	(void)state;
	for (uint32_t i = VGIC_PRIVATE; i < 232; i++) {
		set_edge(i, false);
		if (!vgic_find(&vm, NULL, i)->hw) {
			vgic_set_line(&vm, i, true);
		}
	}
	for (uint32_t i = VGIC_PRIVATE; i < 232; i++) {
		if (!vgic_find(&vm, NULL, i)->hw) {
			assert_int_equal(take(0), i);
			vgic_set_line(&vm, i, false);
			end(0, i);
		}
	}
	assert_quiet(0);
}

static void test_more_urgent_one_evicts_a_pending_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		set_priority(100 + i, i == 4 ? 0x20 : 0x40 + i * 8);
	}
	for (uint32_t i = 0; i < 5; i++) {
		pulse(100 + i);
	}
	assert_int_not_equal(fake_lr_of(0, 104), 0);
	assert_int_equal(fake_lr_of(0, 103), 0); /* the least urgent made room */
	assert_delivered(0, 104);
	for (uint32_t i = 0; i < 4; i++) {
		assert_delivered(0, 100 + i);
	}
	assert_quiet(0);
}

static void test_less_urgent_one_waits(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		set_priority(100 + i, 0x40);
		pulse(100 + i);
	}
	assert_int_equal(fake_lr_of(0, 104), 0);
	for (uint32_t i = 0; i < 5; i++) {
		assert_delivered(0, 100 + i);
	}
}

static void test_nesting_deeper_than_list_registers(void **state)
{
	(void)state;
	nest(12);
	assert_int_equal(vm.vcpus[0].vgic.spilled_count, 8);
	for (uint32_t i = 12; i-- > 0;) {
		assert_true(operate(100 + i, VGIC_GET_ACTIVE));
		end(0, 100 + i);
		assert_false(operate(100 + i, VGIC_GET_ACTIVE));
	}
	assert_int_equal(vm.vcpus[0].vgic.spilled_count, 0);
	for (uint32_t i = 0; i < 12; i++) {
		pulse(100 + i);
	}
	for (uint32_t i = 12; i-- > 0;) {
		assert_delivered(0, 100 + i);
	}
}

static void test_spilled_hw_is_deactivated_at_its_end(void **state)
{
	(void)state;
	set_priority(HW_EDGE, 0xf8);
	fake_phys(0, HW_EDGE)->pending = true;
	assert_int_equal(take(0), HW_EDGE);
	nest(6);
	assert_int_equal(fake_lr_of(0, HW_EDGE), 0);
	for (uint32_t i = 6; i-- > 0;) {
		end(0, 100 + i);
	}
	assert_true(fake_phys(0, HW_EDGE)->active);
	end(0, HW_EDGE);
	assert_false(fake_phys(0, HW_EDGE)->active);
}

/* EOIs of spilled ones, and a trap before the maintenance interrupt is taken. */
static void test_counted_ends_survive_a_refill(void **state)
{
	(void)state;
	nest(6);
	for (uint32_t i = 6; i-- > 1;) {
		fake_end(0, 100 + i);
	}
	for (uint32_t i = 0; i < 6; i++) {
		pulse(150 + i); /* more than list registers: each is a flush */
	}
	assert_false(operate(101, VGIC_GET_ACTIVE));
	assert_true(operate(100, VGIC_GET_ACTIVE));
	end(0, 100);
	assert_int_equal(vm.vcpus[0].vgic.spilled_count, 0);
	assert_false(operate(100, VGIC_GET_ACTIVE));
}

static void test_end_of_nothing_is_harmless(void **state)
{
	(void)state;
	end(0, 77);
	end(0, FAKE_NONE);
	pulse(EDGE);
	assert_delivered(0, EDGE);
	assert_quiet(0);
}

static void test_split_end_is_carried_out_where_it_lies(void **state)
{
	(void)state;
	nest(6);
	for (uint32_t i = 6; i-- > 0;) {
		fake_drop(0);
		vgic_deactivate(&vm.vcpus[0], 100 + i);
		assert_false(operate(100 + i, VGIC_GET_ACTIVE));
	}
	assert_int_equal(vm.vcpus[0].vgic.spilled_count, 0);
	vgic_deactivate(&vm.vcpus[0], 0x3ff);
	vgic_deactivate(&vm.vcpus[0], 100);
}

#define V2(name) cmocka_unit_test_setup(name, setup_v2)
#define V3(name) cmocka_unit_test_setup(name, setup_v3)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V2(test_level_comes_again_while_the_line_is_high),
		V2(test_level_that_drops_untaken_is_withdrawn),
		V2(test_level_that_drops_while_active_comes_once),
		V2(test_level_raised_elsewhere_kicks_its_vcpu),
		V2(test_edge_while_active_is_pending_once),
		V2(test_edge_is_one_though_its_line_stays_high),
		V2(test_edge_outlives_its_line),
		V2(test_hw_is_ended_by_the_guest_alone),
		V2(test_hw_level_comes_again_while_the_line_is_high),
		V2(test_hw_cleared_by_the_guest_is_deactivated),
		V2(test_hw_pending_cleared_is_deactivated),
		V2(test_hw_set_active_is_never_pending_and_active),
		V2(test_hw_set_pending_while_active_comes_after_the_end),
		V2(test_hw_fired_for_another_cpu_moves_on),
		V2(test_hw_retargeted_while_active_fires_on_the_new_cpu),
		V2(test_hw_disabled_while_pending_waits),
		V2(test_hw_is_held_back_by_its_group),
		V2(test_hw_set_pending_while_pending_is_one),
		V2(test_hw_pending_cleared_while_disabled),
		V2(test_hw_that_fired_behind_a_forced_active_state),
		V2(test_hw_is_enabled_physically),
		V2(test_timer_is_the_cpus_own),
		V2(test_timer_stopped_before_it_was_taken_is_not_pending),
		V2(test_timer_made_pending_by_software_stays_so),
		V2(test_forty_pending_come_in_order),
		V2(test_two_hundred_levels_are_all_served),
		V2(test_more_urgent_one_evicts_a_pending_one),
		V2(test_less_urgent_one_waits),
		V2(test_nesting_deeper_than_list_registers),
		V2(test_spilled_hw_is_deactivated_at_its_end),
		V2(test_counted_ends_survive_a_refill),
		V2(test_end_of_nothing_is_harmless),
		V2(test_split_end_is_carried_out_where_it_lies),
		V3(test_level_comes_again_while_the_line_is_high),
		V3(test_nesting_deeper_than_list_registers),
		V3(test_hw_retargeted_while_active_fires_on_the_new_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
