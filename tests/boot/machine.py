# SPDX-License-Identifier: Apache-2.0
"""The machine under test: an emulator started anew each time, or a board on a desk.

The labgrid environment says which. Tests see boot(), boot_card() and the facts of the board.
"""
import os
import time

import bundle as bundles
from bulkhead_lg import PATIENCE
from card import make_card
from console import Console


class Facts:
    """What tests must know of a board beyond its features.

    main:    the configuration and the bundle that a user boots: Linux with keel beside it
    root:    Linux's root device there
    chain:   the runner's BOOT that leaves out nothing that a user's machine has
    outside: addresses that a VM with 0x40000000+0x1000000 alone may not reach
    image:   16 MiB with the hypervisor in them; ram: 16 MiB that are free
    disk_mib: what its disk can write and read in a test's time
    uart, intc, dma: of the device tree: the console, the interrupt controller, one with DMA
    loaded:  where QEMU's -kernel puts an Image with text_offset 0
    linux_ram, linux_pages: what the main configuration gives Linux; gicv: what a GICv2 has
    tree:    what make builds of the board's tree, for the desk
    """

    def __init__(self, **facts):
        self.__dict__.update(facts)


FACTS = {
    "qemu-virt": Facts(
        main=("dts/qemu-virt.dts", None), root="/dev/vda", chain="uboot",
        # PCI's window, the hypervisor's image, Linux's and no one's RAM, nothing, nothing.
        outside=["0x20000000", "0x48000000", "0x60000000", "0xb0000000", "0x3000000000",
                 "0x7000000000"],
        loaded=0x40200000, linux_ram=(0x60000000, 0x30000000), linux_pages=[0x0a003000],
        gicv=0x08040000,
        image=0x40000000, ram=0x60000000, disk_mib=16, tree="build/qemu-virt/board.dtb",
        uart="/pl011@9000000", intc="/intc@8000000", dma="/virtio_mmio@a003e00"),
    "rpi4": Facts(
        main=("dts/rpi4.dts", "build/rpi4/bulkhead.itb"), root="/dev/mmcblk.p4",
        chain="firmware",
        # RAM of Linux and of no one, VideoCore's, mailbox, UARTs, interrupt controller.
        outside=["0x10000000", "0x30000000", "0x3f000000", "0xfe00b000", "0xfe201000",
                 "0xff841000"],
        loaded=0x00200000, linux_ram=(0x10000000, 0x20000000),
        linux_pages=[0xfe300000, 0xfe340000, *range(0xfe980000, 0xfe990000, 0x1000)],
        gicv=0xff846000,
        image=0x00200000, ram=0x20000000, disk_mib=1, tree="build/rpi4/emulated.dtb",
        uart="/soc/serial@7e201000", intc="/soc/interrupt-controller@40041000",
        dma="/soc/mmc@7e300000"),
}


class Machine:
    """What both kinds have in common. log_path(count): where the count-th boot's text goes."""

    def __init__(self, target, log_path):
        self.target = target
        self.log_path = log_path
        self.boots = 0
        self.console = None

    def new_console(self, protocol):
        self.close_console()
        self.console = Console(protocol, self.log_path(self.boots))
        self.boots += 1
        return self.console

    def close_console(self):
        if self.console:
            self.console.close()
            self.console = None


class Emulator(Machine):
    """A runner of the project's; its variables are its choices."""

    def __init__(self, target, log_path):
        super().__init__(target, log_path)
        self.driver = target.get_driver("BulkheadQEMUDriver", activate=False)

    def start(self, variables, command=None, more=""):
        """Switch it on with these; command: another program in the runner's place."""
        self.close_console()
        self.target.activate(self.driver)
        self.driver.off()
        self.driver.variables = variables
        self.driver.command = command
        self.driver.more_args = more
        self.new_console(self.driver)
        self.driver.on()

    def boot(self, bundle, choices, more):
        self.start({"BOOT": "direct", "BUNDLE": bundle} | choices, more=more)

    def boot_card(self, path):
        """The card is written for real."""
        self.start({"BOOT": "uboot", "CARD": path})

    def ended(self, timeout=120):
        """Whether the machine switched itself off; takes what it printed until then."""
        end = time.monotonic() + timeout * PATIENCE
        while self.console.poll(0.1) and time.monotonic() < end:
            pass
        return self.driver.exited(max(end - time.monotonic(), 5)) is not None

    def close(self):
        self.close_console()
        if self.boots:
            self.driver.off()


class Desk(Machine):
    """Serial port, power switch and card of one board: CardStrategy's drivers."""

    def __init__(self, target, log_path):
        super().__init__(target, log_path)
        self.strategy = target.get_driver("CardStrategy", activate=False)
        self.written = None

    def boot(self, bundle, _choices, _more):
        """The board takes its bundle from a card, and has none of an emulator's choices."""
        name = os.path.basename(bundle).removesuffix(".itb")
        if bundle == os.path.join(bundles.BUILD, "rpi4/bulkhead.itb"):
            self.boot_card(os.path.join(bundles.BUILD, "rpi4/bulkhead-rpi4.img"))
        else:
            self.boot_card(make_card(name, bundle))

    def boot_card(self, path):
        """Write the card if it is not what was written to it in this test; then switch on."""
        self.close_console()
        self.strategy.off()
        card = (path, os.stat(path).st_mtime_ns)
        if card != self.written:
            self.strategy.write_card(path)
            self.written = card
        self.new_console(self.strategy.console)
        self.strategy.on()

    def close(self):
        self.close_console()
        if self.boots:
            self.strategy.off()


def machine_of(env, target, log_path):
    """The machine that the environment names."""
    kind = Emulator if env.config.get_option("machine") == "emulator" else Desk
    return kind(target, log_path)


def facts_of(env):
    return FACTS[env.config.get_option("board")]
