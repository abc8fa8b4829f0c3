# SPDX-License-Identifier: Apache-2.0
"""The board's power manager: off when all is off, a reset when nothing of a slot can run."""
import shutil

import pytest

import bundle as bundles
from bundle import VM, Raw, config
from card import Card, make_card

pytestmark = pytest.mark.lg_feature(["card", "power-state"])

# What bhcheck could not know: each is sound on some board, and not on this one.
TOO_MUCH = {
    "memory": VM("keel", "keel.bin", memory=((0x40000000, 0x80000000),)),
    "devices": VM("keel", "keel.bin", no_dma=True, devices=Raw('"/pl031@9010000"')),
}


@pytest.fixture
def card(request, tmp_path):
    """Slot a is good; slot b, whose checksums are right, holds what does not fit the board."""
    name = f"rpi4-reset-{request.param}"
    keel = bundles.make_bundle("dts/examples/keel-only.dts", "rpi4-reset")
    good = Card(shutil.copy(make_card("rpi4-reset", keel), tmp_path / "card.img"))
    bad = Card(make_card(name, bundles.raw_bundle(config(TOO_MUCH[request.param]), ["keel.bin"],
                                                  name)))
    good.write(good.partition("b")[0], bad.read(*bad.partition("b")))
    good.state("b", trial=1)
    return good


@pytest.mark.parametrize("card", TOO_MUCH, indirect=True)
def test_trial_that_cannot_run_comes_back_by_itself(card_board, card, request):
    """Three resets that nobody asked for, then the slot that was good before."""
    for count in (1, 2, 3):
        board = card_board(card.path)
        board.console.expect(rf"^slots: b on trial, start {count} of 3")
        board.console.expect(rf"^bulkhead: keel: {request.node.callspec.params['card']}: ")
        board.console.expect(r"^bulkhead: nothing runs: the board is reset in 3 s")
        assert board.ended(), "the board was not reset"
    console = card_board(card.path).console
    console.expect(r"^slots: b was started 3 times and never confirmed: back to a")
    console.expect(r"^keel> ")


def test_board_goes_off_with_its_last_vm(board):
    machine = board("dts/examples/keel-only.dts")
    machine.console.expect(r"^keel> ")
    machine.console.send("shutdown\r")
    assert machine.ended(), "the board stayed on"
