# SPDX-License-Identifier: Apache-2.0
"""brig for an ordinary user: one mapping, and no cgroup that the user may write."""
import json
import os
import shutil
import subprocess
import tempfile

import pytest

from conftest import BRIG, Bundle, wait_until

NOBODY = 65534
AS_USER = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@pytest.fixture
def rootless():
    """A bundle of user 65534, in a folder that this user reaches, with what `spec` gives."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        made = Bundle(folder)
        os.remove(folder + "/config.json")
        made.program = folder + "/brig"
        shutil.copy(BRIG, made.program)
        for place, folders, names in os.walk(folder):
            for name in (".", *folders, *names):
                os.chown(os.path.join(place, name), NOBODY, NOBODY, follow_symlinks=False)
        assert made.brig("spec", "--rootless", runtime=made.program, **AS_USER).returncode == 0
        with open(folder + "/config.json", encoding="utf-8") as file:
            made.config = json.load(file)
        made.config["process"]["terminal"] = False
        yield made
        left = os.listdir(made.root) if os.path.isdir(made.root) else []
        for name in left:
            made.brig("delete", "-f", name)
        assert left == []


def command(rootless, *args):
    return rootless.brig(*args, runtime=rootless.program, **AS_USER)


def test_run(rootless):
    done = rootless.run("/bin/sh", "-c", "id -u; cat /proc/self/uid_map; exit 3",
                        runtime=rootless.program, **AS_USER)
    assert (done.returncode, done.stdout.split()) == (3, ["0", "0", str(NOBODY), "1"]), done.stderr


def test_life(rootless):
    rootless.config["process"]["args"] = ["/bin/sleep", "1000"]
    rootless.write()
    assert rootless.silent("run", "-d", "--pid-file", "pid", "-b", rootless.path, "c",
                           runtime=rootless.program, **AS_USER) == 0
    pid = int(open(rootless.path + "/pid", encoding="ascii").read())
    state = json.loads(command(rootless, "state", "c").stdout)
    assert (state["status"], state["pid"]) == ("running", pid)
    assert os.stat(f"/proc/{pid}").st_uid == NOBODY
    done = command(rootless, "exec", "c", "/bin/sh", "-c", "id -u; cat /proc/1/comm")
    assert done.stdout.split() == ["0", "sleep"], done.stderr
    assert command(rootless, "kill", "c", "KILL").returncode == 0
    wait_until(lambda: "stopped" in command(rootless, "state", "c").stdout, "stopped")
    assert command(rootless, "delete", "c").returncode == 0


def test_device_rules_are_no_hindrance(rootless):
    rootless.config["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    done = rootless.run("/bin/sh", "-c", "echo x > /dev/null", runtime=rootless.program, **AS_USER)
    assert done.returncode == 0, done.stderr


def test_limit_is_refused(rootless):
    """Nobody may write a group here: what was asked for is not given, and that is said."""
    rootless.config["linux"]["resources"] = {"pids": {"limit": 5}}
    done = rootless.run("/bin/sh", "-c", "true", runtime=rootless.program, **AS_USER)
    assert done.returncode == 1
    assert "cgroup" in done.stderr


def test_without_user_namespace(rootless):
    spaces = rootless.config["linux"]["namespaces"]
    rootless.config["linux"]["namespaces"] = [n for n in spaces if n["type"] != "user"]
    for key in ("uidMappings", "gidMappings"):
        del rootless.config["linux"][key]
    done = rootless.run("/bin/sh", "-c", "true", runtime=rootless.program, **AS_USER)
    assert done.returncode == 1 and "needs a user namespace" in done.stderr


def nested(rootless, *args, **variables):
    """As rootless podman calls it: by the root of a user namespace that podman made."""
    environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": rootless.path + "/run", **variables}
    return subprocess.run(["unshare", "-Ur", rootless.program, *args], capture_output=True, text=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL, cwd=rootless.path,
                          env=environment, **AS_USER)


def test_root_of_a_user_namespace(rootless):
    """It is nobody on the host: /run/brig is not for it, nor are device nodes and groups."""
    linux = rootless.config["linux"]
    linux["namespaces"] = [n for n in linux["namespaces"] if n["type"] != "user"]
    del linux["uidMappings"], linux["gidMappings"]
    linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    rootless.config["process"]["args"] = ["/bin/sh", "-c", "id -u; echo x > /dev/null && cat /proc/self/uid_map"]
    rootless.write()
    os.mkdir(rootless.path + "/run")
    os.chown(rootless.path + "/run", NOBODY, NOBODY)
    done = nested(rootless, "run", "-b", rootless.path, "c", USER="nobody")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "0", str(NOBODY), "1"]
    assert os.listdir(rootless.path + "/run/brig") == []
    linux["resources"] = {"pids": {"limit": 5}}
    rootless.write()
    assert "cgroup" in nested(rootless, "run", "-b", rootless.path, "c").stderr


def test_root_that_calls_itself_so(rootless):
    """The root of a system container has /run/brig, as with runc."""
    done = nested(rootless, "state", "none", USER="root")
    assert done.returncode == 1 and not os.path.exists(rootless.path + "/run")
