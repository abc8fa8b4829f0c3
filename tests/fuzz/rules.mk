# Fuzzing what comes from outside, with clang's libFuzzer: make fuzz [FUZZ_SECONDS=n]

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := board bundle config image
FUZZ_CC      := clang
FUZZ_CFLAGS   = -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -fno-sanitize=function -w -I. $(desk_CFLAGS)
FUZZ_SRCS     = tests/fuzz/fuzz.c tests/unit/desk_inputs.c $(core_config_SRCS) $(DESK_LIBFDT)
FUZZ_BINS    := $(FUZZ_TARGETS:%=$(B)/fuzz/fuzz_%)
fuzz_CFLAGS  := -DFUZZ_INPUT=input_image

$(FUZZ_BINS): $(B)/fuzz/fuzz_%: $(FUZZ_SRCS) $(wildcard core/*.h core/lib/*.h) tests/unit/desk_inputs.h \
		| $(LINT_TOOLS) $(LIBFDT_DIR)/libfdt.h
	@mkdir -p $(@D)
	$(call say,FUZZCC  $@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -DFUZZ_INPUT=input_$* $(FUZZ_SRCS) -o $@

# What is found new is kept under build/fuzz/corpus; an input that breaks something stays beside it.
$(B)/fuzz/seeds: tests/fuzz/seeds $(DESK_TREES) $(wildcard dts/*.dts dts/examples/*.dts) \
		$(B)/qemu-virt/board.dtb keel payloads
	$(Q)tests/fuzz/seeds $@ $(B)/qemu-virt/board.dtb $(B) && touch $@

fuzz: $(FUZZ_TARGETS:%=fuzz-%)
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%: $(B)/fuzz/fuzz_% $(B)/fuzz/seeds
	@mkdir -p $(B)/fuzz/corpus/$*
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=10 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix=$(B)/fuzz/$*- $(B)/fuzz/corpus/$* $(B)/fuzz/seeds/$* 2>$(B)/fuzz/$*.log || \
		{ tail -n 40 $(B)/fuzz/$*.log >&2; exit 1; }
	@awk -v name=$* '/number_of_executed_units/ { n = $$2 } / cov: / { c = $$4 } \
		END { printf "fuzz: %s: %d inputs, %d edges\n", name, n, c }' $(B)/fuzz/$*.log
.PHONY: fuzz $(FUZZ_TARGETS:%=fuzz-%)
