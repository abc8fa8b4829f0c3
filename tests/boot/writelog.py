# SPDX-License-Identifier: Apache-2.0
"""What was written to a disk, in order: the log of QEMU's block filter blklogwrites.

The format is Linux's (Documentation/admin-guide/device-mapper/log-writes.rst).
"""
import struct

SECTOR = 512
ENTRY = struct.Struct("<QQQQ")
DISCARD = 1 << 2


def read(path):
    """[(offset in bytes, bytes)] of all writes, in the order in which the disk took them."""
    writes = []
    with open(path, "rb") as file:
        # The first sector counts the entries when QEMU ends in peace: the file's end is as good.
        at = SECTOR
        while True:
            file.seek(at)
            head = file.read(ENTRY.size)
            if len(head) < ENTRY.size:
                return writes
            first, count, flags, _ = ENTRY.unpack(head)
            at += SECTOR
            if count == 0:
                continue  # a flush
            assert not flags & DISCARD
            file.seek(at)
            data = file.read(count * SECTOR)
            if len(data) < count * SECTOR:
                return writes
            writes.append((first * SECTOR, data))
            at += count * SECTOR
