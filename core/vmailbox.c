/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmailbox.h"

#include <string.h>

#include "core/arch.h"
#include "core/lib/spinlock.h"
#include "core/log.h"
#include "core/vm.h"

/* Registers: mailbox 0 brings answers, mailbox 1 takes requests. */
#define READ      0x00
#define PEEK      0x10
#define STATUS0   0x18
#define CONFIG0   0x1c
#define WRITE1    0x20
#define STATUS1   0x38
#define FULL      0x80000000U
#define EMPTY     0x40000000U
#define INTERRUPT BIT(0) /* of CONFIG0: when there is an answer */

#define CHANNEL_PROPERTY 8U
#define CHANNELS         0xfU
/* The firmware's addresses of memory: the first GiB, not cached. */
#define BUS       0xc0000000U
#define BUS_LIMIT SZ_1G

/* A request, in words: size, code, then tags of {tag, size of the value, code, value}, then 0. */
#define WORDS     (MAILBOX_REQUEST_MAX / 4)
#define REQUEST   0U
#define DONE      0x80000000U
#define MALFORMED 0x80000001U
#define HEAD      2 /* words */
#define TAG_HEAD  3
/*
 * A value that another tag follows is given so many words at least: QEMU's firmware writes its
 * answer whatever the size (hw/misc/bcm2835_property.c), and would find tags in it.
 */
#define VALUE_MIN 4
_Static_assert(MAILBOX_REQUEST_MAX <= ARCH_WINDOW_SIZE - SZ_4K, "one may lie in two pages");

/* All of it below the lock. */
static struct spinlock lock;
static const struct vmailbox *serving; /* whose request the firmware has */
static uint32_t asked[WORDS];          /* as the VM wrote it */
/* With room for that, and for the mark that the VM's may lack; whole cache lines. */
static uint32_t sent[ALIGN_UP(WORDS / TAG_HEAD * (TAG_HEAD + VALUE_MIN) + HEAD + 1, 16)]
	__attribute__((aligned(64)));

static uint32_t get(const struct vmailbox *m, unsigned int offset)
{
	return arch_device_word(m->base + offset, EMPTY);
}

static void put(const struct vmailbox *m, unsigned int offset, uint32_t value)
{
	(void)!arch_device_write(m->base + offset, 4, value);
}

/* -- the VM's request ----------------------------------------------------------------------------- */

/* The firmware's address is the VM's, or the alias of it. */
static uint64_t request_ipa(const struct vmailbox *m)
{
	uint32_t address = m->message & ~CHANNELS;

	return address >= BUS ? address - BUS : address;
}

/* Copy from the VM's memory, which it may have mapped as not cached, or back to it. */
static bool copy(const struct vmailbox *m, uint64_t size, bool back)
{
	const struct vm_config *c = m->vm->config;
	uint64_t ipa = request_ipa(m);
	uint64_t first = ALIGN_DOWN(ipa, SZ_4K);
	uint64_t pages = ALIGN_UP(ipa + size, SZ_4K) - first;

	for (unsigned int i = 0; i < c->region_count; i++) {
		const struct vm_region *region = &c->regions[i];
		uint8_t *va, *at;

		if (!range_within(ipa, size, region->ipa, region->size) || region->read_only) {
			continue;
		}
		va = arch_window((paddr_t){region->pa + (first - region->ipa)}, pages);
		if (!va) {
			return false;
		}
		at = va + (ipa - first);
		arch_clean_poc(at, size);
		memcpy(back ? (void *)at : asked, back ? (const void *)asked : at, size);
		arch_clean_poc(at, size);
		arch_unmap(va, pages);
		return true;
	}
	return false;
}

/* The words of the tag at asked[at], its head included; 0: none, or it is not whole. */
static unsigned int tag_words(unsigned int at)
{
	unsigned int end = asked[0] / 4;

	if (at + TAG_HEAD > end || asked[at] == 0 || asked[at + 1] > (end - at - TAG_HEAD) * 4) {
		return 0;
	}
	return TAG_HEAD + (asked[at + 1] + 3) / 4;
}

