/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image.h"

#include <string.h>

#include "core/config.h"
#include "core/guest_fdt.h"

/* A raw image, and an Image that does not say (QEMU hw/arm/boot.c, KERNEL64_LOAD_ADDR). */
#define RAW_OFFSET 0x80000UL
/* An Image below this offset moves up by 2 MiB (QEMU, BOOTLOADER_MAX_SIZE). */
#define TREE_ROOM SZ_4K
/* The initrd begins at most this far up (QEMU, arm_load_kernel). */
#define INITRD_OFFSET_MAX (128 * SZ_1M)

/* arm64 Image header: Linux Documentation/arch/arm64/booting.rst. */
#define LINUX_MAGIC       0x644d5241U /* "ARM\x64" */
#define LINUX_MAGIC_AT    56
#define LINUX_TEXT_OFFSET 8
#define LINUX_IMAGE_SIZE  16
#define LINUX_HEADER      64

/* ELF-64 (System V ABI, chapter 4 and 5). */
#define ELF_HEADER    64
#define ELF_PHDR      56
#define ELF_CLASS64   2
#define ELF_DATA_LSB  1
#define ELF_EXEC      2
#define ELF_DYN       3
#define ELF_AARCH64   183
#define ELF_PHDRS_MAX 64
#define PT_LOAD       1
#define PT_INTERP     3

struct image {
	const uint8_t *data;
	size_t size;
	const char *who;
	struct report *r;
};

/* Little-endian numbers at any alignment. The caller has checked the bounds. */
static uint64_t get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0) {
		value = value << 8 | at[bytes];
	}
	return value;
}

