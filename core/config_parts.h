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

/* One property as it is being read. */
struct config_value {
	const void *fdt;
	int node;
	const char *name;
	const void *data;
	int length;
};

/* Read one VM's node. What is wrong refuses it. */
void config_parse_vm(const void *fdt, int node, struct vm_config *vm, struct report *r);

/* Is this property one that any node may carry (compatible, phandle, cell counts)? */
bool config_common_property(const char *name);

/*
 * The name in the list (count of them, stride bytes apart, each a pointer to a string)
 * that a writer most likely meant, or NULL when none is near.
 */
const char *config_hint(const char *name, const void *list, size_t stride, unsigned int count);

/* -- config_shared.c: what VMs have parts of -- */
/* The properties gpio-lines and mailbox-tags. */
void config_read_gpio_lines(struct vm_config *vm, const struct config_value *v, struct report *r);
void config_read_mailbox_tags(struct vm_config *vm, const struct config_value *v, struct report *r);
/* The node of the block that such a device is a part of, or less than 0. */
int config_shared_node(const struct vm_device *d, const void *fdt);
/* Its registers and interrupts were read: nobody gets them alone. Returns -1 if some lack. */
int config_shared_resolved(struct vm_config *vm, struct vm_device *d, struct report *r) MUST_CHECK;
/* Are the GPIO lines of a VM no one else's? All devices are resolved. */
void config_check_lines(struct config *c, unsigned int index, const struct vm_device *d,
			const struct board *b, struct report *r);
/* Is the tag that resets USB that of nobody but who has the bridge? All devices are resolved. */
void config_check_tags(struct config *c, unsigned int index, struct report *r);

/* Resolve and check the devices of all VMs: fills regs and irqs. */
void config_check_devices(struct config *c, const struct board *b, struct report *r);

#endif
