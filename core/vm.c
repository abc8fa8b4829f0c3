/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vm.h"

#include <string.h>

#include "core/arch.h"
#include "core/log.h"
#include "core/pages.h"
#include "core/panic.h"
#include "core/stage2.h"
#include "core/vabsent.h"
#include "core/vvirtio.h"

/* Page-table pages of all VMs together; a VM that does not fit is refused. */
#define TABLE_PAGES (11 * CONFIG_VMS_MAX)

#define BACKOFF_LIMIT_MS 60000U
/* A VM that ran this long counts as well again: its failures are forgotten. */
#define HEALTHY_SECONDS 10U

struct vm vms[CONFIG_VMS_MAX];
unsigned int vm_count;

static uint8_t table_pages[TABLE_PAGES * SZ_4K] __attribute__((aligned(SZ_4K)));
static struct page_pool table_pool = {.base = table_pages, .page_count = TABLE_PAGES};

/* -- creation ------------------------------------------------------------------------- */

static int map_regions(struct vm *vm, struct report *r)
{
	const struct vm_config *c = vm->config;

	for (unsigned int i = 0; i < c->region_count; i++) {
		const struct vm_region *m = &c->regions[i];

		if (pages_map(vm, (ipaddr_t){m->ipa}, (paddr_t){m->pa}, m->size,
			      m->read_only ? PAGE_ROM : PAGE_RAM) != 0) {
			report_error(r, "%s: memory: 0x%lx+0x%lx at 0x%lx cannot be mapped",
				     c->name, m->ipa, m->size, m->pa);
			return -1;
		}
	}
	return 0;
}

/*
 * Registers are given by page, at their own address: as one, or by the page where the VM has some of
 * them already, as devices of it may share one.
 */
static int map_registers(struct vm *vm, struct mem_range regs)
{
	uint64_t pa = ALIGN_DOWN(regs.base, SZ_4K), end = ALIGN_UP(range_end(regs), SZ_4K);
	uint64_t step = end - pa;

	while (pa < end) {
		const struct page_extent *e = pages_find((paddr_t){pa});

		if (e) {
			if (e->owner != vm->index || e->kind != PAGE_DEVICE) {
				return -1;
			}
			pa = e->pa + e->size;
			step = SZ_4K;
		} else if (pages_map(vm, (ipaddr_t){pa}, (paddr_t){pa}, step, PAGE_DEVICE) == 0) {
			pa += step;
		} else if (step > SZ_4K) {
			step = SZ_4K;
		} else {
			return -1;
		}
	}
	return 0;
}

/* The pages of what is not mapped are in no stage 2: the hypervisor's, whoever else has a part. */
static int claim_device(const struct vm_device *d)
{
	for (unsigned int i = 0; i < d->reg_count; i++) {
		uint64_t end = ALIGN_UP(range_end(d->regs[i]), SZ_4K);

		for (uint64_t pa = ALIGN_DOWN(d->regs[i].base, SZ_4K); pa < end; pa += SZ_4K) {
			const struct page_extent *e = pages_find((paddr_t){pa});

			if (e ? e->owner != OWNER_HYPERVISOR : pages_claim((paddr_t){pa}, SZ_4K)) {
				return -1;
			}
		}
	}
	return 0;
}

static int add_emulated(struct vm *vm, const struct vm_device *d)
{
	if (claim_device(d) != 0) {
		return -1;
	}
	return d->access == DEVICE_FILTERED ? vfilter_add(vm, d)
	       : d->access == DEVICE_GPIO   ? vgpio_add(vm, d)
					    : vmailbox_add(vm, d);
}

static int add_all_emulated(struct vm *vm, struct report *r)
{
	for (unsigned int i = 0; i < vm->config->device_count; i++) {
		const struct vm_device *d = &vm->config->devices[i];

		if (d->access != DEVICE_MAPPED && add_emulated(vm, d) != 0) {
			report_error(r, "%s: %s: cannot be mapped", vm->config->name, d->path);
			return -1;
		}
	}
	return 0;
}

static int map_device(struct vm *vm, const struct vm_device *d, struct report *r)
{
	for (unsigned int i = 0; d->access == DEVICE_MAPPED && i < d->reg_count; i++) {
		if (map_registers(vm, d->regs[i]) != 0) {
			report_error(r, "%s: devices: %s: 0x%lx+0x%lx cannot be mapped",
				     vm->config->name, d->path, d->regs[i].base, d->regs[i].size);
			return -1;
		}
	}
	for (unsigned int i = 0; i < d->irq_count; i++) {
		if (!d->irqs[i].shared) {
			vgic_own_spi(vm, d->irqs[i].intid, d->irqs[i].edge);
		}
	}
	return 0;
}

