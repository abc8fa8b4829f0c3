# Files of guests/rtos; see the Makefile for how they are built.

R := guests/rtos
KEEL_KERNEL_SRCS := $(addprefix $(R)/keel/,clock.c mutex.c queue.c sched.c sem.c task.c timer.c)
KEEL_LIBFDT_SRCS := $(addprefix $(LIBFDT_DIR)/fdt,.c _addresses.c _ro.c)

BARE_PROGRAMS += keel
keel_LDS  := $(R)/keel.lds
keel_SRCS := $(addprefix $(R)/port/,start.S vectors.S fp.S probe.S boot.c console.c fmt.c \
		fp.c gic.c gicv2.c gicv3.c gpio.c irq.c machine.c mmu.c panic.c port.c psci.c \
		string.c trap.c) \
	$(addprefix $(R)/app/,main.c cmd_debug.c cmd_loop.c cmd_system.c control.c \
		histogram.c line.c motor.c report.c selftest.c selftest_fp.c selftest_sync.c \
		selftest_time.c shell.c) \
	$(KEEL_KERNEL_SRCS) $(KEEL_LIBFDT_SRCS)
# Strict alignment: some of it runs before the MMU is on. The kernel keeps off
# the FP registers, which it saves lazily for the tasks that use them.
KEEL_CFLAGS := -mstrict-align -D_POSIX_C_SOURCE=200809L
keel_CFLAGS := $(KEEL_CFLAGS) -mgeneral-regs-only -I$(LIBFDT_DIR)

$(B)/bare/keel/$(R)/app/motor.c.o: keel_CFLAGS := $(KEEL_CFLAGS)
$(B)/bare/keel/$(R)/port/string.c.o: keel_CFLAGS += -fno-builtin
$(B)/bare/keel/$(LIBFDT_DIR)/%.o: keel_CFLAGS += -Wno-error -w

# The kernel's logic on the build host, over the fake port.
KEEL_KERNEL_TESTS := test_keel_clock test_keel_mutex test_keel_queue test_keel_sched \
	test_keel_sem test_keel_task test_keel_timer
HOST_TESTS += $(KEEL_KERNEL_TESTS)
define keel_kernel_test
$(1)_SRCS := tests/unit/$(1).c $(R)/fake/fake.c $(KEEL_KERNEL_SRCS)
endef
$(foreach t,$(KEEL_KERNEL_TESTS),$(eval $(call keel_kernel_test,$(t))))

# What of the port and the demonstration needs no machine.
HOST_TESTS += test_keel_fmt test_keel_histogram test_keel_line test_keel_machine test_keel_motor
test_keel_fmt_SRCS       := tests/unit/test_keel_fmt.c $(R)/port/fmt.c
test_keel_histogram_SRCS := tests/unit/test_keel_histogram.c $(R)/app/histogram.c
test_keel_line_SRCS      := tests/unit/test_keel_line.c $(R)/app/line.c
test_keel_motor_SRCS     := tests/unit/test_keel_motor.c $(R)/app/motor.c
test_keel_machine_SRCS   := tests/unit/test_keel_machine.c $(R)/port/machine.c $(LIBFDT_SRCS)
test_keel_machine_CFLAGS := -I$(LIBFDT_DIR)
$(B)/unit/test_keel_machine/$(LIBFDT_DIR)/%.o: test_keel_machine_CFLAGS += -w

# keel alone on QEMU virt, at EL1; Ctrl-A X ends it.
KEEL_BIN := $(B)/bare/keel.bin
keel: $(KEEL_BIN)
run-keel: $(KEEL_BIN) $(QEMU)
	$(QEMU) -M virt,gic-version=$(GIC) -cpu $(CPU) -m 128M -nographic -nic none -kernel $<
.PHONY: keel run-keel
