# SPDX-License-Identifier: Apache-2.0
"""What config.json asks for, seen from inside."""
import json
import os
import resource
import shutil
import subprocess

import pytest

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
    with subprocess.Popen(["unshare", "-pnuif", "sh", "-c", "echo up; exec sleep 1000"],
                          stdout=subprocess.PIPE, text=True) as other:
        try:
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
            assert done.split() == [wanted, "sleep"]
        finally:
            subprocess.run(["kill", "-9", str(pid)], check=True)


def test_no_pivot(bundle):
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "ls /"]
    bundle.write()
    done = bundle.brig("run", "--no-pivot", "-b", bundle.path, bundle.id)
    assert done.stdout.split() == ["bin", "dev", "etc", "proc", "sys", "tmp"], done.stderr


def test_tmpfs_with_copy(bundle):
    os.mkdir(bundle.rootfs + "/data")
    with open(bundle.rootfs + "/data/file", "w", encoding="ascii") as file:
        file.write("text")
    bundle.config["mounts"].append({"destination": "/data", "type": "tmpfs", "source": "tmpfs",
                                    "options": ["tmpcopyup"]})
    assert bundle.shell("cat /data/file; echo new > /data/file") == "text"
    with open(bundle.rootfs + "/data/file", encoding="ascii") as file:
        assert file.read() == "text"


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


def test_limits_without_controllers_are_refused(bundle):
    with open("/proc/self/cgroup", encoding="ascii") as groups:
        hybrid = len(groups.readlines()) > 1
    bundle.config["linux"]["resources"] = {"memory": {"limit": 1 << 24}}
    done = bundle.run("/bin/sh", "-c", "true")
    if hybrid:
        assert done.returncode == 1 and "cgroup version 2" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
