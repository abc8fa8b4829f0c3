# SPDX-License-Identifier: Apache-2.0
"""What is on the card, without booting it."""
import filecmp
import os
import re
import subprocess

import pytest
from bulkhead_lg import TREE
from card import RPI4

pytestmark = pytest.mark.lg_feature("card")

IMAGE = os.path.join(RPI4, "bulkhead-rpi4.img")
PARTITIONS = {"1": 1 << 20, "2, 3": 21 << 20}


def _files(start):
    listing = subprocess.run(["mdir", "-b", "-i", f"{IMAGE}@@{start}", "::/"], check=True, text=True,
                             capture_output=True).stdout
    return {re.sub(r"^licence-.*", "licence-*.txt", name) for name in re.findall(r"::/(.+)", listing)}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_readme_has_a_line_for_each_file(partition):
    """And for none that is not there."""
    with open(os.path.join(TREE, "platform/rpi4/README.md"), encoding="utf-8") as file:
        said = re.findall(rf"^\| {partition}: `([^`]+)` \|", file.read(), re.MULTILINE)
    assert set(said) == _files(PARTITIONS[partition])


def test_the_same_bytes_each_time(tmp_path):
    again = str(tmp_path / "card.img")
    subprocess.run(["platform/rpi4/mkcard", os.path.join(RPI4, "boot"), os.path.join(RPI4, "slot"),
                    os.path.join(RPI4, "images/disk.img"), again], cwd=TREE, check=True)
    assert filecmp.cmp(IMAGE, again, shallow=False)


def test_console_is_at_the_header_whatever_tf_a_names():
    """Pins 8 and 10 have the mini UART; TF-A makes serial0 the console, U-Boot takes that."""
    tree = os.path.join(RPI4, "board.dtb")
    said = [subprocess.run(["fdtget", tree, *what], check=True, text=True,
                           capture_output=True).stdout.strip()
            for what in (("/aliases", "serial0"), ("/chosen", "stdout-path"))]
    assert said == ["/soc/serial@7e215040", "serial0:115200n8"]
