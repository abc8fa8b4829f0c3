/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of QEMU virt that a guest's machine does not have, at the addresses
 * where an image built for virt looks for them without asking the device tree
 * (hw/arm/virt.c). A probe finds nothing there, as with empty flash, and does not
 * cost the VM: reads give zero, writes are ignored.
 */
#ifndef CORE_VABSENT_H
#define CORE_VABSENT_H

struct vm;

/* Add the frames to a VM that has virt's map; after all that are really emulated. */
void vabsent_add(struct vm *vm);

#endif
