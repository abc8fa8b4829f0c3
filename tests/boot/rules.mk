# Boot tests: pytest and labgrid drive a console (tests/README.md).
LG_ENV    ?= tests/boot/env/qemu-virt.yaml
BOOT_TEST := /usr/bin/python3 -m pytest -c tests/boot/pytest.ini --rootdir tests/boot --lg-env $(LG_ENV)
BOOT_NEEDS = $(B)/bulkhead.bin payloads keel images | $(QEMU) $(UBOOT) $(TEST_TOOLS)

.PHONY: test-boot test-boot-rpi4 check-boot soak test-payloads-bare
# PYTEST='-k disk -x' chooses.
test-boot: $(BOOT_NEEDS)
	$(BOOT_TEST) -q $(PYTEST) tests/boot
# The Raspberry Pi 4's card in QEMU: what the other environment skips by its features.
LG_ENV_RPI4 := tests/boot/env/qemu-rpi4.yaml
test-boot-rpi4: $(BOOT_NEEDS) $(RPI4_CARD) $(RPI4)/qemu.dtb
	$(BOOT_TEST:$(LG_ENV)=$(LG_ENV_RPI4)) -q $(PYTEST) tests/boot/test_rpi4.py tests/boot/test_rpi4_slots.py tests/boot/test_rpi4_reset.py
# One boot: Linux with all its CPUs and keel beside it.
check-boot: $(BOOT_NEEDS)
	$(BOOT_TEST) -q tests/boot/test_linux.py -k test_first_boot
# The same again and again: `make soak BOOTS=20`. Ends at the first that fails.
BOOTS ?= 20
soak: $(BOOT_NEEDS)
	@for i in $$(seq $(BOOTS)); do $(BOOT_TEST) -q tests/boot/test_linux.py -k test_first_boot \
		>$(B)/soak.log 2>&1 || { cat $(B)/soak.log; exit 1; }; echo "soak: boot $$i of $(BOOTS) passed"; done
# The payloads' reference: no hypervisor needed.
test-payloads-bare: payloads | $(QEMU) $(TEST_TOOLS)
	$(BOOT_TEST) -q tests/boot/test_payloads_bare.py
