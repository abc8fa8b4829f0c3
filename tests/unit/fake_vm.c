/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_vm.h"

struct vm vm;

static void build(enum gic_version version, unsigned int lr_count)
{
	fake_arch_setup();
	fake_gic_setup(version, lr_count);
	memset(&vm, 0, sizeof(vm));
	vm.vcpu_count = VCPUS;
	vm.map.gic = version;
	for (unsigned int i = 0; i < VCPUS; i++) {
		vm.vcpus[i].vm = &vm;
		vm.vcpus[i].index = i;
		vm.vcpus[i].cpu = i;
	}
	vgic_own_spi(&vm, HW_LEVEL, false);
	vgic_own_spi(&vm, HW_EDGE, true);
	vgic_reset(&vm);
}

void go_online(unsigned int vcpu)
{
	unsigned int before = fake_on_cpu(vcpu);

	fake.current[vcpu] = &vm.vcpus[vcpu];
	vgic_cpu_online(&vm.vcpus[vcpu]);
	(void)fake_on_cpu(before);
}

void go_offline(unsigned int vcpu)
{
	unsigned int before = fake_on_cpu(vcpu);

	vgic_cpu_offline(&vm.vcpus[vcpu]);
	fake.current[vcpu] = NULL;
	(void)fake_on_cpu(before);
}

/* -- the distributor ----------------------------------------------------------------- */

static struct virq *lock_for(uint32_t intid)
{
	spin_lock(&vm.vgic.lock);
	return vgic_find(&vm, &vm.vcpus[fake.cpu], intid);
}

static void commit(void)
{
	vgic_commit(arch_current_vcpu());
	spin_unlock(&vm.vgic.lock);
}

void enable(uint32_t intid)
{
	vgic_set_enabled(&vm, lock_for(intid), true);
	commit();
}

void disable(uint32_t intid)
{
	vgic_set_enabled(&vm, lock_for(intid), false);
	commit();
}

void target(uint32_t intid, unsigned int mask)
{
	struct virq *irq = lock_for(intid);

	irq->targets = (uint8_t)mask;
	irq->route = mask ? (uint64_t)__builtin_ctz(mask) : 0xff;
	vgic_retarget(&vm, irq);
	commit();
}

void set_groups(bool on)
{
	(void)lock_for(0);
	vm.vgic.enable_group[0] = on;
	vgic_changed_all(&vm);
	commit();
}

void set_priority(uint32_t intid, unsigned int priority)
{
	lock_for(intid)->priority = (uint8_t)priority;
	commit();
}

void set_edge(uint32_t intid, bool edge)
{
	lock_for(intid)->edge = edge;
	commit();
}

bool operate(uint32_t intid, enum vgic_op op)
{
	struct vcpu *v = &vm.vcpus[fake.cpu];

	return vgic_operate(v, v, intid, op);
}

void start(enum gic_version version, unsigned int lr_count)
{
	build(version, lr_count);
	for (unsigned int i = 0; i < VCPUS; i++) {
		go_online(i);
		(void)fake_on_cpu(i);
		for (uint32_t n = 0; n < VGIC_PRIVATE; n++) {
			enable(n);
		}
	}
	(void)fake_on_cpu(0);
	set_groups(true);
	for (uint32_t n = VGIC_PRIVATE; n < GUEST_INTIDS; n++) {
		if (n >= EDGE && n != HW_LEVEL) {
			set_edge(n, true);
		}
		enable(n);
	}
	fake_settle(&vm);
}

int setup_v2(void **state)
{
	(void)state;
	start(GIC_V2, 4);
	return 0;
}

int setup_v3(void **state)
{
	(void)state;
	start(GIC_V3, 4);
	return 0;
}

/* -- sources and the guest --------------------------------------------------------------- */

void pulse(uint32_t intid)
{
	vgic_set_line(&vm, intid, true);
	vgic_set_line(&vm, intid, false);
}

void send_sgi(unsigned int from, unsigned int to, uint32_t intid)
{
	unsigned int before = fake_on_cpu(from);

	vgic_send_sgi(&vm.vcpus[from], BIT(to),
		      (struct vgic_sgi){(uint8_t)intid, (uint8_t)from, false});
	(void)fake_on_cpu(before);
}

uint32_t take(unsigned int cpu)
{
	fake_settle(&vm);
	return fake_take(cpu);
}

void end(unsigned int cpu, uint32_t intid)
{
	fake_end(cpu, intid);
	fake_settle(&vm);
}

void nest(unsigned int count)
{
	for (uint32_t i = 0; i < count; i++) {
		set_priority(100 + i, 0xf0 - 8 * i);
		pulse(100 + i);
		assert_int_equal(take(0), 100 + i);
	}
}
