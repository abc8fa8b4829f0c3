# SPDX-License-Identifier: Apache-2.0
"""What config.json asks for, seen from inside."""
import json
import os
import resource
import shutil
import subprocess

import pytest

from conftest import BRIG

MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def has_capability(number):
    """Whether this process has a capability, and so brig."""
    with open("/proc/self/status", encoding="ascii") as status:
        sets = dict(line.split(":\t") for line in status if line.startswith("Cap"))
    return int(sets["CapEff"], 16) >> number & 1


def in_user_namespace(bundle):
    """A container root that is user 100000 outside, which must reach the root filesystem."""
    linux = bundle.config["linux"]
    linux["namespaces"].append({"type": "user"})
    linux.update(uidMappings=MAPS, gidMappings=MAPS)
    for folder, names, _ in os.walk(bundle.rootfs):
        os.chown(folder, 100000, 100000)
        del names


def bind(source, *options, **more):
    return {"destination": "/mnt", "type": "bind", "source": source, "options": list(options),
            **more}


def test_user_namespace(bundle):
    in_user_namespace(bundle)
    assert bundle.shell("id -u; cat /proc/self/uid_map; echo x > /dev/null && echo fine").split() \
        == ["0", "0", "100000", "65536", "fine"]


def test_exec_in_user_namespace(bundle):
    in_user_namespace(bundle)
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", bundle.id, "/bin/sh", "-c", "id -u; cat /proc/self/uid_map")
    assert done.stdout.split() == ["0", "0", "100000", "65536"], done.stderr


def test_limit_above_the_hosts_in_user_namespace(bundle):
    """The host's rights raise it, not the container's; where the host lacks them, it is told."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    wanted = resource.RLIM_INFINITY if hard == resource.RLIM_INFINITY else hard + 1
    in_user_namespace(bundle)
    bundle.config["process"]["rlimits"] = [{"type": "RLIMIT_NPROC", "hard": wanted % 2**64,
                                            "soft": 77}]
    done = bundle.run("/bin/sh", "-c", "ulimit -Su; ulimit -Hu")
    if wanted != hard and not has_capability(24):  # CAP_SYS_RESOURCE
        assert done.returncode == 1
        assert f"RLIMIT_NPROC to 77 of {wanted}: Operation not permitted" in done.stderr
        return
    number = "unlimited" if wanted == resource.RLIM_INFINITY else str(wanted)
    assert done.stdout.split() == ["77", number], done.stderr
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", bundle.id, "/bin/sh", "-c", "ulimit -Hu")
    assert done.stdout.split() == [number], done.stderr


def test_limits_in_user_namespace(bundle):
    in_user_namespace(bundle)
    bundle.config["process"]["rlimits"] = [{"type": "RLIMIT_NPROC", "hard": 70, "soft": 60},
                                           {"type": "RLIMIT_NOFILE", "hard": 9, "soft": 8}]
    assert bundle.shell("ulimit -Su; ulimit -Hu; ulimit -Sn; ulimit -Hn").split() == \
        ["60", "70", "8", "9"]


def test_readonly_bind_in_user_namespace(bundle, tmp_path):
    source = tmp_path / "closed"
    source.mkdir(mode=0o755)
    (source / "file").write_text("text")
    in_user_namespace(bundle)
    bundle.config["mounts"].append(bind(str(source), "rbind", "ro"))
    done = bundle.run("/bin/sh", "-c", "cat /mnt/file; echo x > /mnt/file")
    assert done.stdout == "text" and "Read-only" in done.stderr


def test_idmapped_mounts(bundle, tmp_path):
    (tmp_path / "file").write_text("")
    tmp_path.chmod(0o755)
    maps = [{"containerID": 0, "hostID": 5000, "size": 1000}]
    bundle.config["mounts"].append(bind(str(tmp_path), "bind", uidMappings=maps, gidMappings=maps))
    assert bundle.shell("stat -c %u:%g /mnt/file") == "5000:5000\n"


def test_time_namespace(bundle):
    bundle.config["linux"]["namespaces"].append({"type": "time"})
    bundle.config["linux"]["timeOffsets"] = {"boottime": {"secs": 100000000}}
    assert float(bundle.shell("cat /proc/uptime").split()[0]) > 100000000


def test_joined_namespaces(bundle):
    with subprocess.Popen(["unshare", "-pnuif", "cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:
        try:
            other.stdin.write("up\n")
            other.stdin.flush()
            assert other.stdout.readline() == "up\n"
            with open(f"/proc/{other.pid}/task/{other.pid}/children", encoding="ascii") as file:
                pid = int(file.read())
            files = {"network": "net"}
            for namespace in bundle.config["linux"]["namespaces"]:
                kind = namespace["type"]
                if kind in ("pid", "network", "ipc", "uts"):
                    namespace["path"] = f"/proc/{pid}/ns/{files.get(kind, kind)}"
            del bundle.config["hostname"]
            wanted = os.readlink(f"/proc/{pid}/ns/net")
            done = bundle.shell("readlink /proc/self/ns/net; cat /proc/1/comm")
            assert done.split() == [wanted, "cat"]
        finally:
            subprocess.run(["kill", "-9", str(pid)], check=True)


def test_namespaces_of_the_host_under_a_user_namespace(bundle):
    """They are joined with the runtime's rights, which the container's root has not."""
    in_user_namespace(bundle)
    files = {"network": "net", "uts": "uts", "ipc": "ipc"}
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "mqueue"]
    del bundle.config["hostname"]
    with subprocess.Popen(["unshare", "-nui", "cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:
        other.stdin.write("up\n")
        other.stdin.flush()
        assert other.stdout.readline() == "up\n"
        for namespace in bundle.config["linux"]["namespaces"]:
            if namespace["type"] in files:
                namespace["path"] = f"/proc/{other.pid}/ns/{files[namespace['type']]}"
        wanted = [os.readlink(f"/proc/{other.pid}/ns/{name}") for name in files.values()]
        said = bundle.shell("cd /proc/self/ns; for n in net uts ipc; do readlink $n; done; id -u; cat ../uid_map")
        other.stdin.close()
    assert said.split() == [*wanted, "0", "0", "100000", "65536"]


def test_user_namespace_without_root(bundle):
    in_user_namespace(bundle)
    one = [{"containerID": 1000, "hostID": 100000, "size": 1}]
    bundle.config["linux"].update(uidMappings=one, gidMappings=one)
    bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000}
    for mount in bundle.config["mounts"]:
        if mount["type"] == "devpts":
            mount["options"].remove("gid=5")
    said = bundle.shell("id -u; id -g; cat /proc/self/uid_map; stat -c %u /dev").split()
    assert said == ["1000", "1000", "1000", "100000", "1", "1000"]
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("exec", bundle.id, "/bin/id", "-u").stdout == "1000\n"


@pytest.mark.parametrize("user", [0, 7])
def test_user_namespace_without_mappings(bundle, user):
    """Its one user is the runtime's, under the number that the process is to have."""
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    bundle.config["process"]["user"] = {"uid": user, "gid": user}
    for mount in bundle.config["mounts"]:
        if mount["type"] == "devpts":
            mount["options"].remove("gid=5")
    said = bundle.shell("cat /proc/self/uid_map /proc/self/gid_map; id -u").split()
    assert said == [str(user), "0", "1"] * 2 + [str(user)]


