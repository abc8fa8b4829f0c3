# Files of arch, and the hypervisor's link: one position-independent image for every board.
arch_SRCS := $(addprefix arch/arm64/,head.S vectors.S abort.c boot.c cache.c context.c cpu.c \
	device.S device.c fast.c firmware.c gic.c gicv2.c gicv3.c gicv3_lr.S idregs.c inject.c irq.c mmu.c panic.c sysreg_trap.c trap.c)

BARE_PROGRAMS += bulkhead
bulkhead_SRCS   := $(arch_SRCS) $(core_SRCS) $(core_config_SRCS) $(platform_SRCS) $(LIBFDT_SRCS)
bulkhead_LDS    := arch/arm64/link.lds
bulkhead_PIE    := -fpie
bulkhead_CFLAGS := -include arch/arm64/hidden.h -fomit-frame-pointer -mgeneral-regs-only -mstrict-align \
	-fstack-protector-strong -D_POSIX_C_SOURCE=200809L -fno-align-functions \
	$(call gcc_only,-fno-tree-loop-distribute-patterns -fno-align-jumps -fno-align-loops -fno-align-labels) \
	-I$(LIBFDT_DIR) -I$(B)/bare/bulkhead
# An ADRP that erratum 843419 is about becomes an ADR; where what it names is not within 1 MiB the link
# fails, until link.lds has another order. =full would set 4 KiB of .text aside for either.
bulkhead_LDFLAGS := -pie --no-dynamic-linker -z text -z norelro --fix-cortex-a53-843419=adr

# What runs at boot, at a VM's start and for slow devices is built for size, but for the hash and
# the walk of a device tree, which are most of a boot. No trap that has a budget comes here.
bulkhead_COLD := $(core_config_SRCS) $(LIBFDT_SRCS) $(addprefix core/,console.c load.c log.c pages.c \
	vfilter.c vgpio.c vm.c vmailbox.c vpl011.c vpl031.c lib/fmt.c lib/spinlock.c) \
	$(addprefix arch/arm64/,boot.c context.c cpu.c firmware.c gic.c idregs.c inject.c mmu.c panic.c) \
	platform/pm_bcm2835.c
bulkhead_COLD := $(filter-out core/lib/sha256.c $(LIBFDT_DIR)/fdt.c $(LIBFDT_DIR)/fdt_ro.c,$(bulkhead_COLD))
$(bulkhead_COLD:%=$(B)/bare/bulkhead/%.o): bulkhead_CFLAGS += -Os $(call gcc_only,-fno-move-loop-invariants -fno-tree-loop-im)
# A symbol within 1 MiB is an ADR, of one instruction: all but the image's end and the ports' buffers are
# (link.lds). The link fails where one is not.
bulkhead_FAR := arch/arm64/boot.c arch/arm64/mmu.c core/console.c
$(bulkhead_SRCS:%=$(B)/bare/bulkhead/%.o): bulkhead_CFLAGS += -mcmodel=$(if $(filter $(bulkhead_FAR),$<),small,tiny)
# libfdt reads its cells as bytes. They are aligned (fdt_read_aligned()), so four may be one load.
# And a name is looked at a character at a time: the function that checks each is to be inlined.
$(addprefix $(B)/bare/bulkhead/$(LIBFDT_DIR)/,fdt.c.o fdt_ro.c.o): bulkhead_CFLAGS += $(call gcc_only,-mno-strict-align)
$(B)/bare/bulkhead/$(LIBFDT_DIR)/fdt.c.o: bulkhead_CFLAGS += $(call gcc_only,-finline-functions --param max-inline-insns-auto=60)

# offsets.h: constants of C for the assembler.
$(B)/bare/bulkhead/arch/arm64/offsets.h: arch/arm64/offsets.c | $(RUN_TOOLS) $(LIBFDT_DIR)/libfdt.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BARE_CFLAGS) $(bulkhead_PIE) $(bulkhead_CFLAGS) $(DEPFLAGS) -S $< -o $@.s
	@sed -n 's/^[[:space:]]*.ascii[[:space:]]*"->\([A-Z0-9_]*\) [#$$]*\([0-9]*\)".*/#define \1 \2/p' $@.s > $@
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
