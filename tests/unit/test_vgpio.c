/* SPDX-License-Identifier: Apache-2.0 */
/* core/vgpio.c: two VMs with some lines each of one controller. */
#include "tests/unit/fake_arch.h"
#include "tests/unit/guest_access.h"

#include "core/vm.h"

#define BASE 0xfe200000UL
#define SET0 0x1c
#define CLR0 0x28
#define LEV0 0x34
#define EDS0 0x40
#define REN0 0x4c /* rising edges */
#define HEN0 0x64 /* high level */
#define PUP0 0xe4

#define IRQ0 145 /* lines 0 to 27 */
#define IRQ1 146 /* lines 28 to 45 */
#define IRQ2 147 /* lines 46 to 57 */
#define IRQ3 148 /* all */

struct vm vms[CONFIG_VMS_MAX];
unsigned int vm_count;

/* -- the controller, as far as a line's level and events go ---------------------------------- */

static uint32_t regs[GPIO_SIZE / 4];
static uint64_t levels, events;
static uint32_t lines; /* virtual: bit 4 * VM + number */
static bool refusing;

static uint64_t pair(uint32_t offset)
{
	return regs[offset / 4] | (uint64_t)regs[offset / 4 + 1] << 32;
}

/* A level that is detected makes its event again and again. */
static void detect_levels(void)
{
	events |= levels & pair(HEN0);
}

static void drive(unsigned int line, bool high)
{
	uint64_t bit = BIT(line);

	events |= high && !(levels & bit) ? bit & pair(REN0) : 0;
	levels = high ? levels | bit : levels & ~bit;
	detect_levels();
}

bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value)
{
	uint32_t offset = (uint32_t)(address - BASE);

	assert_int_equal(size, 4);
	assert_true(offset < GPIO_SIZE);
	switch (offset & ~4U) {
	case EDS0:
		detect_levels();
		*value = (uint32_t)(events >> (offset - EDS0) * 8);
		break;
	default:
		*value = offset == LEV0       ? (uint32_t)levels
			 : offset == LEV0 + 4 ? (uint32_t)(levels >> 32)
					      : regs[offset / 4];
		break;
	}
	return !refusing;
}

bool arch_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	uint32_t offset = (uint32_t)(address - BASE);

	assert_int_equal(size, 4);
	assert_true(offset < GPIO_SIZE);
	if (offset == SET0 || offset == SET0 + 4) {
		levels |= value << (offset - SET0) * 8;
	} else if (offset == CLR0 || offset == CLR0 + 4) {
		levels &= ~(value << (offset - CLR0) * 8);
	} else if (offset == EDS0 || offset == EDS0 + 4) {
		events &= ~(value << (offset - EDS0) * 8);
		detect_levels();
	} else {
		regs[offset / 4] = (uint32_t)value;
		detect_levels();
	}
	return !refusing;
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	uint32_t bit = (uint32_t)BIT(4 * (vm - vms) + (intid - IRQ0));

	assert_in_range(intid, IRQ0, IRQ3);
	lines = level ? lines | bit : lines & ~bit;
}

/* -- two VMs -------------------------------------------------------------------------------------- */

/* Lines of VM 0 and of VM 1; 4 is nobody's. */
#define LINES_0 (BIT(0) | BIT(17) | BIT(30) | BIT(57))
#define LINES_1 (BIT(1) | BIT(18) | BIT(31))

static int setup(void **state)
{
	struct vm_device device = {
		.access = DEVICE_GPIO,
		.regs = {{BASE, GPIO_SIZE}},
		.reg_count = 1,
		.irqs = {{.intid = IRQ0}, {.intid = IRQ1}, {.intid = IRQ2}, {.intid = IRQ3}},
		.irq_count = 4};

	(void)state;
	fake_arch_setup();
	memset(vms, 0, sizeof(vms));
	memset(regs, 0, sizeof(regs));
	lines = 0;
	events = BIT(4) | BIT(17) | BIT(40); /* as firmware or a warm reset left them */
	refusing = false;
	vm_count = 2;
	regs[0] = 0x3fffffff; /* function 7 of lines 0 to 9 */
	regs[3] = 1 | 1 << 3; /* lines 30 and 31: outputs */
	levels = BIT(0) | BIT(1) | BIT(30);
	regs[PUP0 / 4] = 0xaaaaaaaa;
	regs[REN0 / 4] = 0xffffffff; /* as nobody should have left it */
	for (unsigned int i = 0; i < vm_count; i++) {
		device.lines = i ? LINES_1 : LINES_0;
		assert_int_equal(vgpio_add(&vms[i], &device), 0);
		vgpio_reset(&vms[i]);
	}
	return 0;
}

