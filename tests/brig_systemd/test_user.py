# SPDX-License-Identifier: Apache-2.0
"""An ordinary user's containers: scopes of the user's own systemd, from a group that is not below it."""
import json
import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from conftest import BRIG, MOUNT, ScopeBundle, wait_until

USER = "brigsystemd"
LIMITS = {"memory": {"limit": 64 << 20, "swap": 64 << 20}, "pids": {"limit": 30}}


@pytest.fixture(name="user", scope="module")
def user_fixture():
    """Who has a systemd without being logged in."""
    subprocess.run(["useradd", "-M", USER], check=True, timeout=60)
    made = pwd.getpwnam(USER)
    subprocess.run(["loginctl", "enable-linger", USER], check=True, timeout=120)
    wait_until(lambda: os.path.exists(f"/run/user/{made.pw_uid}/bus"), "the user's systemd")
    yield made
    subprocess.run(["loginctl", "disable-linger", USER], check=True, timeout=60)
    subprocess.run(["loginctl", "terminate-user", USER], check=False, timeout=60)
    wait_until(lambda: subprocess.run(["userdel", USER], capture_output=True, check=False,
                                      timeout=60).returncode in (0, 6), "userdel")


@pytest.fixture(name="own")
def own_fixture(user):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        shutil.copy(BRIG, folder + "/brig")
        made = ScopeBundle(folder, folder + "/brig")
        made.uid = user.pw_uid
        made.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "env": {
            "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": f"/run/user/{user.pw_uid}"}}
        os.remove(folder + "/config.json")
        subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", folder], check=True, timeout=60)
        assert made.brig("spec", "--rootless", **made.who).returncode == 0
        with open(folder + "/config.json", encoding="utf-8") as file:
            made.config = json.load(file)
        made.config["process"]["terminal"] = False
        made.config["linux"]["resources"] = LIMITS
        made.place("user.slice")
        yield made
        for name in os.listdir(made.root) if os.path.isdir(made.root) else []:
            made.brig("delete", "-f", name, **made.who)
        assert not [path for path, _, _ in os.walk(MOUNT) if path.endswith("/" + made.scope)]


def start(own):
    own.config["process"]["args"] = ["/bin/sleep", "1000"]
    own.write()
    assert own.silent("run", "-d", "-b", own.path, own.id, **own.who) == 0


def group(own):
    pid = json.loads(own.brig("state", own.id, **own.who).stdout)["pid"]
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        return file.read().strip().removeprefix("0::")


def read(own, name):
    with open(f"{MOUNT}{group(own)}/{name}", encoding="ascii") as file:
        return file.read().strip()


@pytest.mark.parametrize("slice_name, below", [("user.slice", "user.slice"), ("", "user.slice"),
                                               ("my-own.slice", "my.slice/my-own.slice")])
def test_place(own, slice_name, below):
    own.place(slice_name)
    start(own)
    assert group(own) == f"/user.slice/user-{own.uid}.slice/user@{own.uid}.service/{below}/{own.scope}"


def test_limits(own):
    """They hold, and the user's systemd knows them."""
    start(own)
    for _ in range(2):
        assert (read(own, "memory.max"), read(own, "pids.max")) == (str(64 << 20), "30")
        subprocess.run(["systemctl", "--user", "daemon-reload"], check=True, timeout=120, **own.who)
    assert own.brig("update", "--pids-limit", "20", own.id, **own.who).returncode == 0
    subprocess.run(["systemctl", "--user", "daemon-reload"], check=True, timeout=120, **own.who)
    assert read(own, "pids.max") == "20"


def test_exec(own):
    """Its group is not below the caller's: the kernel refuses, and systemd moves it."""
    start(own)
    done = own.brig("exec", own.id, "/bin/cat", "/proc/self/cgroup", **own.who)
    assert (done.returncode, done.stdout) == (0, "0::/\n"), done.stderr


def test_life(own):
    start(own)
    for command in (("pause",), ("resume",), ("kill", "KILL")):
        assert own.brig(command[0], own.id, *command[1:], **own.who).returncode == 0
    wait_until(lambda: "stopped" in own.brig("state", own.id, **own.who).stdout, "its end")
    assert own.brig("delete", own.id, **own.who).returncode == 0


def test_without_a_bus(own):
    own.config["process"]["args"] = ["/bin/sleep", "1"]
    own.write()
    own.who["env"]["XDG_RUNTIME_DIR"] = own.path
    done = own.brig("run", "-b", own.path, own.id, **own.who)
    assert done.returncode == 1 and "the user's systemd: " in done.stderr
