# SPDX-License-Identifier: Apache-2.0
"""What hooks are given, and what becomes of the container where one fails."""
import json
import os
import subprocess

import pytest

from conftest import BRIG

KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


def run_with_hooks(bundle, script, cwd="/", **more):
    """A line of output for each kind of hook, which runs the script from a folder."""
    out = bundle.path + "/out"
    os.mkdir(out)
    bundle.config["mounts"].append({"destination": out, "type": "bind", "source": out,
                                    "options": ["bind"]})
    bundle.config["hooks"] = {
        kind: [{"path": "/bin/sh", "args": ["sh", "-c", f"PATH=/bin; ({script}) > {out}/{kind}"], **more}]
        for kind in KINDS}
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "true"]
    bundle.write()
    done = subprocess.run([os.path.abspath(BRIG), "--root", bundle.root, "run", "-b", bundle.path,
                           bundle.id], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=cwd, timeout=60, env={**os.environ, "MARK": "host"})
    assert done.returncode == 0, done.stderr
    said = {}
    for kind in KINDS:
        with open(f"{out}/{kind}", encoding="utf-8") as file:
            said[kind] = file.read().strip()
    return said


def test_hooks_run_in_the_bundle(bundle):
    said = run_with_hooks(bundle, "pwd", env=["PATH=/bin"])
    assert said == {**dict.fromkeys(KINDS, bundle.path), "startContainer": "/"}


@pytest.mark.parametrize("more, host, inside", [
    ({}, "host", "inside"), ({"env": ["MARK=own"]}, "own", "own"), ({"env": []}, "", "")])
def test_environment_of_hooks(bundle, more, host, inside):
    """None given: the runtime's, or in the container that of its process."""
    bundle.config["process"]["env"].append("MARK=inside")
    said = run_with_hooks(bundle, "echo $MARK", **more)
    assert said == {**dict.fromkeys(KINDS, host), "startContainer": inside}


def test_container_is_below_its_root_before_pivot(bundle):
    """A createContainer hook finds the container's mounts where config.json has the root."""
    said = run_with_hooks(bundle, f"test -c {bundle.rootfs}/dev/null -a "
                                  f"-e {bundle.rootfs}/proc/self && echo seen; true")
    assert said == {**dict.fromkeys(KINDS, ""), "createContainer": "seen"}


def test_pid_in_the_state_of_hooks(bundle):
    """As the hook sees the container's process (runtime.md, state)."""
    states = {kind: json.loads(text) for kind, text in run_with_hooks(bundle, "cat").items()}
    assert states["createContainer"]["pid"] == states["startContainer"]["pid"] == 1
    assert states["createRuntime"]["pid"] == states["poststart"]["pid"] > 1
    assert "pid" not in states["poststop"]


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_start_hook_is_filtered(bundle, no_new_privileges):
    """It is the container's own program, and gets no more than the container's process."""
    bundle.config["process"]["noNewPrivileges"] = no_new_privileges
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
    bundle.config["hooks"] = {"startContainer": [
        {"path": "/bin/busybox", "args": ["sh", "-c", "! /bin/busybox mkdir /tmp/x"]}]}
    done = bundle.run("/bin/sh", "-c", "! /bin/busybox mkdir /tmp/y")
    assert done.returncode == 0, done.stderr
    assert os.listdir(bundle.rootfs + "/tmp") == []


def test_filter_without_prctl(bundle):
    """With a hook, the filter is there early; the container must outlive its runtime anyhow."""
    bundle.config["process"].update(noNewPrivileges=True, args=["/bin/sleep", "1000"])
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["prctl"], "action": "SCMP_ACT_ERRNO"}]}
    bundle.config["hooks"] = {"startContainer": [{"path": "/bin/busybox", "args": ["true"]}]}
    bundle.write()
    assert bundle.silent("run", "-d", "-b", bundle.path, bundle.id) == 0
    assert bundle.brig("exec", bundle.id, "/bin/sleep", "0.2").returncode == 0
    assert bundle.state()["status"] == "running"


def test_all_poststop_hooks_run(bundle):
    """runtime.md, lifecycle: one that fails is a warning, and the rest goes on."""
    log, out = bundle.path + "/log", bundle.path + "/out"
    bundle.config["hooks"] = {"poststop": [
        {"path": "/bin/false"}, {"path": "/bin/sh", "args": ["sh", "-c", f"echo second > {out}"]}]}
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "exit 3"]
    bundle.write()
    done = bundle.brig("--log", log, "--log-format=json", "run", "-b", bundle.path, bundle.id)
    assert done.returncode == 3
    with open(out, encoding="utf-8") as file:
        assert file.read() == "second\n"
    with open(log, encoding="utf-8") as file:
        line = json.loads(file.read())
    assert line["level"] == "warning"
    assert line["msg"] == "error running poststop hook #0: /bin/false: exit status 1"
    assert done.stderr == ""  # which an engine keeps as the container's
    done = bundle.brig("run", "-b", bundle.path, bundle.id)
    assert done.stderr == f"brig: warning: {line['msg']}\n"


def test_output_of_hooks_does_not_command_the_terminal(bundle):
    bundle.config["hooks"] = {"startContainer": [{
        "path": "/bin/busybox", "args": ["sh", "-c", r"printf 'a\033[31mb\302\233c\303\274d'; exit 1"]}]}
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and done.stderr.endswith(": a?[31mb??c\u00fcd\n")


@pytest.mark.parametrize("kind", ["createRuntime", "startContainer"])
def test_output_of_hooks(bundle, kind):
    """Not the container's output; of a hook that fails, the end of it is in the message."""
    hook = {"path": "/bin/busybox", "args": ["sh", "-c", "echo out; echo err >&2"]}
    bundle.config["hooks"] = {kind: [hook]}
    done = bundle.run("/bin/sh", "-c", "echo process")
    assert (done.returncode, done.stdout, done.stderr) == (0, "process\n", "")
    hook["args"][2] += "; /bin/busybox seq 1 1000; echo why >&2; exit 1"
    done = bundle.run("/bin/sh", "-c", "echo process")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{kind} hook #0: /bin/busybox: exit status 1: " in done.stderr
    assert done.stderr.endswith("\n999\n1000\nwhy\n") and len(done.stderr) < 1000


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_failing_hook_is_named(bundle, kind):
    path = "/bin/busybox" if kind == "startContainer" else "/bin/false"
    fails = {"path": path, "args": ["sh", "-c", "exit 1"]}
    bundle.config["hooks"] = {kind: [{"path": path, "args": ["sh", "-c", "exit 0"]}, fails]}
    if kind != "startContainer":
        bundle.config["hooks"][kind][0]["path"] = "/bin/true"
    done = bundle.run("/bin/sh", "-c", "exec sleep 1000")
    assert done.returncode == 1
    assert f"error running {kind} hook #1: {path}: exit status 1" in done.stderr
    assert bundle.state() is None
