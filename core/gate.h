/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to tell which device asks for an interrupt that several share, and how to make it stop:
 * at the device, by the bits that enable its interrupts. Reading these registers changes
 * nothing, and the enabling one can be written back as it was read.
 */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/lib/types.h"

#define GATE_PAIRS_MAX 3

struct gate {
	const char *compatible;
	uint16_t enable; /* offset of the register with the enabling bits */
	uint16_t status; /* offset of the one that says what has happened, enabled or not */
	uint32_t mask;   /* the enabling bits */
	/* The status bit of each enabling bit; none where they are the same bits. */
	unsigned int pair_count;
	struct {
		uint8_t enable;
		uint8_t status;
	} pairs[GATE_PAIRS_MAX];
};

/* The gate of a device of the host tree, or NULL when we know none. */
const struct gate *gate_find(const void *fdt, int node);
/* Does the device ask for its interrupt, by the values of its two registers? */
static inline bool gate_asks(const struct gate *gate, uint32_t enable, uint32_t status)
{
	enable &= gate->mask;
	if (gate->pair_count == 0) {
		return (enable & status) != 0;
	}
	for (unsigned int i = 0; i < gate->pair_count; i++) {
		if ((enable & BIT(gate->pairs[i].enable)) &&
		    (status & BIT(gate->pairs[i].status))) {
			return true;
		}
	}
	return false;
}

#endif
