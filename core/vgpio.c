/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vgpio.h"

#include "core/arch.h"
#include "core/lib/spinlock.h"
#include "core/vm.h"

#define OUTPUT 1 /* a line's function */
#define GPSET  0x1c
#define GPCLR  0x28
#define GPLEV  0x34
#define GPEDS  0x40 /* write 1 to clear */
#define GPREN  0x4c /* the first of the registers that say what is detected... */
#define DETECT 12   /* ...and how far they are apart, and GPEDS before them */

enum kind {
	SETTLED, /* function and pull: kept until the VM stops */
	EVENTS,
	DETECTS,
	/* These need no lock: who sets a line waits for nobody. */
	COMMAND, /* set, clear: a bit of 0 does nothing */
	LEVEL,   /* read-only */
};

/* Registers that follow one another, of words with some bits for each line. */
struct bank {
	uint8_t first; /* offset */
	uint8_t words;
	uint8_t bits; /* for each line */
	uint8_t kind;
};

static const struct bank banks[] = {
	{0x1c, 2, 1, COMMAND}, {0x28, 2, 1, COMMAND}, {0x34, 2, 1, LEVEL},   {GPEDS, 2, 1, EVENTS},
	{0x4c, 2, 1, DETECTS}, {0x58, 2, 1, DETECTS}, {0x64, 2, 1, DETECTS}, {0x70, 2, 1, DETECTS},
	{0x7c, 2, 1, DETECTS}, {0x88, 2, 1, DETECTS}, {0x00, 6, 3, SETTLED}, {0xe4, 4, 2, SETTLED},
};

#define FUNCTION (&banks[10])
#define PULL     (&banks[11])

/* Of the controller: registers with the bits of several VMs are read and written under it. */
static struct spinlock lock;

static uint32_t get(const struct vgpio *g, unsigned int offset)
{
	return arch_device_word(g->base + offset, 0);
}

static void put(const struct vgpio *g, unsigned int offset, uint32_t value)
{
	(void)!arch_device_write(g->base + offset, 4, value);
}

/* Write some bits of a register. */
static void put_masked(const struct vgpio *g, unsigned int offset, uint32_t mask, uint32_t value)
{
	put(g, offset, (get(g, offset) & ~mask) | (value & mask));
}

/* The bits of the VM's lines in a word of a bank. */
static uint32_t own_bits(const struct vgpio *g, const struct bank *bank, unsigned int word)
{
	unsigned int per_word = 32U / bank->bits;
	uint64_t lines = g->lines >> word * per_word;
	uint32_t mask = 0;

	if (bank->bits == 1) {
		return (uint32_t)lines;
	}
	for (unsigned int i = 0; i < per_word; i++) {
		if (lines & BIT(i)) {
			mask |= (uint32_t)(BIT(bank->bits) - 1) << i * bank->bits;
		}
	}
	return mask;
}

/* -- events: lock held ------------------------------------------------------------------------- */

/* Detect what the VM asked for, but on lines with an event that it has not cleared. */
static void detect(const struct vgpio *g, unsigned int word)
{
	for (unsigned int i = 0; i < GPIO_DETECTS; i++) {
		put_masked(g, GPREN + i * DETECT + word * 4, (uint32_t)(g->lines >> word * 32),
			   g->detect[i][word] & ~g->events[word]);
	}
}

/* What an event costs its VM, in ticks of the counter. */
static uint64_t event_time(void)
{
	return arch_counter_hz() / GPIO_EVENTS_HZ;
}

static void raise_lines(struct vgpio *g)
{
	static const uint64_t lines[GPIO_IRQS] = {BIT(28) - 1, BIT(46) - BIT(28),
						  BIT(GPIO_LINES) - BIT(46), BIT(GPIO_LINES) - 1};
	uint64_t events = g->events[0] | (uint64_t)g->events[1] << 32;

	for (unsigned int i = 0; i < g->irq_count; i++) {
		bool level = (events & lines[i]) != 0;

		/* its VM's lock is not waited for without need: other VMs wait for this one */
		if (level != g->raised[i]) {
			g->raised[i] = level;
			vgic_set_line(g->vm, g->intids[i], level);
		}
	}
}

/* Note what the controller has detected on the VM's lines. */
static void collect(struct vgpio *g)
{
	for (unsigned int word = 0; word < GPIO_WORDS; word++) {
		uint32_t seen = get(g, GPEDS + word * 4) & (uint32_t)(g->lines >> word * 32);

		if (seen) {
			g->paid_at = MAX(g->paid_at, arch_counter()) + event_time();
			g->events[word] |= seen;
			detect(g, word);
			put(g, GPEDS + word * 4, seen);
		}
	}
	raise_lines(g);
}

bool vgpio_interrupt(uint32_t intid)
{
	bool known = false;

	for (unsigned int i = 0; i < vm_count; i++) {
		struct vgpio *g = &vms[i].gpio;

		for (unsigned int j = 0; j < g->irq_count; j++) {
			if (g->intids[j] == intid) {
				known = true;
				spin_lock(&lock);
				collect(g);
				spin_unlock(&lock);
			}
		}
	}
	return known;
}

