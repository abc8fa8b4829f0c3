/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of the distributor (GICv2: IHI 0048, chapter 4.3; GICv3: IHI
 * 0069, 12.9) and of the redistributors (12.11). One table for each 128 bytes of
 * the frame, so a trapped access is one look-up. Private interrupts are those
 * of `bank`: the accessing vCPU with GICv2, the frame's vCPU in a GICv3
 * redistributor, nobody (NULL: RAZ/WI) in a GICv3 distributor.
 */
#include "core/panic.h"
#include "core/vgic_parts.h"

#define GICD_CTLR        0x000
#define GICD_TYPER       0x004
#define GICD_IIDR        0x008
#define GICD_SGIR        0xf00
#define GICD_IROUTER     0x6000
#define GICD_IROUTER_END 0x8000
#define GICD_V2_PIDR2    0xfe8
#define GICD_V3_PIDR2    0xffe8
#define PIDR2_V2         0x2b
#define PIDR2_V3         0x3b

#define CTLR_GROUP0 BIT(0)
#define CTLR_GROUP1 BIT(1)
#define CTLR_ARE    BIT(4) /* GICv3 with one security state: fixed at one */
#define CTLR_DS     BIT(6)

#define TYPER_LINES     (GUEST_INTIDS / 32 - 1)
#define TYPER_CPUS(n)   (((n)-1U) << 5)
#define TYPER_V3_IDBITS (9U << 19)
#define TYPER_V3_NO1N   BIT(25)
#define IIDR_ARM        0x43bU

#define GICR_CTLR       0x0000
#define GICR_IIDR       0x0004
#define GICR_TYPER      0x0008
#define GICR_WAKER      0x0014
#define GICR_PIDR2      0xffe8
#define GICR_TYPER_LAST BIT(4)

/* self: the vCPU that makes the access; bank: whose private interrupts are meant, or NULL. */
typedef uint64_t (*read_fn)(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size);
typedef void (*write_fn)(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			 uint64_t value);

struct block {
	read_fn read;
	write_fn write;
	uint64_t widths; /* access sizes allowed, ORed; others are RAZ/WI */
	uint64_t unused; /* indexed by a shift */
};

/* -- one bit for each interrupt --------------------------------------------------------- */

static uint32_t first_intid(uint32_t offset)
{
	return (offset & 0x7f) * 8;
}

static uint64_t read_field(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			   bool (*field)(const struct virq *irq))
{
	uint32_t intid = first_intid(offset);
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 32; i++) {
		const struct virq *irq = vgic_find(self->vm, bank, intid + i);

		bits |= irq && field(irq) ? BIT(i) : 0;
	}
	return bits;
}

static uint64_t read_state(struct vcpu *self, struct vcpu *bank, uint32_t offset, enum vgic_op op)
{
	uint32_t intid = first_intid(offset);
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 32; i++) {
		if (vgic_find(self->vm, bank, intid + i) &&
		    vgic_operate(self, bank, intid + i, op)) {
			bits |= BIT(i);
		}
	}
	return bits;
}

static void write_state(struct vcpu *self, struct vcpu *bank, uint32_t offset, uint64_t bits,
			enum vgic_op op)
{
	bool v2_sgis = self->vm->vgic.version == GIC_V2 &&
		       (op == VGIC_SET_PENDING || op == VGIC_CLEAR_PENDING);

	for (bits &= 0xffffffff; bits; bits &= bits - 1) {
		uint32_t intid = first_intid(offset) + (uint32_t)__builtin_ctzl(bits);

		if (vgic_find(self->vm, bank, intid) && !(v2_sgis && intid < VGIC_SGIS)) {
			vgic_operate(self, bank, intid, op);
		}
	}
}

static bool is_group1(const struct virq *irq)
{
	return irq->group1;
}

static uint64_t read_group(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size)
{
	(void)size;
	return read_field(self, bank, offset, is_group1);
}

static void write_group(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			uint64_t value)
{
	uint32_t intid = first_intid(offset);

	(void)size;
	spin_lock(&self->vm->vgic.lock);
	for (unsigned int i = 0; i < 32; i++) {
		struct virq *irq = vgic_find(self->vm, bank, intid + i);

		if (irq && irq->group1 != !!(value & BIT(i))) {
			irq->group1 = !!(value & BIT(i));
			vgic_changed(self->vm, irq);
		}
	}
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
}

