# SPDX-License-Identifier: Apache-2.0
"""containerd by its runc-v2 shim, with brig and with runc as the shim's binary."""
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pexpect
import pytest

from engines import RUNTIMES, leave, wait_until


@pytest.mark.parametrize("command, status", [
    (("sh", "-c", "exit 7"), 7), (("nosuch",), 1), (("/etc",), 1)])
def test_exit_status(containerd, command, status):
    assert containerd.same_run(*command)[0] == status


@pytest.mark.parametrize("options, script, said", [
    (("--read-only",), "touch /x 2>/dev/null; echo $?", "1\n"),
    (("--cwd", "/made/here"), "pwd", "/made/here\n"),
    (("--env", "A=b"), "echo $A", "b\n"),
    (("--cap-drop", "CAP_CHOWN"), "chown 5 /etc 2>/dev/null; echo $?", "1\n"),
    (("--seccomp",), "grep Seccomp: /proc/self/status", "Seccomp:\t2\n"),
    (("--mount", "type=tmpfs,dst=/t"), "touch /t/x; echo $?", "0\n"),
    (("--mount", "type=bind,src=/,dst=/host,options=rbind:ro"), "ls -d /host/bin/busybox; touch /host/x 2>/dev/null; echo $?",
     "/host/bin/busybox\n1\n")])
def test_options(containerd, options, script, said):
    assert containerd.same_run("sh", "-c", script, options=options) == (0, said)


def test_stream(containerd):
    assert containerd.same_run("sh", "-c", "head -c 3000000 /dev/zero | wc -c; head -c 3000000 /dev/zero") \
        == (0, "3000000\n" + "\0" * 3000000)


def test_exec(containerd):
    def body(runtime):
        name = containerd.start(runtime, "sleep", "1000")

        def execute(*args):
            done = containerd.task("exec", "--exec-id", "e" + os.urandom(4).hex(), *args[:-1], name, *args[-1])
            return done.returncode, done.stdout
        said = [execute(["sh", "-c", "echo out; exit 5"]), execute(["nosuch"])[0],
                execute("--user", "1000", "--cwd", "/tmp", ["sh", "-c", "id -u; pwd"])]
        return said, containerd.remove(name)
    assert containerd.alike(body) == ([(5, "out\n"), 1, (0, "1000\n/tmp\n")], 0)


def test_life(containerd):
    def body(runtime):
        name = containerd.start(runtime, "sh", "-c", "trap 'exit 3' USR1; while :; do sleep 0.05; done")
        said = [containerd.status(name), containerd.task("pause", name).returncode, containerd.status(name),
                containerd.task("resume", name).returncode, containerd.status(name),
                len(containerd.task("ps", name).stdout.splitlines()) >= 2]
        containerd.task("kill", "-s", "USR1", name)
        wait_until(lambda: containerd.status(name) == "STOPPED", "its end")
        said.append(containerd.task("rm", name).returncode)
        return said, containerd.call("", "container", "rm", name).returncode
    assert containerd.alike(body) == (["RUNNING", 0, "PAUSED", 0, "RUNNING", True, 0], 0)


def test_kill_all_and_force(containerd):
    def body(runtime):
        name = containerd.start(runtime, "sh", "-c", "sleep 1000 & sleep 1000")
        containerd.task("kill", "-s", "KILL", "-a", name)
        wait_until(lambda: containerd.status(name) == "STOPPED", "its end")
        return containerd.remove(name), containerd.remove(containerd.start(runtime, "sleep", "1000"))
    assert containerd.alike(body) == (0, 0)


def test_shim_is_killed(containerd):
    def body(runtime):
        name = containerd.start(runtime, "sleep", "1000")
        found = subprocess.run(["pgrep", "-f", f"containerd-shim.* -id {name} "], capture_output=True,
                               text=True, check=True)
        os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
        wait_until(lambda: containerd.status(name) in (None, "STOPPED", "UNKNOWN"), "its end")
        return containerd.remove(name), name
    status, name = body("brig")
    assert (status, body("runc")[0]) == (0, 0)
    assert not os.path.exists(f"/run/containerd/runc/default/{name}")  # runc's own is left there


def test_terminal(containerd):
    def body(runtime):
        screen = pexpect.spawn("ctr", ["-a", containerd.socket, "run", "--rm", "-t", "--runc-binary",
                                       containerd.binary(runtime), containerd.image, "tty-" + runtime, "sh"],
                               dimensions=(33, 99), timeout=30)
        screen.expect("# ")
        screen.sendline("tty; until [ \"$(stty size)\" = '33 99' ]; do sleep .1; done; echo w$((1+1))")
        screen.expect("/dev/pts/0\r+\nw2\r+\n")
        return leave(screen)
    assert containerd.alike(body) == 4


def test_twelve_at_once(containerd):
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda n: containerd.run("brig", "sh", "-c", f"echo {n}; exit {n}")[:2], range(12)))
    assert done == [(n, f"{n}\n") for n in range(12)]


def test_nothing_is_left(containerd):
    for runtime in RUNTIMES:
        name = containerd.start(runtime, "sleep", "1000")
        pid = [line.split()[1] for line in containerd.task("ls").stdout.splitlines() if line.startswith(name)]
        assert containerd.remove(name) == 0 and not os.path.exists("/proc/" + pid[0])
