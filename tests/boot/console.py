# SPDX-License-Identifier: Apache-2.0
"""The one console of a board: waits, the switch between VMs, commands in guests."""
import itertools
import re
import time

import pexpect
from bulkhead_lg import PATIENCE

ESCAPE = "\x1d"


def guest_lines(text):
    """
    What a guest printed, without the hypervisor's lines. A line that one of those broke into is
    shown again from its start (core/console.h): its first showing goes, too.
    """
    whole = re.sub(r"^(.+)\n((?:bulkhead: .*\n)+)(?=\1)", r"\2", text, flags=re.MULTILINE)
    return "\n".join(line for line in whole.split("\n") if not line.startswith("bulkhead: "))


class Missing(AssertionError):
    """What was waited for did not come."""


class Console:
    """Any labgrid ConsoleProtocol. All that was ever read is in .text, CRs taken out."""

    def __init__(self, protocol, log_path):
        self._protocol = protocol
        self._log = open(log_path, "wb")
        self._serial = itertools.count()
        self.log_path = log_path
        self.text = ""
        self.mark = 0  # where the next expect() begins to look

    # -- reading and writing ------------------------------------------------------
    def poll(self, timeout=0.1):
        """Take what there is; False once the machine has ended."""
        try:
            data = self._protocol.read(size=65536, timeout=timeout)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self._log.write(data)
        self._log.flush()
        self.text += data.decode("utf-8", "replace").replace("\r", "").replace("\0", "")
        return True

    def close(self):
        size = -1
        while size != len(self.text) and self.poll(0.1):
            size = len(self.text)
        self._log.close()

    def send(self, text, chunk=8, pause=0.01):
        """Slowly enough for a UART with a 16-byte FIFO and a guest that polls."""
        for at in range(0, len(text), chunk):
            self._protocol.write(text[at:at + chunk].encode())
            self.poll(pause)

    # -- waiting --------------------------------------------------------------------
    def expect(self, pattern, timeout=120):
        """Wait for a regular expression (multi-line); returns the match."""
        end = time.monotonic() + timeout * PATIENCE
        compiled = re.compile(pattern, re.MULTILINE)
        while True:
            match = compiled.search(self.text, self.mark)
            if match:
                self.mark = match.end()
                return match
            if time.monotonic() > end:
                raise Missing(f"no {pattern!r} in {timeout} s; see {self.log_path}, last:\n"
                              + self.text[-1500:])
            if not self.poll():
                match = compiled.search(self.text, self.mark)
                if match:
                    self.mark = match.end()
                    return match
                raise Missing(f"the machine ended before {pattern!r}; see {self.log_path}, "
                              "last:\n" + self.text[-1500:])

    def expect_all(self, *patterns):
        """The same for several that come in any order, as what different CPUs say."""
        start, ends = self.mark, []
        for pattern in patterns:
            self.mark = start
            self.expect(pattern)
            ends.append(self.mark)
        self.mark = max(ends)

    def watch(self, seconds):
        """Take what comes for so long; returns it."""
        start = len(self.text)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.poll(0.1):
            pass
        return self.text[start:]

    def log_lines(self):
        """The hypervisor's own lines so far. For diagnosis and for what only it can know."""
        return re.findall(r"^bulkhead: (.*)$", self.text, re.MULTILINE)

    # -- the switch --------------------------------------------------------------------
    def attach(self, name):
        """Press the key until this VM's console is shown ("hypervisor", "all": the others)."""
        for _ in range(20):
            self.mark = len(self.text)
            self.send(ESCAPE)
            shown = self.expect(r"--- console: (\S+) ---\n").group(1)
            if shown == name:
                return
        raise Missing(f"there is no console {name!r}")

    # -- guests --------------------------------------------------------------------------
    def linux_shell(self, timeout=300):
        """Wait for the Linux guest's prompt."""
        self.expect(r"linux: ready", timeout)
        self.expect(r"linux:\S*# ")

    def run_linux(self, command, timeout=180):
        """A shell command in Linux: (exit status, output without the hypervisor's lines)."""
        tag = f"@{next(self._serial)}@"
        start = self.mark = len(self.text)
        # What is typed is echoed, twice when the prompt comes late, and drawn again when it is
        # longer than a line. So the output says itself where it begins and where it ends; both
        # tags are split in what is typed, so that no echo matches.
        half = f'echo "{tag[:1]}""{tag[1:]}'
        self.send(f'{half}<"; {command}; {half}:$?:"\n')
        self.expect(f"{tag}:\\d+:", timeout)
        # A line of the hypervisor's may have broken into either tag.
        said = guest_lines(self.text[start:self.mark])
        match = re.search(f"{tag}<(.*){tag}:(\\d+):", said, re.DOTALL)
        return int(match.group(2)), match.group(1).strip("\n")

    def linux(self, command, timeout=180):
        """The output of a command that must succeed."""
        status, output = self.run_linux(command, timeout)
        assert status == 0, f"{command!r} ended with {status}:\n{output}"
        return output

    def keel(self, command, timeout=120):
        """The output of one of keel's shell commands."""
        start = self.text.rfind("\n") + 1
        self.mark = len(self.text)
        # An empty one behind it: its line is no other's that is shown again (guest_lines).
        self.send(command + "\r\r")
        self.expect(rf"{re.escape(command)}\n", timeout)
        self.expect(r"^keel> \n(?:.*\n)*?keel> ", timeout)
        said = guest_lines(self.text[start:self.mark])
        return re.search(rf"^keel> {re.escape(command)}\n(.*?)^keel> ", said,
                         re.MULTILINE | re.DOTALL).group(1).strip("\n")

    def canary(self, timeout=120):
        """Ask the attached canary; returns (state, sweeps, beats, bad)."""
        self.mark = len(self.text)
        self.send("?")
        m = self.expect(r"CANARY (ok|BAD) (\d+) beats (\d+) late (\d+) bad (\d+)\s", timeout)
        return m.group(1), int(m.group(2)), int(m.group(3)), int(m.group(5))

    def canary_goes_on(self):
        """Ask it until it has swept its memory once more and its timer has beaten."""
        first = now = self.canary()
        end = time.monotonic() + 120 * PATIENCE
        while now[0] == "ok" and (now[1] == first[1] or now[2] == first[2]):
            if time.monotonic() > end:
                raise Missing(f"the canary stands still: {now}; see {self.log_path}")
            self.watch(0.1)
            now = self.canary()
        return now[0] == "ok"
