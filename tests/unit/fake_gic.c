/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_gic.h"

struct gic_ops gic;
struct fake_gic fake_gic;

static struct fake_gic_cpu *here(void)
{
	return &fake_gic.cpu[fake.cpu];
}

struct fake_phys *fake_phys(unsigned int cpu, uint32_t intid)
{
	assert_true(intid < FAKE_INTIDS);
	return intid < VGIC_PRIVATE ? &fake_gic.cpu[cpu].priv[intid] : &fake_gic.spi[intid];
}

bool arch_timer_line(uint32_t intid)
{
	return fake_phys(fake.cpu, intid)->line;
}

/* -- struct gic_ops ------------------------------------------------------------------------ */

static void set_enabled(unsigned int cpu, uint32_t intid, bool enabled)
{
	assert_true(intid >= VGIC_SGIS); /* the hypervisor's own */
	if (intid >= VGIC_PRIVATE || cpu == fake.cpu) {
		fake_phys(cpu, intid)->enabled = enabled;
	} else if (enabled) {
		fake_gic.remote_enables++;
	}
}

static void set_pending(unsigned int cpu, uint32_t intid, bool pending)
{
	fake_phys(cpu, intid)->pending = pending;
}

static bool is_pending(unsigned int cpu, uint32_t intid)
{
	const struct fake_phys *p = fake_phys(cpu, intid);

	return p->pending || (p->line && !p->edge);
}

static void deactivate(uint32_t intid)
{
	fake_phys(fake.cpu, intid)->active = false;
	fake_phys(fake.cpu, intid)->deactivations++;
}

static void configure(uint32_t intid, bool edge, unsigned int cpu)
{
	fake_phys(fake.cpu, intid)->edge = edge;
	fake_phys(fake.cpu, intid)->cpu = (uint8_t)cpu;
}

/* It arrives at once. */
static void send_sgi(unsigned int cpu, uint32_t intid)
{
	struct vcpu *from = fake.current[fake.cpu];
	unsigned int before = fake_on_cpu(cpu);

	assert_true(intid >= GIC_GUEST_SGI && intid < GIC_GUEST_SGI + GIC_GUEST_SGIS);
	assert_int_not_equal(cpu, before);
	fake_gic.sgis++;
	vgic_receive_sgi(&from->vm->vcpus[cpu], intid - GIC_GUEST_SGI,
			 gic.version == GIC_V2 ? from->index : 0);
	(void)fake_on_cpu(before);
}

static uint64_t lr_read(unsigned int n)
{
	assert_true(n < gic.lr_count);
	return here()->lr[n];
}

static void lr_write(unsigned int n, uint64_t lr)
{
	assert_true(n < gic.lr_count);
	/* UNPREDICTABLE on hardware: a linked interrupt that is pending and active */
	assert_false((lr & LR_HW) && (lr & LR_STATE) == LR_STATE);
	here()->lr[n] = lr;
}

/* ELRSR and EISR together are all list registers without state. */
static uint32_t lr_empty(void)
{
	uint32_t empty = 0;

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		empty |= here()->lr[n] & LR_STATE ? 0 : (uint32_t)BIT(n);
	}
	return empty;
}

/* As both drivers do: one write of HCR, whose field EOIcount is zero in it. */
static void want(unsigned int wants)
{
	here()->wants = wants;
	here()->eoi_count = 0;
}

static unsigned int take_eoi_count(void)
{
	unsigned int count = here()->eoi_count;

	here()->eoi_count = 0;
	return count;
}

static void virt_reset(void)
{
	memset(here()->lr, 0, sizeof(here()->lr));
	here()->depth = 0;
	here()->eoi_count = 0;
	here()->wants = 0;
	here()->is_on = true;
}

static void virt_off(void)
{
	virt_reset();
	here()->is_on = false;
}

void fake_gic_setup(enum gic_version version, unsigned int lr_count)
{
	memset(&fake_gic, 0, sizeof(fake_gic));
	gic = (struct gic_ops){
		.version = version,
		.send_sgi = send_sgi,
		.set_enabled = set_enabled,
		.set_pending = set_pending,
		.is_pending = is_pending,
		.deactivate = deactivate,
		.configure = configure,
		.lr_count = lr_count,
		.lr_read = lr_read,
		.lr_state = lr_read,
		.lr_write = lr_write,
		.lr_empty = lr_empty,
		.want = want,
		.take_eoi_count = take_eoi_count,
		.virt_reset = virt_reset,
		.virt_off = virt_off,
	};
}

/* -- the guest's CPU interface --------------------------------------------------------------- */

static unsigned int priority_of(uint64_t lr)
{
	return (lr >> 48) & 0xff;
}

unsigned int fake_running(unsigned int cpu)
{
	const struct fake_gic_cpu *c = &fake_gic.cpu[cpu];

	return c->depth ? c->running[c->depth - 1] : 0x100;
}

/* Among equals hardware is free to choose; this one takes the lowest INTID. */
static bool is_before(uint64_t a, uint64_t b)
{
	return priority_of(a) != priority_of(b) ? priority_of(a) < priority_of(b)
						: LR_INTID(a) < LR_INTID(b);
}

