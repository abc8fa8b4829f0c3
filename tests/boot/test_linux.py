# SPDX-License-Identifier: Apache-2.0
"""Linux and keel side by side, as `make run` starts them."""
import pytest

CONFIG = "dts/qemu-virt.dts"


def _both_are_there(console):
    console.linux_shell()
    assert console.linux("nproc") == "3"
    assert console.linux("cat /proc/mounts | grep -c '^/dev/vda / ext4'") == "1"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "periods" in console.keel("loop")


def test_first_boot(board):
    _both_are_there(board(CONFIG, gic=3, boot="uboot").console)


@pytest.mark.parametrize("gic, cpu, boot", [
    (2, "cortex-a53", "uboot"),
    (2, "cortex-a72", "direct"),
    (3, "cortex-a76", "direct"),
    (3, "max", "direct"),
    (2, "max", "direct"),
])
def test_variants(board, gic, cpu, boot):
    _both_are_there(board(CONFIG, gic=gic, cpu=cpu, boot=boot).console)


@pytest.mark.parametrize("gic", [2, 3])
def test_cpu_hotplug(board, gic):
    console = board(CONFIG, gic=gic).console
    console.linux_shell()
    for _ in range(3):
        console.linux("echo 0 > /sys/devices/system/cpu/cpu1/online")
        assert console.linux("nproc") == "2"
        console.linux("echo 1 > /sys/devices/system/cpu/cpu1/online")
        assert console.linux("nproc") == "3"
    assert console.linux("taskset -c 1 echo there") == "there"


@pytest.mark.parametrize("gic", [2, 3])
def test_disk_under_load(board, gic):
    console = board(CONFIG, gic=gic).console
    console.linux_shell()
    console.linux("dd if=/dev/urandom of=/root/a bs=1M count=16 2>/dev/null && sync", 120)
    console.linux("cp /root/a /root/b && sync && echo 3 > /proc/sys/vm/drop_caches", 120)
    console.linux("cmp /root/a /root/b", 120)