/*
 * The GIC: distributor and redistributors are emulated. GICv2's CPU interface is
 * the hardware's GICV page; its second page, GICC_DIR, is emulated, because
 * the hardware would look for the interrupt in list registers alone.
 */
static int add_gic(struct vm *vm, const struct board *b, struct report *r)
{
	const struct guest_map *m = &vm->map;

	mmio_add(&vm->mmio, m->gicd.base, m->gicd.size,
		 m->gic == GIC_V2 ? vgic_dist_v2_access : vgic_dist_v3_access, vm);
	if (m->gic == GIC_V3) {
		mmio_add(&vm->mmio, m->gicr.base, vm->vcpu_count * GUEST_GICR_SIZE,
			 vgic_redist_access, vm);
		return 0;
	}
	mmio_add(&vm->mmio, m->gicc.base + SZ_4K, SZ_4K, vgic_dir_access, vm);
	if (pages_map_gicv(vm, (ipaddr_t){m->gicc.base}, (paddr_t){b->gic.virt.base}, SZ_4K) != 0) {
		report_error(r, "%s: the GIC's CPU interface cannot be mapped", vm->config->name);
		return -1;
	}
	return 0;
}

static int build(struct vm *vm, const struct board *b, struct report *r)
{
	if (stage2_init(&vm->stage2, &table_pool, vm->index + 1) != 0) {
		report_error(r, "%s: no page tables left", vm->config->name);
		return -1;
	}
	if (map_regions(vm, r) != 0 || add_gic(vm, b, r) != 0) {
		return -1;
	}
	mmio_add(&vm->mmio, vm->map.uart.base, SZ_4K, vpl011_access, &vm->uart);
	mmio_add(&vm->mmio, vm->map.rtc.base, SZ_4K, vpl031_access, &vm->rtc);
	if (add_all_emulated(vm, r) != 0) {
		return -1;
	}
	mmio_add(&vm->mmio, vm->map.virtio.base, vm->map.virtio.size, vvirtio_empty_access, NULL);
	if (!vm->config->direct_map) {
		vabsent_add(vm);
	}
	for (unsigned int i = 0; i < vm->config->device_count; i++) {
		if (map_device(vm, &vm->config->devices[i], r) != 0) {
			return -1;
		}
	}
	return 0;
}

int vm_create(const struct vm_config *config, const struct board *b, struct report *r)
{
	struct vm *vm = &vms[vm_count];

	ASSERT(vm_count < CONFIG_VMS_MAX);
	memset(vm, 0, sizeof(*vm));
	vm->index = vm_count;
	vm->config = config;
	vm->vcpu_count = config->cpu_count;
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		vm->vcpus[i].vm = vm;
		vm->vcpus[i].index = i;
		vm->vcpus[i].cpu = config->cpus[i];
	}
	guest_map_init(&vm->map, b, config->direct_map, vm->vcpu_count);
	/* counted even when it fails: its pages stay its own, and nobody else's */
	vm_count++;
	if (build(vm, b, r) != 0) {
		vm->state = VM_STOPPED;
		return -1;
	}
	/* keys and interrupts may come before the first start */
	vgic_reset(vm);
	vfilter_reset(vm);
	vgpio_reset(vm);
	vmailbox_reset(vm);
	vpl011_reset(&vm->uart, vm, GUEST_UART_INTID);
	vpl031_reset(&vm->rtc, vm);
	vm->console = console_add(config->name, vpl011_receive, &vm->uart);
	return 0;
}

struct vcpu *vm_vcpu_of_cpu(unsigned int cpu)
{
	for (unsigned int i = 0; i < vm_count; i++) {
		for (unsigned int c = 0; c < vms[i].vcpu_count; c++) {
			if (vms[i].vcpus[c].cpu == cpu) {
				return &vms[i].vcpus[c];
			}
		}
	}
	return NULL;
}

/* -- stopping --------------------------------------------------------------------------- */

