# SPDX-License-Identifier: Apache-2.0
"""Cards with a file missing, cut short or of another kind: the other slot, and a clear line."""
import os

import pytest
from bundle import BUILD
from card import u_boot_image

pytestmark = pytest.mark.lg_feature("card")

FILES = {"bulkhead.img": "kernel", "bundle.img": "ramdisk"}


def _expect_start(console, slot):
    console.expect(rf"^slots: starting {slot}$")
    console.expect(r"^keel> ")


def _cut(card, tmp_path, name, how):
    """A slot's file, less than whole: its first bytes, or all but its last ones."""
    path = card.take("a", name, tmp_path / "cut")
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.truncate(how if how >= 0 else size + how)
    return path


@pytest.mark.parametrize("how", [0, 64, -1])
@pytest.mark.parametrize("name", FILES)
def test_file_cut_short(card_board, card, tmp_path, name, how):
    """Memory still holds the whole file from the start before: that does not make it whole."""
    console = card_board(card.path).console
    _expect_start(console, "a")
    card.put("a", name, _cut(card, tmp_path, name, how))
    console = card_board(card.path).console
    console.expect(rf"^slots: a: {name} (is damaged|cannot be read)$")
    _expect_start(console, "b")


@pytest.mark.parametrize("name", FILES)
def test_file_missing_in_both(card_board, card, name):
    for slot in "ab":
        card.remove(slot, name)
    console = card_board(card.path).console
    for slot in "ab":
        console.expect(rf"^slots: {slot}: {name} cannot be read$")
    console.expect(r"^slots: neither slot can be started: write the card again")


@pytest.mark.parametrize("name, said", [("bulkhead.img", "did not start"),
                                        ("bundle.img", "bundle.img holds no bundle")])
def test_sound_file_of_another_kind(card_board, card, tmp_path, name, said):
    """Its checksum is right, but what it holds is an ELF file."""
    other = u_boot_image(FILES[name], os.path.join(BUILD, "bare/keel.elf"), tmp_path / name)
    card.put("a", name, other)
    console = card_board(card.path).console
    console.expect(rf"^slots: a: {said}$")
    _expect_start(console, "b")


def test_each_slot_lacks_another_file(card_board, card):
    """Two halves are no whole: a file of one slot is not started with the other's."""
    card.remove("a", "bundle.img")
    card.remove("b", "bulkhead.img")
    console = card_board(card.path).console
    console.expect(r"^slots: a: bundle.img cannot be read$")
    console.expect(r"^slots: b: bulkhead.img cannot be read$")
    console.expect(r"^slots: neither slot can be started")
