/* SPDX-License-Identifier: Apache-2.0 */
/* core/vfilter.c: two VMs with a UART each in one page, whose interrupts are wired together. */
#include "tests/unit/fake_arch.h"
#include "tests/unit/guest_access.h"

#include "core/vm.h"

#define PAGE   0xfe201000UL
#define SHARED 153
#define SIZE   0x90
#define DR     0x00
#define FR     0x18
#define IMSC   0x38
#define RIS    0x3c
#define MIS    0x40
#define ICR    0x44
#define RX     BIT(4)
#define TX     BIT(5)

struct vm vms[CONFIG_VMS_MAX];
unsigned int vm_count;

/* The hardware: UART n at PAGE + 0x200 * n. */
static struct uart {
	uint32_t imsc;
	uint32_t ris;
} uarts[2];
static bool lines[2];
static unsigned int left; /* vm_vcpu_off() */
static bool refusing;     /* the bus */

static struct uart *uart_at(uint64_t address, uint32_t *offset)
{
	uint64_t n = (address - PAGE) / 0x200;

	assert_true(n < ARRAY_SIZE(uarts));
	*offset = (uint32_t)(address - PAGE) % 0x200;
	assert_true(*offset < SIZE);
	return &uarts[n];
}

bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value)
{
	uint32_t offset;
	const struct uart *u = uart_at(address, &offset);

	assert_int_equal(size, 4);
	*value = offset == IMSC  ? u->imsc
		 : offset == RIS ? u->ris
		 : offset == MIS ? u->ris & u->imsc
				 : 0x90;
	return !refusing;
}

bool arch_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	uint32_t offset;
	struct uart *u = uart_at(address, &offset);

	assert_int_equal(size, 4);
	if (offset == IMSC) {
		u->imsc = (uint32_t)value;
	} else if (offset == ICR) {
		u->ris &= (uint32_t)~value;
	}
	return !refusing;
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	assert_int_equal(intid, SHARED);
	lines[vm - vms] = level;
}

void vm_crash(struct vcpu *v, const char *what, uint64_t pc, uint64_t esr, uint64_t far,
	      uint64_t ipa)
{
	(void)what, (void)pc, (void)esr, (void)far;
	assert_int_equal(ipa, v->vm->filters.filter[0].regs.base + FR);
	assert_int_equal(v->vm->filters.filter[0].lock.tickets >> 16,
			 v->vm->filters.filter[0].lock.tickets & 0xffff);
}

void vm_vcpu_off(struct vcpu *v)
{
	(void)v;
	left++;
}

static const struct gate pl011 = {.enable = IMSC, .status = RIS, .mask = 0x7ff};

static int setup(void **state)
{
	struct vm_device device = {
		.reg_count = 1, .irq_count = 1, .access = DEVICE_FILTERED, .gate = &pl011};

	(void)state;
	fake_arch_setup();
	memset(vms, 0, sizeof(vms));
	memset(uarts, 0, sizeof(uarts));
	left = 0;
	refusing = false;
	vm_count = 2;
	device.irqs[0] = (struct device_irq){.intid = SHARED, .shared = true};
	for (unsigned int i = 0; i < vm_count; i++) {
		device.regs[0] = (struct mem_range){PAGE + 0x200UL * i, SIZE};
		vms[i].vcpus[0].vm = &vms[i];
		uarts[i].imsc = 0x7ff; /* as firmware may have left it */
		assert_int_equal(vfilter_add(&vms[i], &device), 0);
		vfilter_reset(&vms[i]);
		assert_int_equal(uarts[i].imsc, 0);
	}
	return 0;
}

/* What VM n does to its own UART. */
static uint64_t do_access(unsigned int n, uint64_t at, bool write, uint64_t value)
{
	return guest_access(&vms[n], PAGE + 0x200UL * n + at, 4, write, value);
}

static uint64_t get(unsigned int n, uint64_t at)
{
	return do_access(n, at, false, 0);
}

static void put(unsigned int n, uint64_t at, uint64_t value)
{
	(void)do_access(n, at, true, value);
}

static bool wire(void)
{
	return (uarts[0].ris & uarts[0].imsc) || (uarts[1].ris & uarts[1].imsc);
}

/* The wire is high: the hypervisor takes the interrupt. */
static void interrupt(void)
{
	assert_true(wire());
	assert_true(vfilter_interrupt(SHARED));
	assert_false(wire());
}

static void test_registers_of_the_other_are_no_frame(void **state)
{
	(void)state;
	assert_null(mmio_find(&vms[0].mmio, PAGE + 0x200));
	assert_null(mmio_find(&vms[0].mmio, PAGE + SIZE));
	assert_null(mmio_find(&vms[1].mmio, PAGE));
	assert_null(mmio_find(&vms[1].mmio, PAGE + 0x1ff));
}

static void test_interrupt_goes_to_who_asked(void **state)
{
	(void)state;
	put(0, IMSC, RX);
	put(1, IMSC, RX | TX);
	uarts[1].ris = RX;
	interrupt();
	assert_false(lines[0]);
	assert_true(lines[1]);
	/* it sees its registers as if nothing had been done to them */
	assert_int_equal(get(1, MIS), RX);
	assert_int_equal(get(1, IMSC), RX | TX);
	assert_true(lines[1]);
	put(1, ICR, RX);
	assert_false(lines[1]);
	assert_int_equal(uarts[1].imsc, RX | TX);
}

