/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vfilter.h"

#include "core/arch.h"
#include "core/panic.h"
#include "core/vm.h"

/* -- the device, where it must answer ----------------------------------------------------- */

/* A device that we looked at before: one that is gone now says that it wants nothing. */
static uint32_t read_register(const struct vfilter *f, uint16_t offset)
{
	return arch_device_word(f->regs.base + offset, 0);
}

static void write_enables(const struct vfilter *f, uint32_t value)
{
	(void)!arch_device_write(f->regs.base + f->gate->enable, 4, value);
}

/* -- the gate: lock held ---------------------------------------------------------------------- */

static void open_gate(struct vfilter *f)
{
	if (f->shut) {
		write_enables(f, read_register(f, f->gate->enable) | f->taken);
		f->shut = false;
	}
}

/* What shutting it costs its VM, in ticks of the counter. */
static uint64_t event_time(void)
{
	return arch_counter_hz() / VFILTER_EVENTS_HZ;
}

/* Shut it if the device asks, and tell the VM. */
static void look(struct vfilter *f)
{
	uint32_t enable = read_register(f, f->gate->enable);

	if (gate_asks(f->gate, enable, read_register(f, f->gate->status))) {
		f->taken = enable & f->gate->mask;
		f->shut = true;
		write_enables(f, enable & ~f->gate->mask);
		__atomic_store_n(&f->paid_at, MAX(f->paid_at, arch_counter()) + event_time(),
				 __ATOMIC_RELAXED);
	}
	vgic_set_line(f->vm, f->intid, f->shut);
}

bool vfilter_interrupt(uint32_t intid)
{
	bool known = false;

	for (unsigned int i = 0; i < vm_count; i++) {
		struct vm_filters *all = &vms[i].filters;

		for (unsigned int j = 0; j < all->count; j++) {
			struct vfilter *f = &all->filter[j];

			if (!f->gate || f->intid != intid) {
				continue;
			}
			known = true;
			spin_lock(&f->lock);
			if (!f->shut) {
				look(f);
			}
			spin_unlock(&f->lock);
		}
	}
	return known;
}

/* -- the guest's accesses ----------------------------------------------------------------------- */

static void wait_until_paid(const struct vfilter *f)
{
	while (__atomic_load_n(&f->paid_at, __ATOMIC_RELAXED) >
	       arch_counter() + VFILTER_EVENTS_AHEAD * event_time()) {
		arch_poll();
	}
}

static bool carry_out(const struct vfilter *f, struct mmio_op op, uint64_t *value)
{
	uint64_t address = f->regs.base + op.offset;

	return op.write ? arch_device_write(address, op.size, *value)
			: arch_device_read(address, op.size, value);
}

static uint64_t access_filtered(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	struct vfilter *f = device;
	bool done;

	if (f->gate) {
		wait_until_paid(f);
		spin_lock(&f->lock);
		open_gate(f);
		done = carry_out(f, op, &value);
		look(f);
		spin_unlock(&f->lock);
	} else {
		done = carry_out(f, op, &value);
	}
	if (!done) {
		vm_crash(v, "a device did not answer", arch_guest_pc(), 0, 0,
			 f->regs.base + op.offset);
		vm_vcpu_off(v);
		arch_leave_guest();
	}
	return value;
}

/* -- life ------------------------------------------------------------------------------------------ */

int vfilter_add(struct vm *vm, const struct vm_device *device)
{
	for (unsigned int i = 0; i < device->reg_count; i++) {
		struct vfilter *f = &vm->filters.filter[vm->filters.count++];

		ASSERT(vm->filters.count <= VM_FILTERS_MAX);
		*f = (struct vfilter){.vm = vm, .regs = device->regs[i]};
		if (i == 0 && device->irq_count == 1 && device->irqs[0].shared) {
			f->gate = device->gate;
			f->intid = device->irqs[0].intid;
		}
		if (arch_map_device((paddr_t){f->regs.base}, f->regs.size) != 0) {
			return -1;
		}
		mmio_add(&vm->mmio, f->regs.base, f->regs.size, access_filtered, f);
	}
	return 0;
}

void vfilter_reset(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->filters.count; i++) {
		struct vfilter *f = &vm->filters.filter[i];

		if (!f->gate) {
			continue;
		}
		spin_lock(&f->lock);
		write_enables(f, read_register(f, f->gate->enable) & ~f->gate->mask);
		f->shut = false;
		vgic_set_line(vm, f->intid, false);
		spin_unlock(&f->lock);
	}
}
