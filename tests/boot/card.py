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
# The state, and its copy, which is written first and read last (platform/rpi4/boot.cmd).
STATE_AT, COPY_AT = 0x40 * SECTOR, 0x400 * SECTOR
PARTITION = {"a": 2, "b": 3}


def u_boot_image(kind, data, out):
    """The file that a slot has of data: kind is kernel or ramdisk."""
    subprocess.run(["mkimage", "-A", "arm64", "-O", "linux", "-T", kind, "-C", "none",
                    "-d", data, out], check=True, stdout=subprocess.DEVNULL)
    return out


def make_card(name, itb, root=None):
    """A card with this bundle in both slots; root: the Linux guest's disk, else it has none."""
    work = os.path.join(bundles.WORK, name + ".card")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "slot"))
    shutil.copy(os.path.join(RPI4, "slot/bulkhead.img"), os.path.join(work, "slot"))
    u_boot_image("ramdisk", itb, os.path.join(work, "slot/bundle.img"))
    if not root:
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
        """(start, size) in bytes of a slot or of any partition, by the partition table."""
        with open(self.path, "rb") as f:
            f.seek(446 + 16 * (PARTITION.get(slot, slot) - 1) + 8)
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

    def state(self, slot, trial=0, bootcount=0, counted=0):
        """The sector that says what is started, as bulkhead-slot writes it."""
        body = (f"bootcount={bootcount}\0counted={counted}\0slot={slot}\0trial={trial}\0\0"
                ).encode()
        body = body.ljust(SECTOR - 4, b"\0")
        for at in (COPY_AT, STATE_AT):
            self.write(at, struct.pack("<I", zlib.crc32(body)) + body)

    def _mtools(self, command, slot, *arguments):
        start, _ = self.partition(slot)
        subprocess.run([command, "-i", f"{self.path}@@{start}", *arguments], check=True,
                       env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})

    def put(self, slot, name, path):
        """Put a file into a slot, or in the place of the one there."""
        self._mtools("mcopy", slot, "-o", path, f"::{name}")

    def remove(self, slot, name):
        self._mtools("mdel", slot, f"::{name}")

    def take(self, slot, name, path):
        """A copy of a slot's file."""
        self._mtools("mcopy", slot, "-n", f"::{name}", path)
        return path

    def erase(self, slot):
        start, size = self.partition(slot)
        self.write(start, bytes(size))
