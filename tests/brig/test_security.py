# SPDX-License-Identifier: Apache-2.0
"""What a hostile image or bundle tries; names are those of the catalogue of escapes."""
import ctypes
import hashlib
import json
import os
import shutil
import socket
import subprocess
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
    assert done.returncode == 1 and f"/{name} must be mounted on ordinary directory" in done.stderr


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
    for _ in range(2):  # what the link names is made in the root, and then is there
        assert bundle.run("/bin/sh", "-c", "true").returncode == 0
        assert list(outside.iterdir()) == []
        assert os.path.isdir(bundle.rootfs + str(outside) + "/new")


@pytest.mark.parametrize("link, place", [
    ("../run/resolve/stub.conf", "/run/resolve/stub.conf"), ("/run/x", "/run/x"),
    ("../../../../run/x", "/run/x"), ("x/./y", "/etc/x/y")])
def test_mount_on_a_symlink_to_what_is_missing(bundle, link, place):
    """It is made where the link leads in the root filesystem, and only there."""
    with open(bundle.path + "/file", "w", encoding="ascii") as file:
        file.write("text")
    os.symlink(link, bundle.rootfs + "/etc/resolv.conf")
    os.symlink("/none", bundle.rootfs + "/folder")
    bundle.config["mounts"] += [
        {"destination": "/etc/resolv.conf", "type": "bind", "source": "file", "options": ["bind"]},
        {"destination": "/folder/../deep/../new", "type": "tmpfs", "source": "tmpfs"}]
    said = bundle.shell("cat /etc/resolv.conf; readlink /etc/resolv.conf; echo; "
                        "/bin/busybox cut -d' ' -f5 /proc/self/mountinfo").split()
    assert said[0] == "text" + link and place in said and "/new" in said
    assert os.path.exists(bundle.rootfs + place) and not os.path.exists(bundle.path + "/run")


def test_mount_on_symlinks_in_a_circle(bundle):
    os.symlink("b", bundle.rootfs + "/a")
    os.symlink("a/x", bundle.rootfs + "/b")
    bundle.config["mounts"].append({"destination": "/a/new", "type": "tmpfs", "source": "tmpfs"})
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "Too many levels of symbolic links" in done.stderr


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


def test_a_fifo_comes_where_a_mount_is_made(bundle):
    """By a container that shares a volume: nobody opens it, to wait for a writer for ever."""
    folder = bundle.path + "/volume"
    os.mkdir(folder)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            os.mkfifo(folder + "/part")
            os.rename(folder + "/part", folder + "/place")
            os.unlink(folder + "/place")

    thread = threading.Thread(target=swap)
    os.mkdir(bundle.rootfs + "/volume")
    bundle.config["mounts"].append(
        {"destination": "/volume", "type": "bind", "source": folder, "options": ["bind"]})
    bundle.config["mounts"] += [
        {"destination": "/volume/place", "type": "bind", "source": "/etc/hosts", "options": ["bind"]}] * 20
    thread.start()
    try:
        for _ in range(30):
            bundle.run("/bin/sh", "-c", "true", timeout=20)
    finally:
        stop.set()
        thread.join()


def test_C20_cwd_of_a_host_descriptor_CVE_2024_21626(bundle):
    for number in range(3, 32):
        bundle.config["process"]["cwd"] = f"/proc/self/fd/{number}"
        done = bundle.run("/bin/sh", "-c", "cat /../../../etc/hostname")
        assert done.returncode != 0, number

@pytest.mark.parametrize("options", [(), ("--preserve-fds", "30")])
def test_C20_programs_by_a_host_descriptor_CVE_2024_21626(bundle, options):
    """By args[0], by an image's "#!" and by exec: none of the host's files is run or written."""
    victim = bundle.path + "/busybox"
    shutil.copy("/bin/busybox", victim)
    before = digest(victim)
    # Once another program runs in its place, the file is no more "busy".
    overwrite = "exec 9</proc/self/exe; exec /bin/sh -c 'echo x >/proc/self/fd/9'"
    places = [f"/proc/self/fd/{fd}/" + "../" * 12 + victim[1:] for fd in range(3, 16)]
    bundle.start("/bin/sleep", "1000")
    for i, place in enumerate(places):
        script = f"{bundle.rootfs}/script{i}"
        with open(script, "w", encoding="ascii") as file:
            file.write(f"#!{place} sh\n{overwrite}\n")
        os.chmod(script, 0o755)
        for command in ([place, "sh", "-c", overwrite], [f"/script{i}"]):
            bundle.config["process"]["args"] = command
            bundle.write()
            assert bundle.brig("run", *options, "-b", bundle.path, "other").returncode == 1
            assert bundle.brig("exec", *options, bundle.id, *command).returncode == 255
    assert digest(victim) == before


