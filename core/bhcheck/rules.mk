# bhcheck: the configuration checks of the hypervisor, as a program for the desk.

bhcheck_SRCS := $(addprefix core/bhcheck/,main.c spans.c svg.c table.c) $(core_config_SRCS) \
	$(addprefix $(LIBFDT_DIR)/fdt,.c _check.c _ro.c _strerror.c _sw.c)
bhcheck_OBJS := $(patsubst %,$(B)/bhcheck-objects/%.o,$(bhcheck_SRCS))
$(B)/bhcheck-objects/$(LIBFDT_DIR)/%.o: bhcheck_CFLAGS := -w
$(bhcheck_OBJS): $(B)/bhcheck-objects/%.o: % | $(RUN_TOOLS) $(LIBFDT_DIR)/libfdt.h
	@mkdir -p $(@D)
	$(call say,HOSTCC  $<)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -O2 -I$(LIBFDT_DIR) $(bhcheck_CFLAGS) $(DEPFLAGS) -c $< -o $@
$(B)/bhcheck: $(bhcheck_OBJS)
	$(call say,LD      $@)
	$(Q)$(HOSTCC) $^ -o $@
-include $(patsubst %,%.d,$(bhcheck_OBJS))

bhcheck: $(B)/bhcheck
.PHONY: bhcheck
