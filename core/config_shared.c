/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks that a Raspberry Pi has once, and that VMs have parts of: the lines of the GPIO
 * controller (vgpio.h), the tags of the firmware's mailbox (vmailbox.h).
 */
#include <libfdt.h>
#include <string.h>

#include "core/config_parts.h"
#include "core/lib/fdt_read.h"
#include "core/vgpio.h"

/* Groups of lines that a pinctrl-0 may name. */
#define GROUPS_MAX 8

/* -- The properties ---------------------------------------------------------------------------- */

/* A list of 1 to max cells, which makes one more device: its node is looked for later. */
static struct vm_device *add_device(struct vm_config *vm, const struct config_value *v,
				    enum device_access access, int max, struct report *r)
{
	struct vm_device *device = &vm->devices[vm->device_count];

	if (v->length == 0 || v->length % 4 != 0 || v->length / 4 > max) {
		config_refuse(vm, r, v->name, "must be 1 to %d numbers", max);
		return NULL;
	}
	/* dtc has each property once, a damaged tree may not */
	for (unsigned int i = 0; i < vm->device_count; i++) {
		if (vm->devices[i].access == access) {
			config_refuse(vm, r, v->name, "is there twice");
			return NULL;
		}
	}
	if (vm->device_count == VM_DEVICES_MAX) {
		config_refuse(vm, r, v->name, "more than %d devices", VM_DEVICES_MAX);
		return NULL;
	}
	device->access = access;
	device->property = v->name;
	device->node = -1;
	vm->device_count++;
	return device;
}

static uint32_t cell(const struct config_value *v, int at)
{
	return (uint32_t)fdt_read_cells((const uint8_t *)v->data + at, 1);
}

void config_read_gpio_lines(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	struct vm_device *device = add_device(vm, v, DEVICE_GPIO, GPIO_LINES, r);

	for (int at = 0; device && at < v->length; at += 4) {
		uint32_t line = cell(v, at);

		if (line >= GPIO_LINES) {
			config_refuse(vm, r, v->name, "line %u; they are 0 to %d", line,
				      GPIO_LINES - 1);
			return;
		}
		device->lines |= BIT(line);
	}
}

/*
 * Is a request with this tag known to have the firmware use no memory but the request's own? Others
 * name addresses (cursor, planes, VCHIQ's slots, buffers of touch screen and virtual GPIO), handles,
 * code or registers, or nobody knows what. Sources: Linux' raspberrypi-firmware.h, and the
 * firmware's wiki, "Mailbox property interface".
 */
static bool is_harmless(uint32_t tag)
{
	static const struct {
		uint32_t first, last;
	} tags[] = {
		{0x1, 0x3},         /* firmware: revision, variant, hash */
		{0x10001, 0x10007}, /* board: model to memory, clocks */
		{0x20001, 0x20002}, /* power: state, timing */
		{0x28001, 0x28001},
		{0x30001, 0x3000b}, /* clocks, voltages, temperature */
		{0x30030, 0x30030}, /* power domain */
		{0x30041, 0x30041}, /* the firmware's GPIO */
		{0x30043, 0x30043},
		{0x30046, 0x30049}, /* throttling, measured clock, reboot is near, PoE HAT */
		{0x30058, 0x30058}, /* USB behind PCIe: its code again (Linux' reset-raspberrypi.c) */
		{0x30064, 0x30064}, /* reboot flags */
		{0x38001, 0x38003}, /* set clock state and rate, voltage */
		{0x38009, 0x38009}, /* set turbo */
		{0x38030, 0x38030},
		{0x38041, 0x38043}, /* set GPIO, SD host clock */
		{0x38049, 0x38049},
		{0x50001, 0x50001}, /* command line */
		{0x60001, 0x60001}, /* DMA channels */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(tags); i++) {
		if (tag >= tags[i].first && tag <= tags[i].last) {
			return true;
		}
	}
	return false;
}

void config_read_mailbox_tags(struct vm_config *vm, const struct config_value *v, struct report *r)
{
	const struct vm_device *device = add_device(vm, v, DEVICE_MAILBOX, VM_MAILBOX_TAGS_MAX, r);

	for (int at = 0; device && at < v->length; at += 4) {
		uint32_t tag = cell(v, at);

		if (!is_harmless(tag)) {
			config_refuse(vm, r, v->name,
				      "0x%x may have the firmware use memory that is not the VM's",
				      tag);
		}
		vm->mailbox_tags[vm->mailbox_tag_count++] = tag;
	}
}

/* -- Lines that something has ------------------------------------------------------------------ */

