/* SPDX-License-Identifier: Apache-2.0 */
/* The program that decides about devices, as instructions. */
#ifndef BRIG_DEVICES_BPF_H
#define BRIG_DEVICES_BPF_H

#include <linux/bpf.h>
#include <stdint.h>

#include "guests/linux/brig/lib/spec.h"

struct devices_program {
	struct bpf_insn *code;
	uint32_t length;
};

/* Rules in their order, the later ones winning; without any, everything is allowed. */
void devices_program_make(struct devices_program *program, const struct spec_device_rule *rules,
			  uint32_t count);
/* What holds where config.json has no rule: the devices that it asks to be made, and no other. */
struct spec_device_rule *devices_default_rules(const struct spec_device *devices,
					       uint32_t device_count, uint32_t *count);

#endif
