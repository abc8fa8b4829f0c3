# Unit tests of brig's library: what decides before anything is done.
BRIG_PARTS := $(addprefix guests/linux/brig/lib/,err.c mem.c io.c json.c jw.c)
BRIG_SPEC  := $(BRIG_PARTS) $(addprefix guests/linux/brig/lib/,spec.c spec_linux.c \
	spec_process.c mount_option.c)

BRIG_TESTS := test_brig_spec test_brig_cgroup test_brig_devices test_brig_io test_brig_utc \
	test_brig_state
HOST_TESTS += $(BRIG_TESTS)
test_brig_spec_NEEDS    := $(BRIG_SPEC)
test_brig_cgroup_NEEDS  := $(BRIG_SPEC) $(addprefix guests/linux/brig/lib/,cgroup.c cgroup_set.c \
	cgroup_systemd.c devices_bpf.c)
test_brig_state_NEEDS   := $(test_brig_cgroup_NEEDS) $(addprefix guests/linux/brig/lib/,state.c utc.c)
test_brig_devices_NEEDS := $(BRIG_SPEC) guests/linux/brig/lib/devices_bpf.c
test_brig_io_NEEDS      := $(BRIG_PARTS)
test_brig_utc_NEEDS     := guests/linux/brig/lib/utc.c
define brig_test
$(1)_SRCS   := tests/unit/$(1).c $$($(1)_NEEDS)
$(1)_CFLAGS := -D_GNU_SOURCE
$(1)_LIBS   := -lyajl -lcap -lm
endef
$(foreach t,$(BRIG_TESTS),$(eval $(call brig_test,$(t))))

# make fuzz-brig SECONDS=60: config.json under libFuzzer.
SECONDS ?= 60
FUZZ_BRIG := $(B)/fuzz/brig_spec
$(FUZZ_BRIG): tests/unit/fuzz_brig_spec.c $(BRIG_SPEC) | $(TEST_TOOLS) $(LINT_TOOLS)
	@mkdir -p $(@D)/corpus
	$(Q)clang -std=gnu11 -D_GNU_SOURCE -O1 -g -I. -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all $^ -lyajl -lcap -lm -o $@
.PHONY: fuzz-brig
fuzz-brig: $(FUZZ_BRIG) $(BRIG_HOST)
	@rm -f $(B)/fuzz/corpus/config.json && $(BRIG_HOST) spec -b $(B)/fuzz/corpus
	$(FUZZ_BRIG) -max_total_time=$(SECONDS) -max_len=65536 $(B)/fuzz/corpus
