/* SPDX-License-Identifier: Apache-2.0 */
/* core/vmailbox.c: two VMs and a firmware that answers when it is told to. */
#include "tests/unit/fake_arch.h"
#include "tests/unit/guest_access.h"

#include "core/vmailbox.c" /* NOLINT(bugprone-suspicious-include) */

#define BASE  0xfe00b880UL
#define INTID 65

#define RATE      0x30002U
#define SERIAL    0x10004U
#define FORBIDDEN 0x28001U

/* VM n's memory: 64 KiB, at this IPA, which is below 1 GiB. */
#define RAM(n) (0x10000000U + (n)*0x100000U)
#define SIZE   0x10000U
#define BUS    0xc0000000U
#define OUR_PA 0x200000UL /* of the hypervisor's own buffer */
#define PLACE  0x4100U    /* where a request lies in the VM's memory */

struct vm vms[CONFIG_VMS_MAX];
unsigned int vm_count;
static struct vm_config configs[2];

/* -- the firmware ----------------------------------------------------------------------------------- */

static uint32_t *buffer;   /* what it was given */
static uint32_t message;   /* 0: none */
static uint32_t messages;  /* so far */
static bool answered;      /* and not taken */
static uint32_t answer_is; /* what READ brings */
static uint32_t config0;
static bool refusing;
static bool lines[2];
static unsigned int complaints;

paddr_t arch_pa(const void *va)
{
	buffer = (uint32_t *)(uintptr_t)va;
	return (paddr_t){OUR_PA};
}

bool arch_device_read(uint64_t address, unsigned int size, uint64_t *value)
{
	assert_int_equal(size, 4);
	*value = 0;
	if (address == BASE + STATUS0) {
		*value = answered ? 0 : EMPTY;
	} else if (address == BASE + READ) {
		assert_true(answered);
		answered = false;
		*value = answer_is;
	} else {
		fail();
	}
	return !refusing;
}

bool arch_device_write(uint64_t address, unsigned int size, uint64_t value)
{
	assert_int_equal(size, 4);
	if (address == BASE + CONFIG0) {
		config0 = (uint32_t)value;
	} else {
		assert_int_equal(address, BASE + WRITE1);
		assert_int_equal(message, 0); /* one at a time */
		message = (uint32_t)value;
		messages++;
		assert_int_equal(message, OUR_PA | BUS | 8);
	}
	return !refusing;
}

/* It answers what lies in the buffer: in each word of a value its tag, inverted. Says 4 bytes. */
static void firmware_answers(void)
{
	assert_int_not_equal(message, 0);
	assert_int_equal(buffer[1], 0);
	for (uint32_t at = 2; buffer[at] != 0; at += 3 + (buffer[at + 1] + 3) / 4) {
		assert_true(at * 4 < buffer[0]);
		buffer[at + 2] = BIT(31) | 4;
		for (uint32_t i = 0; i < (buffer[at + 1] + 3) / 4; i++) {
			buffer[at + 3 + i] = ~buffer[at];
		}
	}
	buffer[1] = DONE;
	answer_is = message;
	message = 0;
	answered = true;
	assert_true(vmailbox_interrupt(INTID));
	assert_false(answered);
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	assert_int_equal(intid, INTID);
	lines[vm - vms] = level;
}

void log_guest(struct vm *vm, const char *format, ...)
{
	(void)vm;
	(void)format;
	complaints++;
}

/* -- two VMs ------------------------------------------------------------------------------------------ */

static uint32_t *at(unsigned int n, uint32_t offset)
{
	return (uint32_t *)(void *)(fake.ram + n * SIZE + offset);
}

static int setup(void **state)
{
	struct vm_device device = {.access = DEVICE_MAILBOX,
				   .regs = {{BASE, 0x40}},
				   .reg_count = 1,
				   .irqs = {{.intid = INTID}},
				   .irq_count = 1};

	(void)state;
	fake_arch_setup();
	memset(vms, 0, sizeof(vms));
	serving = NULL;
	message = messages = config0 = complaints = 0;
	answered = refusing = false;
	vm_count = 2;
	for (unsigned int i = 0; i < vm_count; i++) {
		configs[i] = (struct vm_config){
			.regions = {{.ipa = RAM(i), .size = SIZE, .pa = FAKE_RAM_BASE + i * SIZE}},
			.region_count = 1,
			.mailbox_tags = {RATE, SERIAL},
			.mailbox_tag_count = 2};
		vms[i].config = &configs[i];
		vms[i].index = i;
		memset(at(i, 0), 0xa5, SIZE);
		assert_int_equal(vmailbox_add(&vms[i], &device), 0);
		vmailbox_reset(&vms[i]);
	}
	assert_int_equal(config0, 1);
	return 0;
}

