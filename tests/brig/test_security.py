# SPDX-License-Identifier: Apache-2.0
"""What a hostile image or bundle tries; names are those of the catalogue of escapes."""
import ctypes
import hashlib
import json
import os
import shutil
import socket
import threading

import pytest

from conftest import BRIG, UNIFIED


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def exchange(one, other):
    """renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE)"""
    return ctypes.CDLL(None).renameat2(-100, one, -100, other, 2)


def replace_by_link(path, target):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    os.symlink(target, path)


def test_C15_rootfs_is_a_symlink(bundle):
    os.rename(bundle.rootfs, bundle.path + "/real")
    os.symlink("real", bundle.rootfs)
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "root.path" in done.stderr


@pytest.mark.parametrize("name", ["proc", "sys"])
def test_C16_proc_and_sys_are_symlinks(bundle, name):
    replace_by_link(f"{bundle.rootfs}/{name}", "/tmp")
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "ordinary folder" in done.stderr


def test_C17_dev_is_a_symlink_CVE_2026_47766(bundle, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if not m["destination"].startswith("/dev")]
    replace_by_link(bundle.rootfs + "/dev", str(outside))
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "/dev must be an ordinary folder" in done.stderr
    assert list(outside.iterdir()) == []


def test_C19_mount_destination_through_symlink_stays_inside(bundle, tmp_path):
    """CVE-2021-30465, the still picture: the link is followed in the root, not on the host."""
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(str(outside), bundle.rootfs + "/link")
    bundle.config["mounts"].append({"destination": "/link/new", "type": "tmpfs", "source": "tmpfs"})
    assert bundle.run("/bin/sh", "-c", "true").returncode == 1, "the link leads nowhere in the root"
    os.makedirs(bundle.rootfs + str(outside))
    assert bundle.run("/bin/sh", "-c", "true").returncode == 0
    assert list(outside.iterdir()) == []
    assert os.path.isdir(bundle.rootfs + str(outside) + "/new")


def test_C18_C19_swapped_during_setup(bundle, tmp_path):
    """CVE-2021-30465, -2025-31133, -2025-52565: a folder that is now and then a link to the host."""
    outside = tmp_path / "outside"
    outside.mkdir()
    place = bundle.rootfs + "/swap"
    os.mkdir(place)
    stop = threading.Event()

    def swap():
        other = place + ".link"
        os.symlink(str(outside), other)
        while not stop.is_set():
            # In one step, so that there is never nothing in its place, for brig to make.
            assert exchange(place.encode(), other.encode()) == 0

    thread = threading.Thread(target=swap)
    thread.start()
    bundle.config["mounts"] += [
        {"destination": f"/swap/m{i}", "type": "tmpfs", "source": "tmpfs"} for i in range(20)]
    bundle.config["linux"]["maskedPaths"] += [f"/swap/m{i}" for i in range(20)]
    try:
        for _ in range(30):
            bundle.run("/bin/sh", "-c", "true")
    finally:
        stop.set()
        thread.join()
    assert list(outside.iterdir()) == []
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        assert str(outside) not in mounts.read()


def test_C20_cwd_of_a_host_descriptor_CVE_2024_21626(bundle):
    for number in range(3, 32):
        bundle.config["process"]["cwd"] = f"/proc/self/fd/{number}"
        done = bundle.run("/bin/sh", "-c", "cat /../../../etc/hostname")
        assert done.returncode != 0, number


def test_C21_masked_and_readonly_paths(bundle):
    os.symlink("/proc/uptime", bundle.rootfs + "/tmp/link")
    bundle.config["linux"]["maskedPaths"] += ["/tmp/link", "/tmp/none"]
    assert bundle.shell("cat /proc/kcore /proc/uptime | head -c 1; echo x > /proc/sys/kernel/hostname"
                        " || echo refused").endswith("refused\n")


@pytest.mark.parametrize("entry", ["/proc/self/exe", "script"])
def test_C22_CVE_2019_5736(bundle, entry):
    """The runtime's own file, run as the container's program, cannot be opened to write."""
    before = digest(BRIG)
    if entry == "script":
        with open(bundle.rootfs + "/script", "w", encoding="ascii") as file:
            file.write("#!/proc/self/exe\n")
        os.chmod(bundle.rootfs + "/script", 0o755)
        entry = "/script"
    bundle.run(entry, "--version")
    bundle.start("/bin/sh", "-c", "while :; do for p in /proc/[0-9]*; do "
                 "echo evil 2>/dev/null > $p/exe && echo done; done; done")
    for _ in range(20):
        bundle.brig("exec", bundle.id, entry, "--version")
    assert digest(BRIG) == before


