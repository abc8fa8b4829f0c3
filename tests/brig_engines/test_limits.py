# SPDX-License-Identifier: Apache-2.0
"""Limits and networks as engines have them by default: only in the machine of tests/brig_systemd."""
import json
import os
import subprocess
import urllib.request

import pytest

from engines import IMAGE, MACHINE, wait_until

SHELL = (IMAGE, "sh", "-c")
SLEEP = (IMAGE, "sleep", "1000")
LIMITS = ("--memory", "64m", "--memory-swap", "96m", "--memory-reservation", "32m", "--cpus", "0.5", "--cpu-shares", "512",
          "--cpuset-cpus", "0", "--pids-limit", "40")
FILES = {"memory.max": "67108864", "memory.swap.max": "33554432", "memory.low": "33554432", "cpu.max": "50000 100000",
         "cpu.weight": "20", "cpuset.cpus": "0", "pids.max": "40"}


def pytest_generate_tests(metafunc):
    if "any_engine" in metafunc.fixturenames:
        metafunc.parametrize("any_engine", ["docker", "podman", "rootless_podman"], indirect=True)


@pytest.fixture
def any_engine(request):
    if not MACHINE:
        pytest.skip("needs cgroup version 2 and systemd: make test-brig-systemd")
    return request.getfixturevalue(request.param)


@pytest.fixture(name="networked", params=["docker", "podman"])
def networked_fixture(request):
    if not MACHINE:
        pytest.skip("makes networks: make test-brig-systemd")
    return request.getfixturevalue(request.param)


def group(engine, runtime, name):
    """The container's folder, by its first process: /sys/fs/cgroup/..../docker-ID.scope."""
    pid, = engine.state(runtime, name, "Pid")
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        path = file.read().strip().removeprefix("0::")
    while not path.endswith(".scope"):
        path = os.path.dirname(path)
        assert path != "/"
    return "/sys/fs/cgroup" + path


def files(folder, names):
    said = {}
    for name in names:
        with open(f"{folder}/{name}", encoding="ascii") as file:
            said[name] = file.read().strip()
    return said


def reload(engine):
    command = ["systemctl", "daemon-reload"]
    if engine.as_user:
        command[1:1] = ["--user"]
    subprocess.run(command, check=True, timeout=120, env=engine.environment, **engine.as_user)


def test_driver(any_engine):
    """What this file is about: nothing was asked for, and it is systemd's."""
    field = "{{.CgroupDriver}}" if any_engine.prefix("")[0] == "docker" else "{{.Host.CgroupManager}}"
    assert any_engine.call("brig", "info", "-f", field).stdout == "systemd\n"


def test_limits(any_engine):
    limits, expected = LIMITS, FILES
    if any_engine.as_user:  # cpuset is not delegated to users by Debian's systemd
        limits = tuple(one for one in LIMITS if one not in ("--cpuset-cpus", "0"))
        expected = {key: value for key, value in FILES.items() if key != "cpuset.cpus"}

    def body(runtime):
        name = any_engine.start(runtime, *limits, *SLEEP)
        folder = group(any_engine, runtime, name)
        said = [files(folder, expected)]
        reload(any_engine)
        said.append(files(folder, expected))
        inner = any_engine.call(runtime, "exec", name, "cat", "/proc/self/cgroup", "/sys/fs/cgroup/memory.max").stdout
        any_engine.call(runtime, "rm", "-f", name)
        wait_until(lambda: not os.path.exists(folder), "the scope's end")
        return said, inner
    said, inner = any_engine.alike(body)
    assert said == [expected, expected] and inner.endswith("67108864\n")


def test_update(any_engine):
    if any_engine.prefix("")[0] == "podman":
        options = ("--memory", "32m", "--cpus", "0.3")
    else:
        options = ("--memory", "32m", "--memory-swap", "64m", "--cpus", "0.3")

    def body(runtime):
        name = any_engine.start(runtime, "--memory", "64m", "--memory-swap", "64m", *SLEEP)
        done = any_engine.call(runtime, "update", *options, name)
        folder = group(any_engine, runtime, name)
        said = [files(folder, ("memory.max", "cpu.max"))]
        reload(any_engine)
        said.append(files(folder, ("memory.max", "cpu.max")))
        any_engine.call(runtime, "rm", "-f", name)
        return done.returncode, said
    expected = {"memory.max": "33554432", "cpu.max": "30000 100000"}
    assert any_engine.alike(body) == (0, [expected, expected])


def test_out_of_memory(any_engine):
    def body(runtime):
        name = any_engine.start(runtime, "--memory", "32m", "--memory-swap", "32m", *SHELL, "x=x; while :; do x=$x$x; done")
        any_engine.call(runtime, "wait", name)
        said = any_engine.state(runtime, name, "Status", "ExitCode", "OOMKilled")
        again = any_engine.call(runtime, "start", name).returncode
        any_engine.call(runtime, "rm", "-f", name)
        return said, again
    said, again = any_engine.alike(body)
    assert said[:2] == ("exited", 137) and again == 0


def test_pids(any_engine):
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done 2>&1 | grep -c 'fork'; exit 0"
    assert any_engine.same_run("--pids-limit", "5", *SHELL, script)[0] in (0, 2)


