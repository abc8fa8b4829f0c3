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

.PHONY: brig test-brig test-brig-engines test-brig-systemd bench-brig bench-brig-guest
brig: $(BRIG_HOST) $(BRIG_ARM)

# As root: it makes namespaces, mounts and cgroups of its own and removes them; in a mount namespace,
# as it compares all mounts, and with shared ones, as systemd's hosts have. And brig stays small.
BRIG_MAX := 1000000
test-brig: $(BRIG_HOST) $(BRIG_ARM) | $(TEST_TOOLS)
	@for f in $(BRIG_HOST) $(BRIG_ARM); do size=$$(stat -c %s $$f); \
		echo "size: $$f $$size of $(BRIG_MAX) bytes"; [ $$size -le $(BRIG_MAX) ] || exit 1; done
	@BRIG=$(abspath $(BRIG_HOST)) timeout 1800 unshare -m sh -c 'mount --make-rshared / && \
		exec /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/brig'

# With Docker, Podman and containerd, which only this installs: too heavy for `make test`.
CONTAINER_ENGINES := $(H)/engines.stamp
test-brig-engines: $(BRIG_HOST) | $(CONTAINER_ENGINES)
	@BRIG=$(abspath $(BRIG_HOST)) timeout 1800 /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider \
		$(PYTEST) tests/brig_engines

# All three suites in a Debian with systemd, which alone makes cgroups there; QEMU without KVM takes
# an hour and more. For an amd64 machine, as it runs the host's brig.
MACHINE := $(B)/brig/machine
MACHINE_TOOLS := $(H)/systemd.stamp
$(MACHINE)/system/root.tar: tests/brig_systemd/packages | $(MACHINE_TOOLS)
	@platform/host/fetch system amd64 $(@D) $$(sed 's/#.*//' $<)
	@touch $@
$(MACHINE)/disk.img: $(MACHINE)/system/root.tar tests/brig_systemd/mkdisk
	@tests/brig_systemd/mkdisk $< $(@D)
test-brig-systemd: $(BRIG_HOST) $(MACHINE)/disk.img
	@tests/brig_systemd/machine $(MACHINE) $(BRIG_HOST) $(PYTEST)

BENCH_TOOLS := $(H)/bench.stamp
bench-brig: $(BRIG_HOST) | $(BENCH_TOOLS)
	@tests/brig/bench $(abspath $(BRIG_HOST))

# The same in the guest, on a disk of its own with Debian's arm64 peers.
BENCH_GUEST := $(B)/brig/bench-guest
$(BENCH_GUEST)/packages.stamp: guests/linux/packages | $(RUN_TOOLS)
	@platform/host/fetch closure arm64 $(BENCH_GUEST)/packages $(LINUX_PACKAGES) crun runc hyperfine
	@touch $@
$(BENCH_GUEST)/disk.img: $(B)/linux/kernel.stamp $(BENCH_GUEST)/packages.stamp guests/linux/mkimages \
		tests/brig/bench-in-guest $(BRIG_ARM)
	@guests/linux/mkimages $(LINUX_KERNEL_TREE) $(BENCH_GUEST)/packages $(BENCH_GUEST) \
		$(BRIG_ARM):usr/bin/brig tests/brig/bench-in-guest:usr/bin/bench-in-guest
bench-brig-guest: $(BENCH_GUEST)/disk.img $(B)/bulkhead.bin $(B)/qemu-virt/bulkhead.itb | $(QEMU)
	@tests/brig/bench-guest $<
