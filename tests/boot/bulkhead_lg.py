# SPDX-License-Identifier: Apache-2.0
"""labgrid driver for the project's own runner: console and power of one QEMU.

The runner execs QEMU, so the process started here is QEMU itself and is ended by
its pid. A thread drains QEMU's output from the first byte on: a PL011 whose
reader sleeps blocks inside QEMU, and then nothing answers any more.
"""
import ctypes
import logging
import os
import shlex
import signal
import subprocess
import threading
import time

import attr
import pexpect
from labgrid.driver import Driver
from labgrid.driver.consoleexpectmixin import ConsoleExpectMixin
from labgrid.factory import target_factory
from labgrid.protocol import ConsoleProtocol, PowerProtocol

PR_SET_PDEATHSIG = 1
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Waits are for what never comes, not for what is slow: a slow machine raises this.
PATIENCE = float(os.environ.get("PATIENCE", "1"))


def _die_with_parent():
    """A killed pytest leaves no QEMU behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@target_factory.reg_driver
@attr.s(eq=False)
class BulkheadQEMUDriver(ConsoleExpectMixin, Driver, ConsoleProtocol, PowerProtocol):
    """runner: the program, from the top of the tree; limit: seconds that one boot may last."""

    runner = attr.ib(validator=attr.validators.instance_of(str))
    extra_args = attr.ib(default="", validator=attr.validators.instance_of(str))
    limit = attr.ib(default=900, validator=attr.validators.instance_of(int))
    txdelay = attr.ib(default=0.0, validator=attr.validators.instance_of(float))

    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self.logger = logging.getLogger(f"{self}")
        # What the next on() starts: the runner's variables and more options of QEMU's, or
        # another command.
        self.variables = {}
        self.more_args = ""
        self.command = None
        self._child = None
        self._drainer = None
        self._limit = None
        self._output = bytearray()
        self._arrived = threading.Condition()
        self._ended = True

    # -- power ---------------------------------------------------------------
    def on(self):
        if self._child is not None:
            return
        command = self.command or [os.path.join(TREE, self.runner), "--",
                                   *shlex.split(self.extra_args), *shlex.split(self.more_args)]
        self._output.clear()
        self._ended = False
        self._child = subprocess.Popen(
            command, cwd=TREE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0, preexec_fn=_die_with_parent,
            env={**os.environ, **{k: str(v) for k, v in self.variables.items()}})
        self._limit = threading.Timer(self.limit * PATIENCE, self._child.kill)
        self._limit.daemon = True
        self._limit.start()
        self._drainer = threading.Thread(target=self._drain, args=(self._child.stdout,),
                                         daemon=True)
        self._drainer.start()

    def off(self):
        if self._child is None:
            return
        self._limit.cancel()
        self._child.kill()
        self._child.wait()
        # Else the end of this machine would be taken for that of the next.
        self._drainer.join()
        self._child.stdin.close()
        self._child = None

    def cycle(self):
        self.off()
        self.on()

    def exited(self, timeout):
        """Whether the machine switched itself off within so many seconds; its status."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def on_deactivate(self):
        self.off()

    # -- console ---------------------------------------------------------------
    def _drain(self, stream):
        while True:
            data = os.read(stream.fileno(), 65536)
            with self._arrived:
                self._output += data
                self._ended = not data
                self._arrived.notify_all()
            if not data:
                stream.close()
                return

    def _read(self, size=1, timeout=0.0):
        end = time.monotonic() + timeout
        with self._arrived:
            while not self._output:
                if self._ended:
                    raise pexpect.EOF("the machine has ended")
                left = end - time.monotonic()
                if left <= 0:
                    raise pexpect.TIMEOUT(f"nothing in {timeout} s")
                self._arrived.wait(left)
            data = bytes(self._output[:size])
            del self._output[:size]
            return data

    def _write(self, data):
        self._child.stdin.write(data)
        return len(data)
