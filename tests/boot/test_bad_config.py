# SPDX-License-Identifier: Apache-2.0
"""Configurations with a mistake: its VM is refused by name, the one beside it starts."""
import os
import subprocess

import pytest
from bundle import VM, Raw, config, raw_bundle
from bulkhead_lg import TREE

KERNEL = "pl_canary.bin"
OTHER = "pl_walls.bin"

# What the VM `bad` is given in place of what is right, and what is said about it.
# Words in capitals stand for facts of the board.
MISTAKES = {
    "cpu-of-another": ({"cpus": (3,)}, r"bad: cpus: CPU 3 belongs to good already"),
    "cpu-twice": ({"cpus": (1, 1)}, r"bad: cpus: CPU 1 is named twice"),
    "cpu-absent": ({"cpus": (7,)}, r"bad: cpus: CPU 7: the board has CPUs 0 to 3"),
    "cpus-too-many": ({"cpus": None, "vcpus": 4}, r"bad: vcpus: 4 wanted, but only 3 "),
    "kernel-missing": ({"kernel": None}, r"bad: kernel: missing"),
    "kernel-not-there": ({"kernel": "none.bin"}, r'bad: kernel: image "none.bin" is not in'),
    "initrd-not-there": ({"initrd": "none.img"}, r'bad: initrd: image "none.img" is not in'),
    "memory-missing": ({"memory": None}, r"bad: memory: missing"),
    "memory-empty": ({"memory": ((0x40000000, 0),)}, r"bad: memory: 0x40000000\+0x0 is empty"),
    "memory-unaligned": ({"memory": ((0x40000800, 0x1000000),)}, r"bad: memory: .* whole 4 KiB"),
    "memory-wraps": ({"memory": ((0xfffffffffffff000, 0x2000),)}, r"bad: memory: .* ends above"),
    "memory-short": ({"memory": ((0x40000000, 0x100000000),)},
                     r"bad: memory: 0x100000000 bytes wanted; the largest free range is "),
    "memory-on-gic": ({"memory": ((0x08000000, 0x1000000),)},
                      r"bad: memory: .* overlaps the interrupt controller"),
    "memory-overlaps": ({"memory": ((0x40000000, 0x1000000), (0x40800000, 0x1000000))},
                        r"bad: memory: region 0x40800000\+0x1000000 overlaps region"),
    "direct-map-no-ram": ({"memory": ((0xf0000000, 0x1000000),), "direct_map": True},
                          r"bad: memory: direct-map of .* not \(all\) RAM of this board"),
    "direct-map-hypervisor": ({"memory": (("IMAGE", 0x1000000),), "direct_map": True},
                              r"bad: memory: region .* overlaps .* of the hypervisor"),
    "device-absent": ({"devices": ("/nothing",), "direct_map": True,
                       "memory": (("RAM", 0x1000000),)},
                      r"bad: devices: /nothing: no such node"),
    "device-console": ({"devices": ("UART",), "direct_map": True,
                        "memory": (("RAM", 0x1000000),)},
                       r"bad: devices: UART: .* the console UART"),
    "device-gic": ({"devices": ("INTC",), "direct_map": True,
                    "memory": (("RAM", 0x1000000),)},
                   r"bad: devices: INTC: .* the interrupt controller"),
    "device-with-dma": ({"devices": ("DMA",)}, r"bad: devices: need direct-map"),
    "load-outside": ({"load": 0x10000000}, r"bad: load: 0x10000000 is not in the VM's memory"),
    "restart-word": ({"restart": "sometimes"}, r'bad: restart: "sometimes"; must be'),
    "property-unknown": ({"memroy": Raw("<0x40000000 0x1000000>")},
                         r"bad: memroy: no such property; did you mean memory\?"),
    "property-type": ({"cpus": None, "vcpus": "three"}, r"bad: vcpus: must be one number"),
}


def _source(properties):
    right = {"kernel": OTHER, "cpus": (0,), "restart": "never"} | properties
    kernel = right.pop("kernel")
    # `good` comes first: what a VM has does not depend on a mistake of a later one.
    return config(VM("good", KERNEL, cpus=(3,), restart="never"), VM("bad", kernel, **right),
                  attach="good")


def _check_good(console):
    console.expect(r"CANARY watches")
    assert console.canary()[0] == "ok"


def _desk_says(bundle, tree):
    """What bhcheck says, and its status."""
    subprocess.run(["make", "-s", tree, "build/bhcheck"], cwd=TREE, check=True)
    done = subprocess.run(["build/bhcheck", bundle, tree], cwd=TREE, text=True, check=False,
                          capture_output=True)
    return done.returncode, done.stdout


def _on_board(mistake, facts):
    """A mistake, with the board's own addresses and names."""
    properties, finding = MISTAKES[mistake]
    names = {"UART": facts.uart, "INTC": facts.intc, "DMA": facts.dma}
    values = {"IMAGE": facts.image, "RAM": facts.ram}
    properties = dict(properties)
    if "devices" in properties:
        properties["devices"] = [names.get(node, node) for node in properties["devices"]]
    if properties.get("memory"):
        properties["memory"] = [(values.get(base, base), size)
                                for base, size in properties["memory"]]
    for word, name in names.items():
        finding = finding.replace(f" {word}:", f" {name}:")
    return properties, finding


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(board, facts, mistake):
    properties, finding = _on_board(mistake, facts)
    bundle = raw_bundle(_source(properties), [KERNEL, OTHER], f"mistake-{mistake}")
    status, said = _desk_says(bundle, facts.tree)
    assert status == 1
    console = board(bundle=bundle).console
    found = console.expect(rf"^bulkhead: ({finding}.*)$").group(1)
    console.expect(r"^bulkhead: bad: refused, it is not started$")
    _check_good(console)
    assert "TRY" not in console.text, "the refused VM runs"
    # The map of the desk assumes where image and bundle lie; the findings are the same.
    assert found in said or "largest free" in found or "of the hypervisor" in found
    assert "bad: refused" in said and "good: would start" in said


def test_node_without_compatible(board):
    source = _source({}).replace('bad {\n\t\tcompatible = "bulkhead,vm";', "bad {")
    console = board(bundle=raw_bundle(source, [KERNEL, OTHER], "no-compatible")).console
    console.expect(r'^bulkhead: bad: compatible: a VM needs compatible = "bulkhead,vm"$')
    _check_good(console)


def test_attach_to_nobody(board):
    source = _source({}).replace('attach = "good"', 'attach = "nobody"')
    console = board(bundle=raw_bundle(source, [KERNEL, OTHER], "attach")).console
    console.expect(r'^bulkhead: console: attach: no VM is called "nobody"$')
    _check_good(console)
