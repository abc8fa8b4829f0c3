# SPDX-License-Identifier: Apache-2.0
"""Races, limits and neighbours; names are those of the catalogue of hostile containers."""
import json
import os
import subprocess

import pytest

from conftest import BRIG, Bundle, UNIFIED, wait_until


@pytest.mark.parametrize("limit, why", [
    ({"type": "RLIMIT_CORE", "hard": 2**64, "soft": 0}, "hard"),
    ({"type": "RLIMIT_CORE", "hard": -1, "soft": 0}, "hard"),
    ({"type": "RLIMIT_CORE", "hard": 1, "soft": 2}, "soft is more than hard"),
    ({"type": "RLIMIT_NONE", "hard": 1, "soft": 1}, "RLIMIT_NONE"),
    ({"type": "RLIMIT_NOFILE", "hard": 2**64 - 1, "soft": 5}, "RLIMIT_NOFILE"),
])
def test_C33_resource_limits_that_are_none(bundle, limit, why):
    bundle.config["process"]["rlimits"] = [limit]
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_C33_resource_limits_at_their_ends(bundle):
    bundle.config["process"]["rlimits"] = [
        {"type": "RLIMIT_CORE", "hard": 2**64 - 1, "soft": 2**64 - 1},
        {"type": "RLIMIT_NOFILE", "hard": 3, "soft": 3},
        {"type": "RLIMIT_FSIZE", "hard": 0, "soft": 0}]
    # The shell opens what it is to read as descriptor 3, and may not.
    assert bundle.shell("ulimit -c; ulimit -n; ulimit -f").split() == ["unlimited", "3", "0"]


@pytest.mark.parametrize("score, fine", [(1000, True), (1001, False), (-1001, False), ("5", False)])
def test_C33_oom_score(bundle, score, fine):
    bundle.config["process"]["oomScoreAdj"] = score
    done = bundle.run("/bin/cat", "/proc/self/oom_score_adj")
    if fine:
        assert done.stdout == f"{score}\n", done.stderr
    else:
        assert done.returncode == 1 and "oom" in done.stderr


def test_C39_exec_while_it_stops(bundle):
    """Whenever it comes, it runs to its end or says why it did not; nothing stays."""
    for _ in range(20):
        bundle.start("/bin/sleep", "1000")
        execs = [subprocess.Popen([BRIG, "--root", bundle.root, "exec", bundle.id, "/bin/sleep",
                                   "0.01"], stderr=subprocess.PIPE, text=True) for _ in range(4)]
        assert bundle.brig("kill", bundle.id, "KILL").returncode == 0
        for one in execs:
            _, said = one.communicate(timeout=60)
            assert one.returncode in (0, 137) or "exec failed" in said or "not running" in said, \
                (one.returncode, said)
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    wait_until(lambda: not bundle.processes(), "processes stayed")


@pytest.mark.cgroup2
def test_C39_exec_into_paused(bundle):
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("pause", bundle.id).returncode == 0
    assert "paused" in bundle.brig("exec", bundle.id, "/bin/sh", "-c", "true").stderr
    assert bundle.brig("delete", "-f", bundle.id).returncode == 0, "a frozen one dies too"


def later_process(ticks):
    """A process that did not start in this tick (of 10 ms), which is what tells it apart."""
    while True:
        made = subprocess.Popen(["sleep", "1000"])
        with open(f"/proc/{made.pid}/stat", encoding="ascii") as stat:
            if int(stat.read().rsplit(")", 1)[1].split()[19]) != ticks:
                return made
        made.kill()
        made.wait()


def test_C39_pid_of_another(bundle):
    """The number is in use again: that process is not the container's, and is left alone."""
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("kill", bundle.id, "KILL").returncode == 0
    wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")
    file = f"{bundle.root}/{bundle.id}/state.json"
    with open(file, encoding="utf-8") as stream:
        state = json.load(stream)
    with later_process(state["startTime"]) as other:
        try:
            with open(file, "w", encoding="utf-8") as stream:
                json.dump(dict(state, pid=other.pid), stream)
            assert bundle.state()["status"] == "stopped"
            for command in (["kill", bundle.id, "KILL"], ["exec", bundle.id, "/bin/sleep", "0"]):
                done = bundle.brig(*command)
                assert done.returncode != 0 and "not running" in done.stderr, command
            assert bundle.brig("delete", "-f", bundle.id).returncode == 0
            assert other.poll() is None
        finally:
            other.kill()


