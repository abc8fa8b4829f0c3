# Unit tests of what bhcheck and the hypervisor share, over trees that dtc makes of desk/.

DESK_TESTS := test_board test_bundle test_config test_config_check test_config_shared test_config_tree \
	test_fdt_read test_fmt test_guest_fdt test_image test_mutate test_pci test_place test_rpi5 test_sha256
HOST_TESTS += $(DESK_TESTS)

DESK_DTB   := $(B)/unit/desk
DESK_TREES := $(patsubst tests/unit/desk/%.dts,$(DESK_DTB)/%.dtb,$(wildcard tests/unit/desk/*.dts))
$(DESK_TREES): $(DESK_DTB)/%.dtb: tests/unit/desk/%.dts | $(TEST_TOOLS)
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

# What they have in common, compiled once.
desk_CFLAGS := -I$(LIBFDT_DIR) -DDESK_FOLDER='"$(DESK_DTB)"'
desk_inputs_CFLAGS := $(desk_CFLAGS)
DESK_LIBFDT := $(addprefix $(LIBFDT_DIR)/fdt,.c _check.c _ro.c _rw.c _strerror.c _sw.c _wip.c)
DESK_OBJS   := $(patsubst %,$(DESK_DTB)/%.o,tests/unit/desk.c tests/unit/desk_inputs.c $(core_config_SRCS) $(DESK_LIBFDT))
$(DESK_OBJS): $(DESK_DTB)/%.o: % | $(TEST_TOOLS) $(LIBFDT_DIR)/libfdt.h
	@mkdir -p $(@D)
	$(call say,HOSTCC  $<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(SANITIZE) $(desk_CFLAGS) $(if $(filter $(B)/%,$<),-w) $(DEPFLAGS) -c $< -o $@
$(DESK_DTB)/desk.a: $(DESK_OBJS)
	$(Q)rm -f $@ && ar rcs $@ $^
-include $(patsubst %,%.d,$(DESK_OBJS))

define desk_test
$(1)_SRCS   := tests/unit/$(1).c
$(1)_CFLAGS := $$(desk_CFLAGS)
$(B)/unit/$(1).test: $(DESK_DTB)/desk.a | $(DESK_TREES)
endef
$(foreach t,$(DESK_TESTS),$(eval $(call desk_test,$(t))))
