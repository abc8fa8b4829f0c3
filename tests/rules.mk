# Files of tests; see the Makefile for how they are built.
include tests/payloads/rules.mk
include tests/boot/rules.mk
include tests/unit/core.mk
include tests/unit/desk.mk
include tests/desk/rules.mk
include tests/fuzz/rules.mk
include tests/unit/brig.mk
include tests/bench/rules.mk
