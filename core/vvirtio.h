/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-mmio slots of QEMU virt that hold nothing: a driver that probes them finds them empty. */
#ifndef CORE_VVIRTIO_H
#define CORE_VVIRTIO_H

struct vcpu;
struct mmio_access;

void vvirtio_empty_access(struct vcpu *v, void *device, struct mmio_access *a);

#endif
