# SPDX-License-Identifier: Apache-2.0
"""A PCI bridge given to Linux: a disk behind it is read by DMA and by its interrupts."""
import hashlib
import random
import re

import pytest
from bundle import BRIDGE, VM, config, raw_bundle, with_bridge
from features import GICS

pytestmark = pytest.mark.lg_feature(["pcie", "qemu-gdbstub"])

DISK_MIB = 8


@pytest.fixture(name="disk")
def _disk(tmp_path):
    """A disk with something to find on it: its QEMU options, the sum of what is there."""
    data = random.Random(1).randbytes(DISK_MIB << 20)
    path = tmp_path / "nvme.img"
    path.write_bytes(data)
    return (f"-drive if=none,id=nvme,file={path},format=raw -device nvme,drive=nvme,serial=1",
            hashlib.sha256(data).hexdigest())


def _interrupts(console):
    """Of the disk: (interrupt of the GIC, how many so far), summed over CPUs and queues."""
    count, numbers = 0, set()
    for line in console.linux("grep nvme /proc/interrupts").splitlines():
        cells = re.match(r"\s*\d+:((?:\s+\d+)+)\s+GIC\S+\s+(\d+)\s+Level\s", line)
        assert cells, line
        count += sum(map(int, cells[1].split()))
        numbers.add(int(cells[2]))
    return numbers, count


@pytest.mark.parametrize("gic", GICS)
def test_disk_behind_the_bridge(board, disk, gic):
    options, digest = disk
    console = board(with_bridge(), qemu=options, gic=gic).console
    console.linux_shell()
    # by its pin: the board's controllers of messages are not the guest's
    numbers, before = _interrupts(console)
    assert numbers <= {35, 36, 37, 38} and len(numbers) == 1
    assert console.linux("sha256sum < /dev/nvme0n1").split()[0] == digest
    _, after = _interrupts(console)
    assert after - before >= DISK_MIB, f"{before} interrupts before, {after} after"
    # and by DMA in the other direction
    console.linux("dd if=/dev/urandom of=/tmp/new bs=1M count=4 2>/dev/null")
    console.linux("dd if=/tmp/new of=/dev/nvme0n1 bs=1M oflag=direct 2>/dev/null")
    console.linux("echo 3 > /proc/sys/vm/drop_caches")
    console.linux("cmp -n 4194304 /tmp/new /dev/nvme0n1")
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "periods" in console.keel("loop")


# What the VM `bad` is given beside one that has the bridge, and what is said about it.
MISTAKES = {
    "same-bridge": ({"memory": ((0x62000000, 0x1000000),), "direct_map": True, "trust_dma": True,
                     "devices": (BRIDGE,)},
                    rf"devices: {BRIDGE}: the device belongs to good already \({BRIDGE}\)"),
    "memory-in-window": ({"memory": ((0x20000000, 0x1000000),), "direct_map": True},
                         r"memory: direct-map of 0x20000000\+0x1000000, which is not \(all\) RAM"),
    "own-memory-in-window": ({"memory": ((0x20000000, 0x1000000),), "no_dma": True,
                              "devices": (BRIDGE,)},
                             rf"devices: {BRIDGE}: 0x10000000\+0x2eff0000 overlaps memory "
                             r"0x20000000\+0x1000000"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_who_meets_the_bridge_is_refused(board, mistake):
    properties, finding = MISTAKES[mistake]
    source = config(VM("good", "pl_canary.bin", cpus=(3,), memory=((0x60000000, 0x1000000),),
                       direct_map=True, devices=(BRIDGE,)),
                    VM("bad", "pl_canary.bin", **properties), attach="good")
    console = board(bundle=raw_bundle(source, ["pl_canary.bin"], f"pcie-{mistake}")).console
    console.expect(rf"^bulkhead: bad: {finding}")
    console.expect(r"^bulkhead: bad: refused, it is not started$")
    console.expect(r"CANARY watches")
    assert console.canary()[0] == "ok"
