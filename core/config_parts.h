/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the configuration parser share. Not for others. */
#ifndef CORE_CONFIG_PARTS_H
#define CORE_CONFIG_PARTS_H

#include "core/config.h"

/*
 * Refuse a VM with one finding: "<vm>: <property>: <text>". property may be the path of a
 * subnode's property ("region@50000000: reg").
 */
void config_refuse(struct vm_config *vm, struct report *r, const char *property, const char *format,
		   ...) PRINTF_LIKE(4, 5);

/* Read one VM's node. What is wrong refuses it. */
void config_parse_vm(const void *fdt, int node, struct vm_config *vm, struct report *r);

/* Is this property one that any node may carry (compatible, phandle, cell counts)? */
bool config_common_property(const char *name);

/*
 * The name in the list (count of them, stride bytes apart, each a pointer to a string)
 * that a writer most likely meant, or NULL when none is near.
 */
const char *config_hint(const char *name, const void *list, size_t stride, unsigned int count);

/* Resolve and check the devices of all VMs: fills regs and irqs. */
void config_check_devices(struct config *c, const struct board *b, struct report *r);

#endif