static bool is_enabled(const struct virq *irq)
{
	return irq->enabled;
}

static uint64_t read_enabled(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size)
{
	(void)size;
	return read_field(self, bank, offset, is_enabled);
}

static void write_enabled(struct vcpu *self, struct vcpu *bank, uint32_t offset, uint64_t bits,
			  bool enabled)
{
	spin_lock(&self->vm->vgic.lock);
	for (bits &= 0xffffffff; bits; bits &= bits - 1) {
		uint32_t intid = first_intid(offset) + (uint32_t)__builtin_ctzl(bits);
		struct virq *irq = vgic_find(self->vm, bank, intid);

		if (irq && irq->enabled != enabled) {
			vgic_set_enabled(self->vm, irq, enabled);
		}
	}
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
}

static void write_isenabler(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size, uint64_t value)
{
	(void)size;
	write_enabled(self, bank, offset, value, true);
}

static void write_icenabler(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size, uint64_t value)
{
	(void)size;
	write_enabled(self, bank, offset, value, false);
}

static uint64_t read_pending(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size)
{
	(void)size;
	return read_state(self, bank, offset, VGIC_GET_PENDING);
}

static void write_ispendr(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	(void)size;
	write_state(self, bank, offset, value, VGIC_SET_PENDING);
}

static void write_icpendr(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	(void)size;
	write_state(self, bank, offset, value, VGIC_CLEAR_PENDING);
}

static uint64_t read_active(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size)
{
	(void)size;
	return read_state(self, bank, offset, VGIC_GET_ACTIVE);
}

static void write_isactiver(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size, uint64_t value)
{
	(void)size;
	write_state(self, bank, offset, value, VGIC_SET_ACTIVE);
}

static void write_icactiver(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size, uint64_t value)
{
	(void)size;
	write_state(self, bank, offset, value, VGIC_CLEAR_ACTIVE);
}

/* -- one byte for each interrupt ---------------------------------------------------------- */

static uint64_t read_priority(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			      unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++) {
		const struct virq *irq = vgic_find(self->vm, bank, (offset & 0x3ff) + i);

		value |= irq ? (uint64_t)irq->priority << (8 * i) : 0;
	}
	return value;
}

static void write_priority(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			   uint64_t value)
{
	spin_lock(&self->vm->vgic.lock);
	for (unsigned int i = 0; i < size; i++) {
		struct virq *irq = vgic_find(self->vm, bank, (offset & 0x3ff) + i);

		if (irq) {
			irq->priority = (uint8_t)(value >> (8 * i)) & VGIC_PRIO_MASK;
		}
	}
	spin_unlock(&self->vm->vgic.lock);
}

static uint64_t read_targets(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size)
{
	uint64_t value = 0;

	if (self->vm->vgic.version != GIC_V2 || self->vm->vcpu_count == 1) {
		return 0; /* IHI 0048, 4.3.12: RAZ/WI in a uniprocessor */
	}
	for (unsigned int i = 0; i < size; i++) {
		const struct virq *irq = vgic_find(self->vm, bank, (offset & 0x3ff) + i);

		value |= irq ? (uint64_t)irq->targets << (8 * i) : 0;
	}
	return value;
}

static void write_targets(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	uint8_t present = (uint8_t)(BIT(self->vm->vcpu_count) - 1);

	(void)bank;
	if (self->vm->vgic.version != GIC_V2 || self->vm->vcpu_count == 1) {
		return;
	}
	spin_lock(&self->vm->vgic.lock);
	for (unsigned int i = 0; i < size; i++) {
		uint32_t intid = (offset & 0x3ff) + i;
		struct virq *irq = vgic_find(self->vm, NULL, intid);

		if (irq && intid >= VGIC_PRIVATE) {
			irq->targets = (uint8_t)(value >> (8 * i)) & present;
			vgic_retarget(self->vm, irq);
		}
	}
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
}

/* -- two bits for each interrupt ---------------------------------------------------------- */

static uint64_t read_config(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			    unsigned int size)
{
	uint32_t intid = (offset & 0xff) * 4;
	uint64_t value = 0;

	(void)size;
	for (unsigned int i = 0; i < 16; i++) {
		const struct virq *irq = vgic_find(self->vm, bank, intid + i);

		value |= irq && irq->edge ? BIT(2 * i + 1) : 0;
	}
	return value;
}

