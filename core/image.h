/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest image asks for: an ELF executable, an arm64 Linux Image or a raw
 * binary, told apart by their magic numbers. Pure: it reads the image and says
 * what to copy where; it trusts no field.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "core/lib/types.h"
#include "core/report.h"

#define IMAGE_SEGMENTS_MAX 16

struct image_segment {
	uint64_t ipa;
	uint64_t offset; /* in the image file */
	uint64_t file_size;
	uint64_t mem_size; /* >= file_size; the rest is zero */
};

enum image_kind {
	IMAGE_RAW,
	IMAGE_LINUX,
	IMAGE_ELF,
};

struct image_plan {
	enum image_kind kind;
	struct image_segment segments[IMAGE_SEGMENTS_MAX];
	unsigned int segment_count;
	uint64_t entry; /* IPA */
	uint64_t end;   /* first IPA after everything the image uses, bss included */
};

/*
 * Plan the load of an image into a VM whose main RAM is [ram, ram + ram_size). load_ipa places a
 * raw binary (UINT64_MAX: ram + 512 KiB, as QEMU's -kernel does); an arm64
 * Image goes to its text_offset from a 2 MiB boundary as Linux'
 * Documentation/arm64/booting.rst and QEMU do; ELF segments go to their physical addresses
 * (segments outside main RAM are allowed here: the caller checks them against all regions). who
 * names the VM in findings. Returns 0 or -1.
 */
int image_plan(const void *data, size_t size, uint64_t ram, uint64_t ram_size, uint64_t load_ipa,
	       const char *who, struct image_plan *plan, struct report *r) MUST_CHECK;

struct vm_config;

/* Where initrd and device tree go in a VM's main RAM. */
struct image_layout {
	uint64_t initrd; /* IPA */
	uint64_t dtb;    /* IPA of GUEST_FDT_MAX bytes */
};

/*
 * Check that each segment lies in one region of the VM, and find room for initrd and
 * device tree where QEMU puts them: from the middle of RAM up, at most 128 MiB up,
 * behind the image; the tree of an ELF image at the start of RAM when the image leaves
 * room there. Returns 0 or -1 with a finding.
 */
int image_layout(const struct image_plan *plan, const struct vm_config *vm, uint64_t initrd_size,
		 struct image_layout *layout, struct report *r) MUST_CHECK;

#endif