static uint64_t do_access(unsigned int n, uint32_t offset, uint32_t size, bool write,
			  uint64_t value)
{
	return guest_access(&vms[n], BASE + offset, size, write, value);
}

static uint64_t read_it(unsigned int n, uint32_t offset)
{
	return do_access(n, offset, 4, false, 0);
}

static void write_it(unsigned int n, uint32_t offset, uint64_t value)
{
	(void)do_access(n, offset, 4, true, value);
}

/* Write a request to the VM's memory: tags of one value word each. Returns its size in bytes. */
static uint32_t write_request(unsigned int n, const uint32_t *tags, unsigned int count)
{
	uint32_t *to = at(n, PLACE);

	to[0] = (3 + 4 * count) * 4;
	to[1] = 0;
	for (unsigned int i = 0; i < count; i++) {
		memcpy(&to[2 + 4 * i], (uint32_t[]){tags[i], 4, 0, 77}, 16);
	}
	to[2 + 4 * count] = 0;
	return to[0];
}

static uint32_t message_of(unsigned int n)
{
	return (RAM(n) + PLACE) | BUS | 8;
}

static void send(unsigned int n)
{
	write_it(n, WRITE1, message_of(n));
}

static void assert_answered(unsigned int n, uint32_t code)
{
	assert_int_equal(read_it(n, STATUS0), 0);
	assert_int_equal(read_it(n, PEEK), message_of(n));
	assert_int_equal(read_it(n, READ), message_of(n));
	assert_int_equal(read_it(n, STATUS0), EMPTY);
	assert_int_equal(read_it(n, STATUS1), EMPTY);
	assert_int_equal(at(n, PLACE)[1], code);
	assert_int_equal(fake.mapped, 0);
}

static void assert_tag(unsigned int n, unsigned int index, uint32_t tag, bool done)
{
	const uint32_t *t = &at(n, PLACE)[2 + 4 * index];

	assert_int_equal(t[0], tag);
	assert_int_equal(t[1], 4);
	assert_int_equal(t[2], done ? BIT(31) | 4 : 0);
	assert_int_equal(t[3], done ? ~tag : 77);
}

/* -- requests ----------------------------------------------------------------------------------------- */

static void test_request_and_answer(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE, SERIAL}, 2);
	assert_int_equal(read_it(0, STATUS0), EMPTY);
	send(0);
	assert_int_equal(read_it(0, STATUS0), EMPTY);
	assert_int_equal(read_it(0, STATUS1), FULL);
	assert_int_equal(at(0, PLACE)[1], 0);
	firmware_answers();
	assert_answered(0, DONE);
	assert_tag(0, 0, RATE, true);
	assert_tag(0, 1, SERIAL, true);
	assert_int_equal(at(0, PLACE)[11], 0xa5a5a5a5); /* behind it */
	assert_int_equal(complaints, 0);
}

/* Without the alias too, as who has no dma-ranges writes it. */
static void test_address_without_alias(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	write_it(0, WRITE1, (RAM(0) + PLACE) | 8);
	firmware_answers();
	assert_int_equal(read_it(0, READ), (RAM(0) + PLACE) | 8);
	assert_tag(0, 0, RATE, true);
}

static void test_tag_that_the_vm_has_not(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE, FORBIDDEN, SERIAL}, 3);
	send(0);
	assert_int_equal(buffer[0], 3 * 4 + 28 + 16); /* two tags */
	assert_int_equal(buffer[2], RATE);
	assert_int_equal(buffer[9], SERIAL);
	assert_int_equal(buffer[13], 0);
	assert_int_equal(complaints, 1);
	firmware_answers();
	assert_answered(0, DONE);
	assert_tag(0, 0, RATE, true);
	assert_tag(0, 1, FORBIDDEN, false);
	assert_tag(0, 2, SERIAL, true);
}

