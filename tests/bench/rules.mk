# What traps and starts cost, in instructions (bench says how it counts).
BENCH_NEEDS := $(B)/bulkhead.bin $(B)/bare/pl_bench.bin $(B)/bare/pl_bench_padded.bin | $(QEMU) $(RUN_TOOLS)
BENCH_LINUX := $(B)/images/vmlinuz $(B)/images/bench-init.img

# The same with 1 MiB more to hash and to copy.
$(B)/bare/pl_bench_padded.bin: $(B)/bare/pl_bench.bin
	@cp $< $@ && truncate -s +1M $@

# Linux's first process of a benchmark, and the initramfs around it.
$(B)/bench/init: tests/bench/init.c | $(RUN_TOOLS)
	@mkdir -p $(@D)
	$(Q)$(CROSS_COMPILE)gcc -std=c11 -O2 $(WARN) -ffreestanding -nostdlib -static -Wl,--build-id=none $< -o $@
$(B)/images/bench-init.img: $(B)/bench/init
	@mkdir -p $(@D) $(B)/bench/root/dev && cp $< $(B)/bench/root/init
	@cd $(B)/bench/root && printf '%s\0' dev init | cpio --quiet -0 -o -H newc -R 0:0 --reproducible >$(abspath $@)

# Budgets in bytes: .text, and the image.
TEXT_MAX  := 102400
IMAGE_MAX := 163840

.PHONY: bench bench-check bench-store bench-size
bench-size: $(B)/bulkhead.bin
	@text=$$($(SIZE) -A $(B)/bare/bulkhead.elf | awk '$$1 == ".text" { print $$2 }'); \
	image=$$(stat -c %s $<); echo "size: .text $$text of $(TEXT_MAX), image $$image of $(IMAGE_MAX) bytes"; \
	[ $$text -le $(TEXT_MAX) ] && [ $$image -le $(IMAGE_MAX) ]
bench: $(BENCH_LINUX) $(BENCH_NEEDS)
	@tests/bench/bench
# Fails where a figure rose by more than 1 % over tests/bench/figures.csv.
bench-check: bench-size $(BENCH_NEEDS)
	@tests/bench/bench --check
# After a change that is worth its price, or a gain.
bench-store: $(BENCH_LINUX) $(BENCH_NEEDS)
	@tests/bench/bench --store
