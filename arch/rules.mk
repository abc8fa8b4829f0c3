# Files of arch, and the hypervisor's link: one position-independent image for every board.
arch_SRCS := $(addprefix arch/arm64/,head.S vectors.S abort.c boot.c cache.c context.c cpu.c \
	device.S device.c fast.c firmware.c gic.c gicv2.c gicv3.c gicv3_lr.S idregs.c inject.c irq.c mmu.c panic.c sysreg_trap.c trap.c)

BARE_PROGRAMS += bulkhead
bulkhead_SRCS   := $(arch_SRCS) $(core_SRCS) $(core_config_SRCS) $(platform_SRCS) $(LIBFDT_SRCS)
bulkhead_LDS    := arch/arm64/link.lds
bulkhead_PIE    := -fpie
bulkhead_CFLAGS := -include arch/arm64/hidden.h -fomit-frame-pointer -mgeneral-regs-only -mstrict-align \
	-fstack-protector-strong -D_POSIX_C_SOURCE=200809L -fno-tree-loop-distribute-patterns \
	-fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels \
	-I$(LIBFDT_DIR) -I$(B)/bare/bulkhead
bulkhead_LDFLAGS := -pie --no-dynamic-linker -z text -z norelro

# What runs at boot and at a VM's start only is built for size, but for the hash and the walk
# of a device tree, which are most of a boot. Traps never come here.
bulkhead_COLD := $(core_config_SRCS) $(LIBFDT_SRCS) $(addprefix core/,load.c vm.c pages.c log.c lib/fmt.c) \
	$(addprefix arch/arm64/,boot.c context.c firmware.c idregs.c mmu.c panic.c)
bulkhead_COLD := $(filter-out core/lib/sha256.c $(LIBFDT_DIR)/fdt.c $(LIBFDT_DIR)/fdt_ro.c,$(bulkhead_COLD))
$(bulkhead_COLD:%=$(B)/bare/bulkhead/%.o): bulkhead_CFLAGS += -Os
# libfdt reads its cells as bytes. They are aligned (fdt_read_aligned()), so four may be one load.
# And a name is looked at a character at a time: the function that checks each is to be inlined.
$(addprefix $(B)/bare/bulkhead/$(LIBFDT_DIR)/,fdt.c.o fdt_ro.c.o): bulkhead_CFLAGS += -mno-strict-align
$(B)/bare/bulkhead/$(LIBFDT_DIR)/fdt.c.o: bulkhead_CFLAGS += -O3 --param max-inline-insns-auto=200

# offsets.h: constants of C for the assembler.
$(B)/bare/bulkhead/arch/arm64/offsets.h: arch/arm64/offsets.c | $(RUN_TOOLS) $(LIBFDT_DIR)/libfdt.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BARE_CFLAGS) $(bulkhead_PIE) $(bulkhead_CFLAGS) $(DEPFLAGS) -S $< -o $@.s
	@sed -n 's/^->\([A-Z0-9_]*\) [#$$]*\([0-9]*\).*/#define \1 \2/p' $@.s > $@
-include $(B)/bare/bulkhead/arch/arm64/offsets.h.d
$(addprefix $(B)/bare/bulkhead/arch/arm64/,head.S.o vectors.S.o): \
	$(B)/bare/bulkhead/arch/arm64/offsets.h

HYPERVISOR := $(B)/bulkhead.bin
$(HYPERVISOR): $(B)/bare/bulkhead.bin $(B)/bare/bulkhead.fp-checked
	@cp $< $@

# EL2 must not touch a guest's FP and SIMD registers: no instruction names one.
$(B)/bare/bulkhead.fp-checked: $(B)/bare/bulkhead.elf
	@! $(OBJDUMP) -d --no-show-raw-insn $< | grep -vE '	(b|bl|b\.[a-z]+|[ct]bn?z|adrp?)	' | \
		cut -f 3- | grep -E '(^|[ ,{[])[vqdsbh]([0-9]|[12][0-9]|3[01])([].,}]|$$)' || \
		{ echo "bulkhead.elf: FP or SIMD instructions" >&2; exit 1; }
	@touch $@
