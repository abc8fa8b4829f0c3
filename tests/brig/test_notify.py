# SPDX-License-Identifier: Apache-2.0
"""sd_notify(3) out of a container, with the test as the service manager."""
import os
import socket
import subprocess

import pytest

from conftest import BRIG, wait_until

SPEAK = """
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
for text in {messages}:
    s.send(text.encode())
time.sleep({rest})
"""


class Manager:
    """The caller's socket, and what came to it."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(30)
        self.env = dict(os.environ, NOTIFY_SOCKET=path)

    def receive(self):
        return self.socket.recv(8192).decode()


@pytest.fixture
def manager(tmp_path):
    made = Manager(str(tmp_path / "manager"))
    yield made
    made.socket.close()


def speaker(bundle, messages, rest=1000):
    bundle.config["process"]["args"] = bundle.python(SPEAK.format(messages=messages, rest=rest))
    bundle.write()


def finish(process, manager):
    """Read until brig ends; its barrier waits for the reader."""
    said = []
    manager.socket.settimeout(0.05)
    while True:
        ended = process.poll() is not None
        try:
            said.append(manager.receive())
        except TimeoutError:
            if ended:  # before it was looked for the last time
                return said


def brig(bundle, manager, *args):
    return subprocess.Popen([BRIG, "--root", bundle.root, *args], env=manager.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def test_detached_run_waits_until_ready(bundle, manager):
    speaker(bundle, ["STATUS=on the way", "MAINPID=1\nFDSTORE=1\nX=y", "READY=1\nMAINPID=1"])
    with brig(bundle, manager, "run", "-d", "-b", bundle.path, bundle.id) as run:
        assert manager.receive() == "STATUS=on the way\n"
        assert manager.receive() == "READY=1\n"
        assert manager.receive() == f"MAINPID={bundle.state()['pid']}\n"
        assert manager.receive() == "BARRIER=1"
        assert run.wait(60) == 0, run.stderr.read()
    assert bundle.state()["status"] == "running"


def test_start_waits_until_ready(bundle, manager):
    speaker(bundle, ["READY=1"])
    with brig(bundle, manager, "create", "-b", bundle.path, bundle.id) as create:
        assert create.wait(60) == 0, create.stderr.read()
    with brig(bundle, manager, "start", bundle.id) as start:
        assert finish(start, manager) == \
            ["READY=1\n", f"MAINPID={bundle.state()['pid']}\n", "BARRIER=1"]
        assert start.returncode == 0


def test_run_names_itself_and_goes_on(bundle, manager):
    speaker(bundle, ["READY=1", "WATCHDOG=1", "STOPPING=1"])
    with brig(bundle, manager, "run", "-b", bundle.path, bundle.id) as run:
        said = [manager.receive() for _ in range(4)]
        assert said == ["READY=1\n", f"MAINPID={run.pid}\n", "WATCHDOG=1\n", "STOPPING=1\n"]
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0
        assert run.wait(60) == 137


def test_end_before_ready(bundle, manager):
    speaker(bundle, ["STATUS=no"], rest=0)
    with brig(bundle, manager, "run", "-d", "-b", bundle.path, bundle.id) as run:
        assert finish(run, manager) == ["STATUS=no\n"]
        assert run.returncode == 0
    wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")


def test_delete_while_start_waits(bundle, manager):
    speaker(bundle, [])
    with brig(bundle, manager, "run", "-d", "-b", bundle.path, bundle.id) as run:
        wait_until(lambda: bundle.state() and bundle.state()["status"] == "running", "running")
        done = bundle.brig("delete", "-f", bundle.id)
        assert done.returncode == 0, done.stderr
        assert run.wait(60) == 0


def test_in_user_namespace_as_another_user(bundle, manager):
    maps = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    bundle.config["linux"].update(uidMappings=maps, gidMappings=maps)
    bundle.config["process"]["user"] = {"uid": 7, "gid": 7}
    os.chown(bundle.rootfs, 100000, 100000)
    for name in os.listdir(bundle.rootfs):
        os.chown(f"{bundle.rootfs}/{name}", 100000, 100000)
    speaker(bundle, ["READY=1"])
    with brig(bundle, manager, "run", "-d", "-b", bundle.path, bundle.id) as run:
        assert finish(run, manager)[0] == "READY=1\n", run.stderr.read()


def test_socket_that_is_none(bundle, manager):
    speaker(bundle, ["READY=1"])
    manager.env["NOTIFY_SOCKET"] = "/nowhere/socket"
    with brig(bundle, manager, "run", "-d", "-b", bundle.path, bundle.id) as run:
        assert run.wait(60) == 1
        assert "NOTIFY_SOCKET: connect to /nowhere/socket" in run.stderr.read()
    assert bundle.state() is None
