# Raspberry Pi 4: `make sdcard BOARD=rpi4`, `make run BOARD=rpi4`.

RPI4      := $(B)/rpi4
RPI4_CARD := $(RPI4)/bulkhead-rpi4.img

# -- What comes from Debian -----------------------------------------------------
RPI4_KERNEL_TREE := $(RPI4)/kernel
RPI4_UBOOT    := $(RPI4)/u-boot/usr/lib/u-boot/rpi_4/u-boot.bin
RPI4_TFA      := $(RPI4)/tf-a/usr/lib/arm-trusted-firmware/rpi4/bl31.bin
RPI4_FIRMWARE := $(RPI4)/firmware/usr/lib/raspi-firmware
SDCARD_TOOLS  := $(H)/sdcard.stamp
$(SDCARD_TOOLS): | $(RUN_TOOLS)

$(RPI4)/kernel.stamp: | $(RUN_TOOLS)
	@platform/host/fetch kernel arm64 $(RPI4_KERNEL_TREE) linux-image-arm64
	@touch $@
$(RPI4)/packages.stamp: | $(RUN_TOOLS)
	@platform/host/fetch tree arm64 $(RPI4)/u-boot u-boot-rpi
	@platform/host/fetch tree arm64 $(RPI4)/tf-a arm-trusted-firmware
	@platform/host/fetch tree all $(RPI4)/firmware raspi-firmware
	@touch $@

# -- Linux: Debian's kernel for boards, an initramfs with this card's driver -------------
# The card's driver waits for its supply's, `fixed`. Left out are drivers of what this board has not.
RPI4_LEFT_OUT := $(addprefix drivers/,gpu media infiniband scsi iio staging target) \
	sound $(addprefix fs/,btrfs xfs nfs ocfs2 gfs2 ceph cifs smb)

$(RPI4)/images/vmlinuz: $(RPI4)/kernel.stamp
	@mkdir -p $(@D)
	@cp $(RPI4_KERNEL_TREE)/boot/vmlinuz-* $@.part && mv $@.part $@
$(RPI4)/images/initrd.img $(RPI4)/images/disk.img &: $(RPI4)/kernel.stamp $(B)/linux/packages.stamp \
		platform/rpi4/rules.mk guests/linux/mkimages guests/linux/init $(shell find guests/linux/root -type f) \
		platform/rpi4/bulkhead-slot $(foreach p,$(LINUX_PROGRAMS),$(firstword $(subst :, ,$(p))))
	@mkdir -p $(@D)
	@DISK_SIZE=384M FIRST_MODULES='fixed sdhci_iproc crc32c_generic ext4' LEFT_OUT='$(RPI4_LEFT_OUT)' \
		guests/linux/mkimages $(RPI4_KERNEL_TREE) $(LINUX_ROOT_TREE) $(@D) \
		platform/rpi4/bulkhead-slot:usr/sbin/bulkhead-slot $(LINUX_PROGRAMS)

# -- The bundle and the device trees ----------------------------------------------
$(RPI4)/bulkhead.itb: dts/rpi4.dts dts/mkbundle $(B)/bare/keel.bin $(RPI4)/images/vmlinuz \
		$(RPI4)/images/initrd.img | $(RUN_TOOLS)
	@dts/mkbundle -o $@ --images $(RPI4)/images --images $(B)/bare $<
$(RPI4)/board.dtb $(RPI4)/qemu.dtb: $(RPI4)/%.dtb: platform/rpi4/mkdtb $(RPI4)/kernel.stamp
	@$< $(RPI4_KERNEL_TREE)/usr/lib/linux-image-*/broadcom/bcm2711-rpi-4-b.dtb $@ $*
# The same as QEMU hands it over, with memory: what bhcheck asks for (check-config's board-dtb).
$(RPI4)/emulated.dtb: $(RPI4)/qemu.dtb $(B)/bulkhead.bin | $(QEMU)
	@$(QEMU) -M raspi4b,dumpdtb=$@.part -display none -kernel $(B)/bulkhead.bin -dtb $< >/dev/null 2>&1 && \
		mv $@.part $@

# -- The card --------------------------------------------------------------------
# A slot: the hypervisor and the bundle, each with a checksum in a header.
rpi4_image = mkdir -p $(@D) && SOURCE_DATE_EPOCH=0 mkimage -A arm64 -C none
$(RPI4)/slot/bulkhead.img: $(B)/bulkhead.bin
	@$(rpi4_image) -O linux -T kernel -n bulkhead -d $< $@ >/dev/null
$(RPI4)/slot/bundle.img: $(RPI4)/bulkhead.itb
	@$(rpi4_image) -O linux -T ramdisk -n bundle -d $< $@ >/dev/null
RPI4_SLOT := $(RPI4)/slot/bulkhead.img $(RPI4)/slot/bundle.img

$(RPI4)/boot.stamp: $(addprefix platform/rpi4/,boot.cmd config.txt config-direct.txt rules.mk) \
		$(RPI4)/board.dtb $(RPI4)/packages.stamp
	@rm -rf $(RPI4)/boot && mkdir -p $(RPI4)/boot
	@cp platform/rpi4/config.txt platform/rpi4/config-direct.txt $(RPI4_UBOOT) $(RPI4_TFA) \
		$(RPI4_FIRMWARE)/start4.elf $(RPI4_FIRMWARE)/fixup4.dat $(RPI4)/boot
	@cp $(RPI4)/board.dtb $(RPI4)/boot/bcm2711-rpi-4-b.dtb
	@for tree in $(RPI4)/u-boot $(RPI4)/tf-a $(RPI4)/firmware $(RPI4_KERNEL_TREE); do \
		for file in $$tree/usr/share/doc/*/copyright; do \
			name=$${file%/copyright}; \
			[ -L "$$name" ] || cp $$file $(RPI4)/boot/licence-$${name##*/}.txt; done; done
	@SOURCE_DATE_EPOCH=0 mkimage -A arm64 -T script -C none -n bulkhead \
		-d platform/rpi4/boot.cmd $(RPI4)/boot/boot.scr >/dev/null
	@touch $@

$(RPI4_CARD): $(RPI4)/boot.stamp $(RPI4_SLOT) $(RPI4)/images/disk.img platform/rpi4/mkcard \
		$(SDCARD_TOOLS)
	@platform/rpi4/mkcard $(RPI4)/boot $(RPI4)/slot $(RPI4)/images/disk.img $@
	@echo "$@: write it to a card of 512 MiB or more (platform/rpi4/README.md)"

sdcard-rpi4: $(RPI4_CARD)
slot-rpi4: $(RPI4_SLOT)
	@echo "$^: for bulkhead-slot update (platform/rpi4/README.md)"
sdcard-qemu-virt slot-qemu-virt:
	@echo "$(@:-qemu-virt=): BOARD=rpi4 is the board that has a card" >&2; exit 1
sdcard: sdcard-$(BOARD)
slot: slot-$(BOARD)
run-rpi4: $(RPI4_CARD) $(RPI4)/qemu.dtb $(RPI4)/emulated.dtb $(QEMU)
	@echo "Keys: Ctrl-] next console (linux, keel, the hypervisor's log), Ctrl-a x quits QEMU."
	@BOOT=$(BOOT) CARD='$(DISK)' platform/rpi4/run -- $(QEMU_ARGS)
.PHONY: sdcard sdcard-rpi4 sdcard-qemu-virt slot slot-rpi4 slot-qemu-virt run-rpi4
