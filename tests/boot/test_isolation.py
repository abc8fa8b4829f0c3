# SPDX-License-Identifier: Apache-2.0
"""A checker outside: walks every stage 2 through QEMU's gdbstub and asks who can reach what.

The numbers are the invariants of the ownership table (I1 to I10): what the hypervisor says
of itself is not used, but for the addresses of its image and of the bundle.
"""
import os
import re
import subprocess
import time

import pytest
from bulkhead_lg import PATIENCE, TREE
from bundle import BUILD, MAIN, with_bridge
from features import GICS
from gdbstub import Stub

ELF = os.path.join(BUILD, "bare/bulkhead.elf")
KEEL_RAM = (0x40000000, 0x01000000)

NORMAL_WB, DEVICE_NGNRE = 0xf, 0x1
READ, WRITE, NEVER_EXECUTE = 1 << 6, 1 << 7, 1 << 54
HCR = {"VM": 0, "FMO": 3, "IMO": 4, "AMO": 5, "TSC": 19, "TID3": 18, "RW": 31}

pytestmark = pytest.mark.lg_feature("qemu-gdbstub")


@pytest.fixture
def stub_path(tmp_path):
    return str(tmp_path / "gdb")


def symbols(loaded):
    """{name: address} of the image, as QEMU loaded it."""
    text = subprocess.run(["aarch64-linux-gnu-nm", ELF], cwd=TREE, check=True, text=True,
                          capture_output=True).stdout
    return {name: loaded + int(value, 16)
            for value, name in re.findall(r"^(\w+) \w (\w+)$", text, re.MULTILINE)}


class Mapping:
    """What one descriptor maps."""

    def __init__(self, ipa, size, descriptor):
        self.ipa, self.size = ipa, size
        self.pa = descriptor & 0x0000fffffffff000 & ~(size - 1)
        self.kind = descriptor >> 2 & 0xf
        self.rights = descriptor & (READ | WRITE | NEVER_EXECUTE)

    def __repr__(self):
        return f"{self.ipa:#x}+{self.size:#x} -> {self.pa:#x} kind {self.kind:#x}"


def walk(stub, table, level=1, base=0):
    """(mappings, table pages) of a stage 2 of three levels, 4 KiB granule."""
    size = 1 << (39 - 9 * level)
    mappings, tables = [], [table]
    data = stub.read(table, 4096)
    for i in range(512):
        entry = int.from_bytes(data[8 * i:8 * i + 8], "little")
        if not entry & 1:
            continue
        if level < 3 and entry & 2:
            below = walk(stub, entry & 0x0000fffffffff000, level + 1, base + i * size)
            mappings += below[0]
            tables += below[1]
        else:
            assert level < 3 or entry & 2, "a reserved descriptor"
            mappings.append(Mapping(base + i * size, size, entry))
    return mappings, tables


def overlaps(a, a_size, b, b_size):
    return a < b + b_size and b < a + a_size


def _covered(mappings, ipa, size):
    """The mappings are exactly [ipa, ipa + size), without a gap."""
    at = ipa
    for m in sorted(mappings, key=lambda m: m.ipa):
        assert m.ipa == at, f"{m} does not follow {at:#x}"
        at += m.size
    assert at == ipa + size


@pytest.mark.parametrize("gic", GICS)
def test_every_stage2(board, facts, stub_path, gic):
    """I1, I2, I3, I4, I5, I6, I9, I10, while both guests run."""
    console = board(MAIN, gic=gic, qemu=f"-gdb unix:{stub_path},server=on,wait=off").console
    console.linux_shell()
    with Stub(stub_path) as stub:
        cpus = stub.cpus()
        vttbr = [stub.register(cpu, "VTTBR_EL2") for cpu in cpus]
        hcr = [stub.register(cpu, "HCR_EL2") for cpu in cpus]
        trees = [walk(stub, value & 0x0000fffffffffffe) for value in dict.fromkeys(vttbr)]
    assert vttbr[0] == vttbr[1] == vttbr[2] and len(set(vttbr)) == 2
    assert len({value >> 48 for value in vttbr}) == 2, "two VMs have one VMID"
    for value in hcr:
        assert not [bit for bit, n in HCR.items() if not value >> n & 1]
    gicv = facts.gicv if gic == 2 else 0
    _check_linux(trees[0][0], gicv, facts)
    _check_keel(trees[1][0], gicv)
    _check_walls(trees, symbols(facts.loaded))
    assert console.linux("nproc") == "3"


