# What traps cost, in instructions (bench says how it counts).
BENCH_NEEDS := $(B)/bulkhead.bin $(B)/bare/pl_bench.bin | $(QEMU) $(RUN_TOOLS)

# Budgets in bytes: .text, and the image.
TEXT_MAX  := 102400
IMAGE_MAX := 163840

.PHONY: bench bench-check bench-store bench-size
bench-size: $(B)/bulkhead.bin
	@text=$$($(SIZE) -A $(B)/bare/bulkhead.elf | awk '$$1 == ".text" { print $$2 }'); \
	image=$$(stat -c %s $<); echo "size: .text $$text of $(TEXT_MAX), image $$image of $(IMAGE_MAX) bytes"; \
	[ $$text -le $(TEXT_MAX) ] && [ $$image -le $(IMAGE_MAX) ]
bench: $(BENCH_NEEDS)
	@tests/bench/bench
# Fails where a figure rose by more than 1 % over tests/bench/figures.csv.
bench-check: bench-size $(BENCH_NEEDS)
	@tests/bench/bench --check
# After a change that is worth its price, or a gain.
bench-store: $(BENCH_NEEDS)
	@tests/bench/bench --store
