# SPDX-License-Identifier: Apache-2.0
"""A store of its own for each test; what the host lacks skips by name."""
import ctypes
import os
import shutil
import subprocess

import pytest

import images

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ENGINE = os.environ.get("ENGINE", os.path.join(TOP, "build/engine/host/brig-engine"))
RUNTIME = os.environ.get("BRIG_RUNTIME", os.path.join(TOP, "build/brig/host/brig"))


class Engine:
    def __init__(self, folder):
        self.store = os.path.join(folder, "store")
        self.env = dict(os.environ, BRIG_STORE=self.store, BRIG_RUN=os.path.join(folder, "run"),
                        BRIG_RUNTIME=RUNTIME, BRIG_SEED="/nonexistent")

    def __call__(self, *words, stdin=None, check=True, timeout=120):
        done = subprocess.run([ENGINE, *words], env=self.env, input=stdin, text=True, check=False,
                              timeout=timeout, capture_output=True)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def out(self, *words, **more):
        return self(*words, **more).stdout.strip()

    def fails(self, *words, because):
        done = self(*words, check=False)
        assert done.returncode != 0, done.stdout
        assert because in done.stderr
        assert done.stderr.count("\n") == 1


def traces(folder):
    """What containers leave outside their folders, and mounts below the test's."""
    def out(*words):
        return subprocess.run(words, check=False, capture_output=True, text=True).stdout.split("\n")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line for line in file if folder in line]
    links = [line.split()[1] for line in out("ip", "-o", "link") if ": v" in line]
    tables = [line for line in out("nft", "list", "tables") if "brig-" in line]
    spaces = [line.split()[0] for line in out("ip", "netns") if "brig-" in line]
    runtime = os.path.join(folder, "run")
    return mounts + links + tables + spaces + (os.listdir(runtime) if os.path.isdir(runtime) else [])


@pytest.fixture
def engine(tmp_path):
    engine_ = Engine(str(tmp_path))
    before = traces(str(tmp_path))
    yield engine_
    for name in engine_("ps", "-aq", check=False).stdout.split():
        engine_("rm", "-f", name, check=False)
    assert set(traces(str(tmp_path))) <= set(before), "something is left"


@pytest.fixture
def containers(engine, tmp_path):
    """An engine that can run containers: with a runtime, overlayfs and nftables."""
    if not os.access(RUNTIME, os.X_OK):
        pytest.skip(f"no OCI runtime at {RUNTIME}")
    for name in "lum":
        (tmp_path / name).mkdir()
    (tmp_path / "w").mkdir()
    options = f"lowerdir={tmp_path}/l,upperdir={tmp_path}/u,workdir={tmp_path}/w"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"overlay", bytes(tmp_path / "m"), b"overlay", 0, options.encode()) != 0:
        pytest.skip("the host lacks: overlayfs on this file system")
    libc.umount(bytes(tmp_path / "m"))
    if subprocess.run(["nft", "list", "tables"], check=False, capture_output=True).returncode != 0:
        pytest.skip("the host lacks: nftables")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("hello", "web"):
        path = tmp_path / f"{name}.tar"
        subprocess.run([os.path.join(TOP, "guests/linux/brig/engine/mkimage"), name,
                        images.ARCH, shutil.which("busybox"), str(path)], check=True)
        engine("load", str(path))
    return engine
