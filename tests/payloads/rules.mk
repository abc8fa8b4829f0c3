# Guest-side test payloads: each is lib plus one file, built as build/bare/pl_NAME.bin.
PAYLOADS := psci timers sgi gicd traps devices shared walls canary hostile
PAYLOAD_LIB := $(addprefix tests/payloads/lib/,start.S cpu.c fdt.c gic.c mem.c mmu.c print.c)

define payload
pl_$(1)_SRCS   := $$(PAYLOAD_LIB) tests/payloads/$(1).c
pl_$(1)_LDS    := tests/payloads/lib/payload.lds
pl_$(1)_CFLAGS := -mgeneral-regs-only -mstrict-align
BARE_PROGRAMS  += pl_$(1)
endef
$(foreach p,$(PAYLOADS),$(eval $(call payload,$(p))))

# Those that measure: two files, and a register kept free for their vectors. One that disturbs.
define bench_payload
pl_$(1)_SRCS   := $$(PAYLOAD_LIB) tests/payloads/$(1).c tests/payloads/bench_vectors.S
pl_$(1)_LDS    := tests/payloads/lib/payload.lds
pl_$(1)_CFLAGS := -mgeneral-regs-only -mstrict-align -ffixed-x28
BARE_PROGRAMS  += pl_$(1)
endef
$(foreach p,bench latency,$(eval $(call bench_payload,$(p))))
$(eval $(call payload,storm))

.PHONY: payloads
payloads: $(patsubst %,$(B)/bare/pl_%.bin,$(PAYLOADS))
