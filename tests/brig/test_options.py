# SPDX-License-Identifier: Apache-2.0
"""The command line, beside runc's: the same options, exit statuses and fields."""
import datetime
import json
import os
import subprocess

import pytest

from conftest import BRIG, UNIFIED, Bundle

RUNTIMES = ("runc", BRIG)


class Container:
    """A container that runs, made by one of the runtimes."""

    def __init__(self, folder, runtime):
        folder.mkdir()
        self.bundle = Bundle(folder)
        self.runtime = runtime
        self.bundle.config["ociVersion"] = "1.0.2"
        self.bundle.config["annotations"] = {"a": "b"}
        self.bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
        self.bundle.write()
        assert self.bundle.silent("run", "-d", "-b", self.bundle.path, self.bundle.id,
                                  runtime=runtime) == 0

    def call(self, *args, **kw):
        """ID in the arguments is the container's name, BUNDLE its bundle."""
        names = {"ID": self.bundle.id, "BUNDLE": self.bundle.path}
        return self.bundle.brig(*(names.get(arg, arg) for arg in args), runtime=self.runtime, **kw)


@pytest.fixture
def both(tmp_path):
    made = [Container(tmp_path / os.path.basename(runtime), runtime) for runtime in RUNTIMES]
    yield made
    for container in made:
        container.call("delete", "-f", "ID")


REFUSED = [
    ("state", "none"), ("state",), ("state", "--nosuch", "ID"), ("kill", "none"),
    ("kill", "ID", "NOSUCH"), ("kill", "ID", "999"), ("delete", "none"), ("delete", "ID"),
    ("start", "none"), ("start", "ID"), ("pause", "none"), ("resume", "ID"), ("resume", "none"),
    ("exec", "ID"), ("exec", "none", "/bin/sh"), ("exec", "ID", "nosuch"), ("exec", "ID", "/etc"),
    ("exec", "--cwd", "/nowhere", "ID", "/bin/nosuch"), ("exec", "--process", "/none", "ID"),
    ("ps", "none"), ("ps", "-f", "bad", "ID"), ("list", "-f", "bad"), ("list", "operand"),
    ("update", "none"), ("update", "--memory", "x", "ID"), ("update", "-r", "/none", "ID"),
    ("events", "none"), ("events", "--interval", "0s", "ID"), ("create", "-b", "BUNDLE", "ID"),
    ("run", "-b", "BUNDLE", "ID"), ("run", "-b", "/none", "new"), ("create", "-b", "BUNDLE", "a/b"),
    ("spec", "-b", "BUNDLE"), ("create", "-b", "BUNDLE", "--preserve-fds", "x", "new"),
    ("create", "-b", "BUNDLE", "--console-socket", "/none", "new"),
]


def test_refused_alike(both):
    said = {args: [container.call(*args).returncode for container in both] for args in REFUSED}
    assert {args: pair for args, pair in said.items() if pair[0] != pair[1]} == {}
    assert all(pair[1] != 0 for pair in said.values()), said


TAKEN = [
    ("state", "ID"), ("list",), ("list", "-q"), ("list", "--quiet"), ("list", "-f", "json"),
    ("list", "--format=json"), ("list", "--format", "table"), ("ps", "-f", "json", "ID"),
    ("ps", "--format=table", "ID"), ("exec", "ID", "/bin/sh", "-c", "exit 3"),
    ("exec", "-e", "A=b", "-e", "C=d", "--cwd=/tmp", "-u", "1:2", "ID", "/bin/sh", "-c",
     "exit $(id -u)"),
    ("exec", "--user=3", "--cap=CAP_KILL", "--cap", "CAP_CHOWN", "--no-new-privs", "--preserve-fds=0",
     "-g", "4", "-g", "5", "--ignore-paused", "ID", "/bin/sh", "-c",
     "exit $(id -u)"),
    ("exec", "--pid-file=pid", "-d", "ID", "/bin/sleep", "0"),
    ("exec", "--process=/dev/stdin", "ID"), ("exec", "--apparmor=", "--process-label=", "ID", "id"),
    ("update", "ID"), ("features",), ("kill", "ID", "0"), ("kill", "ID", "CONT"),
    ("kill", "ID", "SIGCONT"), ("kill", "ID", "18"), ("kill", "--all", "ID", "CONT"),
    ("kill", "-a", "ID", "CONT"), ("delete", "-f", "none"), ("delete", "--force", "none"),
    ("--version",), ("-v",), ("--help",), ("-h",), ("create", "--help"),
    ("--debug", "--log=/dev/null", "--log-format=json", "state", "ID"),
    ("--rootless=auto", "state", "ID"), ("--rootless", "false", "state", "ID"),
    ("--criu=x", "state", "ID"),
]
ONCE = [
    ("create", "-b", "BUNDLE", "new"), ("create", "--bundle=BUNDLE", "--pid-file=p", "new"),
    ("create", "-b", "BUNDLE", "--no-pivot", "--no-new-keyring", "--preserve-fds=0", "new"),
    ("run", "-d", "--bundle", "BUNDLE", "--pid-file", "p", "--no-subreaper", "new"),
    ("run", "--detach", "-b", "BUNDLE", "--keep", "--no-pivot", "new"),
    ("create", "new", "--bundle", "BUNDLE"),
]


