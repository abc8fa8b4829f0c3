# SPDX-License-Identifier: Apache-2.0
"""The reference: every payload on bare QEMU at EL1, with no hypervisor."""
import os

import pytest
from bundle import BUILD
from payload import expect_done

QEMU = os.path.join(BUILD, "host/bin/qemu-system-aarch64")


def _bare(name, gic, cpu="cortex-a72", bootargs=""):
    return [QEMU, "-M", f"virt,gic-version={gic}", "-cpu", cpu, "-smp", "4", "-m", "256",
            "-nographic", "-nic", "none", "-no-reboot",
            "-kernel", os.path.join(BUILD, f"bare/pl_{name}.bin"), "-append", bootargs]


@pytest.mark.lg_feature("bare-qemu")
@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("name", ["psci", "timers", "sgi", "gicd", "traps", "devices", "hostile"])
def test_payload_bare(machine, name, gic):
    machine.start({}, command=_bare(name, gic, bootargs="verbose"))
    expect_done(machine.console)
    assert machine.ended()


@pytest.mark.lg_feature("bare-qemu")
def test_canary_bare(machine):
    machine.start({}, command=_bare("canary", 3))
    machine.console.expect(r"CANARY start: memory zero")
    machine.console.expect(r"CANARY watches")
    assert machine.console.canary_goes_on()
    machine.console.send("q")
    assert machine.ended()
