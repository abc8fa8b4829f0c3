# What traps cost, in instructions (bench says how it counts).
BENCH_NEEDS := $(B)/bulkhead.bin $(B)/bare/pl_bench.bin | $(QEMU) $(RUN_TOOLS)

.PHONY: bench bench-check bench-store
bench: $(BENCH_NEEDS)
	@tests/bench/bench
# Fails where a figure rose by more than 1 % over tests/bench/figures.csv.
bench-check: $(BENCH_NEEDS)
	@tests/bench/bench --check
# After a change that is worth its price, or a gain.
bench-store: $(BENCH_NEEDS)
	@tests/bench/bench --store
