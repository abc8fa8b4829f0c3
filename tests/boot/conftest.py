# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boot tests: `board` boots a configuration, on what --lg-env names."""
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bulkhead_lg  # noqa: E402,F401  (registers the drivers before the environment is read)
import desk_lg  # noqa: E402,F401
import bundle as bundles  # noqa: E402
from card import Card, make_card  # noqa: E402
from machine import facts_of, machine_of  # noqa: E402


def _environment(config):
    return os.path.basename(config.getoption("--lg-env")).removesuffix(".yaml")


def pytest_configure(config):
    """Boards are tested side by side: the files of each have a folder."""
    bundles.WORK = os.path.join(bundles.WORK, _environment(config))


def _features(mark):
    return [mark.args[0]] if isinstance(mark.args[0], str) else mark.args[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """labgrid looks at a test's closest lg_feature alone: this puts all of them into one."""
    for item in items:
        wanted = {f for mark in item.iter_markers("lg_feature") for f in _features(mark)}
        if wanted:
            item.add_marker(pytest.mark.lg_feature(sorted(wanted)), append=False)


@pytest.fixture
def facts(env):
    """What tests must know of the board."""
    return facts_of(env)


@pytest.fixture
def machine(env, target, request):
    """The machine itself, switched off when the test ends."""
    logs = os.path.join(bundles.BUILD, "test-logs", _environment(request.config))
    os.makedirs(logs, exist_ok=True)
    name = re.sub(r"[^\w.=-]+", "-", request.node.nodeid.split("/")[-1]).strip("-")
    machine_ = machine_of(env, target, lambda count: os.path.join(
        logs, name + (f".{count}" if count else "") + ".log"))
    yield machine_
    machine_.close()


@pytest.fixture
def board(machine, facts, request):
    """board(config, bundle=..., gic=, cpu=, boot=, smp=, mem=, disk=): boot a configuration.

    config is MAIN, a path or the source of one (bundle.config()). What a machine cannot
    choose it has: a test that depends on a choice has the feature's mark. qemu are more
    options of QEMU's, for tests of the feature qemu-gdbstub.
    """

    def boot(config=None, bundle=None, qemu="", **choices):
        name = re.sub(r"[^\w=-]+", "-", request.node.name).strip("-")
        if bundle is None:
            bundle = bundles.resolve(config, name, facts.main)
        machine.boot(bundle, {k.upper(): v for k, v in choices.items()}, qemu)
        return machine

    return boot


@pytest.fixture(scope="session")
def small_card():
    """The path of a card whose slots hold keel alone, so that U-Boot has read one in a moment."""
    return make_card("small", bundles.make_bundle("dts/examples/keel-only.dts", "small"))


@pytest.fixture
def card(small_card, tmp_path):
    """A Card of a test's own."""
    return Card(shutil.copy(small_card, tmp_path / "card.img"))


@pytest.fixture
def card_board(machine):
    """card_board(path): boot a card, by the boot loader that is on it."""

    def boot(path):
        machine.boot_card(path)
        return machine

    return boot
