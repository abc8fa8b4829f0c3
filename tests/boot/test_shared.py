# SPDX-License-Identifier: Apache-2.0
"""Devices that do not split: two VMs in one page of registers, two behind one interrupt."""
import pytest
from bundle import VM, config
from payload import expect_done

# The last slots of QEMU virt share a page. It fills them from the last one down: with what the
# runner gives, and what -device adds.
SLOTS = {"left": 0x0a003c00, "right": 0x0a003a00}
SDHCI = {"hog": ("/soc/mmc@7e300000", 0xfe300000), "worker": ("/emmc2bus/mmc@7e340000", 0xfe340000)}


# One that stays: the board goes off with the last VM, with what another's port has unseen.
STAYS = VM("canary", "pl_canary.bin", cpus=(3,))


def _vm(name, cpu, device, bootargs):
    return VM(name, "pl_shared.bin", cpus=(cpu,), no_dma=True, filtered_devices=(device,),
              bootargs=bootargs, restart="never")


@pytest.mark.lg_feature("bare-qemu")
@pytest.mark.parametrize("gic", [2, 3])
def test_page_of_two_vms(board, gic):
    """Each sees its own slot, and the other's as an empty one that nothing is written to."""
    left, right = SLOTS.values()
    source = config(
        _vm("left", 0, f"/virtio_mmio@{left:x}", f"slot={left:#x} other={right:#x} mark=1"),
        _vm("right", 1, f"/virtio_mmio@{right:x}", f"slot={right:#x} other={left:#x} mark=3"),
        STAYS, attach="left")
    console = board(source, gic=gic,
                    qemu="-device virtio-rng-device -device virtio-rng-device").console
    expect_done(console)
    console.attach("right")
    expect_done(console)


@pytest.mark.lg_feature(["card", "direct-boot"])
def test_interrupt_of_two_vms(board):
    """A VM that leaves its device asking for ever does not hold up the other's interrupts."""
    # The hog is the next after the worker, so that nothing is seen of it before its turn.
    source = config(_vm("worker", 2, SDHCI["worker"][0], f"sdhci={SDHCI['worker'][1]:#x}"),
                    _vm("hog", 1, SDHCI["hog"][0], f"sdhci={SDHCI['hog'][1]:#x} hog"),
                    STAYS, attach="worker")
    console = board(source).console
    expect_done(console)
    console.attach("hog")
    expect_done(console)