static void write_config(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			 uint64_t value)
{
	uint32_t intid = (offset & 0xff) * 4;

	(void)size;
	spin_lock(&self->vm->vgic.lock);
	for (unsigned int i = 0; i < 16 && intid >= VGIC_SGIS; i++) {
		struct virq *irq = vgic_find(self->vm, bank, intid + i);
		bool edge = value & BIT(2 * i + 1);

		if (!irq || irq->edge == edge || (irq->hw && intid < VGIC_PRIVATE)) {
			continue;
		}
		irq->edge = edge;
		if (irq->hw && irq->target != VIRQ_NO_TARGET) {
			gic.configure(irq->intid, edge, self->vm->vcpus[irq->target].cpu);
		}
		vgic_changed(self->vm, irq);
	}
	vgic_commit(self);
	spin_unlock(&self->vm->vgic.lock);
}

/* -- control and identification --------------------------------------------------------------- */

static uint64_t typer(const struct vm *vm)
{
	return vm->vgic.version == GIC_V2 ? TYPER_LINES | TYPER_CPUS(vm->vcpu_count)
					  : TYPER_LINES | TYPER_V3_IDBITS | TYPER_V3_NO1N;
}

static uint64_t read_control(struct vcpu *self, struct vcpu *bank, uint32_t offset,
			     unsigned int size)
{
	const struct vgic *g = &self->vm->vgic;

	(void)bank;
	(void)size;
	switch (offset) {
	case GICD_CTLR:
		return (g->enable_group[0] ? CTLR_GROUP0 : 0) |
		       (g->enable_group[1] ? CTLR_GROUP1 : 0) |
		       (g->version == GIC_V3 ? CTLR_ARE | CTLR_DS : 0);
	case GICD_TYPER:
		return typer(self->vm);
	case GICD_IIDR:
		return IIDR_ARM;
	default:
		return 0;
	}
}

static void write_control(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	struct vgic *g = &self->vm->vgic;
	bool group0 = value & CTLR_GROUP0;
	bool group1 = value & CTLR_GROUP1;

	(void)bank;
	(void)size;
	if (offset != GICD_CTLR || (g->enable_group[0] == group0 && g->enable_group[1] == group1)) {
		return;
	}
	spin_lock(&g->lock);
	g->enable_group[0] = group0;
	g->enable_group[1] = group1;
	vgic_changed_all(self->vm);
	vgic_commit(self);
	spin_unlock(&g->lock);
}

static uint64_t read_id(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size)
{
	(void)bank;
	(void)size;
	return self->vm->vgic.version == GIC_V2 && offset == GICD_V2_PIDR2 ? PIDR2_V2 : 0;
}

static void write_ignored(struct vcpu *self, struct vcpu *bank, uint32_t offset, unsigned int size,
			  uint64_t value)
{
	(void)self;
	(void)bank;
	(void)offset;
	(void)size;
	(void)value;
}

/* -- the frames --------------------------------------------------------------------------------- */

#define BYTES (1 | 4) /* byte and word accesses (IHI 0048, 4.1.4) */
#define WORD  4

/* Indexed by offset / 0x80; the same layout in GICD and in a redistributor's SGI_base. */
static const struct block blocks[32] = {
	[0x000 / 0x80] = {read_control, write_control, WORD},
	[0x080 / 0x80] = {read_group, write_group, WORD},
	[0x100 / 0x80] = {read_enabled, write_isenabler, WORD},
	[0x180 / 0x80] = {read_enabled, write_icenabler, WORD},
	[0x200 / 0x80] = {read_pending, write_ispendr, WORD},
	[0x280 / 0x80] = {read_pending, write_icpendr, WORD},
	[0x300 / 0x80] = {read_active, write_isactiver, WORD},
	[0x380 / 0x80] = {read_active, write_icactiver, WORD},
	[0x400 / 0x80 ... 0x780 / 0x80] = {read_priority, write_priority, BYTES},
	[0x800 / 0x80 ... 0xb80 / 0x80] = {read_targets, write_targets, BYTES},
	[0xc00 / 0x80 ... 0xc80 / 0x80] = {read_config, write_config, WORD},
	[0xf00 / 0x80] = {vgic_read_sgi_block, vgic_write_sgi_block, BYTES},
	[0xf80 / 0x80] = {read_id, write_ignored, WORD},
};

