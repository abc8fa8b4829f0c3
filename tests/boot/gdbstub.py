# SPDX-License-Identifier: Apache-2.0
"""QEMU from outside: its gdbstub reads what no guest sees, EL2's registers and all memory.

The machine is stopped while a Stub is open. Protocol: GDB manual, appendix E.
"""
import re
import socket
import time

from bulkhead_lg import PATIENCE


class Stub:
    """One debugger connection to a QEMU started with -gdb unix:PATH,server=on,wait=off."""

    def __init__(self, path, timeout=30):
        timeout *= PATIENCE
        end = time.monotonic() + timeout
        while True:
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                self._socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self._socket.settimeout(timeout)
        self._buffer = b""
        self._numbers = None
        self.ask("qSupported:xmlRegisters=aarch64")
        assert self.ask("Qqemu.PhyMemMode:1") == "OK", "QEMU's stub shows no physical memory"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        """Let the machine go on."""
        assert self.ask("D") == "OK"
        self._socket.close()

    # -- packets -------------------------------------------------------------------
    def _send(self, text):
        data = text.encode()
        self._socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def _byte(self):
        if not self._buffer:
            self._buffer = self._socket.recv(65536)
            if not self._buffer:
                raise ConnectionError("the machine has ended")
        byte, self._buffer = self._buffer[:1], self._buffer[1:]
        return byte

    def ask(self, text):
        """One packet and its answer."""
        self._send(text)
        while self._byte() != b"$":
            pass
        answer = bytearray()
        while (byte := self._byte()) != b"#":
            # an escaped byte follows; QEMU's stub never sends run lengths
            answer += bytes([self._byte()[0] ^ 0x20]) if byte == b"}" else byte
        self._byte()
        self._byte()
        self._socket.sendall(b"+")
        return answer.decode("latin-1")

    # -- registers and memory --------------------------------------------------------
    def cpus(self):
        """The stub's names of all CPUs, the first one first."""
        names, answer = [], self.ask("qfThreadInfo")
        while answer.startswith("m"):
            names += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        return names

    def _feature(self, name):
        text, more = "", True
        while more:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},800")
            text, more = text + part[1:], part[0] == "m"
        return text

    def _read_numbers(self):
        numbers, at = {}, 0
        target = self._feature("target.xml")
        for name in re.findall(r'<xi:include href="([^"]+)"', target):
            for tag in re.findall(r"<reg\s[^>]*>", self._feature(name)):
                fields = dict(re.findall(r'(\w+)="([^"]*)"', tag))
                at = int(fields.get("regnum", at))
                numbers[fields["name"]] = at
                at += 1
        return numbers

    def register(self, cpu, name):
        """A register of one CPU, by QEMU's name (VTTBR_EL2, pc, x0)."""
        if self._numbers is None:
            self._numbers = self._read_numbers()
        assert self.ask(f"Hg{cpu}") == "OK"
        answer = self.ask(f"p{self._numbers[name]:x}")
        return int.from_bytes(bytes.fromhex(answer), "little")

    def read(self, address, size):
        """Physical memory."""
        data = bytearray()
        while len(data) < size:
            part = self.ask(f"m{address + len(data):x},{min(size - len(data), 1024):x}")
            assert not part.startswith("E"), f"no memory at {address + len(data):#x}"
            data += bytes.fromhex(part)
        return bytes(data)

    def write(self, address, data):
        assert self.ask(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"
