/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/bhcheck/bhcheck.h"
#include "core/guest_fdt.h"
#include "core/image.h"
#include "core/lib/fdt_pci.h"

/* A bundle beyond this does not fit the boards at hand. */
#define FILE_MAX (1UL << 30)

enum {
	EXIT_ALL_START = 0,
	EXIT_SOME_REFUSED = 1,
	EXIT_NOTHING = 2
};

static const char usage[] =
	"Usage: bhcheck [--svg FILE] BUNDLE BOARD.dtb\n"
	"Says what the hypervisor would say to BUNDLE on the board that BOARD.dtb describes,\n"
	"which VMs it would start, and who would own what. Status: 0 all VMs start,\n"
	"1 some are refused, 2 nothing can start. --svg FILE draws the memory map.\n";

static void print_finding(struct report *r, const char *line)
{
	(void)r;
	printf("%s\n", line);
}

/* A whole file, 8-byte aligned; NULL after saying why not. The caller frees it. */
static void *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	const char *why = NULL;
	struct stat about;
	void *data = NULL;

	if (!f || fstat(fileno(f), &about)) {
		why = strerror(errno);
	} else if (!S_ISREG(about.st_mode)) {
		why = S_ISDIR(about.st_mode) ? strerror(EISDIR) : "not a file";
	} else if ((uint64_t)about.st_size > FILE_MAX) {
		why = "larger than 1 GiB";
	} else {
		*size = (size_t)about.st_size;
		data = malloc(*size + 1);
	}
	if (data && fread(data, 1, *size, f) != *size) {
		why = ferror(f) ? strerror(errno) : "it became shorter";
		free(data);
		data = NULL;
	}
	if (!data) {
		fprintf(stderr, "bhcheck: cannot read %s: %s\n", path,
			why ? why : strerror(ENOMEM));
	}
	if (f) {
		fclose(f);
	}
	return data;
}

/* What load_vm() would do, short of doing it. */
static int check_load(struct desk *d, const struct vm_config *vm)
{
	static uint64_t tree[GUEST_FDT_MAX / sizeof(uint64_t)];
	struct bundle_image kernel, initrd = {.size = 0};
	struct image_plan plan;
	struct image_layout layout;
	struct guest_map map;
	struct guest_fdt_input in = {.vm = vm, .board = &d->board, .map = &map};

	if (bundle_find(&d->bundle, vm->kernel, &kernel) ||
	    (vm->initrd[0] && bundle_find(&d->bundle, vm->initrd, &initrd)) ||
	    image_plan(kernel.data, kernel.size, vm->regions[0].ipa, vm->regions[0].size,
		       vm->load_ipa, vm->name, &plan, &d->report) ||
	    image_layout(&plan, vm, initrd.size, &layout, &d->report)) {
		return -1;
	}
	guest_map_init(&map, &d->board, vm->direct_map, vm->cpu_count);
	in.initrd_start = layout.initrd;
	in.initrd_end = layout.initrd + initrd.size;
	return vm->dtb[0] ? 0 : guest_fdt_build(&in, tree, sizeof(tree), &d->report) < 0 ? -1 : 0;
}

static int check_hash(struct desk *d, const struct vm_config *vm, const char *property,
		      const char *name)
{
	struct bundle_image image;

	if (name[0] == '\0' || bundle_find(&d->bundle, name, &image) ||
	    bundle_image_intact(&image)) {
		return 0;
	}
	report_error(&d->report, "%s: %s: \"%s\" is damaged: its SHA-256 is not the bundle's",
		     vm->name, property, name);
	return -1;
}

static int check_hashes(struct desk *d, const struct vm_config *vm)
{
	int bad = check_hash(d, vm, "kernel", vm->kernel) |
		  check_hash(d, vm, "initrd", vm->initrd) | check_hash(d, vm, "dtb", vm->dtb);

	for (unsigned int i = 0; i < vm->region_count; i++) {
		bad |= check_hash(d, vm, "region: image", vm->regions[i].image);
	}
	return bad;
}

/* What the board keeps of this is the bundle, which has a name here. */
static void forget_reserved(struct board *b, uint64_t base)
{
	for (unsigned int i = 0; i < b->reserved_count; i++) {
		if (b->reserved[i].base == base) {
			b->reserved[i] = b->reserved[--b->reserved_count];
			return;
		}
	}
}

static int assume(struct desk *d, struct mem_range range, const char *what)
{
	if (!board_is_ram(&d->board, range.base, range.size)) {
		report_error(&d->report,
			     "board: no room for the %s, which is assumed at 0x%lx+0x%lx", what,
			     range.base, range.size);
		return -1;
	}
	d->taken[d->taken_count++] = range;
	return 0;
}

/*
 * Where the hypervisor will lie nothing says on the desk; of the bundle /chosen may say it.
 * Returns -1 when the board's memory cannot hold them.
 */
static int assume_places(struct desk *d)
{
	uint64_t ram = d->board.banks[0].base;
	struct mem_range bundle = {ram + DESK_BUNDLE_OFFSET, ALIGN_UP(d->bundle.size, SZ_4K)};

	if (d->board.bundle.size != 0) {
		bundle.base = ALIGN_DOWN(d->board.bundle.base, SZ_4K);
		bundle.size =
			MAX(bundle.size, ALIGN_UP(range_end(d->board.bundle), SZ_4K) - bundle.base);
		forget_reserved(&d->board, bundle.base);
	}
	if (assume(d, (struct mem_range){ram + DESK_IMAGE_OFFSET, DESK_IMAGE_SIZE}, "hypervisor") ||
	    assume(d, bundle, "bundle")) {
		return -1;
	}
	return 0;
}