def test_mappings_without_user_namespace(bundle):
    """There is nothing for them to describe; runc and crun say nothing either."""
    bundle.config["linux"].update(uidMappings=MAPS, gidMappings=MAPS)
    assert bundle.shell("cat /proc/self/uid_map").split() == ["0", "0", "4294967295"]


def test_output_can_be_opened_by_its_name(bundle):
    """By the process's user; what is no pipe keeps its owner."""
    bundle.config["process"]["user"] = {"uid": 7, "gid": 8}
    done = bundle.run("/bin/sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    bundle.start("/bin/sleep", "1000")
    assert os.stat("/dev/null").st_uid == 0
    done = bundle.brig("exec", "-u", "9", bundle.id, "/bin/sh", "-c", "echo out > /dev/stdout")
    assert done.stdout == "out\n"


def test_a_fifo_of_the_host_keeps_its_owner(bundle):
    fifo = bundle.path + "/fifo"
    os.mkfifo(fifo, 0o600)
    bundle.config["process"] |= {"user": {"uid": 7, "gid": 8}, "args": ["/bin/sh", "-c", "echo out"]}
    bundle.write()
    end = os.open(fifo, os.O_RDWR)
    subprocess.run([BRIG, "--root", bundle.root, "run", "-b", bundle.path, bundle.id], stdout=end,
                   check=True, timeout=60)
    assert os.read(end, 10) == b"out\n"
    os.close(end)
    assert os.stat(fifo).st_uid == 0


def test_output_can_be_opened_in_a_user_namespace(bundle):
    """The pipes are the runtime's user's, who is nobody in there."""
    in_user_namespace(bundle)
    bundle.config["process"]["user"] = {"uid": 7, "gid": 8}
    done = bundle.run("/bin/sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", "-u", "9", bundle.id, "/bin/sh", "-c", "echo out > /dev/stdout")
    assert done.stdout == "out\n", done.stderr


def test_exec_before_the_program_runs(bundle):
    """After start there are a few steps yet, or a hook; a user namespace's root saw EPERM."""
    in_user_namespace(bundle)
    bundle.config["hooks"] = {"startContainer": [
        {"path": "/bin/busybox", "args": ["sleep", "2"]}]}
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", bundle.id, "/bin/sh", "-c", "cat /proc/1/comm; readlink /proc/self/ns/mnt")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == os.readlink(f"/proc/{bundle.state()['pid']}/ns/mnt")


def test_no_pivot(bundle):
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "ls /"]
    bundle.write()
    done = bundle.brig("run", "--no-pivot", "-b", bundle.path, bundle.id)
    assert done.stdout.split() == ["bin", "dev", "etc", "proc", "sys", "tmp"], done.stderr