static uint64_t do_access(unsigned int n, uint32_t offset, uint32_t size, bool write,
			  uint64_t value)
{
	return guest_access(&vms[n], BASE + offset, size, write, value);
}

static uint64_t get(unsigned int n, uint32_t offset)
{
	return do_access(n, offset, 4, false, 0);
}

static void put(unsigned int n, uint32_t offset, uint64_t value)
{
	(void)do_access(n, offset, 4, true, value);
}

static void interrupt(uint32_t intid)
{
	assert_true(vgpio_interrupt(intid));
	assert_int_equal(events & (LINES_0 | LINES_1), 0); /* nothing asks any more */
}

static bool line(unsigned int vm, uint32_t intid)
{
	return lines & BIT(4 * vm + (intid - IRQ0));
}

/* -- what a VM sees ------------------------------------------------------------------------------- */

static void test_functions_of_own_lines_alone(void **state)
{
	(void)state;
	assert_int_equal(get(0, 0), 7); /* line 0 */
	assert_int_equal(get(1, 0), 7 << 3);
	put(0, 0, 0x3fffffff & ~7U & ~(7U << 3));
	assert_int_equal(regs[0], 0x3ffffff8);
	put(0, 4, 0x3fffffff);
	put(1, 4, 1 << 24);
	assert_int_equal(regs[1], 7 << 21 | 1 << 24); /* line 17, line 18 */
	put(0, 0x14, 0xffffffff);
	assert_int_equal(regs[5], 7 << 21); /* line 57 */
	assert_int_equal(get(1, 0x14), 0);
}

static void test_pull_of_own_lines_alone(void **state)
{
	(void)state;
	assert_int_equal(get(0, PUP0), 2);
	put(1, PUP0, 0);
	assert_int_equal(regs[PUP0 / 4], 0xaaaaaaa2);
	put(0, PUP0 + 12, 0xffffffff);
	assert_int_equal(regs[PUP0 / 4 + 3], 3 << 18);
}

static void test_levels_of_own_lines_alone(void **state)
{
	(void)state;
	put(0, SET0, 0xffffffff);
	put(0, SET0 + 4, 0xffffffff);
	assert_int_equal(levels, LINES_0);
	put(1, CLR0, 0xffffffff);
	assert_int_equal(levels, LINES_0);
	levels = UINT64_MAX;
	assert_int_equal(get(0, LEV0), (uint32_t)LINES_0);
	assert_int_equal(get(0, LEV0 + 4), BIT(25));
	put(1, LEV0, 0);
	assert_int_equal(levels, UINT64_MAX);
	put(1, CLR0, 0xffffffff);
	assert_int_equal(levels, ~LINES_1);
	assert_int_equal(get(0, SET0) | get(0, CLR0), 0);
}

static void test_other_accesses_do_nothing(void **state)
{
	static const uint32_t holes[] = {0x18, 0x24, 0x30, 0x3c, 0x48,
					 0x54, 0x90, 0xe0, 0xf4, 0xfc};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(holes); i++) {
		put(0, holes[i], 0xffffffff);
		assert_int_equal(regs[holes[i] / 4], 0);
		regs[holes[i] / 4] = 1;
		assert_int_equal(get(0, holes[i]), 0);
		regs[holes[i] / 4] = 0;
	}
	(void)do_access(0, SET0, 1, true, 0xff);
	(void)do_access(0, SET0 + 4, 2, true, 0xff);
	(void)do_access(0, 0x18, 8, true, UINT64_MAX);
	assert_int_equal(levels, BIT(30));
	assert_int_equal(do_access(0, 0, 8, false, 0), 0);
}

static void test_a_bus_that_refuses_reads_zero(void **state)
{
	(void)state;
	levels = UINT64_MAX;
	refusing = true;
	assert_int_equal(get(0, LEV0), 0);
}

/* -- events --------------------------------------------------------------------------------------- */

