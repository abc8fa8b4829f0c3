# SPDX-License-Identifier: Apache-2.0
"""The two slots of a card: whatever an update left behind, one good slot starts."""
import pytest

from card import COPY_AT, SECTOR, STATE_AT

pytestmark = pytest.mark.lg_feature("card")


def _starts(card_board, card, slot):
    console = card_board(card.path).console
    console.expect(rf"^slots: starting {slot}$")
    console.expect(r"^keel> ")
    return console.text


def test_fresh_card_starts_slot_a(card_board, card):
    _starts(card_board, card, "a")

@pytest.mark.parametrize("needle, name", [(b"ARM\x64", "bulkhead.img"),
                                          (b"keel.bin", "bundle.img")])
def test_damaged_slot_is_passed_over(card_board, card, needle, name):
    card.write(card.find("a", needle), b"X")
    assert f"slots: a: {name} is damaged" in _starts(card_board, card, "b")


def test_missing_slot_is_passed_over(card_board, card):
    """From then on the sector names the slot that runs: an update must leave it alone."""
    card.erase("a")
    assert "slots: a: bulkhead.img cannot be read" in _starts(card_board, card, "b")
    assert "slots: a:" not in _starts(card_board, card, "b")


def test_slot_on_trial_that_is_damaged_has_failed(card_board, card):
    card.state("b", trial=1)
    card.remove("b", "bundle.img")
    text = _starts(card_board, card, "a")
    assert "slots: b on trial, start 1 of 3" in text
    assert "slots: b: bundle.img cannot be read" in text
    assert "on trial" not in _starts(card_board, card, "a")


def test_no_slot_is_said(card_board, card):
    card.erase("a")
    card.erase("b")
    console = card_board(card.path).console
    console.expect(r"^slots: neither slot can be started")


def _tear(card, at, size):
    """The first bytes of the new sector, the rest of what was never written."""
    card.write(at + size, b"\xff" * (SECTOR - size))


@pytest.mark.parametrize("size", [1, 4, 200, SECTOR - 1])
def test_torn_state_is_taken_from_its_copy(card_board, card, size):
    card.state("b", trial=1)
    _tear(card, STATE_AT, size)
    assert "slots: b on trial, start 1 of 3" in _starts(card_board, card, "b")


@pytest.mark.lg_feature("card-log")
def test_torn_state_is_mended(card_board, card):
    """Else the next cut, in the copy, would leave neither."""
    card.state("b")
    _tear(card, STATE_AT, 200)
    _starts(card_board, card, "b")
    assert card.read(STATE_AT, SECTOR) == card.read(COPY_AT, SECTOR)


def test_torn_copy_is_not_looked_at(card_board, card):
    card.state("b")
    _tear(card, COPY_AT, 200)
    _starts(card_board, card, "b")


def test_no_state_starts_slot_a(card_board, card):
    card.state("b")
    for at in (STATE_AT, COPY_AT):
        _tear(card, at, 200)
    _starts(card_board, card, "a")


def test_confirmed_slot_stays(card_board, card):
    card.state("b")
    for _ in range(2):
        _starts(card_board, card, "b")


def test_trial_ends_at_the_limit(card_board, card):
    card.state("b", trial=1)
    for count in (1, 2, 3):
        assert f"slots: b on trial, start {count} of 3" in _starts(card_board, card, "b")
    assert "never confirmed: back to a" in _starts(card_board, card, "a")
    assert "never confirmed" not in _starts(card_board, card, "a")


def test_confirmed_slot_whose_linux_never_comes_up(card_board, card):
    """These slots have keel alone: nothing clears the count."""
    card.state("a", counted=1)
    for first, second in ("a", "b"), ("b", "a"):
        _starts(card_board, card, first)
        for count in (2, 3):
            assert f"slots: {first}: start {count} of 3 since its Linux was last up" in _starts(
                card_board, card, first)
        assert f"its Linux never came up: back to {second}" in _starts(card_board, card, second)
        card.state(second, counted=1)


@pytest.mark.parametrize("written", [0, 3, 7])
def test_power_cut_during_an_update(card_board, card, written):
    """Slot b is erased, then written again up to a sector in the middle of that.

    Even where the card had written the state sector first, against the order asked for.
    """
    at, size = card.partition("b")
    whole = card.read(at, size)
    end = max(i for i in range(0, size, SECTOR) if any(whole[i:i + SECTOR])) + SECTOR
    cut = end * written // 8 // SECTOR * SECTOR
    card.erase("b")
    card.write(at, whole[:cut])
    _starts(card_board, card, "a")
    card.state("b", trial=1)
    _starts(card_board, card, "a")
