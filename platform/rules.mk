# Files of platform; see the Makefile for how they are built.
platform_SRCS := $(addprefix platform/,pm_bcm2835.c uart.c uart_mini.c uart_pl011.c)

# The board that is started, or that a card is made for.
BOARD ?= qemu-virt
BOARDS := qemu-virt rpi4
ifeq ($(filter $(BOARDS),$(BOARD)),)
$(error BOARD=$(BOARD): one of $(BOARDS))
endif
run: run-$(BOARD)
.PHONY: run

include $(BOARDS:%=platform/%/rules.mk)
