# SPDX-License-Identifier: Apache-2.0
"""One VM ends, the other goes on."""
import re

import pytest
from bundle import MAIN
from features import GICS


def _periods(console):
    return int(re.search(r"periods (\d+)", console.keel("loop")).group(1))


@pytest.mark.parametrize("gic", GICS)
def test_linux_reboots_beside_keel(board, gic):
    console = board(MAIN, gic=gic).console
    console.linux_shell()
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    before = _periods(console)
    console.attach("linux")
    console.send("reboot\n")
    console.linux_shell()
    assert console.linux("nproc") == "3"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert _periods(console) > before


def test_linux_panics_and_comes_back(board):
    console = board(MAIN).console
    console.linux_shell()
    console.send("echo c > /proc/sysrq-trigger\n")
    console.expect(r"Kernel panic")
    console.linux_shell()


@pytest.mark.parametrize("kind", ["null", "stack", "undef"])
def test_keel_crashes_and_comes_back(board, kind):
    console = board(MAIN).console
    console.linux_shell()
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    console.send(f"crash {kind}\r")
    console.expect(r"keel stopped, reason")
    console.expect(r"control: 1 kHz loop running")
    console.attach("linux")
    assert console.linux("nproc") == "3"


def test_all_off_turns_the_board_off(board):
    machine = board("dts/examples/keel-only.dts")
    console = machine.console
    console.expect(r"^keel> ")
    console.send("shutdown\r")
    console.expect(r"keel: shutdown")