/*
 * Make of the VM's request the one that is sent. Returns the number of its tags. Sizes are whole
 * words, so that where the next tag begins is no matter of opinion.
 */
static unsigned int pick(const struct vmailbox *m)
{
	unsigned int to = HEAD, end = HEAD, last = 0, tags = 0, words;

	memset(sent, 0, sizeof(sent));
	for (unsigned int at = HEAD; (words = tag_words(at)) != 0; at += words) {
		if (!config_has_tag(m->vm->config, asked[at])) {
			log_guest(m->vm, "%s: mailbox-tags: 0x%x is not one of them: not answered",
				  m->vm->config->name, asked[at]);
			continue;
		}
		last = to;
		end = to + words;
		memcpy(&sent[to], &asked[at], words * 4UL);
		to += MAX(words, TAG_HEAD + VALUE_MIN);
		sent[last + 1] = (to - last - TAG_HEAD) * 4;
		sent[last + 2] = REQUEST;
		tags++;
	}
	sent[last + 1] = (end - last - TAG_HEAD) * 4;
	sent[0] = (end + 1) * 4;
	sent[1] = REQUEST;
	return tags;
}

/* The firmware's answers, each to its tag; they are in one order. */
static void merge(const struct vmailbox *m)
{
	unsigned int from = HEAD, words;

	for (unsigned int at = HEAD; (words = tag_words(at)) != 0; at += words) {
		if (config_has_tag(m->vm->config, asked[at])) {
			memcpy(&asked[at + 2], &sent[from + 2], (words - 2) * 4UL);
			from += MAX(words, TAG_HEAD + VALUE_MIN);
		}
	}
	asked[1] = sent[1];
}

static void raise_line(const struct vmailbox *m)
{
	vgic_set_line(m->vm, m->intid, m->state == MAILBOX_ANSWERED && m->wants_interrupt);
}

/* With so many bytes of what is in asked. */
static void answer(struct vmailbox *m, uint32_t size)
{
	if (size != 0) {
		(void)copy(m, size, true);
	}
	m->state = MAILBOX_ANSWERED;
	raise_line(m);
}

/* Read the VM's request. False: it is answered, as what it is. */
static bool read_request(struct vmailbox *m)
{
	uint32_t size;

	if (!copy(m, HEAD * 4, false)) {
		log_guest(m->vm, "%s: mailbox: 0x%lx is not its memory", m->vm->config->name,
			  request_ipa(m));
		answer(m, 0);
		return false;
	}
	size = asked[0];
	if (size < (HEAD + 1) * 4 || size > sizeof(asked) || size % 4 != 0 ||
	    !copy(m, size, false)) {
		asked[0] = size;
		asked[1] = MALFORMED;
		answer(m, HEAD * 4);
		return false;
	}
	asked[0] = size; /* which the VM may have changed meanwhile */
	return true;
}

/* Send it, or answer it here. */
static void take_up(struct vmailbox *m)
{
	if (!read_request(m)) {
		return;
	}
	if (pick(m) == 0) {
		asked[1] = DONE;
		answer(m, asked[0]);
		return;
	}
	arch_clean_poc(sent, sizeof(sent));
	m->state = MAILBOX_SENT;
	serving = m;
	put(m, WRITE1, (uint32_t)arch_pa(sent).pa | BUS | CHANNEL_PROPERTY);
}

/* The VM whose turn it is: who comes behind the last. */
static void serve_next(unsigned int last)
{
	for (unsigned int i = 1; i <= vm_count && !serving; i++) {
		struct vmailbox *m = &vms[(last + i) % vm_count].mailbox;

		if (m->state == MAILBOX_WAITING) {
			take_up(m);
		}
	}
}

/* -- the firmware's answer ---------------------------------------------------------------------- */

