/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-mmio slots of QEMU virt that hold nothing: a driver that probes them finds them empty. */
#ifndef CORE_VVIRTIO_H
#define CORE_VVIRTIO_H

#include "core/mmio.h"

mmio_access vvirtio_empty_access;

#endif