@pytest.mark.parametrize("closed", ["0<&-", "0<&- 1>&-", "0<&- 1>&- 2>&-"])
def test_C20_streams_that_the_caller_closed(bundle, closed):
    """Nothing of the host's takes their numbers, which the container would get."""
    for i in range(3):
        place = f"/proc/self/fd/{i}/" + "../" * 12 + "bin/busybox"
        bundle.config["process"]["args"] = [place, "touch", "/ran"]
        bundle.write()
        subprocess.run(["/bin/sh", "-c", f"{BRIG} --root {bundle.root} run -b {bundle.path} {bundle.id} {closed}"],
                       check=False, capture_output=True, timeout=60)
        assert not os.path.exists(bundle.rootfs + "/ran"), i


def test_C21_masked_and_readonly_paths(bundle):
    os.symlink("/proc/uptime", bundle.rootfs + "/tmp/link")
    bundle.config["linux"]["maskedPaths"] += ["/tmp/link", "/tmp/none"]
    assert bundle.shell("cat /proc/kcore /proc/uptime | head -c 1; echo x > /proc/sys/kernel/hostname"
                        " || echo refused").endswith("refused\n")


@pytest.mark.parametrize("user_namespace", [False, True])
def test_the_hosts_devices_keep_their_mode(bundle, user_namespace):
    """What covers a masked file, or is bound in a user namespace, is the host's /dev/null."""
    paths = ["/tmp/masked", "/dev/null"] if user_namespace else ["/tmp/masked"]
    if user_namespace:
        bundle.config["linux"] |= {name: [{"containerID": 0, "hostID": 0, "size": 65536}]
                                   for name in ("uidMappings", "gidMappings")}
        bundle.config["linux"]["namespaces"].append({"type": "user"})
    bundle.config["process"]["capabilities"] = {
        s: ["CAP_CHOWN", "CAP_FOWNER"] for s in ("bounding", "effective", "permitted")}
    bundle.config["linux"]["maskedPaths"].append("/tmp/masked")
    with open(bundle.rootfs + "/tmp/masked", "w", encoding="ascii"):
        pass
    before = os.stat("/dev/null")
    try:
        for path in paths:
            for change in ("chmod 667", "chown 5", "touch"):
                done = bundle.run("/bin/sh", "-c", f"echo x >{path} && /bin/busybox {change} {path}")
                assert "Read-only file system" in done.stderr, change
        after = os.stat("/dev/null")
        assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    finally:
        os.chmod("/dev/null", before.st_mode & 0o7777)
        os.chown("/dev/null", before.st_uid, before.st_gid)


def test_the_hosts_null_is_no_stream(bundle):
    """Standard input is the host's /dev/null: it becomes the container's, in exec as well."""
    before = os.stat("/dev/null")
    change = "/bin/busybox chmod 667 /proc/self/fd/0; /bin/busybox chmod 667 /proc/1/fd/0; stat -Lc %a /proc/self/fd/0"
    try:
        assert bundle.shell(change) == "667\n"
        bundle.start("/bin/sleep", "1000")
        assert bundle.brig("exec", bundle.id, "/bin/sh", "-c", change).stdout == "667\n"
        assert bundle.brig("exec", bundle.id, "/bin/sh", "-c", "/bin/busybox mv /dev/zero /dev/null").returncode == 0
        done = bundle.brig("exec", bundle.id, "/bin/sh", "-c", change)
        assert done.returncode == 255 and "is not the null device" in done.stderr
        assert os.stat("/dev/null").st_mode == before.st_mode
    finally:
        os.chmod("/dev/null", before.st_mode & 0o7777)


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