/* Returns the number of VMs that start, or -1. */
static int check(struct desk *d, const void *bundle, size_t bundle_size, const void *fdt,
		 size_t fdt_size)
{
	int starting = 0;

	if (board_parse(fdt, fdt_size, &d->board, &d->report) ||
	    bundle_open(&d->bundle, bundle, bundle_size, &d->report) ||
	    config_parse(d->bundle.config, d->bundle.config_size, &d->config, &d->report)) {
		return -1;
	}
	/* the tree was read to a place in this program, which is not memory of the board */
	forget_reserved(&d->board, ALIGN_DOWN((uintptr_t)d->board.fdt, SZ_4K));
	if (assume_places(d)) {
		return -1;
	}
	config_check(&d->config, &d->board, &d->bundle, &d->report);
	config_place(&d->config, &d->board, d->taken, d->taken_count, &d->report);
	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		struct vm_config *vm = &d->config.vms[i];

		if (!vm->refused && (check_hashes(d, vm) || check_load(d, vm))) {
			vm->refused = true;
		}
		starting += !vm->refused;
	}
	return starting;
}

/* What the tree says of a bridge's DMA, and of windows that its VM has not. */
static void print_bridge(const struct desk *d, const struct vm_config *vm,
			 const struct vm_device *device)
{
	const void *fdt = d->board.fdt;
	struct fdt_pci_range r;
	char size[32];
	int error;

	for (unsigned int i = 0; fdt_pci_range(fdt, device->node, "dma-ranges", i, &r) == 0; i++) {
		span_size(size, r.cpu.size);
		printf("%s: %s: by its dma-ranges %s at 0x%lx are reached; who has the bridge may "
		       "set it otherwise\n",
		       vm->name, device->path, size, r.cpu.base);
	}
	for (unsigned int i = 0;
	     (error = fdt_pci_window(fdt, device->node, i, VM_IPA_LIMIT, &r)) >= 0; i++) {
		if (error == FDT_PCI_LEFT_OUT && (r.space & FDT_PCI_SPACE)) {
			printf("%s: %s: window 0x%lx+0x%lx is left out: it ends above 0x%lx, where "
			       "no VM has anything\n",
			       vm->name, device->path, r.cpu.base, r.cpu.size, VM_IPA_LIMIT);
		}
	}
}

/* What a VM's devices reach beside its own memory, where no IOMMU holds them. */
static void print_dma(const struct desk *d, const struct vm_config *vm)
{
	for (unsigned int i = 0; i < vm->device_count; i++) {
		if (vm->devices[i].access >= DEVICE_GPIO) {
			continue; /* the hypervisor's, which makes none */
		}
		printf("%s: %s: may make DMA, and no IOMMU holds it: it reaches the hypervisor",
		       vm->name, vm->devices[i].path);
		for (unsigned int j = 0; j < d->config.vm_count; j++) {
			if (&d->config.vms[j] != vm && !d->config.vms[j].refused) {
				printf(", %s", d->config.vms[j].name);
			}
		}
		printf(" and all other memory\n");
	}
}

static void print_verdicts(const struct desk *d)
{
	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		const struct vm_config *vm = &d->config.vms[i];

		printf("%s: %s\n", vm->name, vm->refused ? "refused" : "would start");
	}
	for (unsigned int i = 0; i < d->config.vm_count; i++) {
		const struct vm_config *vm = &d->config.vms[i];

		if (!vm->refused && config_makes_dma(vm)) {
			print_dma(d, vm);
		}
		for (unsigned int j = 0; !vm->refused && j < vm->device_count; j++) {
			if (vm->devices[j].window_count > 0) {
				print_bridge(d, vm, &vm->devices[j]);
			}
		}
	}
}

static int run(const char *bundle_path, const char *board_path, const char *svg)
{
	static struct desk desk;
	static struct spans spans;
	size_t bundle_size = 0, fdt_size = 0;
	void *bundle = read_file(bundle_path, &bundle_size);
	void *fdt = read_file(board_path, &fdt_size);
	int starting = -1;

	desk.report.emit = print_finding;
	if (bundle && fdt) {
		starting = check(&desk, bundle, bundle_size, fdt, fdt_size);
	}
	if (starting >= 0) {
		print_verdicts(&desk);
		spans_collect(&spans, &desk);
		table_print(&desk, &spans);
	}
	if (starting >= 0 && svg && svg_write(svg, &desk, &spans)) {
		fprintf(stderr, "bhcheck: cannot write %s: %s\n", svg, strerror(errno));
		starting = -1;
	}
	free(bundle);
	free(fdt);
	if (starting <= 0) {
		return EXIT_NOTHING;
	}
	return desk.report.error_count || starting < (int)desk.config.vm_count ? EXIT_SOME_REFUSED
									       : EXIT_ALL_START;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"svg", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *svg = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
		if (option == 's') {
			svg = optarg;
			continue;
		}
		fputs(usage, option == 'h' ? stdout : stderr);
		return option == 'h' ? EXIT_ALL_START : EXIT_NOTHING;
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return EXIT_NOTHING;
	}
	return run(argv[optind], argv[optind + 1], svg);
}
