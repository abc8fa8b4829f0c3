/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system registers that belong to a vCPU. While it owns its CPU they stay in
 * the hardware; struct vcpu holds them from context_save() to context_load().
 */
#ifndef ARCH_ARM64_CONTEXT_H
#define ARCH_ARM64_CONTEXT_H

#include "core/vcpu.h"

/* Fill v->context with the values after reset. */
void context_reset(struct vcpu *v);
void context_load(const struct vcpu *v);
void context_save(struct vcpu *v);

#endif
