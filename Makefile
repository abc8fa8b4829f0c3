# Bulkhead: the hypervisor, its bundle, its guests and its tests.
# `make help` says what can be asked of it; a rules.mk in each folder lists the
# files, this file knows how to build them. Everything made lies under build/.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
SHELL := /bin/bash
# V=1 shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),:,echo "  $(1)")

B := build

# -- What a user may choose (make help) --------------------------------------
GIC    ?= 3
CPU    ?= cortex-a53
BOOT   ?= uboot
SMP    ?= 4
MEM    ?= 2G
CONFIG ?= dts/qemu-virt.dts

# -- Tools --------------------------------------------------------------------
CROSS_COMPILE ?= aarch64-linux-gnu-
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
LD      := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
NM      := $(CROSS_COMPILE)nm
SIZE    := $(CROSS_COMPILE)size
HOSTCC  ?= gcc
# make CC=clang builds the same sources with clang.
ifneq ($(findstring clang,$(CC)),)
TARGET_FLAG := --target=aarch64-linux-gnu
gcc_only =
else
TARGET_FLAG := -fconserve-stack
gcc_only = $(1)
endif

WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough
# Freestanding code: what runs on the bare machine, the hypervisor and payloads.
BARE_CFLAGS := $(TARGET_FLAG) -std=c11 -O2 -g $(WARN) -Wno-missing-field-initializers -ffreestanding -fno-common \
	-fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-march=armv8-a+nocrypto -mno-outline-atomics -ffunction-sections -fdata-sections -I.
BARE_LDFLAGS := -nostdlib -static --gc-sections --no-warn-rwx-segments --build-id=none \
	-z noexecstack -z max-page-size=4096 --fix-cortex-a53-843419
HOST_CFLAGS := -std=gnu11 -O1 -g $(WARN) -fno-omit-frame-pointer -I.
SANITIZE    := -fsanitize=address,undefined -fno-sanitize-recover=all
DEPFLAGS     = -MMD -MP -MF $@.d

# -- The folders --------------------------------------------------------------
BARE_PROGRAMS :=
HOST_TESTS    :=
include platform/host/rules.mk
include core/rules.mk
include platform/rules.mk
include arch/rules.mk
include guests/rtos/rules.mk
include guests/linux/rules.mk
include dts/rules.mk
include tests/rules.mk
include tests/lint/rules.mk

# -- Bare-metal programs: NAME_SRCS, NAME_LDS, NAME_CFLAGS -> NAME.elf, NAME.bin
define bare_program
$(1)_OBJS := $$(patsubst %,$(B)/bare/$(1)/%.o,$$($(1)_SRCS))
$$($(1)_OBJS): $(B)/bare/$(1)/%.o: % | $$(RUN_TOOLS) $$(LIBFDT_DIR)/libfdt.h
	@mkdir -p $$(@D)
	$$(call say,CC      $$<)
	$$(Q)$$(CC) $$(BARE_CFLAGS) $$(or $$($(1)_PIE),-fno-pic -fno-pie) $$($(1)_CFLAGS) $$(if $$(filter $(B)/%,$$<),-w) $$(DEPFLAGS) -c $$< -o $$@
$(B)/bare/$(1).elf: $$($(1)_OBJS) $$($(1)_LDS)
	$$(call say,LD      $$@)
	$$(Q)$$(LD) $$(BARE_LDFLAGS) $$($(1)_LDFLAGS) -T $$($(1)_LDS) $$($(1)_OBJS) -o $$@
$(B)/bare/$(1).bin: $(B)/bare/$(1).elf
	$$(Q)$$(OBJCOPY) -O binary $$< $$@
-include $$(patsubst %,%.d,$$($(1)_OBJS))
endef
$(foreach p,$(BARE_PROGRAMS),$(eval $(call bare_program,$(p))))

