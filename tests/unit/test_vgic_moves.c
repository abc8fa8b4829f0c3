/* SPDX-License-Identifier: Apache-2.0 */
/* core/vgic.c: interrupts that change, move or are forced underway, and vCPUs that come and go. */
#include "tests/unit/fake_vm.h"

/* -- changes underway --------------------------------------------------------------------------- */

static void test_disabled_while_pending_waits(void **state)
{
	(void)state;
	pulse(EDGE);
	disable(EDGE);
	assert_quiet(0);
	assert_true(operate(EDGE, VGIC_GET_PENDING));
	enable(EDGE);
	assert_delivered(0, EDGE);
}

static void test_disabled_while_active_stays_active(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
	disable(EDGE);
	pulse(EDGE);
	assert_true(operate(EDGE, VGIC_GET_ACTIVE));
	end(0, EDGE);
	assert_quiet(0);
	enable(EDGE);
	assert_delivered(0, EDGE);
	assert_quiet(0);
}

static void test_disabled_while_pending_and_active(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
	pulse(EDGE);
	disable(EDGE);
	end(0, EDGE);
	assert_quiet(0);
	enable(EDGE);
	assert_delivered(0, EDGE);
}

static void test_groups_off_hold_everything_back(void **state)
{
	(void)state;
	pulse(EDGE);
	vgic_set_line(&vm, LEVEL, true);
	send_sgi(1, 0, 3);
	set_groups(false);
	assert_quiet(0);
	set_groups(true);
	assert_delivered(0, 3);
	assert_int_equal(take(0), LEVEL);
	vgic_set_line(&vm, LEVEL, false);
	end(0, LEVEL);
	assert_delivered(0, EDGE);
	assert_quiet(0);
}

static void test_sender_survives_groups_off(void **state)
{
	(void)state;
	send_sgi(3, 0, 1);
	set_groups(false);
	set_groups(true);
	assert_int_equal(take(0), 1);
	assert_int_equal(fake_gic.cpu[0].source, 3);
}

static void test_pending_follows_its_target(void **state)
{
	(void)state;
	target(EDGE, BIT(1));
	pulse(EDGE);
	fake_settle(&vm);
	assert_int_not_equal(fake_lr_of(1, EDGE), 0);
	target(EDGE, BIT(2));
	assert_quiet(1);
	assert_delivered(2, EDGE);
}

static void test_edge_while_active_follows_its_new_target(void **state)
{
	(void)state;
	pulse(EDGE);
	assert_int_equal(take(0), EDGE);
	target(EDGE, BIT(1));
	pulse(EDGE);
	assert_quiet(1);
	end(0, EDGE);
	assert_quiet(0);
	assert_delivered(1, EDGE);
}

/* The list register of the old target was emptied by the guest, and nobody has looked. */
static void test_edge_after_a_move_is_not_lost(void **state)
{
	(void)state;
	target(EDGE, BIT(1));
	pulse(EDGE);
	assert_delivered(1, EDGE);
	target(EDGE, BIT(2));
	pulse(EDGE);
	assert_delivered(2, EDGE);
}

static void test_unreachable_target_waits_for_another(void **state)
{
	(void)state;
	target(EDGE, 0);
	assert_int_equal(vgic_find(&vm, NULL, EDGE)->target, VIRQ_NO_TARGET);
	pulse(EDGE);
	for (unsigned int i = 0; i < VCPUS; i++) {
		assert_quiet(i);
	}
	target(EDGE, BIT(3));
	assert_delivered(3, EDGE);
}

static void test_several_targets_are_one_delivery(void **state)
{
	unsigned int count = 0;

	(void)state;
	target(EDGE, 0xf);
	pulse(EDGE);
	for (unsigned int i = 0; i < VCPUS; i++) {
		count += take(i) == EDGE;
	}
	assert_int_equal(count, 1);
}

static void test_software_pending_level_survives_a_look(void **state)
{
	(void)state;
	(void)operate(LEVEL, VGIC_SET_PENDING);
	set_groups(false);
	set_groups(true);
	assert_delivered(0, LEVEL);
	assert_quiet(0);
}