def test_capabilities_that_are_none_or_not_to_be_had(bundle):
    """A warning, and the others are given (config.md, process)."""
    with open("/proc/self/status", encoding="ascii") as status:
        own = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm"))
    names = {24: "CAP_SYS_RESOURCE", 22: "CAP_SYS_BOOT", 25: "CAP_SYS_TIME", 5: "CAP_KILL"}
    asked = [*names.values(), "CAP_NONE"]
    bundle.config["process"]["capabilities"] = {
        "bounding": asked, "permitted": asked, "effective": asked}
    log = bundle.path + "/log"
    bundle.config["process"]["args"] = ["/bin/grep", "CapEff", "/proc/self/status"]
    bundle.write()
    done = bundle.brig("--log", log, "--log-format", "json", "run", "-b", bundle.path, bundle.id)
    wanted = sum(1 << number for number in names) & own
    assert done.stdout == f"CapEff:\t{wanted:016x}\n", done.stderr
    with open(log, encoding="utf-8") as file:
        line = json.loads(file.read())
    missing = {name.lower() for number, name in names.items() if not own >> number & 1}
    assert line["level"] == "warning"
    assert set(line["msg"].split(": ")[1].split(", ")) == missing | {"CAP_NONE"}
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", "--cap", "none", "--cap", "CHOWN", bundle.id, "/bin/grep", "CapEff",
                       "/proc/self/status")
    assert int(done.stdout.split()[1], 16) == wanted | 1, done.stderr
    assert "warning: capabilities" in done.stderr and "CAP_none" in done.stderr


def test_ambient_capabilities_that_are_not_inheritable(bundle):
    bundle.config["process"]["capabilities"].update(
        inheritable=["CAP_KILL"], ambient=["CAP_KILL", "CAP_AUDIT_WRITE"])
    done = bundle.run("/bin/grep", "CapAmb", "/proc/self/status")
    assert done.stdout == f"CapAmb:\t{1 << 5:016x}\n"
    assert done.stderr.startswith("brig: warning: ") and "cap_audit_write" in done.stderr
    assert "cap_kill" not in done.stderr


def test_ambient_capabilities_as_buildah_has_them(bundle):
    """podman build reads standard error; there every step would repeat it. A log has it."""
    caps = bundle.config["process"]["capabilities"]
    caps["ambient"] = caps["permitted"]
    caps.pop("inheritable", None)
    assert bundle.run("/bin/sh", "-c", "true").stderr == ""
    done = bundle.brig("--log", bundle.path + "/log", "run", "-b", bundle.path, bundle.id)
    assert done.returncode == 0 and done.stderr == ""
    with open(bundle.path + "/log", encoding="utf-8") as file:
        assert "ambient capabilities that are not permitted and inheritable too" in file.read()


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


def test_a_profile_older_than_a_call_of_ours(bundle):
    """runtime-tools' has no faccessat2(), with which a program is looked for."""
    bundle.config["process"]["noNewPrivileges"] = False
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["faccessat2"], "action": "SCMP_ACT_ERRNO"}]}
    assert bundle.run("/bin/sh", "-c", "echo found").stdout == "found\n"


def test_a_folder_that_only_root_may_enter(bundle):
    """As docker run -u 1000 in an image whose WORKDIR is root's; runc and crun enter it, too."""
    os.mkdir(bundle.path + "/rootfs/private", 0o700)
    bundle.config["process"].update(cwd="/private", user={"uid": 1000, "gid": 1000})
    done = bundle.run("/bin/sh", "-c", "pwd; /bin/busybox ls 2>/dev/null || echo no more")
    assert done.stdout == "/private\nno more\n"


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
        first = bundle.state()["pid"]
        assert said["fds"] == ["seccompFd"] and said["metadata"] == "hello"
        assert said["state"]["id"] == bundle.id and said["state"]["status"] == "creating"
        assert said["pid"] == said["state"]["pid"] == first
        # Of an exec: its process, and the container's.
        assert bundle.silent("exec", "-d", "--pid-file", "pid", bundle.id, "/bin/sleep",
                             "1000") == 0
        line, _ = server.accept()
        said = json.loads(line.recvmsg(65536, 256)[0])
    with open(bundle.path + "/pid", encoding="ascii") as file:
        assert said["pid"] == int(file.read()) != first
    assert said["state"]["pid"] == first and said["state"]["status"] == "running"


def test_C27_namespace_of_the_wrong_kind(bundle):
    for path in ("/proc/self/ns/uts", "/proc/self/ns/none", "/etc/hostname"):
        for namespace in bundle.config["linux"]["namespaces"]:
            if namespace["type"] == "network":
                namespace["path"] = path
        assert bundle.run("/bin/sh", "-c", "true").returncode == 1, path


def test_C28_mappings(bundle):
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    sound = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    for maps in ([dict(sound[0], size=0)], [dict(sound[0], size=2**32 - 1)],
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
