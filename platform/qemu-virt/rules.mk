# QEMU's virt machine: `make run` with BOARD=qemu-virt.

QEMU_VIRT_BUNDLE := $(B)/qemu-virt/bulkhead.itb

run-qemu-virt: $(B)/bulkhead.bin $(QEMU_VIRT_BUNDLE) $(LINUX_DISK) $(QEMU) $(UBOOT)
	@echo "Keys: Ctrl-] next console (linux, keel, the hypervisor's log), Ctrl-a x quits QEMU."
	@GIC=$(GIC) CPU=$(CPU) SMP=$(SMP) MEM=$(MEM) BOOT=$(BOOT) DISK='$(DISK)' \
		FORWARD='$(FORWARD)' platform/qemu-virt/run -- $(QEMU_ARGS)
.PHONY: run-qemu-virt