#define image_error(i, format, ...)                                                                \
	(report_error((i)->r, "%s: kernel: " format, (i)->who, ##__VA_ARGS__), -1)

static void add_segment(struct image_plan *plan, struct image_segment s)
{
	plan->segments[plan->segment_count++] = s;
	plan->end = MAX(plan->end, s.ipa + s.mem_size);
}

/* -- Raw --------------------------------------------------------------------------------- */

static int plan_raw(const struct image *i, uint64_t ram, uint64_t ram_size, uint64_t load_ipa,
		    struct image_plan *plan)
{
	bool given = load_ipa != UINT64_MAX;

	if (!given && (ram_size < RAW_OFFSET || i->size > ram_size - RAW_OFFSET)) {
		return image_error(i, "0x%lx bytes from 0x%lx do not fit main memory 0x%lx+0x%lx",
				   i->size, ram + RAW_OFFSET, ram, ram_size);
	}
	plan->kind = IMAGE_RAW;
	plan->entry = given ? load_ipa : ram + RAW_OFFSET;
	if (range_wraps(plan->entry, i->size)) {
		return image_error(i, "0x%lx bytes from 0x%lx wrap past the end", i->size,
				   plan->entry);
	}
	add_segment(plan, (struct image_segment){plan->entry, 0, i->size, i->size});
	return 0;
}

/* -- arm64 Image --------------------------------------------------------------------------- */

static int plan_linux(const struct image *i, uint64_t ram, uint64_t ram_size,
		      struct image_plan *plan)
{
	uint64_t text_offset = get(i->data + LINUX_TEXT_OFFSET, 8);
	uint64_t image_size = get(i->data + LINUX_IMAGE_SIZE, 8);
	uint64_t start = ALIGN_UP(ram, SZ_2M), room;

	if (image_size == 0) {
		text_offset = RAW_OFFSET; /* before Linux 3.17 */
	}
	if (!IS_ALIGNED(text_offset, 4)) {
		return image_error(i, "Image with text_offset 0x%lx, which is not 4-byte aligned",
				   text_offset);
	}
	if (text_offset < TREE_ROOM) {
		text_offset += SZ_2M;
	}
	image_size = MAX(image_size, i->size);
	room = ram_size > start - ram ? ram_size - (start - ram) : 0;
	if (text_offset >= room || image_size > room - text_offset) {
		return image_error(i,
				   "Image of 0x%lx bytes at text_offset 0x%lx does not fit main "
				   "memory 0x%lx+0x%lx",
				   image_size, text_offset, ram, ram_size);
	}
	plan->kind = IMAGE_LINUX;
	plan->entry = start + text_offset;
	add_segment(plan, (struct image_segment){plan->entry, 0, i->size, image_size});
	return 0;
}

/* -- ELF ----------------------------------------------------------------------------------- */

struct phdr {
	uint32_t type;
	uint64_t offset, vaddr, paddr, file_size, mem_size;
};

static struct phdr read_phdr(const uint8_t *at)
{
	return (struct phdr){
		.type = (uint32_t)get(at, 4),
		.offset = get(at + 8, 8),
		.vaddr = get(at + 16, 8),
		.paddr = get(at + 24, 8),
		.file_size = get(at + 32, 8),
		.mem_size = get(at + 40, 8),
	};
}

static int add_load(const struct image *i, unsigned int index, const struct phdr *p,
		    struct image_plan *plan)
{
	if (p->file_size > p->mem_size || !range_within(p->offset, p->file_size, 0, i->size)) {
		return image_error(
			i,
			"ELF program header %u: 0x%lx bytes at offset 0x%lx of a file of "
			"0x%lx",
			index, p->file_size, p->offset, i->size);
	}
	if (!range_within(p->paddr, p->mem_size, 0, VM_IPA_LIMIT)) {
		return image_error(i, "ELF program header %u: 0x%lx+0x%lx ends above 0x%lx", index,
				   p->paddr, p->mem_size, VM_IPA_LIMIT);
	}
	for (unsigned int j = 0; j < plan->segment_count; j++) {
		const struct image_segment *s = &plan->segments[j];

		if (ranges_overlap(p->paddr, p->mem_size, s->ipa, s->mem_size)) {
			return image_error(i,
					   "ELF program header %u: 0x%lx+0x%lx overlaps segment "
					   "0x%lx+0x%lx",
					   index, p->paddr, p->mem_size, s->ipa, s->mem_size);
		}
	}
	if (plan->segment_count == IMAGE_SEGMENTS_MAX) {
		return image_error(i, "ELF with more than %d segments to load", IMAGE_SEGMENTS_MAX);
	}
	add_segment(plan, (struct image_segment){p->paddr, p->offset, p->file_size, p->mem_size});
	return 0;
}

/*
 * A linker puts the ELF header before the first section where a page has room:
 * linked at the start of RAM, that page lies below it. No guest reads it there.
 */
static void drop_header_below(struct phdr *p, uint64_t ram)
{
	uint64_t below = ram - p->paddr;

	if (p->offset == 0 && p->paddr < ram && below < p->file_size && below <= SZ_64K) {
		p->offset += below;
		p->vaddr += below;
		p->paddr += below;
		p->file_size -= below;
		p->mem_size -= below;
	}
}

static bool in_segment(const struct image_plan *plan, uint64_t ipa)
{
	for (unsigned int j = 0; j < plan->segment_count; j++) {
		if (ipa - plan->segments[j].ipa < plan->segments[j].mem_size) {
			return true;
		}
	}
	return false;
}

/* What an ELF header must be; NULL or what it is not. */
static const char *elf_fault(const struct image *i)
{
	const uint8_t *h = i->data;
	uint64_t type;

	if (i->size < ELF_HEADER) {
		return "is cut off in the ELF header";
	}
	type = get(h + 16, 2);
	if (h[4] != ELF_CLASS64 || h[5] != ELF_DATA_LSB || get(h + 18, 2) != ELF_AARCH64) {
		return "is an ELF file, but not 64-bit little-endian AArch64";
	}
	if (type != ELF_EXEC && type != ELF_DYN) {
		return "is an ELF file, but not an executable (linked?)";
	}
	if (get(h + 54, 2) != ELF_PHDR || get(h + 56, 2) > ELF_PHDRS_MAX) {
		return "is an ELF file with odd program headers";
	}
	if (!range_within(get(h + 32, 8), get(h + 56, 2) * ELF_PHDR, 0, i->size)) {
		return "is an ELF file cut off in its program headers";
	}
	return NULL;
}

static int plan_elf(const struct image *i, uint64_t ram, struct image_plan *plan)
{
	const char *fault = elf_fault(i);
	uint64_t entry;
	bool entry_found = false;

	if (fault) {
		return image_error(i, "%s", fault);
	}
	plan->kind = IMAGE_ELF;
	entry = get(i->data + 24, 8);
	for (unsigned int n = 0; n < get(i->data + 56, 2); n++) {
		struct phdr p = read_phdr(i->data + get(i->data + 32, 8) + n * ELF_PHDR);

		if (p.type == PT_INTERP) {
			return image_error(i,
					   "is an ELF program for an operating system (PT_INTERP)");
		}
		if (p.type != PT_LOAD || p.mem_size == 0) {
			continue;
		}
		drop_header_below(&p, ram);
		if (add_load(i, n, &p, plan)) {
			return -1;
		}
		/* The entry is a virtual address; the guest begins with its MMU off. */
		if (!entry_found && entry >= p.vaddr && entry - p.vaddr < p.mem_size) {
			plan->entry = p.paddr + (entry - p.vaddr);
			entry_found = true;
		}
	}
	/* a kernel linked high may give the address where it really starts */
	if (!entry_found && in_segment(plan, entry)) {
		plan->entry = entry;
		entry_found = true;
	}
	if (!entry_found || !IS_ALIGNED(plan->entry, 4)) {
		return image_error(i, "ELF entry 0x%lx is in no segment, or not 4-byte aligned",
				   entry);
	}
	return 0;
}

/* -- Telling them apart ---------------------------------------------------------------------- */

static bool starts_with(const struct image *i, const void *magic, size_t size)
{
	return i->size >= size && memcmp(i->data, magic, size) == 0;
}

int image_plan(const void *data, size_t size, uint64_t ram, uint64_t ram_size, uint64_t load_ipa,
	       const char *who, struct image_plan *plan, struct report *r)
{
	const struct image i = {data, size, who, r};
	bool elf = starts_with(&i, "\177ELF", 4);
	bool image = size >= LINUX_HEADER && get(i.data + LINUX_MAGIC_AT, 4) == LINUX_MAGIC;

	memset(plan, 0, sizeof(*plan));
	if (size == 0) {
		return image_error(&i, "is empty");
	}
	if (starts_with(&i, "\037\213", 2)) {
		return image_error(&i, "is compressed with gzip; give it unpacked");
	}
	if (size >= 8 && starts_with(&i, "MZ", 2) && memcmp(i.data + 4, "zimg", 4) == 0) {
		return image_error(&i, "is a compressed EFI kernel (zboot); give the Image in it");
	}
	if ((elf || image) && load_ipa != UINT64_MAX) {
		return image_error(&i, "is an %s, which says itself where it goes; remove load",
				   elf ? "ELF file" : "arm64 Image");
	}
	if (elf) {
		return plan_elf(&i, ram, plan);
	}
	return image ? plan_linux(&i, ram, ram_size, plan)
		     : plan_raw(&i, ram, ram_size, load_ipa, plan);
}

/* -- Initrd and device tree -------------------------------------------------------------------- */

static bool in_some_region(const struct vm_config *vm, const struct image_segment *s)
{
	for (unsigned int i = 0; i < vm->region_count; i++) {
		if (range_within(s->ipa, s->mem_size, vm->regions[i].ipa, vm->regions[i].size)) {
			return true;
		}
	}
	return false;
}

/* The part of main RAM that the image uses: lowest and highest IPA + 1; low >= high: none. */
static void image_extent(const struct image_plan *plan, const struct vm_region *ram, uint64_t *low,
			 uint64_t *high)
{
	*low = UINT64_MAX;
	*high = 0;
	for (unsigned int i = 0; i < plan->segment_count; i++) {
		const struct image_segment *s = &plan->segments[i];

		if (range_within(s->ipa, s->mem_size, ram->ipa, ram->size)) {
			*low = MIN(*low, s->ipa);
			*high = MAX(*high, s->ipa + s->mem_size);
		}
	}
}

int image_layout(const struct image_plan *plan, const struct vm_config *vm, uint64_t initrd_size,
		 struct image_layout *layout, struct report *r)
{
	const struct vm_region *ram = &vm->regions[0];
	uint64_t low, high;

	for (unsigned int i = 0; i < plan->segment_count; i++) {
		if (!in_some_region(vm, &plan->segments[i])) {
			report_error(r, "%s: kernel: 0x%lx bytes for 0x%lx are not in its memory",
				     vm->name, plan->segments[i].mem_size, plan->segments[i].ipa);
			return -1;
		}
	}
	image_extent(plan, ram, &low, &high);
	layout->initrd =
		ALIGN_UP(MAX(ram->ipa + MIN(ram->size / 2, INITRD_OFFSET_MAX), high), SZ_4K);
	layout->dtb = ALIGN_UP(layout->initrd + initrd_size, SZ_64K);
	if (plan->kind == IMAGE_ELF && low >= ram->ipa + GUEST_FDT_MAX) {
		layout->dtb = ram->ipa;
	}
	if (!range_within(layout->initrd, initrd_size, ram->ipa, ram->size) ||
	    !range_within(layout->dtb, GUEST_FDT_MAX, ram->ipa, ram->size)) {
		report_error(r,
			     "%s: memory: 0x%lx bytes do not hold kernel, initrd (0x%lx bytes) and "
			     "device tree (0x%lx)",
			     vm->name, ram->size, initrd_size, GUEST_FDT_MAX);
		return -1;
	}
	return 0;
}
