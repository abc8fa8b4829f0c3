/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vpl031.h"

#include <string.h>

#include "core/arch.h"
#include "core/mmio.h"
#include "core/vm.h"

#define RTCDR   0x000
#define RTCMR   0x004
#define RTCLR   0x008
#define RTCCR   0x00c
#define RTCIMSC 0x010
#define RTCRIS  0x014
#define RTCMIS  0x018
#define RTCICR  0x01c
#define RTCID   0xfe0

static uint64_t seconds(void)
{
	return arch_counter() / arch_counter_hz();
}

static uint32_t now(const struct vpl031 *r)
{
	return r->offset + (uint32_t)seconds();
}

/* The clock passes the match once more: now if this is the second, else when it gets there. */
static void set_alarm(struct vpl031 *r)
{
	uint64_t second = seconds();
	uint32_t ahead = r->match - (r->offset + (uint32_t)second);

	r->alarm = (second + ahead) * arch_counter_hz();
	r->armed = true;
}

/*
 * Bring the interrupt in line with the clock. An alarm to come is kept by the CPU
 * that looked last; one that is overtaken by a new setting ends here, to no effect.
 */
static void keep_alarm(struct vpl031 *r)
{
	if (!r->vm) {
		return;
	}
	if (r->armed && arch_counter() >= r->alarm) {
		r->armed = false;
		r->raw = 1;
	}
	if (r->armed && r->mask) {
		arch_alarm(r->alarm);
	}
	vgic_set_line(r->vm, GUEST_RTC_INTID, r->raw & r->mask);
}

void vpl031_reset(struct vpl031 *r, struct vm *vm)
{
	/* an alarm may fire meanwhile: the lock itself is not reset */
	spin_lock(&r->lock);
	memset(&r->vm, 0, sizeof(*r) - offsetof(struct vpl031, vm));
	r->vm = vm;
	r->offset = 0U - (uint32_t)seconds();
	spin_unlock(&r->lock);
}

void vpl031_poll(struct vpl031 *r)
{
	spin_lock(&r->lock);
	keep_alarm(r);
	spin_unlock(&r->lock);
}

static uint64_t read_register(void *rtc, uint32_t offset)
{
	const struct vpl031 *r = rtc;

	switch (offset) {
	case RTCDR:
		return now(r);
	case RTCMR:
		return r->match;
	case RTCLR:
		return r->load;
	case RTCCR:
		return 1; /* enabled, and cannot be stopped */
	case RTCIMSC:
		return r->mask;
	case RTCRIS:
		return r->raw;
	default: /* RTCMIS */
		return r->raw & r->mask;
	}
}

static void write_register(void *rtc, uint32_t offset, uint64_t value)
{
	struct vpl031 *r = rtc;

	switch (offset) {
	case RTCMR:
		r->match = (uint32_t)value;
		set_alarm(r);
		break;
	case RTCLR:
		r->load = (uint32_t)value;
		r->offset = (uint32_t)value - (uint32_t)seconds();
		set_alarm(r);
		break;
	case RTCIMSC:
		r->mask = value & 1;
		break;
	case RTCICR:
		r->raw = 0;
		break;
	}
}

/* PrimeCell identification (3.3.9 to 3.3.16), revision 1 as QEMU's. */
static uint64_t read_id(void *rtc, uint32_t offset)
{
	static const uint8_t id[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)rtc;
	return id[(offset - RTCID) / 4 % 8];
}

static const struct mmio_reg registers[] = {
	{RTCDR, 0x14, 1 | 2 | 4, read_register, write_register},
	{RTCRIS, 8, 1 | 2 | 4, read_register, NULL},
	{RTCICR, 4, 1 | 2 | 4, NULL, write_register},
	{RTCID, 0x20, 1 | 2 | 4, read_id, NULL},
};

uint64_t vpl031_access(struct vcpu *v, void *rtc, struct mmio_op op, uint64_t value)
{
	struct vpl031 *r = rtc;

	(void)v;
	spin_lock(&r->lock);
	keep_alarm(r); /* RTCRIS as of now */
	value = mmio_table_access(registers, ARRAY_SIZE(registers), r, op, value);
	keep_alarm(r);
	spin_unlock(&r->lock);
	return value;
}
