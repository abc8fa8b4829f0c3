/* SPDX-License-Identifier: Apache-2.0 */
#include "core/guest_map.h"

/* Addresses of QEMU virt (hw/arm/virt.c, base_memmap). */
#define VIRT_GICD   0x08000000UL
#define VIRT_GICC   0x08010000UL
#define VIRT_GICR   0x080a0000UL
#define VIRT_UART   0x09000000UL
#define VIRT_RTC    0x09010000UL
#define VIRT_VIRTIO 0x0a000000UL

#define GICC_SIZE   (2 * SZ_4K)
#define VIRTIO_SIZE (32 * 0x200UL)
/* Where a direct-map VM has its emulated devices when RAM is where QEMU has them. */
#define DEVICES_HIGH 0xf00000000UL

static void map_gic_direct(struct guest_map *map, const struct board_gic *host,
			   unsigned int vcpu_count)
{
	map->gicd = host->dist;
	if (map->gic == GIC_V2) {
		map->gicc = (struct mem_range){host->cpu.base, GICC_SIZE};
	} else {
		map->gicd.size = SZ_64K;
		map->gicr = (struct mem_range){host->redist[0].base, vcpu_count * GUEST_GICR_SIZE};
	}
}

static void map_gic_virt(struct guest_map *map, unsigned int vcpu_count)
{
	map->gicd = (struct mem_range){VIRT_GICD, SZ_64K};
	if (map->gic == GIC_V2) {
		map->gicc = (struct mem_range){VIRT_GICC, GICC_SIZE};
	} else {
		map->gicr = (struct mem_range){VIRT_GICR, vcpu_count * GUEST_GICR_SIZE};
	}
}

/* What a direct-map VM's emulated devices are moved by: clear of all of the board's RAM. */
static uint64_t devices_offset(const struct board *b, bool direct)
{
	for (unsigned int i = 0; i < b->bank_count && direct; i++) {
		if (ranges_overlap(b->banks[i].base, b->banks[i].size, VIRT_UART,
				   VIRT_VIRTIO + VIRTIO_SIZE - VIRT_UART)) {
			return DEVICES_HIGH;
		}
	}
	return 0;
}

void guest_map_init(struct guest_map *map, const struct board *b, bool direct,
		    unsigned int vcpu_count)
{
	uint64_t offset = devices_offset(b, direct);

	*map = (struct guest_map){.gic = b->gic.version};
	if (direct) {
		map_gic_direct(map, &b->gic, vcpu_count);
	} else {
		map_gic_virt(map, vcpu_count);
	}
	map->uart = (struct mem_range){VIRT_UART + offset, SZ_4K};
	map->rtc = (struct mem_range){VIRT_RTC + offset, SZ_4K};
	map->virtio = (struct mem_range){VIRT_VIRTIO + offset, VIRTIO_SIZE};
}