def test_no_pivot_leaves_no_whole_procfs(bundle):
    """A user namespace may mount one only where one is to be seen, wherever it lies."""
    bundle.config["process"].update(user={"uid": 1000, "gid": 1000}, args=[
        "/bin/busybox", "unshare", "-mrpf", "/bin/busybox", "mount", "-t", "proc", "proc", "/tmp"])
    bundle.write()
    for options in (), ("--no-pivot",):
        done = bundle.brig("run", *options, "-b", bundle.path, bundle.id)
        assert (done.returncode, done.stderr) == (1, "mount: permission denied (are you root?)\n"), options


def test_tmpfs_with_copy(bundle):
    os.mkdir(bundle.rootfs + "/data")
    with open(bundle.rootfs + "/data/file", "w", encoding="ascii") as file:
        file.write("text")
    bundle.config["mounts"].append({"destination": "/data", "type": "tmpfs", "source": "tmpfs",
                                    "options": ["tmpcopyup"]})
    assert bundle.shell("cat /data/file; echo new > /data/file") == "text"
    with open(bundle.rootfs + "/data/file", encoding="ascii") as file:
        assert file.read() == "text"


@pytest.mark.parametrize("given", [{}, {"source": ""}, {"source": "mine"}])
def test_source_of_a_tmpfs(bundle, given):
    """ctr run --mount type=tmpfs,dst=... gives none."""
    bundle.config["mounts"].append({"destination": "/data", "type": "tmpfs", **given})
    said = bundle.shell("grep ' /data ' /proc/mounts")
    assert said.split()[0] == (given.get("source") or "tmpfs")


@pytest.mark.parametrize("options, look", [
    ([], "751 7 8"), (["mode=0711"], "711 7 8"), (["uid=5", "gid=6"], "751 5 6"),
    (["size=64k", "mode=711", "gid=6"], "711 0 6")])
def test_look_of_a_tmpfs_with_copy(bundle, options, look):
    """podman's --tmpfs always copies; what its user asks for counts more than the image's folder."""
    os.makedirs(bundle.rootfs + "/data/below")
    os.chown(bundle.rootfs + "/data/below", 9, 9)
    os.chown(bundle.rootfs + "/data", 7, 8)
    os.chmod(bundle.rootfs + "/data", 0o751)
    bundle.config["mounts"].append({"destination": "/data", "type": "tmpfs", "source": "tmpfs",
                                    "options": ["tmpcopyup", *options]})
    assert bundle.shell("stat -c '%a %u %g' /data /data/below") == f"{look}\n755 9 9\n"


@pytest.mark.parametrize("source", ["/", "//tmp/.."])
@pytest.mark.parametrize("bind", ["rbind", "bind"])
def test_the_host_s_root_bound(bundle, source, bind):
    """-v /:/host of podman showed the container's own root, which brig had put over "/"."""
    bundle.config["mounts"].insert(0, {"destination": "/host", "type": "bind", "source": source,
                                       "options": [bind, "ro"]})
    inner = bundle.shell("ls -A /host").split()
    assert set(os.listdir("/")) <= set(inner)
    mounts = bundle.shell("grep ' /host' /proc/self/mountinfo").splitlines()
    assert sum(line.split()[4] == "/host" for line in mounts) == 1
    assert any(line.split()[4] == "/host/proc" for line in mounts) == (bind == "rbind")


