# SPDX-License-Identifier: Apache-2.0
"""What a user does with the engine, on this machine."""
import json
import os
import re
import select
import signal
import stat
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import ENGINE, RUNTIME

POD = """name: demo
containers:
  - name: front
    image: web
    ports: "8091:80"
    depends_on: [back]
  - name: back
    image: hello
    command: [sleep, "1000"]
    health_cmd: "true"
    health_interval: 200ms
"""


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def row(engine, name):
    return next(r for r in json.loads(engine.out("ps", "-a", "--json")) if r["name"] == name)


def page(port):
    """What the server says; nothing while it does not listen yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            return answer.read().decode()
    except urllib.error.URLError:
        return ""


def supervisor(engine, name):
    """The pid of the supervisor of a container, by its command line."""
    full = json.loads(engine.out("inspect", name))[0]["id"]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode().split("\0")
        except OSError:
            continue
        if words[:3] == ["brig-engine", "supervise", full]:
            return int(pid)
    return None


def test_run_gives_output_and_exit_code(containers):
    assert containers.out("run", "--rm", "hello", "echo", "hi") == "hi"
    assert containers("run", "--rm", "hello", "sh", "-c", "exit 7", check=False).returncode == 7
    assert containers.out("run", "--rm", "-i", "hello", "cat", stdin="in") == "in"
    assert containers.out("ps", "-aq") == ""


def test_a_service_is_published_and_logged(containers):
    containers("run", "-d", "--name", "web", "-p", "8090:80", "web")
    wait_for(lambda: "It works" in page(8090))
    # what came on stderr goes there again
    wait_for(lambda: "response:200" in containers("logs", "web").stderr)
    assert containers.out("exec", "web", "hostname") == row(containers, "web")["id"]
    containers.fails("rm", "web", because="web runs")
    containers.fails("run", "-d", "--name", "web", "web", because="is taken by")
    containers("stop", "-t", "1", "web")
    assert row(containers, "web")["state"] == "exited"
    containers("rm", "web")
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True, text=True)
    assert "brig-" not in tables.stdout


def test_exec_takes_users_by_name(containers, tmp_path):
    (tmp_path / "host").write_text("evil:x:77:77::/:/bin/sh\n")
    containers("run", "-d", "--name", "on", "hello", "sh", "-c",
               "echo app:x:1234:55::/:/bin/sh >>/etc/passwd; echo team:x:66: >>/etc/group; touch /ready; sleep 1000")
    wait_for(lambda: containers("exec", "on", "test", "-e", "/ready", check=False).returncode == 0)
    for user, numbers in (("app", "1234 55"), ("app:team", "1234 66"), ("7:8", "7 8"), ("1234", "1234 55")):
        assert containers.out("exec", "-u", user, "on", "sh", "-c", "echo $(id -u) $(id -g)") == numbers
    containers.fails("exec", "-u", "nobody-here", "on", "id", because="user nobody-here: not in")
    # a link to the host's file is followed inside the container only
    containers("exec", "on", "ln", "-sf", str(tmp_path / "host"), "/etc/passwd")
    containers.fails("exec", "-u", "evil", "on", "id", because="user evil: not in")
    containers("exec", "on", "sh", "-c", "rm /etc/passwd; mknod /etc/passwd c 1 5")
    containers.fails("exec", "-u", "evil", "on", "id", because="user evil: not in")


def test_setuid_programs_are_for_containers_alone(containers):
    """CVE-2021-41091: what root of a container makes is not for a user of the host's to run."""
    containers("run", "-d", "--name", "on", "-v", "data:/data", "hello", "sleep", "1000")
    containers("exec", "on", "sh", "-c", "cp /bin/busybox /evil; cp /bin/busybox /data; chmod 4755 /evil /data/busybox")
    # as one that was made before the folders were closed has it
    os.chmod(containers.store + "/containers", 0o755)
    containers("ps")
    parts = [f"containers/{os.listdir(containers.store + '/containers')[0]}/upper/evil", "volumes/data/busybox"]
    for part in parts:
        path = f"{containers.store}/{part}"
        assert os.stat(path).st_mode & 0o7777 == 0o4755
        # from the store on, as pytest closes its own folder
        done = subprocess.run(["/bin/sh", "-c", part + " id"], cwd=containers.store, user=1000, check=False,
                              capture_output=True)
        assert b"Permission denied" in done.stderr, done.stdout


