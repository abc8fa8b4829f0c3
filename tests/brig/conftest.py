# SPDX-License-Identifier: Apache-2.0
"""Fixtures of brig's behaviour tests: a bundle with busybox, and brig itself."""
import json
import os
import shutil
import subprocess
import time
import uuid

import pytest

BRIG = os.environ.get("BRIG", "build/brig/host/brig")
UNIFIED = next((p for p in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
                if os.path.exists(p + "/cgroup.procs")), None)


def pytest_collection_modifyitems(items):
    for item in items:
        if os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root, to make namespaces and mounts"))
        if "controllers" in item.keywords and not (
                UNIFIED and open(UNIFIED + "/cgroup.controllers", encoding="ascii").read().strip()):
            item.add_marker(pytest.mark.skip(
                reason="needs cgroup version 2 with its controllers; runs in the guest"))
        if "cgroup2" in item.keywords and not UNIFIED:
            item.add_marker(pytest.mark.skip(reason="needs a cgroup version 2 hierarchy"))


def pytest_configure(config):
    config.addinivalue_line("markers", "cgroup2: needs a hierarchy of version 2")
    config.addinivalue_line("markers", "controllers: needs its controllers too")


def wait_until(condition, what):
    """Poll: what is waited for is an event of the kernel's, which has no other sign."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def inherit(bundle, *types):
    """Take these kinds of namespace out of a bundle, and what would be the host's with them."""
    linux = bundle.config["linux"]
    linux["namespaces"] = [ns for ns in linux["namespaces"] if ns["type"] not in types]
    if "uts" in types:
        del bundle.config["hostname"]


class Bundle:
    """A bundle and the containers made of it; all of them go at the end."""

    def __init__(self, path):
        self.path = str(path)
        self.root = self.path + "/state"
        self.rootfs = self.path + "/rootfs"
        self.id = "t" + uuid.uuid4().hex[:12]
        os.makedirs(self.rootfs + "/bin")
        for folder in ("etc", "tmp", "proc", "dev", "sys"):
            os.makedirs(f"{self.rootfs}/{folder}")
        shutil.copy("/bin/busybox", self.rootfs + "/bin/busybox")
        for name in ("sh", "cat", "ls", "sleep", "id", "mount", "grep", "stat", "readlink"):
            os.symlink("busybox", f"{self.rootfs}/bin/{name}")
        subprocess.run([BRIG, "spec", "-b", self.path], check=True, timeout=30)
        with open(self.path + "/config.json", encoding="utf-8") as file:
            self.config = json.load(file)
        self.config["process"]["terminal"] = False
        self.config["root"]["readonly"] = False

    def write(self):
        with open(self.path + "/config.json", "w", encoding="utf-8") as file:
            json.dump(self.config, file)

    def brig(self, *args, runtime=BRIG, **kw):
        kw.setdefault("timeout", 60)
        kw.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([runtime, "--root", self.root, *args], capture_output=True,
                              text=True, check=False, cwd=self.path, **kw)

    def silent(self, *args, runtime=BRIG, **kw):
        """brig, with a container that keeps its output: no pipe, whose end would never come."""
        return subprocess.run([runtime, "--root", self.root, *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False, cwd=self.path, timeout=60, **kw).returncode

    def python(self, text):
        """A command for the host's Python, seen read-only in the container."""
        seen = [mount["destination"] for mount in self.config["mounts"]]
        self.config["mounts"] += [
            {"destination": f"/{name}", "type": "bind", "source": f"/{name}",
             "options": ["rbind", "ro"]}
            for name in ("usr", "lib", "lib64") if f"/{name}" not in seen]
        return ["/usr/bin/python3", "-I", "-c", text]

    def run(self, *command, runtime=BRIG, **kw):
        """Run a command to its end in a new container."""
        self.config["process"]["args"] = list(command)
        self.write()
        return self.brig("run", "-b", self.path, self.id, runtime=runtime, **kw)

    def shell(self, script, **kw):
        done = self.run("/bin/sh", "-c", script, **kw)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command):
        """Start one that runs on in the background."""
        self.config["process"]["args"] = list(command)
        self.write()
        assert self.silent("create", "-b", self.path, self.id) == 0
        assert self.brig("start", self.id).returncode == 0

    def state(self):
        done = self.brig("state", self.id)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def processes(self):
        """All that has the bundle's path or the container's name in its command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    text = file.read().decode(errors="replace")
            except OSError:
                continue
            if self.path in text or self.id in text:
                found.append((pid, text))
        return found


@pytest.fixture
def bundle(tmp_path):
    made = Bundle(tmp_path)
    yield made
    for name in os.listdir(made.root) if os.path.isdir(made.root) else []:
        made.brig("delete", "-f", name)
    left = os.listdir(made.root) if os.path.isdir(made.root) else []
    assert left == []
    if UNIFIED:
        assert not os.path.exists(f"{UNIFIED}/{made.id}")
