# SPDX-License-Identifier: Apache-2.0
"""Blocks that a Raspberry Pi has once: two VMs with lines of one GPIO controller, and with tags of
one firmware."""
import pytest
from bundle import VM, config
from payload import expect_done

pytestmark = pytest.mark.lg_feature("rpi-blocks")


# One that stays: the board goes off with the last VM, with what another's port has unseen.
STAYS = VM("canary", "pl_canary.bin", cpus=(3,))


def _run(board, *vms):
    console = board(config(*vms, STAYS, attach=vms[0].name)).console
    expect_done(console)
    console.attach(vms[1].name)
    expect_done(console)
    return console


def _vm(name, cpu, **more):
    return VM(name, "pl_parts.bin", cpus=(cpu,), restart="never", **more)


def test_lines_of_two_vms(board):
    """Each has its line's function, level and settings; writing all bits changes no other's."""
    _run(board, _vm("left", 1, gpio_lines=(5,), bootargs="line=5 other=6"),
         _vm("right", 2, gpio_lines=(6,), bootargs="line=6 other=5"))


def test_tags_of_two_vms(board):
    """Both ask all the time: each has its own answers, and none to what it may not ask.

    With requests from more blocks of 2 MiB than EL2 has pages for tables."""
    console = _run(board, _vm("left", 1, mailbox_tags=(0x1,), bootargs="tag=1 other=0x10002",
                              memory=((0x40000000, 256 << 20),)),
                   _vm("right", 2, mailbox_tags=(0x10002,), bootargs="tag=0x10002 other=1"))
    console.attach("hypervisor")
    console.expect("left: mailbox-tags: 0x10002 is not one of them")