def test_a_line_of_passwd_without_end(containers):
    """C13: it is the container's, and not held in the engine's memory."""
    containers("run", "-d", "--name", "on", "hello", "sleep", "1000")
    containers("exec", "on", "sh", "-c", "cat /dev/zero | tr '\\0' x | head -c 300000000 >/etc/passwd")
    done = containers("exec", "-u", "evil", "on", "id", check=False, timeout=10)
    assert done.returncode != 0 and "user evil: not in" in done.stderr


def test_the_defaults_are_safe(containers):
    status = containers.out("run", "--rm", "hello", "cat", "/proc/self/status")
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert "CapBnd:\t00000000a80425fb" in status and "CapInh:\t0000000000000000" in status
    for attempt in ("mount -t tmpfs x /tmp", "unshare -m true", "echo b >/proc/sysrq-trigger",
                    "cat /proc/kcore | head -c 1 | grep -q ."):
        assert containers("run", "--rm", "hello", "sh", "-c", attempt, check=False).returncode != 0


# Each call by number: what it must fail with, even with CAP_SYS_ADMIN.
CALLS = """
import ctypes, errno, platform
x86 = platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)
for name, number, args in (
        ("mount", 165 if x86 else 40, (0, 0, 0, 0, 0)), ("keyctl", 250 if x86 else 219, (0, 0)),
        ("bpf", 321 if x86 else 280, (0, 0, 0)), ("userfaultfd", 323 if x86 else 282, (1,)),
        ("unshare", 272 if x86 else 97, (0x10000000,)), ("setns", 308 if x86 else 268, (0, 0)),
        ("open_tree", 428, (0, 0, 0)), ("io_uring_setup", 425, (1, 0)),
        ("clone", 56 if x86 else 220, (0x10000000 | 17, 0, 0, 0, 0)), ("clone3", 435, (0, 0)),
        ("unknown", 999, ()), ("vsock", 41 if x86 else 198, (40, 1, 0)), ("alg", 41 if x86 else 198, (38, 5, 0)),
        ("getpid", 39 if x86 else 172, ())):
    result = libc.syscall(number, *args)
    print(name, errno.errorcode[ctypes.get_errno()] if result < 0 else "works", flush=True)
"""


def test_system_calls_are_an_allow_list(containers):
    """The host's own python in the container, for calls that no shell makes."""
    mounts = [word for path in ("usr", "lib", "lib64") if os.path.isdir(f"/{path}")
              for word in ("-v", f"/{path}:/{path}:ro")]
    said = containers.out("run", "--rm", "--cap-add", "SYS_ADMIN", *mounts, "hello", "/usr/bin/python3", "-c", CALLS)
    got = dict(line.split() for line in said.split("\n"))
    refused = ("mount", "keyctl", "bpf", "userfaultfd", "unshare", "setns", "open_tree", "io_uring_setup")
    assert got == dict.fromkeys(refused, "EPERM") | dict.fromkeys(
        ("clone", "clone3", "unknown", "vsock", "alg"), "ENOSYS") | {"getpid": "works"}
    # threads, processes, sockets, files, time: what a program does
    work = ("import threading, subprocess, socket, tempfile, time, select, multiprocessing.pool as m; "
            "t = threading.Thread(target=time.sleep, args=(0.01,)); t.start(); t.join(); "
            "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname()); "
            "tempfile.TemporaryFile().write(b'x'); "
            "print(m.ThreadPool(2).map(abs, [-1]), subprocess.check_output(['echo', 'hi']))")
    assert containers.out("run", "--rm", *mounts, "hello", "/usr/bin/python3", "-c", work) == "[1] b'hi\\n'"


def test_networks(containers):
    def lines(network):
        return containers.out("run", "--rm", "--network", network, "hello", "ip", "-o", "link")
    assert "eth0" not in lines("none")
    assert "brig0" in lines("host") or "lo" in lines("host")
    containers("run", "-d", "--name", "web", "web")
    wait_for(lambda: "It works" in containers("exec", "web", "wget", "-qO-", "http://127.0.0.1/", check=False).stdout)
    assert "It works" in containers.out("run", "--rm", "--network", "container:web", "hello", "wget", "-qO-",
                                        "http://127.0.0.1/")