static bool move_state(struct vm *vm, enum vm_state from, enum vm_state to)
{
	return __atomic_compare_exchange_n(&vm->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static void kick_all(struct vm *vm)
{
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpus[i].cpu != arch_cpu_id()) {
			arch_kick(vm->vcpus[i].cpu);
		}
	}
}

void vm_stop(struct vm *vm, const struct vm_stop *why)
{
	if (!move_state(vm, VM_RUNNING, VM_STOPPING)) {
		return;
	}
	vm->stop = *why;
	kick_all(vm);
}

void vm_crash(struct vcpu *v, const char *what, uint64_t pc, uint64_t esr, uint64_t far,
	      uint64_t ipa)
{
	struct vm_stop why = {.kind = VM_STOP_CRASH,
			      .vcpu = v->index,
			      .what = what,
			      .pc = pc,
			      .esr = esr,
			      .far = far,
			      .ipa = ipa};

	vm_stop(v->vm, &why);
}

void vm_vcpu_off(struct vcpu *v)
{
	struct vm *vm = v->vm;

	vgic_cpu_offline(v);
	__atomic_store_n(&v->power, VCPU_OFF, __ATOMIC_RELEASE);
	if (__atomic_sub_fetch(&vm->on_count, 1, __ATOMIC_ACQ_REL) == 0) {
		struct vm_stop why = {.kind = VM_STOP_POWER_OFF,
				      .vcpu = v->index,
				      .what = "the last CPU was turned off"};

		vm_stop(vm, &why);
		if (vm->vcpus[0].cpu != arch_cpu_id()) {
			arch_kick(vm->vcpus[0].cpu);
		}
	}
}

/* A reset is followed by no pause: it may come at any rate. */
static void log_stop(struct vm *vm)
{
	const struct vm_stop *s = &vm->stop;
	const char *name = vm->config->name;

	if (s->kind == VM_STOP_CRASH) {
		log_warn("%s: crashed: %s (vcpu %u, PC 0x%lx, ESR 0x%lx, FAR 0x%lx, IPA 0x%lx)",
			 name, s->what, s->vcpu, s->pc, s->esr, s->far, s->ipa);
	} else if (s->kind == VM_STOP_RESET) {
		log_guest(vm, "%s: %s (vcpu %u)", name, s->what, s->vcpu);
	} else {
		log_info("%s: %s (vcpu %u)", name, s->what, s->vcpu);
	}
}

/* -- what comes after a stop ---------------------------------------------------------------- */

static uint64_t from_ms(uint64_t ms)
{
	return ms * arch_counter_hz() / 1000;
}

/* The pause before restart number `failures`: doubled each time, bounded. */
static uint64_t backoff_ms(const struct vm *vm)
{
	uint64_t ms = vm->config->restart_backoff_ms;

	for (unsigned int i = 1; i < vm->failures && ms < BACKOFF_LIMIT_MS; i++) {
		ms *= 2;
	}
	return MIN(ms, BACKOFF_LIMIT_MS);
}

static bool wants_restart(const struct vm *vm)
{
	switch (vm->config->restart) {
	case RESTART_NEVER:
		return false;
	case RESTART_ON_FAILURE:
		return vm->stop.kind != VM_STOP_POWER_OFF;
	case RESTART_ALWAYS:
		return true;
	}
	return false;
}

/* The last VM that powered off turns the board off; after a crash it stays on, to be looked at. */
static void power_off_if_last(void)
{
	for (unsigned int i = 0; i < vm_count; i++) {
		if (__atomic_load_n(&vms[i].state, __ATOMIC_SEQ_CST) != VM_STOPPED ||
		    vms[i].stop.kind != VM_STOP_POWER_OFF) {
			return;
		}
	}
	log_info("all VMs are powered off: powering off the board");
	console_flush();
	arch_power_off();
}

/* None could be loaded, whatever the reason: there is no one to wait for. */
static bool none_ever_ran(void)
{
	for (unsigned int i = 0; i < vm_count; i++) {
		if (__atomic_load_n(&vms[i].state, __ATOMIC_SEQ_CST) != VM_STOPPED ||
		    vms[i].started_at != 0) {
			return false;
		}
	}
	return true;
}

static void stay_stopped(struct vm *vm, const char *why)
{
	log_info("%s: stopped%s", vm->config->name, why);
	/* of two that stop at once, one at least must see both stopped */
	__atomic_store_n(&vm->state, VM_STOPPED, __ATOMIC_SEQ_CST);
	power_off_if_last();
	if (none_ever_ran()) {
		arch_nothing_runs();
	}
}