static void test_nothing_is_detected_at_first(void **state)
{
	(void)state;
	assert_int_equal(events,
			 0); /* those of nobody's lines too: they would interrupt for ever */
	for (unsigned int at = REN0; at < 0x94; at += 4) {
		assert_int_equal(regs[at / 4], 0);
	}
}

static void test_edge_comes_to_its_vm(void **state)
{
	(void)state;
	put(0, REN0, 0xffffffff);
	put(1, REN0, 0xffffffff);
	assert_int_equal(regs[REN0 / 4], (uint32_t)(LINES_0 | LINES_1));
	assert_int_equal(get(0, REN0), (uint32_t)LINES_0);
	drive(17, true);
	interrupt(IRQ0);
	assert_true(line(0, IRQ0) && line(0, IRQ3) && !line(0, IRQ1));
	assert_false(line(1, IRQ0));
	assert_int_equal(get(0, EDS0), BIT(17));
	assert_int_equal(get(1, EDS0), 0);
	put(1, EDS0, 0xffffffff);
	assert_true(line(0, IRQ0));
	put(0, EDS0, BIT(17));
	assert_false(line(0, IRQ0) || line(0, IRQ3));
}

/* A line that never rests costs nobody but its VM, and then as often as that one serves it. */
static void test_line_is_deaf_until_its_event_is_cleared(void **state)
{
	(void)state;
	put(0, REN0, BIT(0) | BIT(17));
	for (unsigned int i = 0; i < 100; i++) {
		drive(17, true);
		if (i == 0) {
			interrupt(IRQ0);
		}
		assert_int_equal(events, 0);
		drive(17, false);
	}
	assert_int_equal(get(0, REN0), BIT(0) | BIT(17)); /* as it was written */
	drive(0, true);                                   /* others are not */
	interrupt(IRQ0);
	assert_int_equal(get(0, EDS0), BIT(0) | BIT(17));
	put(0, EDS0, BIT(17));
	assert_true(line(0, IRQ0));
	drive(17, true);
	assert_int_equal(events, BIT(17));
}

static void test_level_comes_again_while_it_lasts(void **state)
{
	(void)state;
	put(1, HEN0, BIT(31));
	drive(31, true);
	interrupt(IRQ1);
	assert_true(line(1, IRQ1) && !line(1, IRQ0));
	put(1, EDS0, BIT(31));
	assert_int_equal(events, BIT(31));
	interrupt(IRQ1);
	drive(31, false);
	put(1, EDS0, BIT(31));
	assert_int_equal(events, 0);
	assert_false(line(1, IRQ1));
}

static void test_last_bank(void **state)
{
	(void)state;
	put(0, REN0 + 4, 0xffffffff);
	drive(57, true);
	interrupt(IRQ2);
	assert_true(line(0, IRQ2) && line(0, IRQ3) && !line(0, IRQ1));
	assert_int_equal(get(0, EDS0 + 4), BIT(25));
}

/* Who polls sees an event at once. */
static void test_polled_event(void **state)
{
	(void)state;
	put(0, REN0, BIT(0));
	drive(0, true);
	assert_int_equal(get(0, EDS0), BIT(0));
	assert_int_equal(events, 0);
	put(0, EDS0, BIT(0));
	assert_int_equal(get(0, EDS0), 0);
}

/* Detection that is off stays off when an event is cleared. */
static void test_detection_that_ends_meanwhile(void **state)
{
	(void)state;
	put(0, REN0, BIT(17));
	drive(17, true);
	interrupt(IRQ0);
	put(0, REN0, 0);
	put(0, EDS0, BIT(17));
	assert_int_equal(regs[REN0 / 4], 0);
}

static void test_stop_gives_back_what_firmware_left(void **state)
{
	(void)state;
	put(0, 0, 0);
	put(1, 0, 0);
	put(0, PUP0, 0);
	put(0, REN0, BIT(17));
	put(1, REN0, BIT(18));
	drive(17, true);
	interrupt(IRQ0);
	vgpio_reset(&vms[0]);
	assert_int_equal(regs[0], 0x3fffffc7); /* of line 1 as VM 1 has it */
	assert_int_equal(regs[PUP0 / 4], 0xaaaaaaaa);
	assert_int_equal(regs[REN0 / 4], BIT(18));
	assert_int_equal(lines, 0);
	assert_int_equal(get(0, EDS0) | get(0, REN0), 0);
}

