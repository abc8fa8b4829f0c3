# SPDX-License-Identifier: Apache-2.0
"""Cards of the Raspberry Pi 4: made as `make sdcard` makes them, then spoiled."""
import os
import shutil
import struct
import subprocess
import zlib

import bundle as bundles
from bulkhead_lg import TREE

RPI4 = os.path.join(bundles.BUILD, "rpi4")
SECTOR = 512
STATE_AT = 0x40 * SECTOR
PARTITION = {"a": 2, "b": 3}


def make_card(name, itb):
    """A card with this bundle in both slots, and nothing for Linux."""
    work = os.path.join(bundles.WORK, name + ".card")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "slot"))
    shutil.copy(os.path.join(RPI4, "slot/bulkhead.img"), os.path.join(work, "slot"))
    subprocess.run(["mkimage", "-A", "arm64", "-O", "linux", "-T", "ramdisk", "-C", "none",
                    "-d", itb, os.path.join(work, "slot/bundle.img")],
                   check=True, stdout=subprocess.DEVNULL)
    root = os.path.join(work, "root.img")
    with open(root, "wb") as f:
        f.truncate(1 << 20)
    path = os.path.join(work, "card.img")
    subprocess.run(["platform/rpi4/mkcard", os.path.join(RPI4, "boot"),
                    os.path.join(work, "slot"), root, path], cwd=TREE, check=True)
    return path


class Card:
    """The bytes of a card image."""

    def __init__(self, path):
        self.path = path

    def partition(self, slot):
        """(start, size) in bytes, by the partition table."""
        with open(self.path, "rb") as f:
            f.seek(446 + 16 * (PARTITION[slot] - 1) + 8)
            start, count = struct.unpack("<II", f.read(8))
        return start * SECTOR, count * SECTOR

    def write(self, at, data):
        with open(self.path, "r+b") as f:
            f.seek(at)
            f.write(data)

    def read(self, at, size):
        with open(self.path, "rb") as f:
            f.seek(at)
            return f.read(size)

    def find(self, slot, needle):
        """Where in the card the needle lies first, in that slot."""
        start, size = self.partition(slot)
        return start + self.read(start, size).index(needle)

    def state(self, slot, trial=0, bootcount=0):
        """The sector that says what is started, as bulkhead-slot writes it."""
        body = f"bootcount={bootcount}\0slot={slot}\0trial={trial}\0\0".encode()
        body = body.ljust(SECTOR - 4, b"\0")
        self.write(STATE_AT, struct.pack("<I", zlib.crc32(body)) + body)

    def erase(self, slot):
        start, size = self.partition(slot)
        self.write(start, bytes(size))
