# SPDX-License-Identifier: Apache-2.0
"""Raspberry Pi 4: the card, as `make run BOARD=rpi4` starts it."""
import pytest

pytestmark = pytest.mark.lg_feature("rpi4-qemu")


def _both_are_there(console, timeout):
    console.linux_shell(timeout)
    assert console.linux("nproc") == "3"
    assert console.linux("grep -c '^/dev/mmcblk.p4 / ext4' /proc/mounts") == "1"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "periods" in console.keel("loop")


def test_card_boots_linux_and_keel(start):
    console = start({"BOOT": "uboot"}).console
    console.expect(r"slots: starting a", 600)
    _both_are_there(console, 300)
    console.attach("linux")
    assert console.linux("bulkhead-slot") == "slot a"


def test_card_keeps_what_is_written(start):
    console = start({"BOOT": "direct"}).console
    _both_are_there(console, 300)
    console.attach("linux")
    console.linux("dd if=/dev/urandom of=/root/a bs=64k count=16 2>/dev/null && sync", 120)
    console.linux("cp /root/a /root/b && sync && echo 3 >/proc/sys/vm/drop_caches", 120)
    console.linux("cmp /root/a /root/b", 120)


def test_linux_panics_beside_keel(start):
    console = start({"BOOT": "direct"}).console
    console.linux_shell(300)
    console.send("echo c > /proc/sysrq-trigger\n")
    console.expect(r"Kernel panic")
    _both_are_there(console, 300)
