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

# The Linux guest's initramfs with another first process: a second archive after the first.
$(B)/images/storm.img: $(LINUX_INITRD) tests/bench/storm
	@cp $< $@.new && truncate -s %4 $@.new && cd tests/bench && echo storm | \
		cpio --quiet -o -H newc -R 0:0 --reproducible >>$(abspath $@.new) && mv $(abspath $@.new) $(abspath $@)

# Budgets. In bytes: .text, the image, and EL2's memory, which is all there from the start, for
# as many VMs as there may be. In lines: the hypervisor's code without comments and blank lines.
TEXT_MAX  := 102400
IMAGE_MAX := 163840
RAM_MAX   := 3145728
LINES_MAX := 15000
BENCH_LINES = find arch core platform -name '*.[chS]' -not -path '*/bhcheck/*' | \
	xargs cat | $(HOSTCC) -w -fpreprocessed -dD -E -P -xc - | grep -c .

.PHONY: bench bench-check bench-store bench-size bench-exits bench-latency
bench-size: $(B)/bulkhead.bin
	@within() { echo "size: $$1 $$2 of $$3"; [ $$2 -le $$3 ]; }; \
	within .text $$($(SIZE) -A $(B)/bare/bulkhead.elf | awk '$$1 == ".text" { print $$2 }') $(TEXT_MAX) && \
	within image $$(stat -c %s $<) $(IMAGE_MAX) && \
	within "memory at EL2" $$((0x$$($(NM) $(B)/bare/bulkhead.elf | awk '$$3 == "image_end" { print $$1 }'))) $(RAM_MAX) && \
	within "lines of code" $$($(BENCH_LINES)) $(LINES_MAX)
bench: $(BENCH_LINUX) $(BENCH_NEEDS)
	@tests/bench/bench
# Fails where a figure rose by more than 1 % over tests/bench/figures.csv, or is over its budget.
bench-check: bench-size $(BENCH_NEEDS)
	@tests/bench/bench --check
	@tests/bench/scaling
# After a change that is worth its price, or a gain.
bench-store: $(BENCH_LINUX) $(BENCH_NEEDS)
	@tests/bench/bench --store
# What a Linux boot exits for: minutes, as QEMU notes each instruction at EL2.
bench-exits: $(BENCH_LINUX) $(BENCH_NEEDS)
	@tests/bench/exits
# How late keel's loop begins, whatever the VM beside it does. LATENCY=--store keeps the picture.
bench-latency: $(LINUX_IMAGE) $(B)/images/storm.img $(B)/bare/keel.bin $(B)/bare/pl_storm.bin $(BENCH_NEEDS)
	@tests/bench/latency $(LATENCY)