def test_C23_users_that_are_none(bundle):
    for uid in (4294967296, -1, 4294967295, "0x0"):
        bundle.config["process"]["user"] = {"uid": uid, "gid": 0}
        assert bundle.run("/bin/sh", "-c", "true").returncode == 1, uid


def test_C24_capability_sets(bundle):
    text = bundle.shell("grep Cap /proc/self/status")
    sets = dict(line.split(":\t") for line in text.splitlines())
    wanted = f"{(1 << 29) | (1 << 5) | (1 << 10):016x}"
    assert sets == {"CapInh": "0" * 16, "CapPrm": wanted, "CapEff": wanted, "CapBnd": wanted,
                    "CapAmb": "0" * 16}


def test_C25_no_new_privileges(bundle):
    for wanted in (True, False):
        bundle.config["process"]["noNewPrivileges"] = wanted
        said = bundle.shell("grep NoNewPrivs /proc/self/status").split()
        assert said == ["NoNewPrivs:", str(int(wanted))]


def test_C26_seccomp_errno_and_kill(bundle):
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
    done = bundle.run("/bin/busybox", "mkdir", "/tmp/x")
    assert "not supported" in done.stderr.lower()
    for nnp in (True, False):
        bundle.config["process"]["noNewPrivileges"] = nnp
        bundle.config["linux"]["seccomp"]["syscalls"][0]["action"] = "SCMP_ACT_KILL_PROCESS"
        del bundle.config["linux"]["seccomp"]["syscalls"][0]["errnoRet"]
        assert bundle.run("/bin/busybox", "mkdir", "/tmp/x").returncode == 128 + 31
        bundle.config["linux"]["seccomp"]["syscalls"][0]["errnoRet"] = 95


def test_C26_seccomp_listener(bundle):
    path = bundle.path + "/listener"
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path, "listenerMetadata": "hello",
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        bundle.start("/bin/sleep", "1000")
        line, _ = server.accept()
        text, control, _, _ = line.recvmsg(65536, 256)
        assert len(control) == 1
    said = json.loads(text)
    assert said["fds"] == ["seccompFd"] and said["metadata"] == "hello"
    assert said["state"]["id"] == bundle.id


def test_C27_namespace_of_the_wrong_kind(bundle):
    for path in ("/proc/self/ns/uts", "/proc/self/ns/none", "/etc/hostname"):
        for namespace in bundle.config["linux"]["namespaces"]:
            if namespace["type"] == "network":
                namespace["path"] = path
        assert bundle.run("/bin/sh", "-c", "true").returncode == 1, path


def test_C28_mappings(bundle):
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    sound = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    for maps in ([], [dict(sound[0], size=0)], [dict(sound[0], size=2**32 - 1)],
                 sound + [{"containerID": 5, "hostID": 500000, "size": 1}]):
        bundle.config["linux"].update(uidMappings=maps, gidMappings=sound)
        assert bundle.run("/bin/sh", "-c", "true").returncode == 1, maps


def test_C29_cgroup_paths(bundle):
    for path in ("/../x", "a/../../x", "/a\nb"):
        bundle.config["linux"]["cgroupsPath"] = path
        done = bundle.run("/bin/sh", "-c", "true")
        assert done.returncode == 1 and "cgroupsPath" in done.stderr, path


def test_C30_sysctls(bundle):
    for key in ("kernel.core_pattern", "kernel.shm_rmid_forced+kernel.core_pattern", "net.../x",
                "kernel/core_pattern", "vm.swappiness"):
        bundle.config["linux"]["sysctl"] = {key: "1"}
        done = bundle.run("/bin/sh", "-c", "true")
        assert done.returncode == 1 and "sysctl" in done.stderr, key
    bundle.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}
    assert bundle.shell("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax") == "1\n4096\n"


@pytest.mark.cgroup2
def test_C35_C37_devices_are_filtered(bundle):
    bundle.config["process"]["capabilities"] = {
        s: ["CAP_MKNOD", "CAP_SYS_ADMIN"] for s in ("bounding", "effective", "permitted")}
    script = ("busybox mknod /tmp/mem c 1 1 && cat /tmp/mem | head -c 1; echo $?; "
              "busybox mknod /tmp/null c 1 3 && echo x > /tmp/null && echo fine")
    done = bundle.run("/bin/busybox", "sh", "-c", script.replace("busybox", "/bin/busybox"))
    assert "not permitted" in done.stderr and done.stdout.endswith("fine\n")
