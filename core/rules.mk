# Files of core; see the Makefile for how they are built.

# Configuration, board and bundle: pure, in the hypervisor and on the host alike.
core_config_SRCS := $(addprefix core/,board.c bundle.c config.c config_check.c config_device.c \
	config_hint.c config_shared.c config_vm.c gate.c guest_fdt.c guest_fdt_copy.c guest_fdt_pci.c guest_map.c image.c place.c report.c \
	lib/fdt_pci.c lib/fdt_read.c lib/fmt.c lib/sha256.c)

include core/bhcheck/rules.mk

# The hypervisor proper; core/arch.h says what it needs from below.
core_SRCS := $(addprefix core/,console.c load.c log.c mmio.c pages.c pgtable.c psci.c stage2.c \
	vabsent.c vfilter.c vgpio.c vgic.c vgic_dist.c vgic_lr.c vgic_op.c vgic_sgi.c vm.c vmailbox.c vpl011.c vpl031.c vvirtio.c lib/spinlock.c lib/string.c)
