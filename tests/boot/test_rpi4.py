# SPDX-License-Identifier: Apache-2.0
"""Raspberry Pi 4: the card as it is made, started by its own boot loader."""
import os

import pytest
from bundle import BUILD

pytestmark = pytest.mark.lg_feature("card")


def test_card_boots_linux_and_keel(card_board):
    console = card_board(os.path.join(BUILD, "rpi4/bulkhead-rpi4.img")).console
    console.expect(r"slots: starting a", 600)
    console.linux_shell(300)
    assert console.linux("nproc") == "3"
    assert console.linux("grep -c '^/dev/mmcblk.p4 / ext4' /proc/mounts") == "1"
    assert console.linux("bulkhead-slot") == "slot a"
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    assert "periods" in console.keel("loop")
