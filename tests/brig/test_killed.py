# SPDX-License-Identifier: Apache-2.0
"""kill -9 of brig at each step of what it does: what is left is told of, and can be removed."""
import ctypes
import json
import os
import re
import subprocess
import time

import pytest

from conftest import BRIG, UNIFIED, inherit, wait_until

# Calls that change something, or wait for somebody who does; a kill comes at the entry of one.
# (Only what brig does itself: the loader and the allocator of a static program are not of interest.)
STEPS = frozenset((
    "mkdir", "mkdirat", "mknodat", "symlinkat", "openat", "openat2", "write", "sendmsg", "recvmsg",
    "renameat", "rename", "unlinkat", "rmdir", "flock", "clone3", "clone", "fork", "vfork",
    "execveat", "execve", "wait4", "kill", "pidfd_open", "pidfd_send_signal", "setns", "unshare",
    "mount", "fsmount", "move_mount", "umount2", "pivot_root", "setresuid", "exit_group"))
STEP_LIMIT = 100
PR_SET_CHILD_SUBREAPER = 36


def left_behind(bundle):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line for line in file if bundle.path in line]
    return (mounts, os.listdir(bundle.root) if os.path.isdir(bundle.root) else [],
            bool(UNIFIED) and os.path.exists(f"{UNIFIED}/{bundle.id}"))


def traced(bundle, options, args):
    """brig under strace; its exit status. By -D it is brig that is waited for, not strace."""
    return subprocess.run(
        ["strace", "-D", *options, BRIG, "--root", bundle.root, *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        check=False, timeout=60).returncode


def calls_of(bundle, options, args):
    """The names of those steps that an undisturbed run makes."""
    log = bundle.path + "/calls"
    assert traced(bundle, [*options, "-o", log], args) == 0
    with open(log, encoding="utf-8", errors="replace") as file:
        return sorted(STEPS & set(re.findall(r"(\w+)\(", file.read())))


@pytest.fixture
def reaper():
    """
    This process gets what killed ones leave, as an engine does: the end of a pid namespace waits
    for all that was in it to be reaped, which the host's init may take a second for.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def reap_all_but(process):
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        for pid in map(int, file.read().split()):
            if pid != process.pid:
                os.waitpid(pid, os.WNOHANG)


def delete(bundle):
    with subprocess.Popen([BRIG, "--root", bundle.root, "delete", "--force", bundle.id],
                          stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            reap_all_but(process)
            time.sleep(0.002)
        return process.returncode, process.stderr.read()


def check(bundle, step):
    state = bundle.brig("state", bundle.id)
    if state.returncode == 0:
        assert json.loads(state.stdout)["status"] in (
            "creating", "created", "running", "stopped"), step
    else:
        assert "does not exist" in state.stderr, (step, state.stderr)
    assert delete(bundle) == (0, ""), step
    assert left_behind(bundle) == ([], [], False), step
    wait_until(lambda: not bundle.processes(), f"step {step}: {bundle.processes()}")


# What is there before, what is killed; with which options of strace's.
WORK = {
    "create": ((), ("create", "-b", ".")),
    "run": ((), ("run", "-b", ".")),
    "run -d": ((), ("run", "-d", "-b", ".")),
    "start": (("create",), ("start",)),
    "delete": (("create", "start", "kill"), ("delete",)),
    "delete -f": (("create", "start"), ("delete", "-f")),
    "exec": (("create", "start"), ("exec", "-d")),
}


def prepare(bundle, before):
    for command in before:
        if command == "create":
            assert bundle.silent("create", "-b", bundle.path, bundle.id) == 0
        elif command == "kill":
            assert bundle.brig("kill", bundle.id, "KILL").returncode == 0
            wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")
        else:
            assert bundle.brig(command, bundle.id).returncode == 0


@pytest.mark.usefixtures("reaper")
@pytest.mark.parametrize("work, options", [
    *((work, []) for work in WORK), *((work, ["-f"]) for work in ("create", "run", "exec"))])
def test_C38_killed_at_each_step(bundle, work, options):
    """With -f each of brig's own processes is killed at its own Nth call."""
    kill_at_each_step(bundle, work, options)


@pytest.mark.usefixtures("reaper")
@pytest.mark.parametrize("work, options", [("create", ["-f"]), ("delete", [])])
def test_killed_with_mounts_on_the_host(bundle, work, options):
    inherit(bundle, "mount")
    kill_at_each_step(bundle, work, options)
    assert os.path.exists(bundle.rootfs + "/bin/busybox")


def kill_at_each_step(bundle, work, options):
    before, args = WORK[work]
    bundle.config["process"]["args"] = ["/bin/sleep", "0.01" if work == "run" else "1000"]
    bundle.write()
    args = [bundle.path if arg == "." else arg for arg in args]
    args += [bundle.id] + (["/bin/sleep", "1000"] if work == "exec" else [])
    prepare(bundle, before)
    calls = calls_of(bundle, options, args)
    check(bundle, "undisturbed")
    steps = 0
    for call in calls:
        done = -1
        for number in range(1, STEP_LIMIT):
            prepare(bundle, before)
            done = traced(bundle, [*options, "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                                   f"inject={call}:signal=KILL:when={number}"], args)
            check(bundle, f"{call} {number}")
            if done == 0:
                break
            steps += 1
        assert done == 0, f"{work} was never left to its end at {call}"
    assert steps > len(calls) / 2, "hardly anything was killed"
