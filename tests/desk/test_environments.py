# SPDX-License-Identifier: Apache-2.0
"""The labgrid environments of the boot tests: each has what it says, and the words agree."""
import pathlib
import re
import sys

import pytest
from labgrid import Environment

BOOT = pathlib.Path("tests/boot")
ENVIRONMENTS = sorted(BOOT.glob("env/*.yaml"))

sys.path.insert(0, str(BOOT))

import bulkhead_lg  # noqa: E402,F401  (registers the drivers)
import desk_lg  # noqa: E402,F401
from machine import FACTS  # noqa: E402


def _load(path):
    return Environment(str(path))


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_drivers_find_what_they_need(path):
    """labgrid binds a driver to its resources when it reads the file, and fails if it cannot."""
    env = _load(path)
    target = env.get_target()
    driver = {"emulator": "BulkheadQEMUDriver", "desk": "CardStrategy"}[
        env.config.get_option("machine")]
    assert target.get_driver(driver, activate=False)
    assert env.config.get_option("board") in FACTS


@pytest.mark.parametrize("switched", [
    ("NetworkPower", "USBPower"), ("USBSDMuxD", "USBSDWireD")], ids=["usb-hub", "sdwire"])
def test_alternatives_of_a_real_board_are_right_too(switched, tmp_path):
    """What is commented out in rpi4-board.yaml, in place of what it stands beside."""
    text = (BOOT / "env/rpi4-board.yaml").read_text()
    out, into = switched
    text = re.sub(rf"^( +)({out}\w*:(?:.*\n)(?:\1 .*\n|\n(?=\1 ))*)", "", text, flags=re.MULTILINE)
    lines, uncomment = [], False
    for line in text.splitlines():
        if re.match(rf" +# {into}\w*:", line):
            uncomment = True
        elif not line.lstrip().startswith("#  "):
            uncomment = False
        lines.append(line.replace("# ", "", 1) if uncomment else line)
    path = tmp_path / "my-board.yaml"
    path.write_text("\n".join(lines))
    names = [type(driver).__name__ for driver in _load(path).get_target().drivers]
    assert [name for name in names if name.startswith(into)]
    assert not [name for name in names if name.startswith(out)]
    assert "CardStrategy" in names


def test_features_of_tests_and_of_environments_are_the_same_words():
    """A mark that no environment can have would skip its test everywhere, unseen."""
    wanted = set()
    for path in BOOT.glob("*.py"):
        for mark in re.findall(r"lg_feature\((.*?)\)", path.read_text()):
            wanted |= set(re.findall(r'"([\w-]+)"', mark))
    had = set().union(*(_load(path).get_features() for path in ENVIRONMENTS))
    assert wanted == had