def test_C40_ends_at_once(bundle):
    for status in range(30):
        assert bundle.run("/bin/sh", "-c", f"exit {status}").returncode == status
    for _ in range(10):
        bundle.start("/bin/sh", "-c", "exit 1")
        wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")
        assert bundle.brig("delete", bundle.id).returncode == 0


def test_C40_orphans_are_reaped(bundle):
    """Without a pid namespace orphans come to brig, which waits for its own process alone."""
    spaces = bundle.config["linux"]["namespaces"]
    bundle.config["linux"]["namespaces"] = [n for n in spaces if n["type"] != "pid"]
    script = (f"for i in 1 2 3; do (/bin/sh -c 'exit 2' {bundle.id} &); done; "
              f"(/bin/sleep 1000.{int(bundle.id[1:], 16)} &); exit 4")
    bundle.config["process"]["args"] = ["/bin/sh", "-c", script]
    bundle.write()
    done = bundle.silent("run", "-b", bundle.path, bundle.id)
    assert done == 4
    if UNIFIED:
        left = subprocess.run(["pgrep", "-f", f"sleep 1000.{int(bundle.id[1:], 16)}"], check=False,
                              capture_output=True, text=True)
        assert left.stdout == ""


def test_C42_nothing_is_left(bundle):
    """Of what is the container's own: other work on this machine goes on meanwhile."""
    for _ in range(60):
        bundle.start("/bin/sh", "-c", "mount -t tmpfs x /tmp; exec /bin/sleep 1000")
        assert bundle.brig("exec", bundle.id, "/bin/sh", "-c", "true").returncode == 0
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    wait_until(lambda: not bundle.processes(), "processes stayed")
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        assert bundle.path not in mounts.read()
    assert os.listdir(bundle.root) == []
    assert not UNIFIED or not os.path.exists(f"{UNIFIED}/{bundle.id}")


@pytest.fixture
def neighbour(tmp_path):
    folder = tmp_path / "neighbour"
    folder.mkdir()
    made = Bundle(folder)
    yield made
    made.brig("delete", "-f", made.id)


OFFER = """
import ctypes, socket, time
s = socket.socket(socket.AF_UNIX); s.bind("\\0brig-test"); s.listen()
assert ctypes.CDLL(None).shmget(0x62726967, 4096, 0o1666) >= 0
open("/dev/shm/file", "w").write("x"); open("/tmp/ready", "w").write("x")
time.sleep(1000)
"""

REACH = """
import ctypes, os, socket
def tell(what, call):
    try:
        print(what, "reached", call())
    except OSError as error:
        print(what, "refused")
libc = ctypes.CDLL(None, use_errno=True)
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result
tell("signal", lambda: os.kill({pid}, 0))
tell("ptrace", lambda: checked(libc.ptrace(16, {pid}, 0, 0)))
tell("root", lambda: os.listdir("/proc/{pid}/root"))
tell("socket", lambda: socket.socket(socket.AF_UNIX).connect("\\0brig-test"))
tell("shm", lambda: checked(libc.shmget(0x62726967, 4096, 0)))
tell("file", lambda: open("/dev/shm/file").read())
print("processes", len([p for p in os.listdir("/proc") if p.isdigit()]))
"""


def test_C43_neighbours(bundle, neighbour):
    neighbour.start(*neighbour.python(OFFER))
    wait_until(lambda: os.path.exists(neighbour.rootfs + "/tmp/ready"), "the neighbour is ready")
    bundle.config["process"]["capabilities"] = {
        s: ["CAP_KILL", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN"]
        for s in ("bounding", "effective", "permitted")}
    done = bundle.run(*bundle.python(REACH.format(pid=neighbour.state()["pid"])))
    assert done.stdout.splitlines() == [
        "signal refused", "ptrace refused", "root refused", "socket refused", "shm refused",
        "file refused", "processes 1"], done.stderr
    # And that the probe would have found it: in the neighbour itself.
    found = neighbour.brig("exec", neighbour.id, *bundle.python(REACH.format(pid=1)))
    assert [line.split()[1] for line in found.stdout.splitlines()][3:6] == ["reached"] * 3