static void finish(void)
{
	struct vmailbox *m = &vms[serving->vm->index].mailbox;

	serving = NULL;
	/* else its VM was stopped meanwhile */
	if (m->state == MAILBOX_SENT) {
		arch_clean_poc(sent, sizeof(sent));
		merge(m);
		answer(m, asked[0]);
	}
	serve_next(m->vm->index);
}

bool vmailbox_interrupt(uint32_t intid)
{
	const struct vmailbox *m = NULL;

	for (unsigned int i = 0; i < vm_count && !m; i++) {
		m = vms[i].mailbox.vm && vms[i].mailbox.intid == intid ? &vms[i].mailbox : NULL;
	}
	if (!m) {
		return false;
	}
	spin_lock(&lock);
	while (!(get(m, STATUS0) & EMPTY)) {
		uint32_t message = get(m, READ);

		if (serving && message == ((uint32_t)arch_pa(sent).pa | BUS | CHANNEL_PROPERTY)) {
			finish();
		}
	}
	spin_unlock(&lock);
	return true;
}

/* -- the guest's accesses: lock held ------------------------------------------------------------- */

static uint32_t read_register(struct vmailbox *m, unsigned int offset)
{
	uint32_t value = m->state == MAILBOX_ANSWERED ? m->message : 0;

	switch (offset) {
	case READ:
		if (m->state == MAILBOX_ANSWERED) {
			m->state = MAILBOX_FREE;
			raise_line(m);
		}
		return value;
	case PEEK:
		return value;
	case STATUS0:
		return m->state == MAILBOX_ANSWERED ? 0 : EMPTY;
	case CONFIG0:
		return m->wants_interrupt ? INTERRUPT : 0;
	case STATUS1:
		return m->state == MAILBOX_FREE ? EMPTY : FULL;
	default:
		return 0;
	}
}

static void write_register(struct vmailbox *m, unsigned int offset, uint32_t value)
{
	if (offset == CONFIG0) {
		m->wants_interrupt = (value & INTERRUPT) != 0;
		raise_line(m);
	} else if (offset == WRITE1 && m->state == MAILBOX_FREE) {
		if ((value & CHANNELS) != CHANNEL_PROPERTY) {
			log_guest(m->vm, "%s: mailbox: channel %u is given to no VM",
				  m->vm->config->name, value & CHANNELS);
			return;
		}
		m->message = value;
		m->state = MAILBOX_WAITING;
		serve_next(m->vm->index + vm_count - 1);
	}
}

static uint64_t access_mailbox(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	struct vmailbox *m = device;

	(void)v;
	if (op.size != 4) {
		return 0;
	}
	spin_lock(&lock);
	if (op.write) {
		write_register(m, op.offset, (uint32_t)value);
	} else {
		value = read_register(m, op.offset);
	}
	spin_unlock(&lock);
	return value;
}

/* -- life ------------------------------------------------------------------------------------------ */

int vmailbox_add(struct vm *vm, const struct vm_device *device)
{
	struct vmailbox *m = &vm->mailbox;

	if (arch_map_device((paddr_t){device->regs[0].base}, device->regs[0].size) != 0 ||
	    arch_pa(sent).pa + sizeof(sent) > BUS_LIMIT) {
		return -1;
	}
	*m = (struct vmailbox){
		.vm = vm, .base = device->regs[0].base, .intid = device->irqs[0].intid};
	put(m, CONFIG0, INTERRUPT);
	mmio_add(&vm->mmio, m->base, device->regs[0].size, access_mailbox, m);
	return 0;
}

void vmailbox_reset(struct vm *vm)
{
	struct vmailbox *m = &vm->mailbox;

	if (!m->vm) {
		return;
	}
	spin_lock(&lock);
	m->state = MAILBOX_FREE;
	m->wants_interrupt = false;
	raise_line(m);
	spin_unlock(&lock);
}
