# brig: the OCI runtime, for this machine (tests, measurements) and static for the guest.
BRIG_DIR  := guests/linux/brig
BRIG_SRCS := $(BRIG_DIR)/main.c $(wildcard $(BRIG_DIR)/lib/*.c $(BRIG_DIR)/cmd/*.c)
BRIG_HOST := $(B)/brig/host/brig
BRIG_ARM  := $(B)/brig/arm64/brig
BRIG_LIBS := -lyajl_s -lseccomp -lcap -lm

BRIG_CFLAGS  := -std=gnu11 -D_GNU_SOURCE -Os -g $(WARN) -I. -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables
BRIG_LDFLAGS := -static -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,--build-id=none -s

# Debian's static libraries for the guest, unpacked; for this machine packages.test has them.
BRIG_TREE := $(B)/brig/packages
$(BRIG_TREE).stamp: | $(RUN_TOOLS)
	@platform/host/fetch tree arm64 $(BRIG_TREE) libyajl-dev libseccomp-dev libcap-dev
	@touch $@

# brig_program: name of the build, compiler, flags, what must be there before.
define brig_program
$(1)_BRIG_OBJS := $$(patsubst %,$(B)/brig/$(1)/%.o,$$(BRIG_SRCS))
$$($(1)_BRIG_OBJS): $(B)/brig/$(1)/%.o: % | $(4)
	@mkdir -p $$(@D)
	$$(call say,CC      $$< ($(1)))
	$$(Q)$(2) $$(BRIG_CFLAGS) $(3) $$(DEPFLAGS) -c $$< -o $$@
$(B)/brig/$(1)/brig: $$($(1)_BRIG_OBJS)
	$$(call say,LD      $$@)
	$$(Q)$(2) $$(BRIG_LDFLAGS) $(3) $$^ $$(BRIG_LIBS) -o $$@
-include $$(patsubst %,%.d,$$($(1)_BRIG_OBJS))
endef
$(eval $(call brig_program,host,$$(HOSTCC),,$$(TEST_TOOLS)))
$(eval $(call brig_program,arm64,$(CROSS_COMPILE)gcc,-isystem $(BRIG_TREE)/usr/include -L$(BRIG_TREE)/usr/lib/aarch64-linux-gnu,$(BRIG_TREE).stamp))

LINUX_PROGRAMS += $(BRIG_ARM):usr/bin/brig

.PHONY: brig test-brig bench-brig
brig: $(BRIG_HOST) $(BRIG_ARM)

# As root: it makes namespaces, mounts and cgroups of its own and removes them. And brig stays small.
BRIG_MAX := 1048576
test-brig: $(BRIG_HOST) $(BRIG_ARM) | $(TEST_TOOLS)
	@for f in $(BRIG_HOST) $(BRIG_ARM); do size=$$(stat -c %s $$f); \
		echo "size: $$f $$size of $(BRIG_MAX) bytes"; [ $$size -le $(BRIG_MAX) ] || exit 1; done
	@BRIG=$(abspath $(BRIG_HOST)) timeout 900 /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/brig

BENCH_TOOLS := $(H)/bench.stamp
bench-brig: $(BRIG_HOST) | $(BENCH_TOOLS)
	@tests/brig/bench $(abspath $(BRIG_HOST))
