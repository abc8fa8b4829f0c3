# Files of platform; see the Makefile for how they are built.
platform_SRCS := $(addprefix platform/,uart.c uart_mini.c uart_pl011.c)

include platform/qemu-virt/rules.mk