static void test_software_pending_level_survives_eviction(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		set_priority(LEVEL + i, 0x80);
		(void)operate(LEVEL + i, VGIC_SET_PENDING);
	}
	pulse(EDGE); /* priority 0 */
	assert_delivered(0, EDGE);
	for (uint32_t i = 0; i < 4; i++) {
		assert_delivered(0, LEVEL + i);
	}
	assert_quiet(0);
}

/* -- state set by the guest, here and where it lies ----------------------------------------------- */

static void test_state_bits_of_an_idle_interrupt(void **state)
{
	(void)state;
	disable(EDGE);
	(void)operate(EDGE, VGIC_SET_PENDING);
	assert_true(operate(EDGE, VGIC_GET_PENDING));
	(void)operate(EDGE, VGIC_CLEAR_PENDING);
	assert_false(operate(EDGE, VGIC_GET_PENDING));
	(void)operate(EDGE, VGIC_SET_ACTIVE);
	assert_true(operate(EDGE, VGIC_GET_ACTIVE));
	enable(EDGE);
	pulse(EDGE);
	assert_quiet(0);
	(void)operate(EDGE, VGIC_CLEAR_ACTIVE);
	assert_delivered(0, EDGE);
}

static void test_state_is_asked_of_the_holder(void **state)
{
	(void)state;
	target(EDGE, BIT(2));
	pulse(EDGE);
	assert_int_equal(take(2), EDGE);
	fake.calls = 0;
	assert_true(operate(EDGE, VGIC_GET_ACTIVE));
	assert_false(operate(EDGE, VGIC_GET_PENDING));
	assert_int_equal(fake.calls, 2);
	(void)operate(EDGE, VGIC_SET_PENDING);
	assert_int_equal(fake_lr_of(2, EDGE) & LR_STATE, LR_STATE);
	(void)operate(EDGE, VGIC_CLEAR_PENDING);
	assert_int_equal(fake_lr_of(2, EDGE) & LR_STATE, LR_ACTIVE);
	(void)operate(EDGE, VGIC_CLEAR_ACTIVE);
	assert_int_equal(fake_lr_of(2, EDGE), 0);
	fake_drop(2);
	assert_quiet(2);
}

static void test_level_cleared_while_high_comes_again(void **state)
{
	(void)state;
	vgic_set_line(&vm, LEVEL, true);
	(void)operate(LEVEL, VGIC_CLEAR_PENDING);
	assert_delivered(0, LEVEL);
}

static void test_is_pending_sees_what_waits(void **state)
{
	(void)state;
	assert_false(vgic_is_pending(&vm.vcpus[0]));
	pulse(EDGE);
	assert_true(vgic_is_pending(&vm.vcpus[0]));
	assert_int_equal(take(0), EDGE);
	assert_false(vgic_is_pending(&vm.vcpus[0]));
}

/* -- vCPUs that come and go --------------------------------------------------------------------- */

static void test_what_came_while_offline_is_there_after(void **state)
{
	(void)state;
	go_offline(2);
	send_sgi(0, 2, 4);
	target(EDGE, BIT(2));
	pulse(EDGE);
	fake_settle(&vm);
	go_online(2);
	assert_delivered(2, 4);
	assert_delivered(2, EDGE);
}

/* Nobody would take what its timer says. */
static void test_ppi_of_an_offline_vcpu_stays_off(void **state)
{
	struct virq *irq = &vm.vcpus[1].vgic.priv[GUEST_VTIMER_INTID];

	(void)state;
	go_offline(1);
	spin_lock(&vm.vgic.lock);
	vgic_set_enabled(&vm, irq, true);
	spin_unlock(&vm.vgic.lock);
	assert_int_equal(fake_gic.remote_enables, 0);
	go_online(1);
	assert_true(fake_phys(1, GUEST_VTIMER_INTID)->enabled);
}

static void test_pending_spi_moves_on_when_its_vcpu_goes(void **state)
{
	(void)state;
	target(EDGE, BIT(1) | BIT(2));
	pulse(EDGE);
	fake_settle(&vm);
	assert_int_not_equal(fake_lr_of(1, EDGE), 0);
	go_offline(1);
	assert_int_equal(fake_lr_of(1, EDGE), 0);
	assert_delivered(2, EDGE);
}

/* It was given to vCPU 2 while it lay in vCPU 1's list register. */
static void test_moved_spi_is_let_go_by_a_leaving_vcpu(void **state)
{
	(void)state;
	target(EDGE, BIT(1));
	pulse(EDGE);
	fake_settle(&vm);
	target(EDGE, BIT(2));
	go_offline(1); /* before the kick */
	assert_delivered(2, EDGE);
}

