# Tests of programs for the desk. `make units` runs them.
test-desk: $(B)/bhcheck $(DESK_TREES) | $(TEST_TOOLS)
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/desk/test_bhcheck.py tests/desk/test_environments.py >$(B)/unit/desk.log || \
		{ cat $(B)/unit/desk.log; exit 1; }
	@echo "desk: $$(tail -n 1 $(B)/unit/desk.log)"
units: | test-desk
.PHONY: test-desk