static void test_nothing_but_such_tags(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){FORBIDDEN}, 1);
	send(0);
	assert_int_equal(messages, 0);
	assert_answered(0, DONE);
	assert_tag(0, 0, FORBIDDEN, false);
}

/* What the VM changes after it sent it changes nothing. */
static void test_request_is_a_copy(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	send(0);
	at(0, PLACE)[0] = 0xffffffff;
	at(0, PLACE)[2] = FORBIDDEN;
	at(0, PLACE)[3] = 0xffffffff;
	firmware_answers();
	assert_answered(0, DONE);
	assert_tag(0, 0, RATE, true);
	assert_int_equal(at(0, PLACE)[0], 28);
}

static void test_malformed_requests(void **state)
{
	static const uint32_t sizes[] = {0,          4,         8, 13, MAILBOX_REQUEST_MAX + 4,
					 0x80000000, 0xffffffff};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		write_request(0, (uint32_t[]){RATE}, 1);
		at(0, PLACE)[0] = sizes[i];
		send(0);
		assert_answered(0, MALFORMED);
		assert_int_equal(at(0, PLACE)[0], sizes[i]);
		assert_int_equal(at(0, PLACE)[2], RATE);
	}
	assert_int_equal(messages, 0);
}

/* One that goes on right behind a value, and writes 4 words whatever the size: QEMU's. */
static unsigned int sloppy_firmware(void)
{
	uint8_t *bytes = (uint8_t *)buffer;
	uint32_t place = 8, tag, size;
	unsigned int tags = 0;

	for (; place + 8 <= buffer[0]; place += 12 + size, tags++) {
		memcpy(&tag, bytes + place, 4);
		memcpy(&size, bytes + place + 4, 4);
		assert_true(tag == RATE || tag == SERIAL);
		memset(bytes + place + 12, 0x5a, 16);
	}
	return tags;
}

/* What one reads as the end of a value and another as a tag is not there. */
static void test_sizes_that_are_no_words(void **state)
{
	static const uint32_t words[] = {48, 0, SERIAL, 2, 0, 0x80450000, RATE, 8, 5, 1, 2, 0};

	(void)state;
	memcpy(at(0, PLACE), words, sizeof(words));
	send(0);
	assert_int_equal(sloppy_firmware(), 2);
	assert_int_equal(buffer[11], 0); /* the second's code, which was none of a request */
	answer_is = message;
	answered = true;
	assert_true(vmailbox_interrupt(INTID));
	assert_int_equal(at(0, PLACE)[3], 2); /* sizes as they were */
	assert_int_equal(at(0, PLACE)[5], 0x5a5a5a5a);
	assert_int_equal(at(0, PLACE)[6], RATE);
	assert_int_equal(at(0, PLACE)[7], 8);
	assert_int_equal(at(0, PLACE)[11], 0);
}

/* The most that there can be. */
static void test_many_tags_without_value(void **state)
{
	uint32_t *to = at(0, PLACE);

	(void)state;
	memset(to, 0, MAILBOX_REQUEST_MAX);
	to[0] = MAILBOX_REQUEST_MAX;
	for (unsigned int i = 0; i < 84; i++) {
		to[2 + 3 * i] = i % 2 ? RATE : SERIAL;
	}
	send(0);
	assert_int_equal(buffer[0], (2 + 83 * 7 + 3 + 1) * 4);
	assert_int_equal(sloppy_firmware(), 84);
}

/* A value that goes beyond the request ends it: what came before is carried out. */
static void test_value_beyond_the_end(void **state)
{
	static const uint32_t lengths[] = {5, 8, 0x7fffffff, 0xfffffffc, 0xffffffff};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		write_request(0, (uint32_t[]){RATE, SERIAL}, 2);
		at(0, PLACE)[0] -= 4; /* no end mark */
		at(0, PLACE)[7] = lengths[i];
		send(0);
		assert_int_equal(buffer[0], 28);
		firmware_answers();
		assert_answered(0, DONE);
		assert_tag(0, 0, RATE, true);
		assert_int_equal(at(0, PLACE)[8], 0);
		assert_int_equal(at(0, PLACE)[10], 0); /* the mark, which is not in the request */
	}
}

