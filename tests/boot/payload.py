# SPDX-License-Identifier: Apache-2.0
"""Reading a payload's verdict (tests/payloads)."""
import re

from console import guest_lines

# Skips that are no loss: the other GIC version's tests.
HARMLESS = re.compile(r"GICv[23]|always enabled|no SYSTEM_RESET2")


def expect_done(console, timeout=600, emulator_faults=()):
    """Wait for DONE; fail with each FAIL line. Returns (names passed, skip lines).

    emulator_faults: tests that the emulator alone may make fail here.
    """
    start = console.mark
    done = console.expect(r"DONE passed (\d+) failed (\d+) skipped (\d+)\s", timeout)
    text = guest_lines(console.text[start:done.end()])
    failed = re.findall(r"FAIL .*$", text, re.MULTILINE)
    passed = re.findall(r"PASS (\S+)", text)
    names = [line.split()[1].rstrip(":") for line in failed]
    assert set(names) <= set(emulator_faults), "\n".join(failed)
    assert int(done.group(2)) == len(names)
    assert len(passed) == int(done.group(1)) > 0
    return passed, re.findall(r"SKIP (.*)$", text, re.MULTILINE)
