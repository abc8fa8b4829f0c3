# SPDX-License-Identifier: Apache-2.0
"""The scope that systemd makes for a container: where it is, and that it goes again."""
import os
import signal
import subprocess
import threading

import pytest

from conftest import BRIG, MOUNT, ScopeBundle, gone, is_loaded, show, wait_until

SLEEP = ("/bin/sleep", "1000")


@pytest.mark.parametrize("slice_name, path", [
    ("system.slice", "/system.slice"), ("-.slice", ""), ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"),
    ("user.slice", "/user.slice")])
def test_slices(any_bundle, slice_name, path):
    any_bundle.place(slice_name)
    any_bundle.start(*SLEEP)
    assert show(any_bundle.scope, "ControlGroup", "Slice", "Delegate", "ActiveState") \
        == (f"{path}/{any_bundle.scope}", slice_name, "yes", "active")
    pid = any_bundle.state()["pid"]
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        assert file.read() == f"0::{path}/{any_bundle.scope}\n"


def test_default_place(bundle):
    """As runc's: the slice for services, and the runtime's name before the container's."""
    for path in (None, ""):
        bundle.config["linux"]["cgroupsPath"] = path
        bundle.scope = f"brig-{bundle.id}.scope"
        bundle.start(*SLEEP)
        assert show(bundle.scope, "Slice", "Description") == ("system.slice", "brig container " + bundle.id)
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    bundle.config["linux"]["cgroupsPath"] = "::" + bundle.id
    bundle.scope = bundle.id + ".scope"
    bundle.start(*SLEEP)
    assert show(bundle.scope, "Slice") == "system.slice"


@pytest.mark.parametrize("path, why", [
    ("/a/b", "slice:prefix:name"), ("a:b", "slice:prefix:name"), ("system.slice:a:b:c", "slice:prefix:name"),
    ("system:a:b", "no slice"), ("a/b.slice:a:b", "slice:prefix:name"), ("system.slice:a/b:c", "slice:prefix:name"),
    ("a--b.slice:a:b", "systemd: "), ("system.slice:a:b c", "systemd: ")])
def test_bad_place(bundle, path, why):
    bundle.config["linux"]["cgroupsPath"] = path
    done = bundle.run("/bin/true")
    assert done.returncode == 1 and why in done.stderr and bundle.state() is None


def test_namespace_and_mount(any_bundle):
    """The container's own view begins at its scope: it is born there."""
    any_bundle.config["linux"]["namespaces"] = [
        one for one in any_bundle.config["linux"]["namespaces"] if one["type"] != "cgroup"] + [{"type": "cgroup"}]
    any_bundle.config["mounts"] = [one for one in any_bundle.config["mounts"] if one["type"] != "cgroup"] + [
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]
    any_bundle.limit(pids={"limit": 33})
    assert any_bundle.shell("cat /proc/self/cgroup /sys/fs/cgroup/pids.max") == "0::/\n33\n"


@pytest.mark.parametrize("kind", ["pid", "user"])
def test_with_joined_namespaces(bundle, kind):
    """Where another process is in the middle anyway; and with a user namespace."""
    if kind == "user":
        bundle.config["linux"]["namespaces"].append({"type": "user"})
        bundle.config["linux"]["uidMappings"] = bundle.config["linux"]["gidMappings"] = [
            {"containerID": 0, "hostID": 100000, "size": 65536}]
        os.chmod(bundle.path, 0o755)
        for folder in (bundle.rootfs, os.path.dirname(bundle.path)):
            os.chmod(folder, 0o755)
        subprocess.run(["chown", "-R", "100000:100000", bundle.rootfs], check=True)
        bundle.start(*SLEEP)
        assert is_loaded(bundle.scope)
        assert bundle.brig("exec", bundle.id, "/bin/cat", "/proc/self/cgroup").stdout == "0::/\n"
        return
    with subprocess.Popen(["unshare", "-pf", "sleep", "1000"]) as other:
        wait_until(lambda: os.path.exists(f"/proc/{other.pid}/ns/pid_for_children"), "namespace")
        child = subprocess.run(["pgrep", "-P", str(other.pid)], capture_output=True, text=True, check=False)
        wait_until(lambda: subprocess.run(["pgrep", "-P", str(other.pid)], check=False,
                                          stdout=subprocess.DEVNULL).returncode == 0, "child")
        child = subprocess.run(["pgrep", "-P", str(other.pid)], capture_output=True, text=True, check=True)
        for one in bundle.config["linux"]["namespaces"]:
            if one["type"] == "pid":
                one["path"] = f"/proc/{child.stdout.strip()}/ns/pid"
        bundle.start(*SLEEP)
        assert is_loaded(bundle.scope)
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0
        os.kill(int(child.stdout), signal.SIGKILL)


def test_exec_is_in_the_scope(any_bundle):
    any_bundle.start(*SLEEP)
    before = any_bundle.file("pids.current")
    with subprocess.Popen([any_bundle.runtime, "--root", any_bundle.root, "--systemd-cgroup", "exec", any_bundle.id, "/bin/cat"],
                          stdin=subprocess.PIPE) as child:
        wait_until(lambda: len(any_bundle.file("cgroup.procs").split()) == 2, "exec")
        child.communicate(b"")
    assert before == "1"