def test_a_successor_at_an_address_is_the_same_station(containers):
    """Or who still knows the one before sends to nobody."""
    stations = []
    for name in ("one", "two"):
        containers("run", "-d", "--name", name, "-p", "8091:80", "web")
        wait_for(lambda: "It works" in page(8091))
        stations.append(containers.out("exec", name, "ip", "-o", "addr", "show", "eth0").split("inet ")[1].split()[0]
                        + containers.out("exec", name, "cat", "/sys/class/net/eth0/address"))
        containers("rm", "-f", name)
    assert stations[0] == stations[1]


def test_volumes_outlive_containers(containers, tmp_path):
    containers("run", "--rm", "-v", "data:/data", "hello", "sh", "-c", "echo kept >/data/x")
    assert containers.out("run", "--rm", "-v", "data:/data:ro", "hello", "cat", "/data/x") == "kept"
    (tmp_path / "host").mkdir()
    refused = containers("run", "--rm", "-v", f"{tmp_path}/host:/data:ro", "hello", "touch", "/data/x", check=False)
    assert refused.returncode != 0 and "Read-only" in refused.stderr


def test_layers_are_shared_and_never_written(containers):
    containers("run", "--rm", "hello", "sh", "-c", "rm /etc/passwd; echo x >/etc/group")
    assert "root" in containers.out("run", "--rm", "hello", "cat", "/etc/passwd")


def test_a_failure_is_restarted_up_to_its_limit(containers):
    containers("run", "-d", "--name", "bad", "--restart", "on-failure:2", "hello", "sh", "-c", "echo again; exit 3")
    wait_for(lambda: row(containers, "bad")["state"] == "exited")
    assert row(containers, "bad")["restarts"] == 2 and row(containers, "bad")["exit_code"] == 3
    assert containers.out("logs", "bad") == "again\nagain\nagain"


# Before each creation it waits for `gate` to go; it notes what it is told.
SLOW_RUNTIME = """#!/bin/sh
echo "$*" >>{here}/told
case " $* " in *" create "*) while [ -e {here}/gate ]; do sleep 0.02; done ;; esac
exec {runtime} "$@"
"""


def test_stopped_while_it_is_started_again(containers, tmp_path):
    """The signals find nobody yet: the container must not be there for ever after."""
    slow, told, gate = (tmp_path / name for name in ("slow", "told", "gate"))
    slow.write_text(SLOW_RUNTIME.format(here=tmp_path, runtime=RUNTIME))
    slow.chmod(0o755)
    containers.env["BRIG_RUNTIME"] = str(slow)
    containers("run", "-d", "--name", "again", "--restart", "always", "-v", "data:/data", "hello",
               "sh", "-c", "[ ! -e /data/later ] || sleep 1000; while [ ! -e /data/later ]; do sleep 0.05; done")
    gate.touch()
    containers("exec", "again", "touch", "/data/later")
    wait_for(lambda: told.read_text().count("create ") == 2)
    with subprocess.Popen([ENGINE, "stop", "-t", "0", "again"], env=containers.env,
                          stderr=subprocess.PIPE, text=True) as stop:
        wait_for(lambda: "KILL" in told.read_text())
        gate.unlink()
        assert (stop.wait(60), stop.stderr.read()) == (0, "")
    assert row(containers, "again")["state"] == "exited"


def test_the_log_is_rotated(containers):
    containers("run", "--name", "flood", "--log-size", "100k", "hello", "sh", "-c", "seq 1 30000")
    logs = containers.out("logs", "flood").split("\n")
    assert logs[-1] == "30000" and len(logs) < 30000
    assert containers.out("logs", "-n", "2", "flood").split() == ["29999", "30000"]


# It says how many lines it wrote, and is silent while told to be.
COUNTER = ("n=0; while :; do echo $n; n=$((n+1)); echo $n >/told/new; mv /told/new /told/count; sleep 0.05; "
           "while [ -e /told/quiet ]; do : >/told/silent; sleep 0.05; done; done")


