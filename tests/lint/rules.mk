# Static checks: `make lint`. What passed leaves a stamp under build/lint, so that
# only what changed since is looked at again.
L := $(B)/lint
LINT_FOLDERS := arch core guests platform tests
LINT_FILES   := $(sort $(shell find $(LINT_FOLDERS) -name '*.[ch]'))
LINT_HOST    := core/bhcheck/% guests/rtos/fake/% guests/linux/% tests/unit/%
LINT_INCLUDE := -I$(LIBFDT_DIR) -I$(B)/bare/bulkhead -D_POSIX_C_SOURCE=200809L
LINT_NEEDS   := $(LIBFDT_DIR)/libfdt.h $(B)/bare/bulkhead/arch/arm64/offsets.h

# Whether a file is for the build host or for the bare machine decides its flags.
lint_flags = $(if $(filter guests/linux/brig/% tests/unit/fuzz_brig_%,$(1)),-D_GNU_SOURCE) $(if $(filter $(LINT_HOST),$(1)),$($(basename $(notdir $(1)))_CFLAGS) $(HOST_CFLAGS),$(2) $(BARE_CFLAGS)) $(LINT_INCLUDE)
lint_cc    = $(if $(filter $(LINT_HOST),$(1)),$(HOSTCC),$(CC))
# Both with clang, which does not know all that gcc does.
lint_clang = $(filter-out -fconserve-stack,$(call lint_flags,$(1),--target=aarch64-linux-gnu))

# A header compiles alone, and twice.
LINT_HEADERS := $(patsubst %,$(L)/%.alone,$(filter %.h,$(LINT_FILES)))
$(LINT_HEADERS): $(L)/%.alone: % | $(LINT_TOOLS) $(LINT_NEEDS)
	@mkdir -p $(@D)
	$(Q)printf '#include "%s"\n#include "%s"\n' $< $< | $(call lint_cc,$<) $(call lint_flags,$<) \
		-MD -MP -MT $@ -MF $@.d -fsyntax-only -x c - || { echo "$<: does not compile alone" >&2; exit 1; }
	@touch $@

# clang-tidy, .clang-tidy says with which checks.
LINT_TIDY := $(patsubst %,$(L)/%.tidy,$(filter %.c,$(LINT_FILES)))
$(LINT_TIDY): $(L)/%.tidy: % .clang-tidy | $(LINT_TOOLS) $(LINT_NEEDS)
	@mkdir -p $(@D)
	$(call say,TIDY    $<)
	$(Q)clang-tidy --quiet $< -- $(call lint_clang,$<) 2>$@.log || { cat $@.log >&2; exit 1; }
	$(Q)clang $(call lint_clang,$<) -MM -MP -MT $@ -MF $@.d $<
	@touch $@
-include $(wildcard $(addsuffix .d,$(LINT_HEADERS) $(LINT_TIDY)))

$(L)/format: $(LINT_FILES) .clang-format | $(LINT_TOOLS)
	$(call say,FORMAT)
	$(Q)clang-format --dry-run -Werror $(LINT_FILES)
	@mkdir -p $(@D) && touch $@

# cppcheck keeps what it found about each file in its own folder.
$(L)/cppcheck: $(LINT_FILES) tests/lint/cppcheck.suppress | $(LINT_TOOLS) $(LINT_NEEDS)
	$(call say,CPPCHECK)
	@mkdir -p $(L)/cppcheck.files
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 \
		--platform=unix64 -j2 --cppcheck-build-dir=$(L)/cppcheck.files -I. -I$(LIBFDT_DIR) \
		--suppressions-list=tests/lint/cppcheck.suppress $(filter %.c,$(LINT_FILES))
	@touch $@

.PHONY: lint lint-includes lint-sizes lint-scripts lint-files lint-dts lint-clang
lint-includes: | $(RUN_TOOLS)
	@tests/lint/includes $(LINT_FILES)
lint-sizes: | $(RUN_TOOLS)
	@tests/lint/sizes tests/lint/sizes.except $(LINT_FILES)
lint-scripts: | $(RUN_TOOLS)
	@tests/lint/scripts .ci dts $(LINT_FOLDERS)
# The binding and the configurations, one by the other; and the binding by the code that reads them.
LINT_DTS := $(sort $(wildcard dts/*.dts dts/examples/*.dts))
$(L)/dts.stamp: $(LINT_DTS) $(wildcard dts/bindings/*.yaml) tests/lint/dts tests/desk/test_binding.py \
		core/config.c core/config_vm.c | $(LINT_TOOLS)
	$(call say,DTS)
	$(Q)tests/lint/dts dts/bindings $(L)/dts $(LINT_DTS)
	$(Q)/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/desk/test_binding.py >$(L)/dts.log || \
		{ cat $(L)/dts.log >&2; exit 1; }
	@touch $@
lint-dts: $(L)/dts.stamp
# The hypervisor is built with clang, too, and linked: what it refuses is not all a warning.
lint-clang: | $(LINT_TOOLS)
	+$(Q)$(MAKE) B=$(L)/clang CC=clang $(L)/clang/bulkhead.bin
lint-files: $(L)/format $(L)/cppcheck $(LINT_HEADERS) $(LINT_TIDY)
# All findings at once, and in parallel even where make was not told to: the checks share nothing.
lint: | $(LINT_TOOLS)
	+@$(MAKE) --no-print-directory -k $(if $(V),,-s) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) \
		lint-includes lint-sizes lint-scripts lint-dts lint-clang lint-files
	@echo "lint: $(words $(LINT_FILES)) files are as they should be"