/* The heart of it: one who never serves its device holds up nobody. */
static void test_unserved_device_blocks_nobody(void **state)
{
	(void)state;
	put(0, IMSC, RX);
	put(1, IMSC, RX);
	uarts[0].ris = RX;
	interrupt();
	assert_true(lines[0]);
	for (unsigned int i = 0; i < 3; i++) {
		uarts[1].ris = RX;
		interrupt();
		assert_true(lines[1]);
		put(1, ICR, RX);
		assert_false(lines[1]);
	}
	(void)get(0, FR); /* neither does one that looks, and leaves it */
	assert_true(lines[0]);
	assert_false(wire());
	put(0, ICR, RX);
	assert_false(lines[0]);
}

static void test_both_at_once(void **state)
{
	(void)state;
	put(0, IMSC, RX);
	put(1, IMSC, TX);
	uarts[0].ris = RX;
	uarts[1].ris = TX;
	interrupt();
	assert_true(lines[0] && lines[1]);
	assert_true(vfilter_interrupt(SHARED)); /* a late one finds all served */
	assert_true(lines[0] && lines[1]);
}

static void test_masked_device_asks_for_nothing(void **state)
{
	(void)state;
	put(0, IMSC, RX);
	uarts[0].ris = TX;
	uarts[1].ris = RX;
	assert_false(wire());
	assert_true(vfilter_interrupt(SHARED));
	assert_false(lines[0] || lines[1]);
	put(0, IMSC, TX); /* unmasked while it is due: no interrupt needed to tell */
	assert_true(lines[0]);
	assert_false(wire());
	put(0, IMSC, 0);
	assert_false(lines[0]);
}

static void test_stopped_vm_is_quiet(void **state)
{
	(void)state;
	put(0, IMSC, RX);
	uarts[0].ris = RX;
	interrupt();
	vfilter_reset(&vms[0]);
	assert_false(lines[0] || wire());
	assert_int_equal(get(0, IMSC), 0);
}

/* One whose device asks again at once, however fast it is served and whatever it reads. */
static void test_storm_costs_its_vm(void **state)
{
	unsigned int interrupts = 0;
	uint64_t start = fake.counter;

	(void)state;
	fake.poll_ticks = FAKE_HZ / 1000000;
	put(0, IMSC, RX);
	put(1, IMSC, RX);
	uarts[0].ris = RX;
	while (fake.counter - start < FAKE_HZ) {
		if (wire()) {
			interrupt();
		}
		assert_int_equal(get(0, MIS), RX); /* it asks yet */
		interrupts++;
	}
	assert_in_range(interrupts, VFILTER_EVENTS_HZ,
			VFILTER_EVENTS_HZ + VFILTER_EVENTS_AHEAD + 3);
	/* the other's is served without a wait */
	start = fake.counter;
	uarts[1].ris = RX;
	interrupt();
	put(1, ICR, RX);
	assert_false(lines[1]);
	assert_int_equal(fake.counter, start);
}

static void test_other_interrupts_are_not_ours(void **state)
{
	(void)state;
	assert_false(vfilter_interrupt(SHARED + 1));
	vms[0].filters.filter[0].gate = NULL;
	vms[1].filters.filter[0].gate = NULL;
	assert_false(vfilter_interrupt(SHARED));
}

static void refused(void *arg)
{
	(void)arg;
	(void)get(0, FR);
}

static void test_device_that_does_not_answer_costs_its_vm(void **state)
{
	(void)state;
	refusing = true;
	assert_int_equal(fake_run(refused, NULL), FAKE_LEFT_GUEST);
	assert_int_equal(left, 1);
	refusing = false;
	put(1, IMSC, RX);
	uarts[1].ris = RX;
	interrupt();
	assert_true(lines[1]);
}

/* Each kind of gate, by the values of its registers. */
static void test_gates(void **state)
{
	static const struct {
		struct gate gate;
		uint32_t enable, status;
		bool asks;
	} cases[] = {
		{{.mask = 0x7ff}, RX, RX, true},
		{{.mask = 0x7ff}, RX, TX, false},
		{{.mask = 0x7ff}, 0x800, 0x800, false},
		{{.mask = 3, .pair_count = 2, .pairs = {{0, 0}, {1, 8}}}, 2, 0x100, true},
		{{.mask = 3, .pair_count = 2, .pairs = {{0, 0}, {1, 8}}}, 2, 1, false},
		{{.mask = 3, .pair_count = 2, .pairs = {{0, 0}, {1, 8}}}, 1, 0x101, true},
		{{.mask = 3, .pair_count = 2, .pairs = {{0, 0}, {1, 8}}}, 0, 0x101, false},
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(gate_asks(&cases[i].gate, cases[i].enable, cases[i].status),
				 cases[i].asks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers_of_the_other_are_no_frame, setup),
		cmocka_unit_test_setup(test_interrupt_goes_to_who_asked, setup),
		cmocka_unit_test_setup(test_unserved_device_blocks_nobody, setup),
		cmocka_unit_test_setup(test_both_at_once, setup),
		cmocka_unit_test_setup(test_masked_device_asks_for_nothing, setup),
		cmocka_unit_test_setup(test_stopped_vm_is_quiet, setup),
		cmocka_unit_test_setup(test_storm_costs_its_vm, setup),
		cmocka_unit_test_setup(test_other_interrupts_are_not_ours, setup),
		cmocka_unit_test_setup(test_device_that_does_not_answer_costs_its_vm, setup),
		cmocka_unit_test(test_gates),
	};

	return cmocka_run_group_tests_name("vfilter", tests, NULL, NULL);
}
