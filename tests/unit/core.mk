# Unit tests of core: its sources unchanged, over the fakes of this folder.

FAKE_ARCH := tests/unit/fake_arch.c core/lib/spinlock.c
FAKE_GIC  := $(FAKE_ARCH) tests/unit/fake_gic.c $(addprefix core/,vgic.c vgic_lr.c vgic_op.c vgic_sgi.c)
FAKE_VM   := $(FAKE_GIC) tests/unit/fake_vm.c

CORE_TESTS := test_console test_image_elf test_load test_mmio test_pages test_pgtable test_psci test_vgic \
	test_vgic_dist test_vgic_model test_vgic_moves test_vgic_sgi test_vm test_vpl011 test_vpl031 test_vfilter \
	test_vgpio test_vmailbox
HOST_TESTS += $(CORE_TESTS)

# What each needs besides itself. test_console, test_pages, test_vm and test_vmailbox include the file that
# they test, to reset what it never does.
test_console_NEEDS    := $(FAKE_ARCH) core/lib/fmt.c
test_image_elf_NEEDS  := $(FAKE_ARCH) $(addprefix core/,image.c report.c lib/fmt.c)
test_load_NEEDS       := $(FAKE_ARCH) $(addprefix core/,image.c load.c report.c lib/fmt.c)
test_mmio_NEEDS       := $(FAKE_ARCH) core/mmio.c
test_pages_NEEDS      := $(FAKE_ARCH) core/pgtable.c core/stage2.c
test_pgtable_NEEDS    := $(FAKE_ARCH) core/pgtable.c
test_psci_NEEDS       := $(FAKE_ARCH) core/psci.c
test_vfilter_NEEDS    := $(FAKE_ARCH) core/mmio.c core/vfilter.c
test_vgic_NEEDS       := $(FAKE_VM)
test_vgic_dist_NEEDS  := $(FAKE_VM) core/vgic_dist.c
test_vgic_model_NEEDS := $(FAKE_VM)
test_vgic_moves_NEEDS := $(FAKE_VM)
test_vgic_sgi_NEEDS   := $(FAKE_VM)
test_vgpio_NEEDS      := $(FAKE_ARCH) core/mmio.c core/vgpio.c
test_vmailbox_NEEDS   := $(FAKE_ARCH) core/mmio.c
test_vm_NEEDS         := $(FAKE_GIC) $(addprefix core/,guest_map.c log.c mmio.c pgtable.c psci.c \
	report.c stage2.c vabsent.c vfilter.c vgpio.c vgic_dist.c vmailbox.c vpl011.c vpl031.c vvirtio.c lib/fmt.c)
test_vpl011_NEEDS     := $(FAKE_ARCH) core/mmio.c core/vpl011.c
test_vpl031_NEEDS     := $(FAKE_ARCH) core/mmio.c core/vpl031.c
define core_test
$(1)_SRCS := tests/unit/$(1).c $$($(1)_NEEDS)
endef
$(foreach t,$(CORE_TESTS),$(eval $(call core_test,$(t))))
test_image_elf_CFLAGS := -I$(LIBFDT_DIR)
test_load_CFLAGS := -I$(LIBFDT_DIR)

# Drivers: their device is the test itself, behind this mmio.h.
DRIVER_TESTS := test_uart_pl011 test_pm_bcm2835
HOST_TESTS += $(DRIVER_TESTS)
define driver_test
$(1)_SRCS   := tests/unit/$(1).c
$(1)_CFLAGS := -iquote tests/unit/fake_mmio
endef
$(foreach t,$(DRIVER_TESTS),$(eval $(call driver_test,$(t))))
