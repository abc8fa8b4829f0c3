# Unit tests of brig's library: what decides before anything is done.
BRIG_PARTS := $(addprefix guests/linux/brig/lib/,err.c mem.c io.c json.c jw.c)
BRIG_SPEC  := $(BRIG_PARTS) $(addprefix guests/linux/brig/lib/,spec.c spec_linux.c \
	spec_process.c mount_option.c)

BRIG_TESTS := test_brig_spec test_brig_cgroup test_brig_devices test_brig_io test_brig_utc \
	test_brig_state test_brig_tame test_brig_unit
HOST_TESTS += $(BRIG_TESTS)
test_brig_spec_NEEDS    := $(BRIG_SPEC)
test_brig_cgroup_NEEDS  := $(BRIG_SPEC) $(addprefix guests/linux/brig/lib/,cgroup.c cgroup_set.c \
	cgroup_systemd.c cgroup_unit.c devices_bpf.c log.c ns.c users.c utc.c)
test_brig_state_NEEDS   := $(test_brig_cgroup_NEEDS) guests/linux/brig/lib/state.c
test_brig_devices_NEEDS := $(BRIG_SPEC) guests/linux/brig/lib/devices_bpf.c
test_brig_unit_NEEDS    := $(BRIG_PARTS) $(addprefix guests/linux/brig/lib/,cgroup_set.c cgroup_unit.c)
test_brig_io_NEEDS      := $(BRIG_PARTS)
test_brig_utc_NEEDS     := guests/linux/brig/lib/utc.c
test_brig_tame_NEEDS    := guests/linux/brig/lib/tame.c
define brig_test
$(1)_SRCS   := tests/unit/$(1).c $$($(1)_NEEDS)
$(1)_CFLAGS := -D_GNU_SOURCE
$(1)_LIBS   := -lyajl -lcap -lm
endef
$(foreach t,$(BRIG_TESTS),$(eval $(call brig_test,$(t))))

# make fuzz-brig SECONDS=60: config.json under libFuzzer, then what the engine takes from others:
# an image's documents, its layers, pod files.
SECONDS ?= 60
FUZZ := $(B)/fuzz
FUZZ_ENGINE := image layer pod
fuzz_cc = clang -std=gnu11 -D_GNU_SOURCE -O1 -g -I. -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all
$(FUZZ)/brig_spec: tests/unit/fuzz_brig_spec.c $(BRIG_SPEC) | $(TEST_TOOLS) $(LINT_TOOLS)
	@mkdir -p $(@D)
	$(Q)$(fuzz_cc) $^ -lyajl -lcap -lm -o $@
$(FUZZ_ENGINE:%=$(FUZZ)/brig_%): $(FUZZ)/brig_%: tests/unit/fuzz_brig_%.c $(ENGINE_LIB) \
		| $(TEST_TOOLS) $(LINT_TOOLS)
	@mkdir -p $(@D)
	$(Q)$(fuzz_cc) $^ -larchive -ljansson -lyaml -o $@

# The corpora begin with sound inputs; what is found stays in build/fuzz.
$(FUZZ)/corpus.stamp: $(BRIG_HOST) tests/brig_engine/images.py tests/unit/fuzz-seeds | $(TEST_TOOLS)
	@rm -rf $(FUZZ)/corpus && mkdir -p $(FUZZ)/corpus/spec && $(BRIG_HOST) spec -b $(FUZZ)/corpus/spec
	@tests/unit/fuzz-seeds $(FUZZ)/corpus
	@touch $@
.PHONY: fuzz-brig
fuzz-brig: $(addprefix $(FUZZ)/brig_,spec $(FUZZ_ENGINE)) $(FUZZ)/corpus.stamp
	@for t in spec $(FUZZ_ENGINE); do echo "fuzz: $$t, $(SECONDS) s"; \
		ASAN_OPTIONS=detect_leaks=0 $(FUZZ)/brig_$$t -max_total_time=$(SECONDS) -max_len=65536 \
		-rss_limit_mb=4096 -verbosity=0 -print_final_stats=1 $(FUZZ)/corpus/$$t || exit 1; done
