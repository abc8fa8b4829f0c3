# SPDX-License-Identifier: Apache-2.0
"""Bundles as in tests/brig, in a machine where systemd is who makes cgroups."""
import importlib.util
import os
import shutil
import subprocess

import pytest

SPEC = importlib.util.spec_from_file_location(
    "brig_bundle", os.path.join(os.path.dirname(__file__), "../brig/conftest.py"))
brig_bundle = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(brig_bundle)
BRIG, wait_until = brig_bundle.BRIG, brig_bundle.wait_until
MOUNT = "/sys/fs/cgroup"


def pytest_collection_modifyitems(items):
    here = os.path.isdir("/run/systemd/system") and os.path.exists(MOUNT + "/cgroup.controllers")
    for item in items:
        if not here or os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root, systemd and cgroup version 2 alone"))


class ScopeBundle(brig_bundle.Bundle):
    """Its container is in the scope `pre-ID.scope` of a slice; any runtime can run it."""

    def __init__(self, path, runtime=BRIG):
        super().__init__(path)
        self.runtime = runtime
        self.config["ociVersion"] = "1.0.2"  # crun 1.8.1 knows no later one
        self.config["linux"]["resources"] = {}
        self.place("system.slice")

    def place(self, slice_name, prefix="pre"):
        self.config["linux"]["cgroupsPath"] = f"{slice_name}:{prefix}:{self.id}"
        self.scope = f"{prefix}-{self.id}.scope"

    def brig(self, *args, runtime=None, **kw):
        return super().brig("--systemd-cgroup", *args, runtime=runtime or self.runtime, **kw)

    def silent(self, *args, runtime=None, **kw):
        return super().silent("--systemd-cgroup", *args, runtime=runtime or self.runtime, **kw)

    def group(self):
        return MOUNT + show(self.scope, "ControlGroup")

    def file(self, name):
        with open(f"{self.group()}/{name}", encoding="ascii") as file:
            return file.read().strip()

    def limit(self, **resources):
        self.config["linux"]["resources"].update(resources)


def show(unit, *names):
    """Properties of a unit: the one that was asked for, or all as a tuple."""
    done = subprocess.run(["systemctl", "show", unit, *(f"-p{name}" for name in names)], check=True,
                          capture_output=True, text=True, timeout=60)
    values = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return values[names[0]] if len(names) == 1 else tuple(values[name] for name in names)


def is_loaded(unit):
    return show(unit, "LoadState") != "not-found"


def gone(bundle):
    """Neither systemd nor the kernel knows the container any more."""
    return not is_loaded(bundle.scope) and not [
        path for path, _, _ in os.walk(MOUNT) if path.endswith("/" + bundle.scope)]


@pytest.fixture
def bundle(tmp_path):
    made = ScopeBundle(tmp_path)
    yield made
    for name in os.listdir(made.root) if os.path.isdir(made.root) else []:
        made.brig("delete", "-f", name)
    wait_until(lambda: gone(made), made.scope + " is left")


@pytest.fixture(params=["brig", "runc"])
def any_bundle(request, tmp_path):
    """brig, and what runc does in its place: a test that both pass asks nothing odd."""
    made = ScopeBundle(tmp_path, BRIG if request.param == "brig" else shutil.which(request.param))
    yield made
    for name in os.listdir(made.root) if os.path.isdir(made.root) else []:
        made.brig("delete", "-f", name)
    wait_until(lambda: gone(made), made.scope + " is left")