def test_taken_alike(both):
    process = json.dumps({"args": ["/bin/sh", "-c", "exit 9"], "cwd": "/", "user": {"uid": 0,
                                                                                    "gid": 0}})
    said = {}
    for args in TAKEN:
        kw = {"stdin": None, "input": process} if "--process=/dev/stdin" in args else {}
        said[args] = [container.call(*args, **kw).returncode for container in both]
    for args in ONCE:
        said[args] = []
        for container in both:
            full = [arg.replace("BUNDLE", container.bundle.path) for arg in args]
            said[args].append(container.bundle.silent(*full, runtime=container.runtime))
            container.call("delete", "-f", "new")
    assert {args: pair for args, pair in said.items() if pair[0] != pair[1]} == {}
    assert all(pair[1] in (0, 1, 3, 9) for pair in said.values()), said


def keys(tree):
    """The names in a JSON value, all the way down."""
    if isinstance(tree, dict):
        return {name: keys(value) for name, value in tree.items()}
    return [keys(tree[0])] if isinstance(tree, list) and tree else type(tree).__name__


@pytest.mark.parametrize("args", [("state", "ID"), ("list", "-f", "json"), ("ps", "-f", "json", "ID")])
def test_same_fields(both, args):
    theirs, ours = (keys(json.loads(container.call(*args).stdout)) for container in both)
    assert ours == theirs


@pytest.mark.parametrize("args", [("list",), ("ps", "ID")])
def test_same_columns(both, args):
    theirs, ours = (container.call(*args).stdout.splitlines()[0].split() for container in both)
    # runc's table is that of ps -ef; the columns that say who and what are in both.
    assert ours == theirs if args == ("list",) else {"UID", "PID", "PPID", "CMD"} <= set(ours)


@pytest.mark.cgroup2
def test_intervals(bundle):
    bundle.start("/bin/sleep", "1000")
    for text in ("", "s", "0", "0.0001s", "-1s", "1h", ".5s", "25h", "1s1", "1e3s", "1441m",
                 "99999999999999999999s"):
        done = bundle.brig("events", "--stats", "--interval", text, bundle.id)
        assert done.returncode == 1 and "--interval" in done.stderr, text
    for text in ("1ms", "1.5s", "5", "0.25m", "1440m"):
        assert bundle.brig("events", "--stats", "--interval", text, bundle.id).returncode == 0, text


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_log_lines_as_go_runc_reads_them(bundle, runtime):
    log = bundle.path + "/log"
    bundle.brig(f"--log={log}", "--log-format=json", "state", "none", runtime=runtime)
    bundle.brig("--log", log, "--log-format", "json", "kill", "none", runtime=runtime)
    with open(log, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 2
    for line in lines:
        assert set(line) == {"level", "msg", "time"}
        assert line["level"] == "error" and "does not exist" in line["msg"]
        assert datetime.datetime.fromisoformat(line["time"]).tzinfo is not None


def test_log_file_that_cannot_be(bundle):
    done = bundle.brig("--log", "/none/such/log", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "brig: open log file /none/such/log: No such file or directory\n"


def test_log_format_that_is_none(bundle):
    done = bundle.brig("--log-format", "xml", "list")
    assert done.returncode == 1 and "xml" in done.stderr


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="systemd runs here")
def test_systemd_cgroup_without_systemd(bundle):
    bundle.config["linux"]["cgroupsPath"] = "system.slice:brig:" + bundle.id
    bundle.write()
    done = subprocess.run([BRIG, "--root", bundle.root, "--systemd-cgroup", "run", "-b", bundle.path,
                           bundle.id], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "systemd" in done.stderr
    assert bundle.state() is None


@pytest.mark.cgroup2
def test_cgroup_manager_disabled(bundle):
    """podman run --cgroups=disabled: in the caller's group, whatever the devices' rules say."""
    bundle.config["process"]["args"] = ["/bin/grep", "0::", "/proc/self/cgroup"]
    bundle.config["linux"]["cgroupsPath"] = "/" + bundle.id
    bundle.config["linux"]["namespaces"] = [
        ns for ns in bundle.config["linux"]["namespaces"] if ns["type"] != "cgroup"]
    bundle.write()
    done = bundle.brig("--cgroup-manager", "disabled", "run", "-b", bundle.path, bundle.id)
    with open("/proc/self/cgroup", encoding="ascii") as file:
        assert done.stdout in file.read() and done.stdout != "", done.stderr
    bundle.config["linux"]["resources"] = {"pids": {"limit": 10}}
    bundle.write()
    done = bundle.brig("--cgroup-manager=disabled", "run", "-b", bundle.path, bundle.id)
    assert done.returncode == 1 and "linux.resources.pids.max" in done.stderr


@pytest.mark.cgroup2
@pytest.mark.skipif(bool(UNIFIED) and "memory" in open(
    UNIFIED + "/cgroup.controllers", encoding="ascii").read(), reason="the host has the controllers")
def test_why_a_limit_cannot_be(bundle):
    """docker run --memory-swappiness, docker update: the reason, not the file that is missing."""
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("update", "--pids-limit", "9", bundle.id)
    assert done.returncode == 1 and "linux.resources.pids.max: needs cgroup version 2" in done.stderr
    bundle.config["linux"]["resources"] = {"memory": {"swappiness": 10}}
    bundle.write()
    done = bundle.brig("run", "-b", bundle.path, bundle.id + "x")
    assert done.returncode == 1
    assert "linux.resources.memory: swappiness: cgroup version 2 has no such limit" in done.stderr
