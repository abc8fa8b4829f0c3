# SPDX-License-Identifier: Apache-2.0
"""Every payload as a VM, with a canary VM beside it that must stay whole."""
import pytest
from bundle import VM, config
from features import GICS
from payload import HARMLESS, expect_done

SUBJECTS = ["psci", "timers", "sgi", "gicd", "traps", "devices"]

# QEMU's GICv2, when a guest's EOI deactivates a linked interrupt whose line is still
# high, looks at that line only at the next access to a GIC register: seen pending, not active,
# enabled and not signalled. A handler that leaves its timer asserted waits for that, unless
# something else on the machine happens to make the access.
QEMU_FAULTS = {("timers", 2): ["timers-level-H27"]}


def _beside_canary(kernel, bootargs):
    return config(VM("subject", kernel, cpus=(0, 1, 2), bootargs=bootargs, restart="never"),
                  VM("canary", "pl_canary.bin", cpus=(3,), restart="never"), attach="subject")


def _check_canary(console):
    console.attach("canary")
    console.expect(r"CANARY watches")  # what is typed before its VM is started is lost
    assert console.canary_goes_on()


@pytest.mark.parametrize("gic", GICS)
@pytest.mark.parametrize("name", SUBJECTS)
def test_payload(board, name, gic):
    """What passes on bare QEMU passes in a VM, and what only a hypervisor can do, too."""
    console = board(_beside_canary(f"pl_{name}.bin", "strict verbose"), gic=gic).console
    console.expect(rf"PAYLOAD gic {gic} cpus 3 .* strict")
    _, skipped = expect_done(console, emulator_faults=QEMU_FAULTS.get((name, gic), ()))
    assert not [s for s in skipped if not HARMLESS.search(s)]
    _check_canary(console)


@pytest.mark.lg_feature("cpu-models")
@pytest.mark.parametrize("cpu", ["cortex-a72", "cortex-a76", "max"])
def test_traps_on_cpu(board, cpu):
    """The system registers that there are differ from CPU to CPU (H43, H47)."""
    console = board(_beside_canary("pl_traps.bin", "strict verbose"), cpu=cpu).console
    expect_done(console)
    _check_canary(console)


@pytest.mark.parametrize("gic", GICS)
def test_hostile_H02_H18_H23_H43(board, gic):
    """Random operations harm nobody but, at most, the VM that makes them."""
    console = board(_beside_canary("pl_hostile.bin", "strict seed=7 ops=50000"), gic=gic).console
    console.expect(r"HOSTILE seed 7")
    console.expect(r"DONE passed|^bulkhead: subject: crashed", 300)
    _check_canary(console)


def test_payload_one_cpu(board):
    """A machine of one CPU: no other to start, to interrupt or to wait for."""
    source = config(VM("subject", "pl_gicd.bin", cpus=(0,), bootargs="strict", restart="never"),
                    attach="subject")
    expect_done(board(source, smp=2).console)