def test_a_killed_supervisor_is_replaced_while_the_container_runs_on(containers, tmp_path):
    """No line is lost that is written without one; of those before, it may have read some and not logged them."""
    told = tmp_path / "told"
    told.mkdir()

    def count():
        return int((told / "count").read_text())
    containers("run", "-d", "--name", "on", "-v", f"{told}:/told", "hello", "sh", "-c", COUNTER)
    wait_for(lambda: "3" in containers.out("logs", "on").split())
    pid, old = row(containers, "on")["pid"], supervisor(containers, "on")
    (told / "quiet").touch()
    wait_for((told / "silent").exists)
    before = count()
    wait_for(lambda: len(containers.out("logs", "on").split()) == before)
    gone = os.pidfd_open(old)
    os.kill(old, signal.SIGKILL)
    assert select.select([gone], [], [], 60)[0]
    os.close(gone)
    (told / "quiet").unlink()
    wait_for(lambda: count() > before + 2)
    containers("ps")
    wait_for(lambda: supervisor(containers, "on") not in (None, old))
    last = int(containers.out("logs", "on").split()[-1])
    wait_for(lambda: int(containers.out("logs", "on").split()[-1]) > last + 5)
    assert row(containers, "on")["pid"] == pid
    numbers = [int(n) for n in containers.out("logs", "on").split()]
    assert numbers == list(range(len(numbers)))
    containers("stop", "-t", "1", "on")
    assert row(containers, "on")["state"] == "exited"


def test_after_a_reboot_the_policies_decide(containers):
    """All processes gone at once, as a reboot leaves it: `revive` is what the boot calls."""
    for name, policy in (("back", "always"), ("gone", "no")):
        containers("run", "-d", "--name", name, "--restart", policy, "hello", "sleep", "1000")
    pids = {name: row(containers, name)["pid"] for name in ("back", "gone")}
    for name in ("back", "gone"):
        os.kill(supervisor(containers, name), signal.SIGKILL)
        os.kill(pids[name], signal.SIGKILL)
    containers("revive")
    wait_for(lambda: row(containers, "gone")["state"] == "exited")
    wait_for(lambda: row(containers, "back")["state"] == "running" and row(containers, "back")["pid"] != pids["back"])
    assert containers.out("exec", "back", "echo", "hi") == "hi"


def test_who_starts_slowly_is_not_ill(containers):
    containers("run", "-d", "--name", "slow", "--health-cmd", "test -e /well", "--health-interval", "50ms", "--health-retries",
               "1", "--health-start-period", "1h", "hello", "sleep", "1000")
    time.sleep(1.5)
    assert row(containers, "slow")["health"] == "starting"
    containers("exec", "slow", "touch", "/well")
    wait_for(lambda: row(containers, "slow")["health"] == "healthy")
    containers("exec", "slow", "rm", "/well")
    wait_for(lambda: row(containers, "slow")["health"] == "unhealthy")


def test_health_is_watched(containers):
    containers("run", "-d", "--name", "ill", "--health-cmd", "test -e /well", "--health-interval", "100ms",
               "--health-retries", "2", "hello", "sleep", "1000")
    wait_for(lambda: row(containers, "ill")["health"] == "unhealthy")
    containers("exec", "ill", "touch", "/well")
    wait_for(lambda: row(containers, "ill")["health"] == "healthy")


@pytest.mark.skipif(not os.path.exists("/sys/fs/cgroup/cgroup.procs") and
                    not os.path.exists("/sys/fs/cgroup/unified/cgroup.procs"),
                    reason="needs a cgroup version 2 hierarchy")
def test_no_devices_of_the_machine(containers):
    """C35: CAP_MKNOD makes a node of any device, which the container then may not open."""
    containers("run", "-d", "--name", "one", "hello", "sleep", "1000")
    tried = 0
    for name in ("fuse", "loop-control", "loop0", "hwrng", "net/tun", "kvm"):
        try:
            os.close(os.open("/dev/" + name, os.O_RDWR))
        except OSError:
            continue
        status = os.stat("/dev/" + name)
        kind = "b" if stat.S_ISBLK(status.st_mode) else "c"
        number = f"{os.major(status.st_rdev)} {os.minor(status.st_rdev)}"
        done = containers("exec", "one", "sh", "-c", f"rm -f /node; mknod /node {kind} {number}; : </node",
                          check=False)
        assert done.returncode != 0 and "not permitted" in done.stderr, name
        tried += 1
    assert tried > 0
    containers("exec", "one", "sh", "-c", "rm /node; mknod /node c 1 3; echo x >/node")


def test_a_check_that_hangs(containers):
    """What it leaves is ended and reaped, or the container's pid namespace could not end."""
    containers("run", "-d", "--name", "ill", "--health-cmd", "sleep 1000", "--health-interval", "100ms",
               "--health-timeout", "300ms", "--health-retries", "3", "hello", "sleep", "1000")
    wait_for(lambda: row(containers, "ill")["health"] == "unhealthy")
    assert containers.out("top", "ill").count("sleep") <= 3
    containers("stop", "-t", "1", "ill")