/* op.offset is below 4 KiB. */
static uint64_t access_block(struct vcpu *self, struct vcpu *bank, struct mmio_op op,
			     uint64_t value)
{
	const struct block *b = &blocks[op.offset / 0x80];

	if (!(b->widths & op.size)) {
		return 0;
	}
	if (!op.write) {
		return b->read(self, bank, op.offset, op.size);
	}
	b->write(self, bank, op.offset, op.size, value);
	return 0;
}

static uint64_t access_route(struct vcpu *self, struct mmio_op op, uint64_t value)
{
	struct vm *vm = self->vm;
	uint32_t intid = (op.offset - GICD_IROUTER) / 8;
	struct virq *irq = intid >= VGIC_PRIVATE ? vgic_find(vm, NULL, intid) : NULL;

	if (!irq || op.size < 4 || (op.offset & 4)) {
		return 0; /* the upper half is Aff3 */
	}
	if (!op.write) {
		return irq->route;
	}
	spin_lock(&vm->vgic.lock);
	irq->route = (uint32_t)value & VGIC_ROUTE_MASK;
	vgic_retarget(vm, irq);
	vgic_commit(self);
	spin_unlock(&vm->vgic.lock);
	return 0;
}

/* What only GICv3 has, from 4 KiB on. */
static COLD uint64_t access_v3(struct vcpu *v, struct mmio_op op, uint64_t value)
{
	if (op.offset >= GICD_IROUTER && op.offset < GICD_IROUTER_END) {
		return access_route(v, op, value);
	}
	return op.offset == GICD_V3_PIDR2 && op.size == 4 ? PIDR2_V3 : 0;
}

uint64_t vgic_dist_v2_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	(void)device;
	if (op.offset == GICD_SGIR && op.write) {
		if (op.size == 4) {
			vgic_write_gicd_sgir(v, (uint32_t)value);
		}
		return 0;
	}
	return op.offset < 0x1000 ? access_block(v, v, op, value) : 0;
}

uint64_t vgic_dist_v3_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	(void)device;
	return op.offset < 0x1000 ? access_block(v, NULL, op, value) : access_v3(v, op, value);
}

static uint64_t read_redist(const struct vcpu *bank, struct mmio_op op)
{
	unsigned int n = bank->index;
	uint64_t type = (uint64_t)n << 32 | (uint64_t)n << 8 |
			(n + 1 == bank->vm->vcpu_count ? GICR_TYPER_LAST : 0);

	switch (op.offset) {
	case GICR_IIDR:
		return IIDR_ARM;
	case GICR_TYPER:
		return op.size == 8 ? type : type & 0xffffffff;
	case GICR_TYPER + 4:
		return type >> 32;
	case GICR_PIDR2:
		return PIDR2_V3;
	default:
		return 0; /* GICR_WAKER among them: awake */
	}
}

/* SGI_base has what is private: no control block, no targets, no GICv2 SGIs. */
static bool is_private_register(uint32_t offset)
{
	if (offset < 0x400) {
		return offset >= 0x80 && !(offset & 0x7f);
	}
	return offset < 0x400 + VGIC_PRIVATE || (offset >= 0xc00 && offset < 0xc08);
}

uint64_t vgic_redist_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	struct vm *vm = device;
	unsigned int frame = op.offset / GUEST_GICR_SIZE;
	struct vcpu *bank = &vm->vcpus[frame];

	ASSERT(frame < vm->vcpu_count);
	op.offset %= GUEST_GICR_SIZE;
	if (op.offset < GUEST_GICR_FRAME) {
		return op.size >= 4 ? read_redist(bank, op) : 0;
	}
	op.offset -= GUEST_GICR_FRAME;
	if (is_private_register(op.offset)) {
		return access_block(v, bank, op, value);
	}
	return op.offset == GICR_PIDR2 ? PIDR2_V3 : 0;
}

uint64_t vgic_dir_access(struct vcpu *v, void *device, struct mmio_op op, uint64_t value)
{
	(void)device;
	if (op.write && op.offset == 0 && op.size == 4) {
		vgic_deactivate(v, value & 0x3ff);
	}
	return 0;
}