def test_stats(any_engine):
    def body(runtime):
        name = any_engine.start(runtime, "--memory", "64m", *SLEEP)
        done = any_engine.call(runtime, "stats", "--no-stream", "--format", "{{json .}}", name)
        any_engine.call(runtime, "rm", "-f", name)
        said = json.loads(done.stdout)
        said = said[0] if isinstance(said, list) else said
        return done.returncode, [value for key, value in said.items() if key.lower().startswith("pids")][0]
    assert str(any_engine.alike(body)[1]) == "1"


def test_pause_and_restart(any_engine):
    def body(runtime):
        name = any_engine.start(runtime, "--memory", "64m", *SLEEP)
        said = []
        for command in ("pause", "unpause"):
            said.append((any_engine.call(runtime, command, name).returncode, any_engine.state(runtime, name, "Status")))
        for _ in range(2):
            said.append((any_engine.call(runtime, "restart", "-t", "0", name).returncode, any_engine.state(runtime, name, "Status")))
            said.append(files(group(any_engine, runtime, name), ("memory.max",)))
        any_engine.call(runtime, "rm", "-f", name)
        return said
    assert any_engine.alike(body)[:2] == [(0, ("paused",)), (0, ("running",))]


def test_privileged(any_engine):
    assert any_engine.same_run("--privileged", *SHELL, "grep CapEff /proc/self/status; mkdir /sys/fs/cgroup/x && echo made")[0] == 0


def test_cgroup_namespace_of_the_host(any_engine):
    def body(runtime):
        status, said, _ = any_engine.run(runtime, "--cgroupns", "host", *SHELL, "cat /proc/self/cgroup")
        return status, said.rstrip("\n").endswith(".scope") or said.rstrip("\n").endswith("/container")
    assert any_engine.alike(body) == (0, True)


def test_cgroup_parent(networked):
    def body(runtime):
        name = networked.start(runtime, "--cgroup-parent", "mine-own.slice", *SLEEP)
        folder = os.path.dirname(group(networked, runtime, name))
        networked.call(runtime, "rm", "-f", name)
        return folder
    assert networked.alike(body) == "/sys/fs/cgroup/mine.slice/mine-own.slice"


def address(engine, runtime, name):
    field = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return engine.call(runtime, "inspect", "-f", field, name).stdout.strip()


def fetch(port):
    """By Python: the wget of a static busybox dies of glibc's resolver on a Debian (SIGSEGV)."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/page", timeout=20) as answer:
        return answer.status, answer.read().decode()


def server(engine, runtime, *options):
    name = engine.start(runtime, *options, *SHELL, "echo hello > /tmp/page; exec httpd -f -h /tmp -p 80")
    wait_until(lambda: engine.call(runtime, "exec", name, "wget", "-qO-", "http://127.0.0.1/page").stdout == "hello\n", "httpd")
    return name


def test_bridge(networked):
    """The default network: an address, the host by it, another container, a published port."""
    def body(runtime):
        port = "18080" if runtime == "brig" else "18081"
        name = server(networked, runtime, "--network", "bridge", "-p", port + ":80")
        own = address(networked, runtime, name)
        said = [own != "", fetch(port),
                networked.run(runtime, "--network", "bridge", *SHELL, f"ls /sys/class/net; wget -qO- http://{own}/page")[:2]]
        networked.call(runtime, "rm", "-f", name)
        return said
    assert networked.alike(body) == [True, (200, "hello\n"), (0, "eth0\nlo\nhello\n")]


def test_network_of_ones_own(networked):
    """With a resolver: by name."""
    def body(runtime):
        net = "net-" + runtime
        assert networked.call(runtime, "network", "create", net).returncode == 0
        name = server(networked, runtime, "--network", net)
        said = networked.run(runtime, "--network", net, *SHELL, f"wget -qO- -T 20 http://{name}/page")[:2]
        networked.call(runtime, "rm", "-f", name)
        return said, networked.call(runtime, "network", "rm", net).returncode
    assert networked.alike(body) == ((0, "hello\n"), 0)


def test_rootless_network(request):
    if not MACHINE:
        pytest.skip("make test-brig-systemd")
    engine = request.getfixturevalue("rootless_podman")

    def body(runtime):
        port = "18090" if runtime == "brig" else "18091"
        name = server(engine, runtime, "--network", "slirp4netns", "-p", port + ":80")
        said = fetch(port)
        engine.call(runtime, "rm", "-f", "-t", "0", name)
        return said
    assert engine.alike(body) == (200, "hello\n")


def test_apparmor(docker):
    """Docker's own profile, which a Debian has by default: for the process, and for exec."""
    if not MACHINE:
        pytest.skip("needs a kernel with AppArmor: make test-brig-systemd")

    def body(runtime):
        name = docker.start(runtime, *SHELL, "cat /proc/self/attr/current; sleep 1000")
        wait_until(lambda: docker.call(runtime, "logs", name).stdout, "its word")
        said = docker.call(runtime, "logs", name).stdout, docker.call(runtime, "exec", name, "cat", "/proc/self/attr/current").stdout
        docker.call(runtime, "rm", "-f", name)
        return said
    assert docker.alike(body) == ("docker-default (enforce)\n",) * 2