def test_apply_restarts_only_what_changed(containers, tmp_path):
    pod = tmp_path / "pod.yaml"
    pod.write_text(POD)
    assert containers.out("apply", str(pod)).split("\n") == ["demo-back created", "demo-front created"]
    wait_for(lambda: "It works" in page(8091))
    assert containers.out("apply", str(pod)).split("\n") == ["demo-back unchanged", "demo-front unchanged"]
    pod.write_text(POD.replace("8091", "8092"))
    assert containers.out("apply", str(pod)).split("\n") == ["demo-back unchanged", "demo-front replaced"]
    pod.write_text(POD.split("  - name: back")[0].replace("    depends_on: [back]\n", ""))
    assert "demo-back removed" in containers.out("apply", str(pod))


@pytest.mark.parametrize("key", ["env", "env_file"])
def test_a_mapping_is_no_list(containers, tmp_path, key):
    pod = tmp_path / "pod.yaml"
    pod.write_text(f"name: demo\ncontainers:\n  - name: one\n    image: hello\n    {key}: {{A: b}}\n")
    containers.fails("apply", str(pod), because=f"{key}: a value of the wrong kind")


def test_save_and_load_round(containers, tmp_path):
    containers("save", "-o", str(tmp_path / "out.tar"), "hello")
    containers("rmi", "hello")
    containers.fails("run", "--rm", "hello", "true", because="not in the store")
    assert containers.out("load", str(tmp_path / "out.tar")).startswith("hello:latest")
    assert containers.out("run", "--rm", "hello", "echo", "hi") == "hi"


def test_killed_at_any_moment_rm_cleans_up(containers):
    """kill -9 of `brig run` and of the supervisor, earlier and later: ps and rm -f work after it."""
    for step in range(12):
        run = subprocess.Popen([ENGINE, "run", "--name", "dead", "-p", "8093:80", "hello", "sleep", "1000"],
                               env=containers.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        time.sleep(0.02 * step)
        run.kill()
        run.wait()
        known = "dead" in containers.out("ps", "-a")
        pid = supervisor(containers, "dead") if known else None
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        containers("ps")
        if known:
            containers("rm", "-f", "dead")
        assert containers.out("ps", "-aq") == ""


def test_errors_say_what_and_why(engine):
    engine.fails("run", "nosuch", because="image nosuch: not in the store")
    engine.fails("load", "/nonexistent.tar", because="load /nonexistent.tar: No such file")
    engine.fails("logs", "nobody", because="nobody: no such container")
    engine.fails("run", "--memory", "lots", "x", because='memory: "lots"')
    engine.fails("run", "-p", "99999:1", "x", because="99999")


def test_a_flood_of_lines_costs_little(containers):
    """C36: many lines are one write, so many bytes a second at most; none is cut or too much."""
    containers("run", "-d", "--name", "one", "--log-size", "1M", "hello", "yes", "")
    path = f"/proc/{supervisor(containers, 'one')}/io"

    def written():
        with open(path, encoding="ascii") as file:
            counts = dict(line.split(": ") for line in file)
        return int(counts["wchar"]), int(counts["syscw"]), time.monotonic()
    before = written()
    time.sleep(3)
    byte_count, calls, seconds = (new - old for new, old in zip(written(), before))
    assert byte_count > 10000 and byte_count / calls > 4096
    assert byte_count / seconds < 16 << 20
    containers("kill", "one")
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    folder = os.path.join(containers.store, "containers", os.listdir(containers.store + "/containers")[0])
    for name in ("log", "log.1"):
        with open(f"{folder}/{name}", encoding="ascii") as file:
            text = file.read()
        assert 1 << 19 < len(text) <= 1 << 20 or name == "log"
        assert len(text) <= 1 << 20 and all(
            re.fullmatch(r"20\S{17}\.\d{3}Z stdout F ", line) for line in text.split("\n")[:-1])


def test_long_lines_and_halves(containers):
    """What is longer than a line may be comes in parts, and what had no end is there at the end."""
    script = ("head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'ha'; sleep 0.3; echo lf; "
              "head -c 16384 /dev/zero | tr '\\0' y; echo; echo err >&2; printf end")
    containers("run", "-d", "--name", "one", "hello", "sh", "-c", script)
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    done = containers("logs", "one")
    assert done.stdout == "x" * 40000 + "\nhalf\n" + "y" * 16384 + "\nend" and done.stderr == "err\n"
