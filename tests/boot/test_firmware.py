# SPDX-License-Identifier: Apache-2.0
"""Raspberry Pi 4 as its firmware starts it, by config.txt (platform/rpi4/videocore)."""
import os
import shutil
import subprocess

import pytest
from bulkhead_lg import TREE
from bundle import BUILD, MAIN, make_bundle, resolve
from card import RPI4

pytestmark = pytest.mark.lg_feature("videocore")

SOURCE = os.path.join(TREE, "platform/rpi4")


@pytest.fixture
def folder(tmp_path):
    """folder(bundle, without=None): a first partition that starts Bulkhead without U-Boot."""

    def make(bundle, without=None):
        path = tmp_path / "boot"
        shutil.copytree(os.path.join(RPI4, "boot"), path)
        with open(path / "config-direct.txt", encoding="ascii") as file:
            lines = [line for line in file if not without or not line.startswith(without)]
        (path / "config.txt").write_text("".join(lines), encoding="ascii")
        shutil.copy(os.path.join(BUILD, "bulkhead.bin"), path)
        shutil.copy(bundle, path / "bulkhead.itb")
        return str(path)

    return make


@pytest.fixture
def tree(tmp_path):
    """tree(fdtput's arguments...): the path of the board's tree, changed."""

    def change(*arguments):
        path = str(tmp_path / "changed.dtb")
        shutil.copy(os.path.join(RPI4, "emulated.dtb"), path)
        if arguments:
            subprocess.run(["fdtput", "-t", "x" if arguments[1] == "reg" else "s", path,
                            *arguments], check=True)
        return path

    return change


@pytest.fixture(scope="module")
def keel():
    return make_bundle("dts/examples/keel-only.dts", "firmware")


def test_config_txt_starts_tf_a_then_u_boot_then_bulkhead(machine, card):
    """PSCI by SMC, the tree where boards have it."""
    machine.start({"BOOT": "firmware", "CARD": card.path})
    console = machine.console
    console.expect(r"BL31: Initializing runtime services")
    console.expect(r"^slots: starting a$")
    console.expect(r"^bulkhead: Raspberry Pi 4 Model B: 4 of 4 CPUs, GICv2 with 4 list registers")
    console.expect(r"^keel> ")


def test_config_direct_txt_starts_linux_and_keel(machine, folder, facts):
    """The spin table, no slot, no U-Boot."""
    bundle = resolve(MAIN, "", facts.main)
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(bundle)})
    console = machine.console
    console.expect(r"^bulkhead: 2 of 2 VMs to start$")
    console.linux_shell()
    assert console.linux("nproc") == "3"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "U-Boot" not in console.text


@pytest.mark.parametrize("settings", ["", "device_tree_address=0x2eff2e00\n"])
def test_tree_anywhere_with_u_boot(machine, card, folder, keel, settings):
    """Boards were seen to have it in the middle of the Linux guest's memory."""
    path = folder(keel)
    with open(os.path.join(SOURCE, "config.txt"), encoding="ascii") as file:
        lines = [line for line in file if not line.startswith("device_tree_address")]
    with open(os.path.join(path, "config.txt"), "w", encoding="ascii") as file:
        file.write("".join(lines) + settings)
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": path, "CARD": card.path})
    machine.console.expect(r"Using Device Tree in place at 000000000e000000")
    machine.console.expect(r"^keel> ")


def test_no_bundle(machine, folder, keel):
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(keel, without="initramfs")})
    machine.console.expect(r"^bulkhead: no bundle: give one as the initrd .*: stopped$")


def test_less_memory_than_the_configuration_needs(machine, folder, tree, facts):
    """What has no room is refused by name, what has it starts."""
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(resolve(MAIN, "", facts.main)),
                   "TREE": tree("/memory@0", "reg", "0", "0", "20000000")})
    console = machine.console
    console.expect(r"^bulkhead: linux: memory: direct-map of 0x10000000\+0x20000000, "
                   r"which is not \(all\) RAM of this board")
    console.expect(r"^bulkhead: linux: refused, it is not started$")
    console.expect(r"^bulkhead: keel: started on CPU 3")
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")


def test_board_of_another_name(machine, folder, tree, keel):
    """What a board is called decides nothing; its nodes do."""
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(keel),
                   "TREE": tree("/", "compatible", "acme,board")})
    machine.console.expect(r"^keel> ")


def test_board_with_unknown_interrupt_controller(machine, folder, tree, keel, facts):
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(keel),
                   "TREE": tree(facts.intc, "compatible", "acme,interrupts")})
    machine.console.expect(r"^bulkhead: board: .*interrupt controller")
    machine.console.expect(r"^bulkhead: the board's device tree cannot be used: stopped$")


def test_tree_cut_short(machine, folder, tree, keel):
    """Cut so far back that its console can still be found; further, nobody could be told."""
    path = tree()
    with open(path, "r+b") as file:
        head = file.read(40)
        strings, size = (int.from_bytes(head[at:at + 4], "big") for at in (12, 32))
        file.truncate(strings + size * 64 // 100)
    machine.start({"BOOT": "firmware", "BOOT_FOLDER": folder(keel, without="initramfs"),
                   "TREE": path})
    machine.console.expect(r"^bulkhead: board: no memory")
    machine.console.expect(r"^bulkhead: the board's device tree cannot be used: stopped$")