/* An output's latch cannot be read: it is what drives the line as soon as it is an output. */
static void test_stop_gives_back_levels(void **state)
{
	(void)state;
	assert_int_equal(levels, BIT(30)); /* 0 and 1 were inputs */
	put(0, 4, 1 << 21);                /* 17: output */
	put(0, SET0, BIT(17));
	put(0, CLR0, BIT(30));
	put(1, SET0, BIT(18) | BIT(31));
	vgpio_reset(&vms[0]);
	assert_int_equal(levels, BIT(18) | BIT(30) | BIT(31));
	assert_int_equal(regs[1], 0);
}

/* Its line is high and stays so, and it clears the event all the time: each is an interrupt. */
static unsigned int storm(unsigned int line, unsigned int microseconds)
{
	unsigned int interrupts = 0;

	for (unsigned int i = 0; i < microseconds; i++, fake.counter += FAKE_HZ / 1000000) {
		if (events & BIT(line)) {
			interrupt(IRQ0);
			interrupts++;
		}
		put(1, EDS0, BIT(line));
	}
	return interrupts;
}

static void test_events_have_their_price(void **state)
{
	(void)state;
	put(1, HEN0, BIT(18));
	drive(18, true);
	assert_in_range(storm(18, 1000000), GPIO_EVENTS_HZ, GPIO_EVENTS_HZ + GPIO_EVENTS_AHEAD + 3);
	assert_in_range(fake.repeats, 900000, 1000000);
	/* the other VM does not pay for it */
	fake.repeats = 0;
	put(0, REN0, BIT(17));
	for (unsigned int i = 0; i < GPIO_EVENTS_AHEAD; i++) {
		drive(17, true);
		interrupt(IRQ0);
		put(0, EDS0, BIT(17));
		assert_int_equal(get(0, EDS0), 0);
		drive(17, false);
	}
	assert_int_equal(fake.repeats, 0);
	/* a new start is no way to have it forgotten; time is */
	while (fake.repeats == 0) {
		(void)storm(18, 1);
	}
	vgpio_reset(&vms[1]);
	put(1, HEN0, BIT(18));
	assert_int_equal(fake.repeats, 2);
	assert_int_equal(events | regs[HEN0 / 4], 0);
	fake.counter += FAKE_HZ;
	put(1, HEN0, BIT(18));
	drive(18, true);
	fake.repeats = 0;
	assert_in_range(storm(18, GPIO_EVENTS_AHEAD), GPIO_EVENTS_AHEAD - 1, GPIO_EVENTS_AHEAD);
	assert_int_equal(fake.repeats, 0);
}

static void test_other_interrupts_and_vms(void **state)
{
	(void)state;
	assert_false(vgpio_interrupt(IRQ0 - 1));
	assert_true(vgpio_interrupt(IRQ3)); /* a late one finds nothing */
	vgpio_reset(&vms[2]);               /* one without lines */
	fake.map_fails = true;
	assert_int_equal(vgpio_add(&vms[2], &(struct vm_device){.regs = {{BASE, GPIO_SIZE}}}), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_functions_of_own_lines_alone, setup),
		cmocka_unit_test_setup(test_pull_of_own_lines_alone, setup),
		cmocka_unit_test_setup(test_levels_of_own_lines_alone, setup),
		cmocka_unit_test_setup(test_other_accesses_do_nothing, setup),
		cmocka_unit_test_setup(test_a_bus_that_refuses_reads_zero, setup),
		cmocka_unit_test_setup(test_nothing_is_detected_at_first, setup),
		cmocka_unit_test_setup(test_edge_comes_to_its_vm, setup),
		cmocka_unit_test_setup(test_line_is_deaf_until_its_event_is_cleared, setup),
		cmocka_unit_test_setup(test_level_comes_again_while_it_lasts, setup),
		cmocka_unit_test_setup(test_last_bank, setup),
		cmocka_unit_test_setup(test_polled_event, setup),
		cmocka_unit_test_setup(test_detection_that_ends_meanwhile, setup),
		cmocka_unit_test_setup(test_stop_gives_back_what_firmware_left, setup),
		cmocka_unit_test_setup(test_stop_gives_back_levels, setup),
		cmocka_unit_test_setup(test_events_have_their_price, setup),
		cmocka_unit_test_setup(test_other_interrupts_and_vms, setup),
	};

	return cmocka_run_group_tests_name("vgpio", tests, NULL, NULL);
}
