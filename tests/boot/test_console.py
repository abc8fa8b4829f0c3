# SPDX-License-Identifier: Apache-2.0
"""The one UART that all share: keys to the attached VM, text from whom is shown."""
import random
import re

import pytest
from bundle import MAIN
from features import GICS


@pytest.mark.parametrize("gic", GICS)
def test_every_key_arrives(board, gic):
    """Characters that come while the last ones are being taken in are not forgotten."""
    console = board(MAIN, gic=gic).console
    console.linux_shell()
    console.send('stty -echo; echo ec""hoes; while read x; do echo "<$x>"; done\n')
    console.expect(r"^echoes\n")
    dice = random.Random(gic)
    for i in range(1000):
        line = f"{i}" + "x" * dice.randrange(20)
        console.send(line + "\n", chunk=dice.randrange(1, 5), pause=dice.random() * 0.0006)
        console.expect(f"^<{line}>\n")


def test_keys_go_to_the_attached_vm_alone(board):
    console = board("dts/examples/two-keels.dts").console
    for name in ("left", "right"):
        console.mark = 0
        console.expect(rf"^\[{name}\] control: 1 kHz loop running$")
    for name, setpoint in (("left", 1111), ("right", 2222)):
        console.attach(name)
        console.send("\r")
        console.expect(r"^keel> ")
        assert console.keel(f"setpoint {setpoint}") == f"setpoint {setpoint} rpm"
    for name, setpoint in (("left", 1111), ("right", 2222)):
        console.attach(name)
        console.send("\r")
        console.expect(r"^keel> ")
        assert re.search(rf"^setpoint {setpoint} rpm$", console.keel("loop"), re.MULTILINE)


def test_the_log_is_shown_again(board):
    console = board(MAIN).console
    console.linux_shell()
    console.attach("hypervisor")
    console.expect(r"bulkhead: .* 4 of 4 CPUs")
    console.expect(r"bulkhead: 2 of 2 VMs to start")
    console.expect(r"bulkhead: linux: started on CPU 0")
