# SPDX-License-Identifier: Apache-2.0
"""Updates of a running board, and power cuts in the middle of them.

The Linux guest makes an update by bulkhead-slot while QEMU records each write to the card.
Then each moment of that is played back: a card with the writes until then, and with the
next sector torn, must have a slot that starts by boot.cmd's rules.
"""
import contextlib
import itertools
import os
import shutil
import struct
import subprocess
import zlib

import pytest
import writelog
from bundle import BUILD, MAIN, make_bundle, resolve
from card import COPY_AT, PARTITION, RPI4, SECTOR, STATE_AT, Card, make_card, u_boot_image

pytestmark = pytest.mark.lg_feature("card-log")

FILES = ("bulkhead.img", "bundle.img")
OTHER = {"a": "b", "b": "a"}
HEADER = 64
# Where a cut in a sector leaves new bytes before it and old ones, or neither, after it.
TEARS = (1, 5, 30, 60, SECTOR - 1)  # of 4 bytes of checksum and 29 of settings


@pytest.fixture(scope="module")
def master():
    """Slots with keel alone; the Linux guest's root; the update's files on the first partition."""
    card = Card(make_card("update", make_bundle("dts/examples/keel-only.dts", "update"),
                          os.path.join(BUILD, "rpi4/images/disk.img")))
    new = make_bundle("dts/examples/two-keels.dts", "update-new")
    card.put(1, "bulkhead.img", os.path.join(RPI4, "slot/bulkhead.img"))
    card.put(1, "bundle.img", u_boot_image("ramdisk", new, card.path + ".new"))
    return card.path


class Update:
    """A card before, and the writes that an update of the slot `into` made to it."""

    def __init__(self, before, into, writes):
        self.before = before
        self.into = into
        self.writes = writes


def _linux(machine, facts, card, log=""):
    machine.start({"BOOT": "direct", "BUNDLE": resolve(MAIN, "", facts.main),
                   "CARD": card.path, "CARD_LOG": log})
    machine.console.linux_shell()
    return machine.console


@pytest.fixture(params=["a", "b"])
def update(request, machine, facts, master, tmp_path):
    """An update while this slot runs, made and recorded."""
    runs = request.param
    before = Card(shutil.copy(master, tmp_path / "before.img"))
    before.state(runs, counted=1)
    card = Card(shutil.copy(before.path, tmp_path / "card.img"))
    log = str(tmp_path / "writes")
    console = _linux(machine, facts, card, log)
    console.linux("mkdir -p /new && modprobe -a vfat nls_cp437 nls_ascii && "
                  "mount -r -t vfat /dev/mmcblk?p1 /new")
    said = console.linux("bulkhead-slot update /new/bulkhead.img /new/bundle.img", 300)
    assert said.endswith(f"slot {OTHER[runs]} is tried at the next start; then: bulkhead-slot good")
    machine.driver.off()
    return Update(before, OTHER[runs], writelog.read(log))


# -- boot.cmd's rules, once more ---------------------------------------------------
def _settings(card):
    """What the sector says, its copy, or neither."""
    for at in (STATE_AT, COPY_AT):
        data = card.read(at, SECTOR)
        if struct.unpack("<I", data[:4])[0] == zlib.crc32(data[4:]):
            return dict(word.split("=") for word in data[4:].decode().split("\0") if word)
    return {"slot": "a", "trial": "0"}


def _state(card):
    """(slot, trial)"""
    settings = _settings(card)
    return settings["slot"], settings["trial"] == "1"


def _is_whole(path):
    """iminfo's checks of an image."""
    data = path.read_bytes()
    if len(data) < HEADER:
        return False
    head = bytearray(data[:HEADER])
    magic, head_crc, _, size, _, _, crc = struct.unpack(">7I", head[:28])
    head[4:8] = bytes(4)
    body = data[HEADER:HEADER + size]
    return magic == 0x27051956 and zlib.crc32(head) == head_crc and len(body) == size and \
        zlib.crc32(body) == crc


def _slot_is_whole(card, slot, work):
    for name in FILES:
        out = work / name
        out.unlink(missing_ok=True)
        try:
            card.take(slot, name, out)
        except subprocess.CalledProcessError:
            return False  # mtools cannot read it: neither can U-Boot
        if not _is_whole(out):
            return False
    return True


