/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vpl031.h"

#include "core/arch.h"
#include "core/mmio.h"

#define RTCDR   0x000
#define RTCMR   0x004
#define RTCLR   0x008
#define RTCCR   0x00c
#define RTCIMSC 0x010
#define RTCID   0xfe0

static uint32_t seconds(void)
{
	return (uint32_t)(arch_counter() / arch_counter_hz());
}

void vpl031_reset(struct vpl031 *r)
{
	*r = (struct vpl031){.offset = 0U - seconds()};
}

static uint64_t read_register(void *rtc, uint32_t offset)
{
	const struct vpl031 *r = rtc;

	switch (offset) {
	case RTCDR:
		return (uint32_t)(r->offset + seconds());
	case RTCMR:
		return r->match;
	case RTCLR:
		return r->load;
	case RTCCR:
		return 1; /* enabled, and cannot be stopped */
	default:
		return r->mask;
	}
}

static void write_register(void *rtc, uint32_t offset, uint64_t value)
{
	struct vpl031 *r = rtc;

	switch (offset) {
	case RTCMR:
		r->match = (uint32_t)value;
		break;
	case RTCLR:
		r->load = (uint32_t)value;
		r->offset = (uint32_t)value - seconds();
		break;
	case RTCIMSC:
		r->mask = value & 1;
		break;
	}
}

/* PrimeCell identification (3.3.9 to 3.3.16). */
static uint64_t read_id(void *rtc, uint32_t offset)
{
	static const uint8_t id[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)rtc;
	return id[(offset - RTCID) / 4 % 8];
}

static const struct mmio_reg registers[] = {
	{RTCDR, 0x14, 1 | 2 | 4, read_register, write_register},
	{RTCID, 0x20, 1 | 2 | 4, read_id, NULL},
};

uint64_t vpl031_access(struct vcpu *v, void *rtc, struct mmio_op op, uint64_t value)
{
	(void)v;
	return mmio_table_access(registers, ARRAY_SIZE(registers), rtc, op, value);
}