/*
 * The lines that a group names: by number in brcm,pins (brcm,bcm2835-gpio), as "gpio14" in pins
 * (pincfg-node). A number that is no line's does no harm.
 */
static uint64_t lines_of_group(const void *fdt, int group)
{
	uint64_t lines = 0;
	unsigned int number = 0;
	int length;
	const uint8_t *pins = fdt_getprop(fdt, group, "brcm,pins", &length);

	for (int at = 3; pins && at < length; at += 4) {
		lines |= BIT(pins[at] % 64);
	}
	pins = fdt_getprop(fdt, group, "pins", &length);
	for (int at = 0; pins && at < length; at++) {
		if (pins[at] == '\0') {
			lines |= BIT(number % 64);
			number = 0;
		} else if (pins[at] >= '0' && pins[at] <= '9') {
			number = number * 10 + (unsigned int)(pins[at] - '0');
		}
	}
	return lines;
}

/* The lines that a device of the board is wired to, by its pinctrl-0. One too long says all. */
static uint64_t lines_of_device(const void *fdt, int node)
{
	uint64_t lines = 0;
	int length = 0, child;
	const uint8_t *phandles = fdt_getprop(fdt, node, "pinctrl-0", &length);

	if (length > 4 * GROUPS_MAX) {
		return UINT64_MAX;
	}
	for (int at = 0; phandles && at + 4 <= length; at += 4) {
		int group =
			fdt_node_offset_by_phandle(fdt, (uint32_t)fdt_read_cells(phandles + at, 1));

		if (group < 0) {
			continue;
		}
		lines |= lines_of_group(fdt, group);
		fdt_for_each_subnode (child, fdt, group) {
			lines |= lines_of_group(fdt, child);
		}
	}
	return lines;
}

static void refuse_line(struct vm_config *vm, uint64_t lines, const char *owner, const char *path,
			struct report *r)
{
	if (lines) {
		config_refuse(vm, r, "gpio-lines", "line %u is that of %s (%s)",
			      (unsigned int)__builtin_ctzl(lines), owner, path);
	}
}

void config_check_lines(struct config *c, unsigned int index, const struct vm_device *d,
			const struct board *b, struct report *r)
{
	struct vm_config *vm = &c->vms[index];

	if (d->lines == 0) {
		return;
	}
	if (b->uart.type != UART_NONE) {
		refuse_line(vm, d->lines & lines_of_device(b->fdt, b->uart.node), "the hypervisor",
			    "console UART", r);
	}
	for (unsigned int i = 0; i < c->vm_count; i++) {
		const struct vm_config *other = &c->vms[i];

		for (unsigned int j = 0; i != index && j < other->device_count; j++) {
			const struct vm_device *o = &other->devices[j];
			uint64_t theirs = o->access != DEVICE_GPIO
						  ? lines_of_device(b->fdt, o->node)
					  : i < index ? o->lines
						      : 0;

			refuse_line(vm, d->lines & theirs, other->name, o->path, r);
		}
	}
}

/* -- Tags -------------------------------------------------------------------------------------- */

/* It names a function behind a bridge, where another VM's devices may be. */
void config_check_tags(struct config *c, unsigned int index, struct report *r)
{
	if (!config_has_tag(&c->vms[index], MAILBOX_TAG_RESET_USB)) {
		return;
	}
	for (unsigned int i = 0; i < c->vm_count; i++) {
		for (unsigned int j = 0; i != index && j < c->vms[i].device_count; j++) {
			const struct vm_device *d = &c->vms[i].devices[j];

			if (d->window_count > 0) {
				config_refuse(&c->vms[index], r, "mailbox-tags",
					      "0x%x resets what is behind the bridge of %s (%s)",
					      MAILBOX_TAG_RESET_USB, c->vms[i].name, d->path);
			}
		}
	}
}

/* -- Their nodes ------------------------------------------------------------------------------- */

int config_shared_node(const struct vm_device *d, const void *fdt)
{
	return fdt_node_offset_by_compatible(
		fdt, -1, d->access == DEVICE_GPIO ? "brcm,bcm2711-gpio" : "brcm,bcm2835-mbox");
}

int config_shared_resolved(struct vm_config *vm, struct vm_device *d, struct report *r)
{
	if (d->irq_count == 0) {
		config_refuse(vm, r, d->property, "%s: has no interrupt", d->path);
		return -1;
	}
	/* Trees leave out the registers of the pull resistors. */
	if (d->access == DEVICE_GPIO) {
		d->regs[0].size = GPIO_SIZE;
	}
	for (unsigned int i = 0; i < d->irq_count; i++) {
		d->irqs[i].shared = true;
	}
	return 0;
}
