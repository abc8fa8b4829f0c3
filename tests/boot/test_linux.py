# SPDX-License-Identifier: Apache-2.0
"""Linux and keel side by side, as `make run` starts them."""
import pytest
from bundle import MAIN
from features import GICS


def _both_are_there(console, root):
    console.linux_shell()
    assert console.linux("nproc") == "3"
    assert console.linux(f"grep -c '^{root} / ext4' /proc/mounts") == "1"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "periods" in console.keel("loop")


def test_first_boot(board, facts):
    _both_are_there(board(MAIN, boot=facts.chain).console, facts.root)


@pytest.mark.lg_feature(["cpu-models", "gic-2", "gic-3"])
@pytest.mark.parametrize("gic, cpu, boot", [
    (2, "cortex-a53", "uboot"),
    (2, "cortex-a72", "direct"),
    (3, "cortex-a76", "direct"),
    (3, "max", "direct"),
    (2, "max", "direct"),
])
def test_variants(board, facts, gic, cpu, boot):
    _both_are_there(board(MAIN, gic=gic, cpu=cpu, boot=boot).console, facts.root)


@pytest.mark.parametrize("gic", GICS)
def test_cpu_hotplug(board, gic):
    console = board(MAIN, gic=gic).console
    console.linux_shell()
    for _ in range(3):
        console.linux("echo 0 > /sys/devices/system/cpu/cpu1/online")
        assert console.linux("nproc") == "2"
        # Linux asks for 100 ms whether it is off, then takes it for off.
        console.linux("until echo 1 > /sys/devices/system/cpu/cpu1/online; do sleep 1; done 2>/dev/null")
        assert console.linux("nproc") == "3"
    assert console.linux("taskset -c 1 echo there") == "there"


@pytest.mark.parametrize("gic", GICS)
def test_disk_under_load(board, facts, gic):
    console = board(MAIN, gic=gic).console
    console.linux_shell()
    console.linux(f"dd if=/dev/urandom of=/root/a bs=1M count={facts.disk_mib} 2>/dev/null && sync")
    console.linux("cp /root/a /root/b && sync && echo 3 > /proc/sys/vm/drop_caches")
    console.linux("cmp /root/a /root/b")
