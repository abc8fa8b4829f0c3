/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desk_inputs.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/guest_fdt.h"
#include "core/image.h"
#include "core/lib/fdt_read.h"

static struct board board;
static struct config config;

static void drop(struct report *r, const char *line)
{
	(void)r;
	if (strlen(line) > 200) {
		abort();
	}
}

/* What must hold, whatever the input was. */
#define promise(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* -- After a configuration was accepted ------------------------------------------------------------- */

static void check_ranges(void)
{
	for (unsigned int i = 0; i < config.vm_count; i++) {
		const struct vm_config *vm = &config.vms[i];

		for (unsigned int j = 0; j < vm->region_count && !vm->refused; j++) {
			const struct vm_region *region = &vm->regions[j];

			promise(board_is_ram(&board, region->pa, region->size));
			promise(range_within(region->ipa, region->size, 0, VM_IPA_LIMIT));
			promise(IS_ALIGNED(region->pa | region->ipa | region->size, SZ_4K));
			for (unsigned int k = 0; k < board.reserved_count; k++) {
				promise(!ranges_overlap(region->pa, region->size,
							board.reserved[k].base,
							board.reserved[k].size));
			}
		}
		for (unsigned int j = 0; j < vm->device_count && !vm->refused; j++) {
			promise(vm->devices[j].node > 0 && vm->devices[j].reg_count > 0);
			for (unsigned int k = 0; k < vm->devices[j].reg_count; k++) {
				struct mem_range regs = vm->devices[j].regs[k];

				promise(regs.size > 0 && !board_is_ram(&board, regs.base, 1));
				promise(range_within(regs.base, regs.size, 0, VM_IPA_LIMIT));
			}
		}
	}
}

static void check_cpus(void)
{
	uint32_t owned = 0;

	for (unsigned int i = 0; i < config.vm_count; i++) {
		const struct vm_config *vm = &config.vms[i];

		for (unsigned int j = 0; j < vm->cpu_count && !vm->refused; j++) {
			promise(vm->cpus[j] < board.cpu_count);
			promise(!(owned & BIT(vm->cpus[j])));
			owned |= (uint32_t)BIT(vm->cpus[j]);
		}
	}
}

static void build_trees(struct report *r)
{
	static uint64_t tree[GUEST_FDT_MAX / 8];

	for (unsigned int i = 0; i < config.vm_count; i++) {
		const struct vm_config *vm = &config.vms[i];
		struct guest_map map;
		struct guest_fdt_input in = {.vm = vm, .board = &board, .map = &map};
		int size;

		if (vm->refused) {
			continue;
		}
		guest_map_init(&map, &board, vm->direct_map, vm->cpu_count);
		size = guest_fdt_build(&in, tree, sizeof(tree), r);
		promise(size < 0 || fdt_check_full(tree, (size_t)size) == 0);
	}
}

/* All that happens between a configuration that was read and VMs that start. */
static void settle(const struct bundle *bundle, struct report *r)
{
	config_check(&config, &board, bundle, r);
	config_place(&config, &board, NULL, 0, r);
	check_ranges();
	check_cpus();
	build_trees(r);
}

/* -- Sound company for each kind of input -------------------------------------------------------------- */

static void *read_file(const char *name, size_t *size)
{
	char path[128];
	uint8_t *data = calloc(1, SZ_64K);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", DESK_FOLDER, name);
	f = fopen(path, "rb");
	promise(f && data);
	*size = fread(data, 1, SZ_64K, f);
	fclose(f);
	return data;
}

/* A bundle of nothing but the images that the configurations name. */
static const struct bundle *small_bundle(void)
{
	static const char *const names[] = {"kernel.bin", "initrd.img", "table.bin"};
	static uint64_t fit[256];
	static struct bundle bundle;

	fdt_create(fit, sizeof(fit));
	fdt_finish_reservemap(fit);
	fdt_begin_node(fit, "");
	fdt_begin_node(fit, "images");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		uint8_t digest[SHA256_SIZE] = {0};

		fdt_begin_node(fit, names[i]);
		fdt_property(fit, "data", names[i], 8);
		fdt_begin_node(fit, "hash");
		fdt_property_string(fit, "algo", "sha256");
		fdt_property(fit, "value", digest, sizeof(digest));
		fdt_end_node(fit);
		fdt_end_node(fit);
	}
	fdt_end_node(fit);
	fdt_end_node(fit);
	promise(fdt_finish(fit) == 0);
	bundle.fdt = fit;
	bundle.size = fdt_totalsize(fit);
	bundle.images_node = fdt_path_offset(fit, "/images");
	return &bundle;
}

static void sound_board(struct report *r)
{
	static struct board sound;
	size_t size;

	if (!sound.fdt) {
		void *tree = read_file("board.dtb", &size);

		promise(board_parse(tree, size, &sound, r) == 0);
	}
	board = sound;
}

/* -- The inputs ---------------------------------------------------------------------------------------- */