/* -- the guest's accesses: lock held, if it needs one --------------------------------------------- */

static uint32_t read_word(struct vgpio *g, const struct bank *bank, unsigned int word,
			  unsigned int offset)
{
	switch (bank->kind) {
	case COMMAND:
		return 0;
	case EVENTS:
		collect(g);
		return g->events[word];
	case DETECTS:
		return g->detect[(offset - GPREN) / DETECT][word];
	default:
		return get(g, offset) & own_bits(g, bank, word);
	}
}

static void write_word(struct vgpio *g, const struct bank *bank, unsigned int word,
		       unsigned int offset, uint32_t value)
{
	uint32_t own = own_bits(g, bank, word);

	/* what has lines detected again; a new instance of the VM asks for that too */
	if ((bank->kind == EVENTS || bank->kind == DETECTS) &&
	    g->paid_at > arch_counter() + GPIO_EVENTS_AHEAD * event_time()) {
		arch_repeat_access();
		return;
	}
	switch (bank->kind) {
	case SETTLED:
		put_masked(g, offset, own, value);
		break;
	case COMMAND:
		put(g, offset, value & own);
		break;
	case EVENTS:
		collect(g);
		g->events[word] &= ~value;
		detect(g, word);
		raise_lines(g);
		break;
	case DETECTS:
		g->detect[(offset - GPREN) / DETECT][word] = value & own;
		detect(g, word);
		break;
	default:
		break;
	}
}

static uint64_t access_gpio(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	struct vgpio *g = device;

	(void)v;
	for (unsigned int i = 0; i < ARRAY_SIZE(banks); i++) {
		const struct bank *bank = &banks[i];
		unsigned int word = ((unsigned int)op.offset - bank->first) / 4;

		if (op.offset < bank->first || word >= bank->words || op.size != 4) {
			continue;
		}
		if (bank->kind < COMMAND) {
			spin_lock(&lock);
		}
		if (op.write) {
			write_word(g, bank, word, op.offset, (uint32_t)value);
		} else {
			value = read_word(g, bank, word, op.offset);
		}
		if (bank->kind < COMMAND) {
			spin_unlock(&lock);
		}
		return value;
	}
	return 0;
}

/* -- life ----------------------------------------------------------------------------------------- */

/* Function and pull of the VM's lines: noted, or as they were noted. */
static void settle(struct vgpio *g, bool note)
{
	unsigned int n = 0;

	for (const struct bank *bank = FUNCTION; bank <= PULL; bank++) {
		for (unsigned int word = 0; word < bank->words; word++, n++) {
			unsigned int offset = bank->first + word * 4;

			if (note) {
				g->settled[n] = get(g, offset);
			} else {
				put_masked(g, offset, own_bits(g, bank, word), g->settled[n]);
			}
		}
	}
}

/*
 * The levels of the VM's lines as outputs: as the firmware drives those that it does, else low, since
 * what it would drive is not known.
 */
static void settle_levels(const struct vgpio *g)
{
	for (unsigned int line = 0; line < GPIO_LINES; line++) {
		unsigned int function = g->settled[line / 10] >> line % 10 * 3 & 7;
		unsigned int to = function == OUTPUT && (g->levels & BIT(line)) ? GPSET : GPCLR;

		put(g, to + line / 32 * 4, (uint32_t)((g->lines & BIT(line)) >> line / 32 * 32));
	}
}

int vgpio_add(struct vm *vm, const struct vm_device *device)
{
	struct vgpio *g = &vm->gpio;

	*g = (struct vgpio){.vm = vm, .base = device->regs[0].base, .lines = device->lines};
	if (arch_map_device((paddr_t){g->base}, GPIO_SIZE) != 0) {
		return -1;
	}
	while (g->irq_count < device->irq_count && g->irq_count < GPIO_IRQS) {
		g->intids[g->irq_count] = device->irqs[g->irq_count].intid;
		g->irq_count++;
	}
	settle(g, true);
	g->levels = get(g, GPLEV) | (uint64_t)get(g, GPLEV + 4) << 32;
	/* Lines that are no VM's detect nothing, and have no event left: nobody would serve them. */
	for (unsigned int i = GPIO_DETECTS + 1; i-- > 0;) {
		put(g, GPEDS + i * DETECT, i ? 0 : UINT32_MAX);
		put(g, GPEDS + i * DETECT + 4, i ? 0 : UINT32_MAX);
	}
	mmio_add(&vm->mmio, g->base, GPIO_SIZE, access_gpio, g);
	return 0;
}

void vgpio_reset(struct vm *vm)
{
	struct vgpio *g = &vm->gpio;

	if (!g->vm) {
		return;
	}
	spin_lock(&lock);
	settle_levels(g);
	settle(g, false);
	for (unsigned int word = 0; word < GPIO_WORDS; word++) {
		for (unsigned int i = 0; i < GPIO_DETECTS; i++) {
			g->detect[i][word] = 0;
		}
		g->events[word] = 0;
		detect(g, word);
		put(g, GPEDS + word * 4, (uint32_t)(g->lines >> word * 32));
	}
	raise_lines(g);
	spin_unlock(&lock);
}