def test_life(any_bundle):
    any_bundle.start(*SLEEP)
    said = [any_bundle.state()["status"]]
    for command in ("pause", "resume"):
        assert any_bundle.brig(command, any_bundle.id).returncode == 0
        said.append(any_bundle.state()["status"])
    assert said == ["running", "paused", "running"]
    assert str(any_bundle.state()["pid"]) in any_bundle.brig("ps", any_bundle.id).stdout
    assert '"memory"' in any_bundle.brig("events", "--stats", any_bundle.id).stdout
    assert any_bundle.brig("kill", any_bundle.id, "KILL").returncode == 0
    wait_until(lambda: any_bundle.state()["status"] == "stopped", "its end")
    assert any_bundle.brig("delete", any_bundle.id).returncode == 0
    assert gone(any_bundle)


def test_paused_container_is_deleted(bundle):
    bundle.start(*SLEEP)
    assert bundle.brig("pause", bundle.id).returncode == 0
    assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    assert gone(bundle)


def test_one_after_the_other(bundle):
    """The name is free when delete has returned."""
    for _ in range(5):
        bundle.start(*SLEEP)
        assert bundle.brig("delete", "-f", bundle.id).returncode == 0


def test_name_of_another(bundle, tmp_path):
    """A scope that is there is another's: create fails with the reason, and leaves it alone."""
    bundle.start(*SLEEP)
    other = ScopeBundle(tmp_path / "other")
    other.config["linux"]["cgroupsPath"] = bundle.config["linux"]["cgroupsPath"]
    done = other.run("/bin/true")
    assert done.returncode == 1 and bundle.scope in done.stderr and "already" in done.stderr
    assert other.state() is None
    assert bundle.state()["status"] == "running" and show(bundle.scope, "ActiveState") == "active"


def test_scope_of_a_later_one(bundle, tmp_path):
    """One that ended is deleted; another has its scope's name since."""
    bundle.start("/bin/sh", "-c", "exit 0")
    wait_until(lambda: gone(bundle), "its scope")
    other = ScopeBundle(tmp_path / "other")
    other.config["linux"]["cgroupsPath"] = bundle.config["linux"]["cgroupsPath"]
    other.start(*SLEEP)
    assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    assert other.state()["status"] == "running"
    assert other.brig("delete", "-f", other.id).returncode == 0


@pytest.mark.parametrize("fault", ["program", "limit", "mount", "hook"])
def test_failing_start_leaves_nothing(bundle, fault):
    if fault == "limit":
        bundle.limit(unified={"memory.nosuch": "1"})
    if fault == "mount":
        bundle.config["mounts"].append({"destination": "/x", "type": "bind", "source": "/nosuch", "options": ["bind"]})
    if fault == "hook":
        bundle.config["hooks"] = {"prestart": [{"path": "/bin/false"}]}
    assert bundle.run("/nosuch" if fault == "program" else "/bin/true").returncode != 0
    assert bundle.state() is None
    assert gone(bundle)


def test_out_of_memory(bundle):
    """A scope that failed does not keep its name."""
    bundle.limit(memory={"limit": 32 << 20, "swap": 32 << 20})
    for _ in range(2):
        done = bundle.run("/bin/sh", "-c", "x=x; while :; do x=$x$x; done")
        assert done.returncode == 137
        assert gone(bundle)


def test_out_of_memory_in_the_background(any_bundle):
    any_bundle.limit(memory={"limit": 32 << 20, "swap": 32 << 20})
    any_bundle.start("/bin/sh", "-c", "x=x; while :; do x=$x$x; done")
    wait_until(lambda: any_bundle.state()["status"] == "stopped", "its end")
    assert any_bundle.brig("delete", any_bundle.id).returncode == 0
    wait_until(lambda: gone(any_bundle), "its scope")


CALLS = ["clone3", "openat", "mount", "pipe2", "execve", "fork,clone", "wait4", "write", "renameat,renameat2,rename"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", [1, 3, 8])
def test_create_is_killed(bundle, call, when):
    """kill -9 at that system call: delete --force leaves nothing, and the name can be had again."""
    bundle.config["process"]["args"] = list(SLEEP)
    bundle.write()
    subprocess.run(["strace", "-D", "-qqq", "-o", "/dev/null", f"-e", f"inject={call}:signal=KILL:when={when}",
                    BRIG, "--root", bundle.root, "--systemd-cgroup", "create", "-b", bundle.path, bundle.id],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
    assert bundle.brig("delete", "--force", bundle.id).returncode == 0
    wait_until(lambda: gone(bundle), "its scope")
    assert bundle.run("/bin/sh", "-c", "exit 3").returncode == 3


def test_ten_at_once(tmp_path):
    bundles = [ScopeBundle(tmp_path / str(n)) for n in range(10)]
    results = {}

    def run(bundle):
        results[bundle.id] = bundle.run("/bin/sh", "-c", "exit 5").returncode
    threads = [threading.Thread(target=run, args=(one,)) for one in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(results.values()) == [5] * 10
    assert all(gone(one) for one in bundles)


def test_systemd_stops_it(any_bundle):
    """systemctl stop ends the container, as it ends a service."""
    any_bundle.start(*SLEEP)
    subprocess.run(["systemctl", "kill", "-s", "KILL", any_bundle.scope], check=True, timeout=60)
    wait_until(lambda: any_bundle.state()["status"] == "stopped", "its end")
    assert any_bundle.brig("delete", any_bundle.id).returncode == 0


def test_without_busctl(bundle):
    bundle.config["process"]["args"] = ["/bin/true"]
    bundle.write()
    done = bundle.brig("run", "-b", bundle.path, bundle.id, env={**os.environ, "PATH": "/nosuch"})
    assert done.returncode == 1 and "busctl" in done.stderr
    assert bundle.state() is None and not os.path.exists(f"{MOUNT}/system.slice/{bundle.scope}")