@pytest.mark.parametrize("source, place", [("/etc/passwd", "/tmp"), ("/etc", "/bin/busybox")])
def test_file_on_a_folder_is_said_to_be_that(bundle, source, place):
    """Docker tells its user what that means, by these words."""
    bundle.config["mounts"].append({"destination": place, "type": "bind", "source": source,
                                    "options": ["bind"]})
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1
    assert done.stderr == f"brig: mount {source} on {place}: mount: Not a directory\n"


def test_mounts_over_proc_are_refused(bundle):
    for place in ("/proc/sys", "/proc/self/attr", "/tmp/link/sys"):
        if not os.path.islink(bundle.rootfs + "/tmp/link"):
            os.symlink("/proc", bundle.rootfs + "/tmp/link")
        bundle.config["mounts"].append({"destination": place, "type": "tmpfs", "source": "t"})
        done = bundle.run("/bin/sh", "-c", "true")
        assert done.returncode == 1 and "/proc" in done.stderr, place
        bundle.config["mounts"].pop()


def test_process_attributes(bundle):
    bundle.config["process"].update(
        oomScoreAdj=300, ioPriority={"class": "IOPRIO_CLASS_IDLE", "priority": 0},
        execCPUAffinity={"initial": "0", "final": "0"},
        scheduler={"policy": "SCHED_BATCH", "nice": 5})
    bundle.config["linux"]["personality"] = {"domain": "LINUX32"}
    said = bundle.shell("cat /proc/self/oom_score_adj; /bin/busybox ionice; "
                        "grep Cpus_allowed_list /proc/self/status; "
                        "/bin/busybox cut -d' ' -f19,41 /proc/self/stat").splitlines()
    assert said == ["300", "idle", "Cpus_allowed_list:\t0", "5 3"]


@pytest.mark.parametrize("policy, stat", [
    ("SCHED_OTHER", "7 0"), ("SCHED_BATCH", "7 3"), ("SCHED_IDLE", "0 5")])
def test_scheduler_of_an_exec(bundle, policy, stat):
    """From its process file, and not the container's own; SCHED_IDLE has no niceness."""
    cpus = sorted(os.sched_getaffinity(0))
    bundle.start("/bin/sleep", "1000")
    process = {"args": ["/bin/busybox", "sh", "-c",
                        "/bin/busybox cut -d' ' -f19,41 /proc/self/stat; /bin/busybox ionice; "
                        "grep Cpus_allowed_list /proc/self/status"],
               "cwd": "/", "user": {"uid": 0, "gid": 0}, "scheduler": {"policy": policy, "nice": 7},
               "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6},
               "execCPUAffinity": {"initial": str(cpus[0]), "final": str(cpus[-1])}}
    done = bundle.brig("exec", "--process", "/dev/stdin", bundle.id, stdin=None,
                       input=json.dumps(process))
    assert done.stdout.splitlines() == [
        stat, "best-effort: prio 6", f"Cpus_allowed_list:\t{cpus[-1]}"], done.stderr


