# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boot tests: `board` boots a configuration, on what --lg-env names."""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bulkhead_lg  # noqa: E402  (registers the driver before the environment is read)
import bundle as bundles  # noqa: E402
from console import Console  # noqa: E402

LOGS = os.path.join(bundles.BUILD, "test-logs")


class Board:
    """A machine that runs: its console and its power."""

    def __init__(self, power, console):
        self.power = power
        self.console = console

    def ended(self, timeout=60):
        """Whether the machine switched itself off; takes what it printed until then."""
        while self.console.poll(0.1) and timeout > 0:
            timeout -= 0.1
        return self.power.exited(max(timeout, 5)) is not None


def _log_path(request, count):
    os.makedirs(LOGS, exist_ok=True)
    name = re.sub(r"[^\w.=-]+", "-", request.node.nodeid.split("/")[-1]).strip("-")
    return os.path.join(LOGS, name + (f".{count}" if count else "") + ".log")


@pytest.fixture
def start(target, request):
    """start(variables, command=None): switch the machine on with these; ends with the test."""
    driver = target.get_driver("ConsoleProtocol", activate=False)
    started = []

    def switch_on(variables, command=None, more=""):
        if hasattr(driver, "variables"):
            driver.variables = variables
            driver.command = command
            driver.more_args = more
        for earlier in started:
            earlier.console.close()
        target.activate(driver)
        driver.off()
        board_ = Board(driver, Console(driver, _log_path(request, len(started))))
        driver.on()
        started.append(board_)
        return board_

    yield switch_on
    if started:
        started[-1].console.close()
        driver.off()


@pytest.fixture
def board(start, request):
    """board(config, gic=3, cpu=..., boot=..., smp=..., bundle=...): boot a configuration.

    config is a path (dts/qemu-virt.dts) or the source of one (bundle.config()); qemu are
    more options, for tests of the feature qemu-gdbstub.
    """

    def boot(config=None, gic=3, cpu="cortex-a53", boot="direct", smp=4, mem="2G", bundle=None,
             disk=None, qemu=""):
        name = re.sub(r"[^\w=-]+", "-", request.node.name).strip("-")
        if bundle is None:
            if "\n" in config:
                config = bundles.write_config(config, name)
            bundle = bundles.make_bundle(config, name)
        variables = {"GIC": gic, "CPU": cpu, "BOOT": boot, "SMP": smp, "MEM": mem,
                     "BUNDLE": bundle}
        if disk:
            variables["DISK"] = disk
        return start(variables, more=qemu)

    return boot