static void test_hw_spi_moves_physically(void **state)
{
	(void)state;
	target(HW_EDGE, BIT(1) | BIT(2));
	assert_int_equal(fake_phys(0, HW_EDGE)->cpu, 1);
	go_offline(1);
	assert_int_equal(fake_phys(0, HW_EDGE)->cpu, 2);
	fake_phys(0, HW_EDGE)->pending = true;
	assert_delivered(2, HW_EDGE);
}

static void test_ended_and_gone_is_not_active_for_ever(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		target(100 + i, BIT(0) | BIT(1));
	}
	fake_settle(&vm);
	nest(6);
	for (uint32_t i = 6; i-- > 0;) {
		fake_end(0, 100 + i);
	}
	go_offline(0); /* before the maintenance interrupt */
	(void)fake_on_cpu(1);
	assert_int_equal(vm.vcpus[0].vgic.spilled_count, 0);
	assert_false(operate(100, VGIC_GET_ACTIVE));
	pulse(100);
	assert_delivered(1, 100);
}

static void test_timer_active_at_the_end_is_forgotten(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 600; i++) {
		fake_phys(1, GUEST_VTIMER_INTID)->line = true;
		assert_int_equal(take(1), GUEST_VTIMER_INTID);
		fake_phys(1, GUEST_VTIMER_INTID)->line = false;
		go_offline(1);
		assert_false(fake_phys(1, GUEST_VTIMER_INTID)->active);
		assert_false(fake_phys(1, GUEST_VTIMER_INTID)->enabled);
		go_online(1);
		assert_int_equal(vm.vcpus[1].vgic.spilled_count, 0);
		assert_true(fake_phys(1, GUEST_VTIMER_INTID)->enabled);
	}
}

static void test_reset_forgets_everything(void **state)
{
	(void)state;
	nest(6);
	pulse(EDGE);
	fake_phys(0, HW_EDGE)->pending = true;
	fake_settle(&vm);
	for (unsigned int i = 0; i < VCPUS; i++) {
		go_offline(i);
	}
	vgic_reset(&vm);
	assert_false(fake_phys(0, HW_EDGE)->active);
	for (unsigned int i = 0; i < VCPUS; i++) {
		go_online(i);
	}
	set_groups(true);
	for (uint32_t i = 0; i < GUEST_INTIDS; i++) {
		enable(i);
		assert_false(operate(i, VGIC_GET_ACTIVE));
		assert_false(operate(i, VGIC_GET_PENDING));
	}
	assert_quiet(0);
}

#define V2(name) cmocka_unit_test_setup(name, setup_v2)
#define V3(name) cmocka_unit_test_setup(name, setup_v3)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V2(test_disabled_while_pending_waits),
		V2(test_disabled_while_active_stays_active),
		V2(test_disabled_while_pending_and_active),
		V2(test_groups_off_hold_everything_back),
		V2(test_sender_survives_groups_off),
		V2(test_pending_follows_its_target),
		V2(test_edge_while_active_follows_its_new_target),
		V2(test_edge_after_a_move_is_not_lost),
		V2(test_unreachable_target_waits_for_another),
		V2(test_several_targets_are_one_delivery),
		V2(test_software_pending_level_survives_a_look),
		V2(test_software_pending_level_survives_eviction),
		V2(test_state_bits_of_an_idle_interrupt),
		V2(test_state_is_asked_of_the_holder),
		V2(test_level_cleared_while_high_comes_again),
		V2(test_is_pending_sees_what_waits),
		V2(test_what_came_while_offline_is_there_after),
		V2(test_ppi_of_an_offline_vcpu_stays_off),
		V3(test_ppi_of_an_offline_vcpu_stays_off),
		V2(test_pending_spi_moves_on_when_its_vcpu_goes),
		V2(test_moved_spi_is_let_go_by_a_leaving_vcpu),
		V2(test_hw_spi_moves_physically),
		V2(test_ended_and_gone_is_not_active_for_ever),
		V2(test_timer_active_at_the_end_is_forgotten),
		V2(test_reset_forgets_everything),
		V3(test_pending_follows_its_target),
		V3(test_unreachable_target_waits_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
