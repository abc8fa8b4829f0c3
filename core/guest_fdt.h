/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree that a guest is given: QEMU virt's node shapes and compatible
 * strings, its own memory, CPUs and command line, and copies of the host's nodes
 * for the devices that it owns.
 *
 * A copied node lies under the root, its reg translated to CPU addresses; one whose bus
 * has dma-ranges lies in a bus node of its own that says the same. What it refers to by
 * phandle is treated by the target: another device of the VM stays as it is; a node that
 * is mere description (fixed-clock, regulator-fixed and the like) is copied
 * under /host; else the guest cannot reach the target and the property is left
 * out (a clock controller, a pin controller, a DMA engine of someone else).
 */
#ifndef CORE_GUEST_FDT_H
#define CORE_GUEST_FDT_H

#include "core/config.h"
#include "core/guest_map.h"

/* Upper bound of a generated tree, in bytes. */
#define GUEST_FDT_MAX SZ_64K

struct guest_fdt_input {
	const struct vm_config *vm;
	const struct board *board;
	const struct guest_map *map;
	uint64_t initrd_start, initrd_end; /* IPA; equal: none */
	uint32_t virtio_slots; /* bit n: slot n of map->virtio holds an emulated device */
};

/* Build the tree in buf. Returns its size in bytes, or -1 with a finding. */
int guest_fdt_build(const struct guest_fdt_input *in, void *buf, size_t size,
		    struct report *r) MUST_CHECK;

#endif
