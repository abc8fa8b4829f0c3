/* SPDX-License-Identifier: Apache-2.0 */
/* SGIs between vCPUs: by hardware, by memory, to oneself (core/vgic_sgi.c). */
#include "tests/unit/fake_vm.h"

static void test_sgi_reaches_another_vcpu(void **state)
{
	(void)state;
	for (uint32_t sgi = 0; sgi < VGIC_SGIS; sgi++) {
		send_sgi(0, 2, sgi);
		assert_delivered(2, sgi);
		assert_quiet(2);
		assert_quiet(0);
	}
}

/* The hardware carries the first seven, and the vCPU's CPU alone touches its state. */
static void test_sgi_is_one_of_the_hardware(void **state)
{
	(void)state;
	send_sgi(0, 2, 6);
	assert_int_equal(fake_gic.sgis, 1);
	assert_int_equal(fake.kicks[2], 0);
	assert_int_equal(fake_take(2), 6);
	send_sgi(0, 2, 7);
	assert_int_equal(fake_gic.sgis, 1);
	assert_int_equal(fake.kicks[2], 1);
}

static void test_sgi_to_a_vcpu_that_is_off_waits_for_it(void **state)
{
	(void)state;
	go_offline(2);
	send_sgi(0, 2, 3);
	assert_int_equal(fake_gic.sgis, 1);
	assert_int_equal(fake_lr_of(2, 3), 0);
	go_online(2);
	assert_delivered(2, 3);
}

/* GICv3: a group 0 interrupt is not for ICC_SGI1R_EL1, wherever that is found out. */
static void test_sgi_of_hardware_is_group_1(void **state)
{
	(void)state;
	vgic_send_sgi(&vm.vcpus[0], BIT(1), (struct vgic_sgi){4, 0, true});
	assert_int_equal(fake_gic.sgis, 1);
	assert_quiet(1);
	vm.vcpus[1].vgic.priv[4].group1 = true;
	vm.vgic.enable_group[1] = true;
	vgic_send_sgi(&vm.vcpus[0], BIT(1), (struct vgic_sgi){4, 0, true});
	assert_delivered(1, 4);
}

static void test_sgi_to_itself_needs_no_kick(void **state)
{
	(void)state;
	send_sgi(1, 1, 3);
	assert_int_equal(fake.kicks[1], 0);
	assert_int_equal(fake_gic.sgis, 0);
	assert_int_equal(fake_take(1), 3);
}

static void test_sgi_names_its_sender(void **state)
{
	(void)state;
	send_sgi(3, 0, 1);
	assert_int_equal(take(0), 1);
	assert_int_equal(fake_gic.cpu[0].source, 3);
}

static void test_two_senders_of_one_sgi_are_both_seen(void **state)
{
	unsigned int seen = 0;

	(void)state;
	send_sgi(1, 0, 7);
	send_sgi(2, 0, 7);
	send_sgi(3, 0, 7);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(take(0), 7);
		seen |= (unsigned int)BIT(fake_gic.cpu[0].source);
		end(0, 7);
	}
	assert_int_equal(seen, 0xe);
	assert_quiet(0);
}

static void test_same_sender_twice_is_one_sgi(void **state)
{
	(void)state;
	send_sgi(1, 0, 7);
	fake_settle(&vm);
	send_sgi(1, 0, 7);
	assert_delivered(0, 7);
	assert_quiet(0);
}

static void test_sgi_while_it_is_active_comes_again(void **state)
{
	(void)state;
	send_sgi(1, 0, 7);
	assert_int_equal(take(0), 7);
	send_sgi(1, 0, 7);
	assert_quiet(0);
	end(0, 7);
	assert_delivered(0, 7);
	assert_quiet(0);
}

static void test_sgi_of_the_other_group_is_dropped(void **state)
{
	(void)state;
	vgic_send_sgi(&vm.vcpus[0], BIT(0), (struct vgic_sgi){4, 0, true});
	assert_quiet(0);
}

static void test_gicv3_sgis_of_several_senders_are_one(void **state)
{
	(void)state;
	send_sgi(1, 0, 7);
	send_sgi(2, 0, 7);
	assert_delivered(0, 7);
	assert_quiet(0);
}

/* SPENDSGIR names a sender that is another vCPU, with a flush of its own to do. */
static void test_sgi_in_the_name_of_another_leaves_its_list_registers(void **state)
{
	(void)state;
	send_sgi(0, 1, 12); /* vCPU 1 is dirty now, and kicked */
	vgic_send_sgi(&vm.vcpus[0], BIT(0), (struct vgic_sgi){9, 1, false});
	assert_int_equal(fake_lr_of(0, 12), 0);
	assert_delivered(1, 12);
	assert_delivered(0, 9);
}

#define V2(name) cmocka_unit_test_setup(name, setup_v2)
#define V3(name) cmocka_unit_test_setup(name, setup_v3)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V2(test_sgi_reaches_another_vcpu),
		V2(test_sgi_is_one_of_the_hardware),
		V2(test_sgi_to_a_vcpu_that_is_off_waits_for_it),
		V3(test_sgi_of_hardware_is_group_1),
		V2(test_sgi_to_itself_needs_no_kick),
		V2(test_sgi_names_its_sender),
		V2(test_two_senders_of_one_sgi_are_both_seen),
		V2(test_same_sender_twice_is_one_sgi),
		V2(test_sgi_while_it_is_active_comes_again),
		V3(test_sgi_of_the_other_group_is_dropped),
		V3(test_gicv3_sgis_of_several_senders_are_one),
		V2(test_sgi_in_the_name_of_another_leaves_its_list_registers),
		V3(test_sgi_reaches_another_vcpu),
		V3(test_sgi_while_it_is_active_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
