# The Linux guest: Debian's arm64 kernel, an initramfs and a disk.

LINUX_IMAGE  := $(B)/images/vmlinuz
LINUX_INITRD := $(B)/images/initrd.img
LINUX_DISK   := $(B)/images/disk.img
# Programs of ours for the disk, as FILE:PATH; a folder that makes one adds it.
LINUX_PROGRAMS ?=

-include guests/linux/brig/rules.mk guests/linux/brig/engine/rules.mk guests/linux/bhctl/rules.mk

LINUX_KERNEL_TREE := $(B)/linux/kernel
LINUX_ROOT_TREE   := $(B)/linux/packages
LINUX_PACKAGES    := $(shell sed 's/\#.*//' guests/linux/packages)

$(B)/linux/kernel.stamp: | $(RUN_TOOLS)
	@platform/host/fetch kernel arm64 $(LINUX_KERNEL_TREE) linux-image-cloud-arm64
	@touch $@
$(B)/linux/packages.stamp: guests/linux/packages | $(RUN_TOOLS)
	@platform/host/fetch closure arm64 $(LINUX_ROOT_TREE) $(LINUX_PACKAGES)
	@touch $@

$(LINUX_IMAGE): $(B)/linux/kernel.stamp
	@mkdir -p $(@D)
	cp $(LINUX_KERNEL_TREE)/boot/vmlinuz-* $@.part && mv $@.part $@

$(LINUX_INITRD) $(LINUX_DISK) &: $(B)/linux/kernel.stamp $(B)/linux/packages.stamp \
		guests/linux/mkimages guests/linux/init $(shell find guests/linux/root -type f) \
		$(foreach p,$(LINUX_PROGRAMS),$(firstword $(subst :, ,$(p))))
	@mkdir -p $(@D)
	guests/linux/mkimages $(LINUX_KERNEL_TREE) $(LINUX_ROOT_TREE) $(B)/images $(LINUX_PROGRAMS)

images: $(LINUX_IMAGE) $(LINUX_INITRD) $(LINUX_DISK)
.PHONY: images
