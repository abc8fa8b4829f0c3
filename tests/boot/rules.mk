# Boot tests: pytest and labgrid drive a console (tests/README.md).
LG_ENV    ?= tests/boot/env/qemu-virt.yaml
BOOT_TEST := /usr/bin/python3 -m pytest -c tests/boot/pytest.ini --rootdir tests/boot --lg-env $(LG_ENV)
BOOT_NEEDS = $(B)/bulkhead.bin payloads keel images | $(QEMU) $(UBOOT) $(TEST_TOOLS)

.PHONY: test-boot test-boot-rpi4 test-boards test-hil hil hil-env check-boot soak test-payloads-bare
# PYTEST='-k disk -x' chooses.
test-boot: $(BOOT_NEEDS)
	$(BOOT_TEST) -q $(PYTEST) tests/boot
# The same on the Raspberry Pi 4's card in QEMU: each skips by its features what it has not.
RPI4_NEEDS = $(BOOT_NEEDS) $(RPI4_CARD) $(RPI4)/emulated.dtb $(SDCARD_TOOLS)
test-boot-rpi4: $(RPI4_NEEDS)
	$(BOOT_TEST:$(LG_ENV)=tests/boot/env/qemu-rpi4.yaml) -q $(PYTEST) tests/boot
# Both side by side: a boot keeps one CPU busy for the most part.
test-boards: $(RPI4_NEEDS)
	@$(MAKE) --no-print-directory test-boot-rpi4 >$(B)/test-boot-rpi4.log 2>&1 & rpi4=$$!; \
	trap 'kill $$rpi4' INT TERM; \
	$(MAKE) --no-print-directory test-boot; virt=$$?; \
	wait $$rpi4; rpi4=$$?; cat $(B)/test-boot-rpi4.log; exit $$((virt | rpi4))
# The same on a board on the desk, by its serial port, power switch and card writer.
hil-env:
	@[ -r '$(ENV)' ] || { echo "hil: $(if $(ENV),ENV=$(ENV) cannot be read,ENV= is missing): the labgrid" \
		"environment of your board; tests/boot/env/rpi4-board.yaml is one to copy" >&2; exit 1; }
hil: hil-env $(RPI4_NEEDS)
	$(BOOT_TEST:$(LG_ENV)=$(ENV)) -q $(PYTEST) tests/boot
# Of each kind of test one or two, on a board that QEMU plays behind a real tty.
HIL_SOME := test_first_boot or test_fresh_card or test_trial_ends or test_damaged_slot \
	or test_keys_go_to or (test_payload and psci) or test_cut_short or (test_mistake and memory-short) \
	or (test_wall and read)
test-hil:
	@$(MAKE) --no-print-directory hil ENV=tests/boot/env/simulated-board.yaml PYTEST='-k "$(HIL_SOME)"'
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