static void test_longest_request(void **state)
{
	uint32_t *to = at(0, PLACE);

	(void)state;
	memset(to, 0, MAILBOX_REQUEST_MAX);
	to[0] = MAILBOX_REQUEST_MAX;
	to[2] = RATE;
	to[3] = MAILBOX_REQUEST_MAX - 6 * 4;
	send(0);
	assert_int_equal(buffer[0], MAILBOX_REQUEST_MAX);
	firmware_answers();
	assert_answered(0, DONE);
	/* a value up to the last word, and no room for a mark */
	memset(to, 0, MAILBOX_REQUEST_MAX);
	to[0] = MAILBOX_REQUEST_MAX;
	to[2] = RATE;
	to[3] = MAILBOX_REQUEST_MAX - 5 * 4;
	send(0);
	assert_int_equal(buffer[0], MAILBOX_REQUEST_MAX + 4);
	firmware_answers();
	assert_answered(0, DONE);
	assert_int_equal(to[MAILBOX_REQUEST_MAX / 4 - 1], ~RATE);
	assert_int_equal(to[MAILBOX_REQUEST_MAX / 4], 0xa5a5a5a5);
}

static void test_addresses_that_are_not_the_vms(void **state)
{
	const uint32_t addresses[] = {0,          RAM(0) - 16, RAM(0) + SIZE, RAM(1),
				      0x3ffffff0, 0xbffffff0,  0xfffffff0};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++) {
		write_it(0, WRITE1, addresses[i] | 8);
		assert_int_equal(read_it(0, READ), addresses[i] | 8);
	}
	assert_int_equal(complaints, ARRAY_SIZE(addresses));
	/* one that ends beyond its memory: the head is there, the rest is not */
	at(0, SIZE - 16)[0] = 64;
	write_it(0, WRITE1, (RAM(0) + SIZE - 16) | 8);
	assert_int_equal(read_it(0, READ), (RAM(0) + SIZE - 16) | 8);
	assert_int_equal(at(0, SIZE - 16)[1], MALFORMED);
	configs[0].regions[0].read_only = true;
	write_it(0, WRITE1, message_of(0));
	assert_int_equal(read_it(0, READ), message_of(0));
	assert_int_equal(messages, 0);
	assert_int_equal(at(1, 0)[0], 0xa5a5a5a5);
}

static void test_other_channels(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	for (uint32_t channel = 0; channel < 16; channel++) {
		if (channel != 8) {
			write_it(0, WRITE1, (message_of(0) & ~0xfU) | channel);
		}
	}
	assert_int_equal(messages, 0);
	assert_int_equal(read_it(0, STATUS1), EMPTY);
}

static void test_other_registers_and_sizes(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 0x40; offset += 4) {
		if (offset != WRITE1 && offset != CONFIG0) {
			write_it(0, offset, 0xffffffff);
		}
	}
	assert_int_equal(
		read_it(0, 0x14) | read_it(0, 0x3c) | read_it(0, WRITE1) | read_it(0, READ), 0);
	(void)do_access(0, WRITE1, 8, true, message_of(0));
	(void)do_access(0, WRITE1, 2, true, 8);
	assert_int_equal(do_access(0, STATUS0, 1, false, 0), 0);
	assert_int_equal(messages, 0);
}

/* -- taking turns ------------------------------------------------------------------------------------- */

static void test_interrupt_when_it_is_wanted(void **state)
{
	(void)state;
	write_it(0, CONFIG0, 1);
	assert_int_equal(read_it(0, CONFIG0), 1);
	write_request(0, (uint32_t[]){RATE}, 1);
	send(0);
	assert_false(lines[0]);
	firmware_answers();
	assert_true(lines[0]);
	assert_false(lines[1]);
	write_it(0, CONFIG0, 0);
	assert_false(lines[0]);
	write_it(0, CONFIG0, 0xffffffff);
	assert_true(lines[0]);
	assert_answered(0, DONE);
	assert_false(lines[0]);
}

static void test_one_waits_for_the_other(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	write_request(1, (uint32_t[]){SERIAL}, 1);
	send(0);
	send(1);
	send(1); /* the register is full: lost, as in hardware */
	assert_int_equal(messages, 1);
	firmware_answers();
	assert_int_equal(messages, 2);
	assert_answered(0, DONE);
	assert_int_equal(read_it(1, STATUS0), EMPTY);
	firmware_answers();
	assert_answered(1, DONE);
	assert_tag(1, 0, SERIAL, true);
	assert_int_equal(messages, 2);
}

