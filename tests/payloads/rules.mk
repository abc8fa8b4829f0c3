# Guest-side test payloads: each is lib plus one file, built as build/bare/pl_NAME.bin.
PAYLOADS := psci timers sgi gicd traps devices parts shared walls canary hostile
PAYLOAD_LIB := $(addprefix tests/payloads/lib/,start.S cpu.c fdt.c gic.c mem.c mmu.c print.c)

define payload
pl_$(1)_SRCS   := $$(PAYLOAD_LIB) tests/payloads/$(1).c
pl_$(1)_LDS    := tests/payloads/lib/payload.lds
pl_$(1)_CFLAGS := -mgeneral-regs-only -mstrict-align
BARE_PROGRAMS  += pl_$(1)
endef
$(foreach p,$(PAYLOADS),$(eval $(call payload,$(p))))

# The one that measures: two files, and a register kept free for its vectors.
pl_bench_SRCS   := $(PAYLOAD_LIB) tests/payloads/bench.c tests/payloads/bench_vectors.S
pl_bench_LDS    := tests/payloads/lib/payload.lds
pl_bench_CFLAGS := -mgeneral-regs-only -mstrict-align -ffixed-x28
BARE_PROGRAMS   += pl_bench
# The one that disturbs.
$(eval $(call payload,storm))

.PHONY: payloads
payloads: $(patsubst %,$(B)/bare/pl_%.bin,$(PAYLOADS))
