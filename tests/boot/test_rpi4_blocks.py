# SPDX-License-Identifier: Apache-2.0
"""The card's Linux and keel, each with GPIO lines of its own, and Linux with its own drivers."""
import pytest
from bundle import MAIN

pytestmark = pytest.mark.lg_feature("rpi-blocks")
GPIO = "/sys/class/gpio"



def export(linux, line):
    """The folder of a line, by its number on the board."""
    base = int(linux(f"cat {GPIO}/gpiochip*/base"))
    linux(f"echo {base + line} > {GPIO}/export")
    return f"{GPIO}/gpio{base + line}"


def linux_drives_its_line(linux):
    line = export(linux, 6)
    linux(f"echo out > {line}/direction")
    for value in "1", "0", "1":
        linux(f"echo {value} > {line}/value")
        assert linux(f"cat {line}/value") == value
    assert linux(f"cat {line}/direction") == "out"


def keels_line_is_out_of_reach(linux):
    line = export(linux, 17)
    linux(f"echo high > {line}/direction; echo 1 > {line}/value")
    assert linux(f"cat {line}/value") == "0"
    assert linux(f"cat {line}/direction") == "in"


def firmware_answers_linux(linux):
    assert "Attached to firmware from" in linux("dmesg | grep raspberrypi-firmware")
    assert int(linux("awk '/mailbox/ { print $2 + $3 + $4 }' /proc/interrupts")) > 0


def test_blocks_of_the_card(board):
    console = board(MAIN).console
    console.linux_shell()
    linux_drives_its_line(console.linux)
    keels_line_is_out_of_reach(console.linux)
    firmware_answers_linux(console.linux)
    console.attach("keel")
    console.expect("gpio: 0xfe200000, line 17 is high during each step of the loop")


@pytest.mark.lg_feature("direct-boot")
def test_usb(board):
    """A device of the board's own controller, by interrupt and DMA."""
    linux = board(MAIN, qemu="-device usb-kbd").console
    linux.linux_shell()
    linux.linux("until grep -q 'QEMU USB Keyboard' /sys/bus/usb/devices/*/product; do sleep 1; done")
    assert int(linux.linux("awk '/dwc2/ { print $2 + $3 + $4 }' /proc/interrupts")) > 0
