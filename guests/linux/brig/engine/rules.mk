# brig-engine: for this machine (tests) and static for the guest; two sample images.
# Included once, by whichever rules.mk comes first.
ifndef ENGINE_DIR
ENGINE_DIR  := guests/linux/brig/engine
ENGINE_LIB  := $(filter-out $(ENGINE_DIR)/main.c,$(wildcard $(ENGINE_DIR)/*.c)) core/lib/sha256.c \
	$(addprefix guests/linux/brig/lib/,tame.c users.c)
ENGINE_SRCS := $(ENGINE_DIR)/main.c $(ENGINE_LIB)
ENGINE_HOST := $(B)/engine/host/brig-engine
ENGINE_ARM  := $(B)/engine/arm64/brig-engine

ENGINE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Os -g $(WARN) -I. -ffunction-sections -fdata-sections
# What libarchive's readers for gzip, zstd and xz need, and no more.
ENGINE_LIBS   := -larchive -ljansson -lyaml -lzstd -llzma -lz

ENGINE_TREE := $(B)/engine/packages
$(ENGINE_TREE).stamp: | $(RUN_TOOLS)
	@platform/host/fetch tree arm64 $(ENGINE_TREE) libarchive-dev libjansson-dev libyaml-dev \
		zlib1g-dev liblzma-dev libzstd-dev
	@touch $@

# engine_program: name of the build, compiler, flags, how to link, what must be there before.
define engine_program
$(1)_ENGINE_OBJS := $$(patsubst %,$(B)/engine/$(1)/%.o,$$(ENGINE_SRCS))
$$($(1)_ENGINE_OBJS): $(B)/engine/$(1)/%.o: % | $(5)
	@mkdir -p $$(@D)
	$$(call say,CC      $$< ($(1)))
	$$(Q)$(2) $$(ENGINE_CFLAGS) $(3) $$(DEPFLAGS) -c $$< -o $$@
$(B)/engine/$(1)/brig-engine: $$($(1)_ENGINE_OBJS)
	$$(call say,LD      $$@)
	$$(Q)$(2) -Wl,--gc-sections $(3) $$^ $(4) -o $$@
-include $$(patsubst %,%.d,$$($(1)_ENGINE_OBJS))
endef
$(eval $(call engine_program,host,$$(HOSTCC),,-larchive -ljansson -lyaml,$$(TEST_TOOLS)))
$(eval $(call engine_program,arm64,$(CROSS_COMPILE)gcc,-isystem $(ENGINE_TREE)/usr/include -L$(ENGINE_TREE)/usr/lib/aarch64-linux-gnu,-static -s $(ENGINE_LIBS),$(ENGINE_TREE).stamp))

# The sample images: arm64 ones for the guest's store, this machine's for the tests.
ENGINE_IMAGES := $(B)/engine/images/hello.tar $(B)/engine/images/web.tar
$(ENGINE_IMAGES): $(B)/engine/images/%.tar: $(ENGINE_DIR)/mkimage $(B)/linux/packages.stamp
	@mkdir -p $(@D)
	$(Q)$(ENGINE_DIR)/mkimage $* arm64 $(B)/linux/packages/usr/bin/busybox $@

# The manual page as the guest's `man` shows it.
ENGINE_PAGE := $(B)/engine/brig.txt
$(ENGINE_PAGE): $(ENGINE_DIR)/brig.1 | $(RUN_TOOLS)
	@mkdir -p $(@D)
	$(Q)groff -man -Tascii -P-cbou -rLL=78n $< >$@

LINUX_PROGRAMS += $(ENGINE_ARM):usr/bin/brig-engine $(ENGINE_PAGE):usr/share/man/cat1/brig.1 \
	$(foreach i,$(ENGINE_IMAGES),$(i):usr/lib/brig/images/$(notdir $(i)))

# Unit tests, under the sanitizers.
ENGINE_TESTS := test_brig_engine_parse test_brig_engine_unpack
HOST_TESTS   += $(ENGINE_TESTS)
define engine_test
$(1)_SRCS   := tests/unit/$(1).c $(ENGINE_LIB)
$(1)_CFLAGS := -D_GNU_SOURCE
$(1)_LIBS   := -larchive -ljansson -lyaml
endef
$(foreach t,$(ENGINE_TESTS),$(eval $(call engine_test,$(t))))

.PHONY: engine test-brig-engine
engine: $(ENGINE_HOST) $(ENGINE_ARM) $(ENGINE_IMAGES)

# As root, in a network and a mount namespace of its own, where names of networks and the addresses
# that are taken are its own, too.
test-brig-engine: $(ENGINE_HOST) $(BRIG_HOST) | $(TEST_TOOLS)
	@mkdir -p /run/netns /run/brig-net
	@ENGINE=$(abspath $(ENGINE_HOST)) timeout 1800 unshare -nm sh -c 'mount -t tmpfs names /run/netns && \
		mount -t tmpfs addresses /run/brig-net && exec /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/brig_engine'
endif