def _where(card, offset):
    """The partition, or the sector of the state, that an offset lies in."""
    for number in (1, 2, 3, 4):
        start, size = card.partition(number)
        if start <= offset < start + size:
            return number
    # Linux writes the page of its cache, seven sectors more that nobody uses.
    return {STATE_AT: "state", COPY_AT: "copy"}[offset // 4096 * 4096]


class Replay:
    """The card at each moment of an update."""

    def __init__(self, update, work):
        self.card = Card(shutil.copy(update.before.path, work / "replay.img"))
        self.work = work
        self.changes = {slot: 0 for slot in PARTITION}
        self.verdicts = {}

    def _write(self, at, data):
        self.card.write(at, data)
        for slot, number in PARTITION.items():
            if _where(self.card, at) == number:
                self.changes[slot] += 1

    def write(self, at, data):
        self._write(at, data)

    @contextlib.contextmanager
    def torn(self, at, data, size):
        """The card with only so many bytes of a sector new, and what had been there behind."""
        old = self.card.read(at, len(data))
        self._write(at, data[:size] + bytes(b ^ 0xff for b in old[size:]))
        yield
        self._write(at, old)

    def is_whole(self, slot):
        """Looked at again only when something was written to it."""
        key = (slot, self.changes[slot])
        if key not in self.verdicts:
            self.verdicts[key] = _slot_is_whole(self.card, slot, self.work)
        return self.verdicts[key]

    def starts(self):
        """The slot that would be started, or None."""
        slot, _ = _state(self.card)
        return next((each for each in (slot, OTHER[slot]) if self.is_whole(each)), None)


def test_power_cut_at_each_sector_of_an_update(update, card_board, tmp_path):
    """Every sector, each torn too; then some of these moments are booted."""
    runs = OTHER[update.into]
    steps = [_where(update.before, at) for at, _ in update.writes]
    ours = [step for step in steps if step != 4]
    into = PARTITION[update.into]
    # The order that all rests on; the first partition and the slot that runs are not touched.
    assert [step for step, _ in itertools.groupby(ours)] == [into, "copy", "state"]
    assert all(len(data) == SECTOR for _, data in update.writes)

    replay = Replay(update, tmp_path)
    decided = steps.index("state")
    booted = {steps.index(into) + ours.count(into) // 2, steps.index("copy") - 1,
              steps.index("copy"), decided}
    for number, (at, data) in enumerate(update.writes):
        assert replay.starts() == (runs if number <= decided else update.into)
        for size in TEARS if steps[number] in ("copy", "state") else TEARS[2:3]:
            with replay.torn(at, data, size):
                # The state's sector torn: its copy says that the new slot is to be tried.
                expected = runs if number < decided else update.into
                assert replay.starts() == expected
                assert _state(replay.card) == (expected, expected != runs)
                if number in booted and size == TEARS[2]:
                    _boots(card_board, replay.card, expected, tmp_path)
        replay.write(at, data)
    assert replay.starts() == update.into
    text = _boots(card_board, replay.card, update.into, tmp_path, says=r"^\[right\] ")
    assert f"slots: {update.into} on trial, start 1 of 3" in text


def _boots(card_board, card, slot, work, says=""):
    """U-Boot itself is of the same mind; on a copy, since it counts on the card.

    says: before keel's line, who it is."""
    console = card_board(shutil.copy(card.path, work / "booted.img")).console
    console.expect(rf"^slots: starting {slot}$")
    console.expect(says + r"control: 1 kHz loop running$")
    return console.text


@pytest.mark.parametrize("before", [{"counted": 1, "bootcount": 2}, {}])
def test_linux_that_comes_up_says_so(machine, facts, master, tmp_path, before):
    """And once it did, starts are counted, whoever wrote the state before."""
    card = Card(shutil.copy(master, tmp_path / "card.img"))
    card.state("b", **before)
    assert _linux(machine, facts, card).linux("bulkhead-slot") == "slot b"
    machine.driver.off()
    assert _settings(card) == {"slot": "b", "trial": "0", "bootcount": "0", "counted": "1"}


def test_trial_and_mistakes_from_linux(machine, facts, master, tmp_path):
    card = Card(shutil.copy(master, tmp_path / "card.img"))
    card.state("b", trial=1, bootcount=2)
    console = _linux(machine, facts, card)
    assert console.linux("bulkhead-slot") == "slot b, on trial: start 2 of 3"
    status, said = console.run_linux("bulkhead-slot update /bin/sh /bin/sh")
    assert (status, said) == (1, "bulkhead-slot: slot b is on trial: bulkhead-slot good first")
    console.linux("bulkhead-slot good")
    assert console.linux("bulkhead-slot") == "slot b"
    status, said = console.run_linux("bulkhead-slot update /none /bin/sh")
    assert (status, said) == (1, "bulkhead-slot: /none cannot be read")
    status, said = console.run_linux("bulkhead-slot update /bin/sh /bin/sh")
    assert status == 1 and said == "bulkhead-slot: /bin/sh: not an image for a slot, or damaged"
    status, said = console.run_linux("bulkhead-slot upgrade")
    assert status == 1 and "usage: bulkhead-slot" in said
    machine.driver.off()
    assert _state(card) == ("b", False)
    assert _slot_is_whole(card, "a", tmp_path)
