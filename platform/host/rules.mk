# The machine that builds: what it must have, and what is fetched for it.
# README.md says how to depend on these.

H := $(B)/host

# Debian packages by apt-get: a stamp for each list, one list at a time.
RUN_TOOLS  := $(H)/run.stamp
TEST_TOOLS := $(H)/test.stamp
LINT_TOOLS := $(H)/lint.stamp
$(TEST_TOOLS) $(LINT_TOOLS): $(RUN_TOOLS)
$(LINT_TOOLS): | $(TEST_TOOLS)
$(H)/%.stamp: platform/host/packages.%
	@platform/host/setup $<
	@mkdir -p $(@D) && touch $@

# libfdt, from the source package of device-tree-compiler, as it is.
LIBFDT_DIR  := $(B)/libfdt
LIBFDT_SRCS := $(addprefix $(LIBFDT_DIR)/fdt,.c _addresses.c _check.c _empty_tree.c \
	_overlay.c _ro.c _rw.c _strerror.c _sw.c _wip.c)
LIBFDT_HDRS := $(addprefix $(LIBFDT_DIR)/,fdt.h libfdt.h libfdt_env.h libfdt_internal.h)
$(LIBFDT_SRCS) $(LIBFDT_HDRS) &: | $(RUN_TOOLS)
	@platform/host/fetch source $(H)/dtc device-tree-compiler
	@rm -rf $(LIBFDT_DIR) && mkdir -p $(LIBFDT_DIR)
	@tar -C $(LIBFDT_DIR) -xJmf $(H)/dtc/*.orig.tar.xz --strip-components=2 \
		--wildcards '*/libfdt/*.[ch]'

# What has to be there before the first object is compiled.
toolchain: $(RUN_TOOLS) $(LIBFDT_DIR)/libfdt.h
.PHONY: toolchain

# QEMU from backports, for this machine.
QEMU := $(H)/bin/qemu-system-aarch64
$(QEMU): platform/host/qemu-system-aarch64 | $(RUN_TOOLS)
	@platform/host/fetch qemu $(H)/qemu
	@mkdir -p $(@D) && cp $< $@
	@$@ -M virt -display none -S -monitor stdio -serial none -net none <<<quit >/dev/null || \
		{ rm -f $@; echo "host: the fetched QEMU does not start" >&2; exit 1; }

# U-Boot for QEMU virt.
UBOOT := $(H)/u-boot/usr/lib/u-boot/qemu_arm64/u-boot.bin
$(UBOOT): | $(RUN_TOOLS)
	@platform/host/fetch tree all $(H)/u-boot u-boot-qemu
	@touch $@