@pytest.mark.parametrize("key, value, why", [
    ("scheduler", {"policy": "SCHED_NONE"}, 'policy "SCHED_NONE"'),
    ("scheduler", {"policy": "SCHED_OTHER", "nice": 20}, "nice is -20 to 19"),
    ("scheduler", {"policy": "SCHED_OTHER", "flags": ["X"]}, 'flags: "X"'),
    ("scheduler", {"policy": "SCHED_DEADLINE", "runtime": 0}, "set the scheduler"),
    ("ioPriority", {"class": "IOPRIO_CLASS_NONE", "priority": 0}, "IOPRIO_CLASS_NONE"),
    ("ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 8}, "priority 8"),
    ("execCPUAffinity", {"initial": "x"}, "execCPUAffinity"),
    ("execCPUAffinity", {"final": "3-1"}, "execCPUAffinity"),
    ("execCPUAffinity", {"final": "1023"}, "run on CPUs 1023"),
])
def test_process_attributes_that_are_none(bundle, key, value, why):
    bundle.config["process"][key] = value
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and why in done.stderr, done.stderr
    assert bundle.state() is None


@pytest.mark.skipif(os.path.isdir("/sys/fs/selinux"), reason="SELinux is here")
def test_mount_label_without_selinux(bundle):
    """Files have no labels then; that the process would have one is still an error."""
    label = "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811"
    bundle.config["linux"]["mountLabel"] = label
    assert "context" not in bundle.shell("cat /proc/self/mountinfo")
    bundle.config["process"]["selinuxLabel"] = label
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "SELinux label" in done.stderr


def test_intel_rdt_is_refused(bundle):
    bundle.config["linux"]["intelRdt"] = {"closID": "x"}
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "intelRdt" in done.stderr


def test_environment_and_home(bundle):
    shutil.rmtree(bundle.rootfs + "/etc")
    os.mkdir(bundle.rootfs + "/etc")
    with open(bundle.rootfs + "/etc/passwd", "w", encoding="ascii") as file:
        file.write("root:x:0:0::/nowhere:/bin/sh\nu:x:7:7::/tmp:/bin/sh\n")
    bundle.config["process"]["user"] = {"uid": 7, "gid": 7, "additionalGids": [8, 9]}
    assert bundle.shell("echo $HOME; id -G").split() == ["/tmp", "7", "8", "9"]


@pytest.mark.parametrize("text, value", [
    ("7", 7), ("7.0", 7), ("0.7e1", 7), ("700E-2", 7), ("7e+0", 7), ("4e9", 4000000000),
    ("0e99999999999999999999", 0), ("-0", 0), ("-0.0", 0),
    ("1.5", None), ("15e-1", None), ("-7", None), ("-7.0", None), ("1e30", None), ("1e-999999", None),
    ("4294967296", None), ("0.4294967296e10", None), ("1e99999999999999999999", None)])
def test_whole_numbers(bundle, text, value):
    bundle.config["process"]["user"]["uid"] = "UID"
    bundle.config["process"]["args"] = ["/bin/id", "-u"]
    bundle.write()
    with open(bundle.path + "/config.json", encoding="utf-8") as file:
        config = file.read()
    with open(bundle.path + "/config.json", "w", encoding="utf-8") as file:
        file.write(config.replace('"UID"', text))
    done = bundle.brig("run", "-b", bundle.path, bundle.id)
    assert done.stdout == ("" if value is None else f"{value}\n"), done.stderr
    assert done.returncode == (1 if value is None else 0)


def test_variable_that_is_given_twice(bundle):
    """The last one counts, and is there once; an empty HOME is none."""
    bundle.config["process"]["env"] = ["A=first", "B", "HOME=/nowhere", "AB=x", "A=last", "HOME="]
    assert bundle.run("/bin/busybox", "env").stdout.split() == ["B", "AB=x", "A=last", "HOME=/"]
    bundle.start("/bin/sleep", "1000")
    done = bundle.brig("exec", "-e", "A=", "-e", "A=exec", bundle.id, "/bin/busybox", "env")
    assert done.stdout.split() == ["B", "AB=x", "A=exec", "HOME=/"]


def test_listen_fds_are_told(bundle):
    with open("/etc/hostname", encoding="utf-8") as kept:
        os.dup2(kept.fileno(), 3)
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3"]
    bundle.write()
    done = bundle.brig("run", "-b", bundle.path, bundle.id, pass_fds=(3,),
                       env={**os.environ, "LISTEN_FDS": "1"})
    with open("/etc/hostname", encoding="utf-8") as file:
        assert done.stdout == "1 1\n" + file.read(), done.stderr


def test_working_folder_is_made(bundle):
    bundle.config["process"]["cwd"] = "/not/there/yet"
    bundle.config["root"]["readonly"] = True
    assert bundle.shell("/bin/busybox pwd; stat -c %a .").split() == ["/not/there/yet", "755"]
    os.rmdir(bundle.rootfs + "/not/there/yet")
    with open(bundle.rootfs + "/not/there/yet", "w", encoding="utf-8"):
        done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and "cwd /not/there/yet: Not a directory" in done.stderr


def test_tmpfs_looks_like_the_folder_below(bundle):
    for name, mode in (("plain", 0o7710), ("given", 0o7710)):
        os.mkdir(f"{bundle.rootfs}/{name}")
        os.chmod(f"{bundle.rootfs}/{name}", mode)
    for name, options in (("plain", ["nosuid"]), ("given", ["mode=0444"]), ("new", [])):
        bundle.config["mounts"].append({"destination": f"/{name}", "type": "tmpfs",
                                        "source": "tmpfs", "options": options})
    assert bundle.shell("stat -c %a /plain /given /new").split() == ["7710", "444", "1777"]


def test_limits_without_controllers_are_refused(bundle):
    with open("/proc/self/cgroup", encoding="ascii") as groups:
        hybrid = len(groups.readlines()) > 1
    bundle.config["linux"]["resources"] = {"memory": {"limit": 1 << 24}}
    done = bundle.run("/bin/sh", "-c", "true")
    if hybrid:
        assert done.returncode == 1 and "cgroup version 2" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