/* Who asks all the time does not keep the other from its turn. */
static void test_turns(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	write_request(1, (uint32_t[]){RATE}, 1);
	send(0);
	send(1);
	for (unsigned int i = 0; i < 20; i++) {
		firmware_answers();
		assert_answered(i % 2, DONE);
		send(i % 2);
		assert_int_equal(read_it(1 - i % 2, STATUS1), FULL);
	}
}

static void test_vm_that_stops_meanwhile(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	send(0);
	vmailbox_reset(&vms[0]);
	memset(at(0, 0), 0, SIZE);
	assert_int_equal(read_it(0, STATUS1), EMPTY);
	/* its next instance asks before the answer to the last is there */
	write_request(0, (uint32_t[]){SERIAL}, 1);
	send(0);
	assert_int_equal(messages, 1);
	firmware_answers();
	assert_int_equal(read_it(0, STATUS0), EMPTY);
	assert_tag(0, 0, SERIAL, false);
	assert_int_equal(messages, 2);
	firmware_answers();
	assert_answered(0, DONE);
	assert_tag(0, 0, SERIAL, true);
}

static void test_words_that_nobody_asked_for(void **state)
{
	(void)state;
	write_request(0, (uint32_t[]){RATE}, 1);
	send(0);
	answered = true;
	answer_is = 0x12345678;
	assert_true(vmailbox_interrupt(INTID));
	assert_int_equal(read_it(0, STATUS1), FULL);
	firmware_answers();
	assert_answered(0, DONE);
	answered = true;
	answer_is = OUR_PA | BUS | 8;
	assert_true(vmailbox_interrupt(INTID));
	assert_int_equal(read_it(0, STATUS0), EMPTY);
	assert_false(vmailbox_interrupt(INTID + 1));
}

/* A request needs none, wherever it lies: here in two pages. */
static void test_no_tables_left(void **state)
{
	uint32_t place = SZ_4K - 16;

	(void)state;
	fake.map_fails = true;
	write_request(0, (uint32_t[]){RATE}, 1);
	memcpy(at(0, place), at(0, PLACE), 28);
	write_it(0, WRITE1, (RAM(0) + place) | 8);
	firmware_answers();
	assert_int_equal(at(0, place)[1], DONE);
	assert_int_equal(at(0, place)[5], ~RATE);
	assert_int_equal(vmailbox_add(&vms[2], &(struct vm_device){.regs = {{BASE, 0x40}}}), -1);
	vmailbox_reset(&vms[2]); /* one without */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_request_and_answer, setup),
		cmocka_unit_test_setup(test_address_without_alias, setup),
		cmocka_unit_test_setup(test_tag_that_the_vm_has_not, setup),
		cmocka_unit_test_setup(test_nothing_but_such_tags, setup),
		cmocka_unit_test_setup(test_request_is_a_copy, setup),
		cmocka_unit_test_setup(test_malformed_requests, setup),
		cmocka_unit_test_setup(test_sizes_that_are_no_words, setup),
		cmocka_unit_test_setup(test_many_tags_without_value, setup),
		cmocka_unit_test_setup(test_value_beyond_the_end, setup),
		cmocka_unit_test_setup(test_longest_request, setup),
		cmocka_unit_test_setup(test_addresses_that_are_not_the_vms, setup),
		cmocka_unit_test_setup(test_other_channels, setup),
		cmocka_unit_test_setup(test_other_registers_and_sizes, setup),
		cmocka_unit_test_setup(test_interrupt_when_it_is_wanted, setup),
		cmocka_unit_test_setup(test_one_waits_for_the_other, setup),
		cmocka_unit_test_setup(test_turns, setup),
		cmocka_unit_test_setup(test_vm_that_stops_meanwhile, setup),
		cmocka_unit_test_setup(test_words_that_nobody_asked_for, setup),
		cmocka_unit_test_setup(test_no_tables_left, setup),
	};

	return cmocka_run_group_tests_name("vmailbox", tests, NULL, NULL);
}