/* The PCI bridge, if it is still there, for the first VM. */
static void add_bridge(struct vm_config *vm)
{
	struct vm_device *d = &vm->devices[vm->device_count++];

	*d = (struct vm_device){.optional = true, .property = "optional-devices", .node = -1};
	strcpy(d->path, "/scb/pcie@7d500000");
}

bool input_board(const void *data, size_t size)
{
	static void *tree;
	static size_t tree_size;
	struct report r = {.emit = drop};

	if (!tree) {
		tree = read_file("config.dtb", &tree_size);
	}
	if (board_parse(data, size, &board, &r)) {
		promise(r.error_count > 0);
		return false;
	}
	for (unsigned int i = 0; i < board.bank_count; i++) {
		promise(board.banks[i].size > 0 && range_end(board.banks[i]) <= BOARD_PA_LIMIT);
		promise(i == 0 || range_end(board.banks[i - 1]) < board.banks[i].base);
	}
	promise(config_parse(tree, tree_size, &config, &r) == 0);
	add_bridge(&config.vms[0]);
	settle(small_bundle(), &r);
	return true;
}

bool input_config(const void *data, size_t size)
{
	struct report r = {.emit = drop};

	sound_board(&r);
	if (config_parse(data, size, &config, &r)) {
		promise(r.error_count > 0);
		return false;
	}
	settle(small_bundle(), &r);
	return true;
}

bool input_bundle(const void *data, size_t size)
{
	struct report r = {.emit = drop};
	struct bundle bundle;
	struct bundle_image image;

	sound_board(&r);
	if (bundle_open(&bundle, data, size, &r) ||
	    config_parse(bundle.config, bundle.config_size, &config, &r)) {
		promise(r.error_count > 0);
		return false;
	}
	if (bundle_find(&bundle, "kernel.bin", &image) == 0) {
		(void)bundle_image_intact(&image);
	}
	settle(&bundle, &r);
	return true;
}

static void check_plan(const struct image_plan *plan, const struct image_layout *layout,
		       const struct vm_region *ram, size_t size)
{
	promise(plan->segment_count > 0 && plan->segment_count <= IMAGE_SEGMENTS_MAX);
	for (unsigned int i = 0; i < plan->segment_count; i++) {
		const struct image_segment *s = &plan->segments[i];

		promise(range_within(s->offset, s->file_size, 0, size));
		promise(s->file_size <= s->mem_size);
		promise(range_within(s->ipa, s->mem_size, ram->ipa, ram->size));
		promise(!ranges_overlap(s->ipa, s->mem_size, layout->initrd, 1000));
		promise(!ranges_overlap(s->ipa, s->mem_size, layout->dtb, GUEST_FDT_MAX));
	}
	promise(IS_ALIGNED(plan->entry, 4));
	promise(range_within(plan->entry, 1, ram->ipa, ram->size));
	promise(!ranges_overlap(layout->initrd, 1000, layout->dtb, GUEST_FDT_MAX));
}

bool input_image(const void *data, size_t size)
{
	static struct vm_config vm = {.name = "vm", .region_count = 1};
	struct report r = {.emit = drop};
	struct image_plan plan;
	struct image_layout layout;

	vm.regions[0] = (struct vm_region){.ipa = 0x40000000, .size = 64 * SZ_1M};
	if (image_plan(data, size, vm.regions[0].ipa, vm.regions[0].size, UINT64_MAX, vm.name,
		       &plan, &r) ||
	    image_layout(&plan, &vm, 1000, &layout, &r)) {
		promise(r.error_count == 1);
		return false;
	}
	check_plan(&plan, &layout, &vm.regions[0], size);
	return true;
}

/* -- Images to begin with -------------------------------------------------------------------------------- */

static void put(uint8_t *at, unsigned int bytes, uint64_t value)
{
	for (unsigned int i = 0; i < bytes; i++) {
		at[i] = (uint8_t)(value >> (8 * i));
	}
}

void input_make_elf(uint8_t *file, size_t size)
{
	memset(file, 0, size);
	put(file, 4, 0x464c457f);
	put(file + 4, 3, 0x010102);
	put(file + 16, 2, 2);
	put(file + 18, 2, 183);
	put(file + 24, 8, 0x40100010);
	put(file + 32, 8, 64);
	put(file + 54, 2, 56);
	put(file + 56, 2, 2);
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *phdr = file + 64 + i * 56;

		put(phdr, 4, 1);
		put(phdr + 8, 8, 180 + i * 20);
		put(phdr + 16, 8, 0x40100000 + i * SZ_4K);
		put(phdr + 24, 8, 0x40100000 + i * SZ_4K);
		put(phdr + 32, 8, 20);
		put(phdr + 40, 8, SZ_4K);
	}
}

void input_make_linux(uint8_t *file, size_t size)
{
	memset(file, 0, size);
	put(file + 8, 8, 0x80000);
	put(file + 16, 8, SZ_1M);
	put(file + 56, 4, 0x644d5241);
}
