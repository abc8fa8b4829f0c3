# SPDX-License-Identifier: Apache-2.0
"""Real engines with brig and with runc: what a user of the engine sees has to be the same."""
import os
import shutil
import subprocess
import tempfile

import pytest

from engines import Containerd, Docker, Podman, RootlessPodman, Missing, unmount_below


def pytest_collection_modifyitems(items):
    for item in items:
        if os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root, to run daemons and containers"))


@pytest.fixture(scope="session")
def place():
    """A folder with a short path (sockets are in it), a root filesystem and an archive of it."""
    folder = tempfile.mkdtemp(prefix="brig-engines.", dir="/tmp")
    os.chmod(folder, 0o755)
    root = folder + "/rootfs"
    for name in ("bin", "dev", "etc", "home/user", "proc", "root", "sys", "tmp"):
        os.makedirs(f"{root}/{name}")
    os.chown(root + "/home/user", 1000, 1000)
    os.chmod(root + "/tmp", 0o1777)
    shutil.copy("/bin/busybox", root + "/bin/busybox")
    for name in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True,
                               check=True).stdout.split():
        if name != "busybox":
            os.symlink("busybox", f"{root}/bin/{name}")
    for name, text in {"passwd": "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n",
                       "group": "root:x:0:\nuser:x:1000:\n"}.items():
        with open(f"{root}/etc/{name}", "w", encoding="ascii") as file:
            file.write(text)
    with open(root + "/bin/plain", "w", encoding="ascii"):
        pass
    subprocess.run(["tar", "-C", root, "-cf", folder + "/image.tar", "."], check=True)
    yield folder
    unmount_below(folder)
    shutil.rmtree(folder)


def started(kind, place):
    try:
        engine = kind(place)
    except Missing as why:
        pytest.skip(str(why))
    return engine


def fixture_of(kind):
    @pytest.fixture(scope="session")
    def engine(place):
        made = started(kind, place)
        yield made
        made.end()
    return engine


docker = fixture_of(Docker)
podman = fixture_of(Podman)
rootless_podman = fixture_of(RootlessPodman)
containerd = fixture_of(Containerd)


@pytest.fixture(params=["docker", "podman"])
def engine(request):
    """Those two have one command line."""
    return request.getfixturevalue(request.param)