uint32_t fake_take(unsigned int cpu)
{
	struct fake_gic_cpu *c = &fake_gic.cpu[cpu];
	uint64_t *best = NULL;

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		uint64_t *lr = &c->lr[n];

		if ((*lr & LR_STATE) == LR_PENDING && (!best || is_before(*lr, *best))) {
			best = lr;
		}
	}
	if (!best || priority_of(*best) >= fake_running(cpu)) {
		return FAKE_NONE;
	}
	*best ^= LR_STATE;
	c->running[c->depth++] = (uint8_t)priority_of(*best);
	c->source = *best & LR_HW ? 0 : (*best >> 32) & 7;
	return LR_INTID(*best);
}

void fake_drop(unsigned int cpu)
{
	assert_true(fake_gic.cpu[cpu].depth > 0);
	fake_gic.cpu[cpu].depth--;
}

void fake_end(unsigned int cpu, uint32_t intid)
{
	struct fake_gic_cpu *c = &fake_gic.cpu[cpu];
	bool dropped = c->depth > 0;

	if (dropped) {
		c->depth--;
	}
	for (unsigned int n = 0; n < gic.lr_count; n++) {
		if ((c->lr[n] & LR_ACTIVE) && LR_INTID(c->lr[n]) == intid) {
			c->lr[n] &= ~LR_ACTIVE;
			if (c->lr[n] & LR_HW) {
				fake_phys(cpu, (c->lr[n] >> 32) & 0x3ff)->active = false;
				fake_phys(cpu, (c->lr[n] >> 32) & 0x3ff)->deactivations++;
			}
			return;
		}
	}
	/* counted only when an active priority was cleared (IHI 0069, ICH_HCR_EL2.EOIcount) */
	c->eoi_count += dropped;
}

/* -- hardware ------------------------------------------------------------------------------------ */

uint64_t fake_lr_of(unsigned int cpu, uint32_t intid)
{
	for (unsigned int n = 0; n < gic.lr_count; n++) {
		uint64_t lr = fake_gic.cpu[cpu].lr[n];

		if ((lr & LR_STATE) && LR_INTID(lr) == intid) {
			return lr;
		}
	}
	return 0;
}

bool fake_maintenance_due(unsigned int cpu)
{
	const struct fake_gic_cpu *c = &fake_gic.cpu[cpu];
	bool any_pending = false;
	bool ended = false;

	for (unsigned int n = 0; n < gic.lr_count; n++) {
		any_pending |= (c->lr[n] & LR_STATE) == LR_PENDING;
		ended |= !(c->lr[n] & (LR_STATE | LR_HW)) && (c->lr[n] & LR_EOI);
	}
	return c->is_on && (ended || ((c->wants & GIC_WANT_NO_PENDING) && !any_pending) ||
			    ((c->wants & GIC_WANT_EOI_COUNT) && c->eoi_count));
}

/* The physical interrupt that a CPU takes next; FAKE_NONE when there is none. */
static uint32_t next_physical(unsigned int cpu)
{
	for (uint32_t i = VGIC_SGIS; i < FAKE_INTIDS; i++) {
		const struct fake_phys *p = fake_phys(cpu, i);

		if (p->enabled && !p->active && is_pending(cpu, i) &&
		    (i < VGIC_PRIVATE || p->cpu == cpu)) {
			return i;
		}
	}
	return FAKE_NONE;
}

static void fire(struct vm *vm, unsigned int cpu, uint32_t intid)
{
	struct fake_phys *p = fake_phys(cpu, intid);
	struct vcpu *v = fake.current[cpu];

	if (intid < VGIC_PRIVATE && !v) {
		return;
	}
	p->pending = false;
	p->active = true;
	if (fake_gic.on_fire) {
		fake_gic.on_fire(cpu, intid);
	}
	if (intid < VGIC_PRIVATE) {
		vgic_inject_timer(v, &v->vgic.priv[intid], p->line);
	} else {
		vgic_inject_hw(vm, v, intid);
	}
}

static bool serve_one(struct vm *vm, unsigned int cpu)
{
	struct vcpu *v = fake.current[cpu];
	uint32_t intid = next_physical(cpu);

	if (fake.kicks[cpu]) {
		fake.kicks[cpu] = 0;
		if (v) {
			vgic_sync(v);
		}
	} else if (v && fake_maintenance_due(cpu)) {
		fake_gic.maintenances++;
		vgic_maintenance(v);
	} else if (intid != FAKE_NONE) {
		fire(vm, cpu, intid);
	} else {
		return false;
	}
	return true;
}

void fake_serve(struct vm *vm, unsigned int cpu)
{
	unsigned int before = fake_on_cpu(cpu);
	unsigned int rounds = 0;

	while (serve_one(vm, cpu)) {
		assert_true(++rounds < 1000); /* a storm */
	}
	(void)fake_on_cpu(before);
}

void fake_settle(struct vm *vm)
{
	for (unsigned int quiet = 0; quiet < vm->vcpu_count;) {
		unsigned int cpu = vm->vcpus[quiet].cpu;
		unsigned int before = fake_on_cpu(cpu);

		quiet = serve_one(vm, cpu) ? 0 : quiet + 1;
		(void)fake_on_cpu(before);
	}
}
