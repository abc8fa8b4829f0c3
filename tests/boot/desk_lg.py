# SPDX-License-Identifier: Apache-2.0
"""labgrid drivers for a board on a desk: serial port, power switch, a card written from here.

The strategy knows no hardware: it takes whichever of labgrid's drivers the environment
file names. What labgrid has no driver for is a command of the file's own.
"""
import shlex

import attr
import pexpect
from labgrid.driver import Driver
from labgrid.factory import target_factory
from labgrid.strategy import Strategy
from labgrid.util.helper import processwrapper


@target_factory.reg_driver
@attr.s(eq=False)
class ScriptMuxDriver(Driver):
    """The card's plug by commands: cmd_host gives it to this machine, cmd_dut to the board."""

    cmd_host = attr.ib(validator=attr.validators.instance_of(str))
    cmd_dut = attr.ib(validator=attr.validators.instance_of(str))

    @Driver.check_active
    def set_mode(self, mode):
        processwrapper.check_output(shlex.split({"host": self.cmd_host, "dut": self.cmd_dut}[mode]))


@target_factory.reg_driver
@attr.s(eq=False)
class ScriptStorageDriver(Driver):
    """The card's contents by a command: cmd_write, with the image's path put after it."""

    cmd_write = attr.ib(validator=attr.validators.instance_of(str))

    @Driver.check_active
    def write_image(self, filename):
        processwrapper.check_output([*shlex.split(self.cmd_write), filename])


@target_factory.reg_driver
@attr.s(eq=False)
class CardStrategy(Strategy):
    """Off, the card written, on. off_s: seconds without power until the board has forgotten."""

    bindings = {
        "power": "PowerProtocol",
        "console": "ConsoleProtocol",
        "storage": {"USBStorageDriver", "ScriptStorageDriver"},
        "mux": {"USBSDMuxDriver", "USBSDWireDriver", "ScriptMuxDriver", None},
    }
    off_s = attr.ib(default=1.0, validator=attr.validators.instance_of(float))

    def off(self):
        """No power; what the board had still printed is thrown away."""
        self.target.activate(self.power)
        self.power.off()
        self.target.activate(self.console)
        try:
            while True:
                self.console.read(size=65536, timeout=self.off_s)
        except pexpect.TIMEOUT:
            pass

    def write_card(self, path):
        """The board is off."""
        if self.mux:
            self.target.activate(self.mux)
            self.mux.set_mode("host")
        self.target.activate(self.storage)
        self.storage.write_image(str(path))
        if self.mux:
            self.mux.set_mode("dut")

    def on(self):
        self.power.on()