@pytest.mark.lg_feature("pcie")
def test_stage2_with_a_bridge(board, facts, stub_path):
    """Windows and configuration space of a PCI bridge are Linux' alone, in large blocks."""
    console = board(with_bridge(), qemu=f"-gdb unix:{stub_path},server=on,wait=off").console
    console.linux_shell()
    with Stub(stub_path) as stub:
        vttbr = [stub.register(cpu, "VTTBR_EL2") for cpu in stub.cpus()]
        trees = [walk(stub, value & 0x0000fffffffffffe) for value in dict.fromkeys(vttbr)]
    devices = _split(trees[0][0], 0)[1]
    assert all(m.ipa == m.pa and m.kind == DEVICE_NGNRE and
               m.rights == READ | WRITE | NEVER_EXECUTE for m in devices)
    for space in ((0x10000000, 0x2f000000), (0x4010000000, 0x10000000)):
        inside = [m for m in devices if overlaps(m.ipa, m.size, *space)]
        _covered(inside, *space)
        assert max(m.size for m in inside) >= 1 << 21
        devices = [m for m in devices if m not in inside]
    assert [(m.ipa, m.size) for m in devices] == [(page, 4096) for page in facts.linux_pages]
    _check_keel(trees[1][0], 0)
    _check_walls(trees, symbols(facts.loaded))


def _split(mappings, gicv):
    """RAM and the rest, without the page that the GICv2 hardware banks for each CPU."""
    shared = [m for m in mappings if gicv and m.pa in (gicv, gicv + 0x1000)]
    assert all(m.kind == DEVICE_NGNRE and m.rights & NEVER_EXECUTE for m in shared)
    rest = [m for m in mappings if m not in shared]
    return ([m for m in rest if m.kind == NORMAL_WB], [m for m in rest if m.kind != NORMAL_WB])


def _check_linux(mappings, gicv, facts):
    ram, devices = _split(mappings, gicv)
    _covered(ram, *facts.linux_ram)
    assert all(m.pa == m.ipa for m in ram), "a VM with DMA is mapped 1:1"
    assert max(m.size for m in ram) >= 1 << 21, "blocks as large as they fit"
    assert sorted((m.ipa, m.pa, m.size) for m in devices) == \
        [(page, page, 4096) for page in facts.linux_pages]
    assert all(m.kind == DEVICE_NGNRE and m.rights == READ | WRITE | NEVER_EXECUTE
               for m in devices)


def _check_keel(mappings, gicv):
    ram, devices = _split(mappings, gicv)
    _covered(ram, *KEEL_RAM)
    assert all(m.rights == READ | WRITE for m in ram)
    assert devices == []


def _check_walls(trees, names):
    """No page in two VMs; none of the hypervisor's, of the bundle's or of a table in any."""
    image = (names["image_start"], names["image_end"] - names["image_start"])
    tables = [page for _, pages in trees for page in pages]
    assert len(tables) == len(set(tables)), "a table has two parents"
    assert all(overlaps(page, 4096, *image) for page in tables), "a table outside the image"
    ram = [[m for m in mappings if m.kind == NORMAL_WB] for mappings, _ in trees]
    for a in ram[0]:
        assert not [b for b in ram[1] if overlaps(a.pa, a.size, b.pa, b.size)]
    for m in ram[0] + ram[1]:
        assert not overlaps(m.pa, m.size, *image), f"{m} reaches the hypervisor"


def test_panic_stops_all(board, facts, stub_path):
    """A fault of EL2's own: the registers on the console, and no CPU goes on."""
    console = board(MAIN, qemu=f"-gdb unix:{stub_path},server=on,wait=off").console
    console.linux_shell()
    names = symbols(facts.loaded)
    with Stub(stub_path) as stub:
        stub.write(names["console_interrupt"], b"\0\0\0\0")  # UDF: the next key meets it
    console.send("x")
    console.expect(r"^bulkhead: PANIC on CPU 0: exception in EL2, vector 4, SP 0x")
    console.expect(r"^  x0  0x[0-9a-f]{16}  x1  0x[0-9a-f]{16}")
    match = console.expect(r"^bulkhead: ESR_EL2 (0x\w+) ELR_EL2 (0x\w+) FAR_EL2 ")
    assert int(match.group(2), 16) == names["console_interrupt"]
    console.expect(r"^bulkhead: no CPU runs a guest any more$")
    if "stays there" not in console.text:  # as of one that the host let wait
        assert _running(stub_path, names) <= {"01"}, "a CPU goes on"
    end = time.monotonic() + 30 * PATIENCE  # the CPU that tells has its own line to empty yet
    while _running(stub_path, names):
        assert time.monotonic() < end, "a CPU goes on"
        console.watch(0.1)


def _running(stub_path, names):
    """The CPUs, by the stub's names, that are outside panic_halt()."""
    with Stub(stub_path) as stub:
        return {cpu for cpu in stub.cpus()
                if not 0 <= stub.register(cpu, "pc") - names["panic_halt"] < 64}