static void plan_restart(struct vm *vm)
{
	unsigned int limit = vm->config->restart_limit;
	uint64_t pause;

	if (!wants_restart(vm)) {
		stay_stopped(vm, "");
		return;
	}
	if (vm->stop.kind == VM_STOP_RESET) {
		pause = 0;
	} else {
		if (arch_counter() - vm->started_at > from_ms(HEALTHY_SECONDS * 1000)) {
			vm->failures = 0;
		}
		if (limit && vm->failures >= limit) {
			stay_stopped(vm, " for good: restart-limit reached");
			return;
		}
		vm->failures++;
		pause = backoff_ms(vm);
	}
	vm->restarts++;
	log_guest(vm, "%s: restart %u in %lu ms", vm->config->name, vm->restarts, pause);
	vm->restart_at = arch_counter() + from_ms(pause);
	__atomic_store_n(&vm->state, VM_WAITING, __ATOMIC_RELEASE);
}

static void poll(void *arg)
{
	(void)arg;
	arch_poll();
}

/* Its CPUs run no guest any more: what is still on its way to them is of this instance, and lost. */
static void serve_all(const struct vm *vm)
{
	for (unsigned int i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpus[i].cpu == arch_cpu_id()) {
			arch_poll();
		} else {
			arch_call(vm->vcpus[i].cpu, poll, NULL);
		}
	}
}

static void finish_stop(struct vm *vm)
{
	serve_all(vm);
	log_stop(vm); /* the last of them may have had its reason to tell yet */
	vfilter_reset(vm);
	vgpio_reset(vm);
	vmailbox_reset(vm);
	vgic_reset(vm);
	load_scrub(vm);
	plan_restart(vm);
}

static void begin(struct vm *vm)
{
	struct report r = {.emit = log_report_emit};
	struct vcpu *v = &vm->vcpus[0];

	__atomic_store_n(&vm->state, VM_LOADING, __ATOMIC_RELEASE);
	if (load_vm(vm, &v->entry, &v->entry_x0, &r) != 0) {
		vm->stop = (struct vm_stop){.kind = VM_STOP_CRASH, .what = "could not be loaded"};
		stay_stopped(vm, ": its images could not be loaded");
		return;
	}
	vpl011_reset(&vm->uart, vm, GUEST_UART_INTID);
	vpl031_reset(&vm->rtc, vm);
	vgic_reset(vm); /* last: no line is up that a device holds no longer */
	if (vm->counter_offset == 0) {
		vm->counter_offset = arch_vm_counter_offset();
	}
	vm->started_at = arch_counter();
	vm->on_count = 1;
	v->power = VCPU_ON_PENDING;
	log_guest(vm, "%s: started on CPU %u, entry 0x%lx", vm->config->name, v->cpu, v->entry);
	__atomic_store_n(&vm->state, VM_RUNNING, __ATOMIC_RELEASE);
}

static void home_work(struct vm *vm)
{
	switch (__atomic_load_n(&vm->state, __ATOMIC_ACQUIRE)) {
	case VM_CONFIGURED:
		begin(vm);
		break;
	case VM_STOPPING:
		if (__atomic_load_n(&vm->on_count, __ATOMIC_ACQUIRE) == 0) {
			finish_stop(vm);
		}
		break;
	case VM_WAITING:
		if (arch_counter() >= vm->restart_at) {
			begin(vm);
		}
		break;
	default:
		break;
	}
}

uint64_t vm_idle_work(struct vcpu *v)
{
	struct vm *vm = v->vm;

	if (v->index == 0) {
		home_work(vm);
	}
	if (__atomic_load_n(&v->power, __ATOMIC_ACQUIRE) == VCPU_ON_PENDING) {
		v->power = VCPU_ON;
		if (!vm_is_stopping(vm)) {
			arch_vcpu_reset(v, v->entry, v->entry_x0);
			vgic_cpu_online(v);
			arch_enter_guest(v);
		}
		vm_vcpu_off(v);
		return 0;
	}
	switch (__atomic_load_n(&vm->state, __ATOMIC_ACQUIRE)) {
	case VM_WAITING:
		return v->index == 0 ? vm->restart_at : UINT64_MAX;
	case VM_STOPPING:
		return v->index == 0 && vm->on_count == 0 ? 0 : UINT64_MAX;
	default:
		return UINT64_MAX;
	}
}
