# Bundles, made of a configuration and the files that it names, and the board's own tree.

# The bundle of `make run` and of `make bundle`; another configuration, another place:
#   make bundle CONFIG=my.dts [OUT=my.itb] [IMAGES=folder]
OUT    ?= $(B)/qemu-virt/bulkhead.itb
IMAGES ?=
BUNDLE_FOLDERS := $(IMAGES) $(B)/images $(B)/bare

# What make itself can build of the files that the configuration names.
BUNDLE_NAMES = $(shell sed -nE \
	's/^[[:space:]]*(kernel|initrd|dtb|image)[[:space:]]*=[[:space:]]*"([^"]*)".*/\2/p' $(CONFIG))
BUNDLE_BUILT = $(LINUX_IMAGE) $(LINUX_INITRD) $(BUNDLE_IMAGES) \
	$(foreach p,$(BARE_PROGRAMS),$(B)/bare/$(p).bin $(B)/bare/$(p).elf)
BUNDLE_NEEDS = $(sort $(foreach n,$(BUNDLE_NAMES),$(filter %/$(n),$(BUNDLE_BUILT))))

# Choices that no file records: a stamp that changes when they do.
define choices
$(1): FORCE
	@mkdir -p $$(@D) && echo '$(2)' | cmp -s - $$@ || echo '$(2)' > $$@
endef
$(eval $(call choices,$(OUT).choices,$(CONFIG) $(IMAGES)))
$(eval $(call choices,$(B)/qemu-virt/board.choices,$(GIC) $(CPU) $(SMP) $(MEM)))
FORCE:
.PHONY: FORCE

# Second expansion: folders included after this one add programs too.
.SECONDEXPANSION:
$(OUT): $(CONFIG) dts/mkbundle $(OUT).choices $$(BUNDLE_NEEDS) | $(RUN_TOOLS)
	@dts/mkbundle -o $@ --depfile $@.d $(addprefix --images ,$(BUNDLE_FOLDERS)) $(CONFIG)
-include $(OUT).d

bundle: $(OUT)
.PHONY: bundle

# The device tree of QEMU's virt machine, as the hypervisor will find it.
$(B)/qemu-virt/board.dtb: $(B)/qemu-virt/board.choices | $(QEMU)
	@$(QEMU) -M virt,virtualization=on,gic-version=$(GIC),dtb-randomness=off,dumpdtb=$@.part \
		-cpu $(CPU) -smp $(SMP) -m $(MEM) -nic none -display none >/dev/null && mv $@.part $@

board-dtb: $(B)/qemu-virt/board.dtb
.PHONY: board-dtb

# What the hypervisor would say to the bundle on that board; the map as a drawing beside it.
check-config: $(B)/bhcheck $(OUT) $(B)/qemu-virt/board.dtb
	@$(B)/bhcheck --svg $(OUT:.itb=.svg) $(OUT) $(B)/qemu-virt/board.dtb
.PHONY: check-config