# -- Host unit tests: NAME_SRCS (cmocka, under ASan and UBSan) ---------------------
define host_test
$(1)_HOBJS := $$(patsubst %,$(B)/unit/$(1)/%.o,$$($(1)_SRCS))
$$($(1)_HOBJS): $(B)/unit/$(1)/%.o: % | $$(TEST_TOOLS) $$(LIBFDT_DIR)/libfdt.h
	@mkdir -p $$(@D)
	$$(call say,HOSTCC  $$<)
	$$(Q)$$(HOSTCC) $$(HOST_CFLAGS) $$(SANITIZE) $$($(1)_CFLAGS) $$(DEPFLAGS) -c $$< -o $$@
$(B)/unit/$(1).test: $$($(1)_HOBJS)
	$$(Q)$$(HOSTCC) $$(SANITIZE) $$^ -lcmocka $$($(1)_LIBS) -o $$@
-include $$(patsubst %,%.d,$$($(1)_HOBJS))
endef
$(foreach t,$(HOST_TESTS),$(eval $(call host_test,$(t))))

# -- What a person asks for ---------------------------------------------------
UNITS := $(HOST_TESTS:%=$(B)/unit/%.test)

.PHONY: help units check test
help:
	@echo "make run          build everything, boot QEMU virt: U-Boot -> Bulkhead -> Linux and keel"
	@echo "make sdcard BOARD=rpi4   a card for the Raspberry Pi 4; make run BOARD=rpi4 boots it in QEMU;"
	@echo "                  make slot BOARD=rpi4: the two files of an update"
	@echo "make test         everything CI runs: lint, unit tests, tests that boot"
	@echo "make check        the quick part of it: lint, unit tests, one boot"
	@echo "make lint         static checks; make units: tests on the host; make test-boot: all that boots"
	@echo "make hil          ENV=my-board.yaml: the tests that boot, on the board on the desk"
	@echo "make soak         one boot, BOOTS=20 times in a row"
	@echo "make test-brig    the container runtime, natively (root); make bench-brig: beside crun and runc"
	@echo "make bench        instructions of each trap; bench-check fails where one rose; bench-exits,"
	@echo "                  bench-latency: a Linux boot by reason; keel's lateness beside storms"
	@echo "make bundle       CONFIG=my.dts OUT=my.itb [IMAGES=folder]: a bundle of your own"
	@echo "make check-config what the board would say to CONFIG, and the map of who owns what"
	@echo "make bhcheck      the desk checker itself: build/bhcheck BUNDLE BOARD.dtb"
	@echo "make fuzz         FUZZ_SECONDS=60: libFuzzer over what comes from outside"
	@echo "make board-dtb    QEMU virt's device tree, as build/qemu-virt/board.dtb"
	@echo "make images       the Linux guest's kernel, initramfs and disk"
	@echo "make keel         the RTOS; make run-keel runs it on the bare machine"
	@echo "make payloads     the programs that test the hypervisor from inside a guest"
	@echo "make toolchain    only install and fetch what the build needs"
	@echo "Variables: GIC=2|3  CPU=cortex-a53|cortex-a72|cortex-a76|max  BOOT=uboot|direct"
	@echo "           SMP=4  MEM=2G  CONFIG=dts/qemu-virt.dts  DISK=my.img  FORWARD=tcp::8080-:80"
	@echo "           QEMU_ARGS='-s -S'  CC=clang  V=1"

units: $(UNITS)
	@failed=; for t in $^; do ./$$t >$$t.log 2>&1 || { failed+=" $${t##*/}"; cat $$t.log; }; done; \
	awk -v failed="$$failed" '/PASSED/ { n += $$4 } END { printf "units: %d tests of %d programs passed%s\n", \
		n, ARGC - 1, failed ? "; FAILED:" failed : "" }' $(^:%=%.log); [ -z "$$failed" ]

check: lint units check-boot

test: lint units bench-check test-brig test-brig-engine test-boards test-hil
