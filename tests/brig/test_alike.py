# SPDX-License-Identifier: Apache-2.0
"""C44: the same bundle under runc and under brig looks the same from inside."""
import difflib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BRIG

CAPS = ["CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_ADMIN"]
MAPS = [{"containerID": 0, "hostID": 100000, "size": 65536}]

# What a process can see of how it was set up, a section each.
PROBE = r"""
grep -E '^(Cap|Seccomp:|NoNewPrivs|Groups|Uid|Gid|Cpus_allowed_list|THP)' /proc/self/status
cat /proc/self/limits
/bin/busybox env
echo "cwd $(/bin/busybox pwd) umask $(umask) host $(/bin/busybox hostname)"
ls -l /proc/self/fd | /bin/busybox awk '{print "fd", $9}'
ls -l /dev | /bin/busybox awk '{print "dev", $1,$3,$4,$5,$6,$NF}' | grep -v total
for n in $(ls /proc/self/ns); do echo "ns $n $(readlink /proc/self/ns/$n)"; done
/bin/busybox cut -d' ' -f4- /proc/self/mountinfo
cat /proc/self/uid_map /proc/self/gid_map /proc/self/oom_score_adj /proc/self/personality
for p in /proc/kcore /proc/keys /proc/timer_list /sys/firmware /proc/scsi /tmp/masked /tmp/dir; do
  echo "masked $p $(cat $p 2>&1 | /bin/busybox wc -c) $(ls $p 2>/dev/null | /bin/busybox wc -l)"
done
for p in /proc/sys/kernel/hostname /tmp/dir/file /file /sys/x; do
  (echo x > $p) 2>&1 | /bin/busybox sed 's/^.*line [0-9]*: //'
done
for p in net/ipv4/ip_forward kernel/msgmax kernel/domainname; do echo "sysctl $p $(cat /proc/sys/$p)"; done
/bin/busybox cut -d' ' -f18,19,40,41 /proc/self/stat
/bin/busybox mkdir /tmp/made 2>&1; /bin/busybox id
"""


def user_namespace(bundle):
    bundle.config["linux"]["namespaces"].append({"type": "user"})
    bundle.config["linux"].update(uidMappings=MAPS, gidMappings=MAPS)
    for folder, _, _ in os.walk(bundle.rootfs):
        os.chown(folder, 100000, 100000)
    # runc walks to the root filesystem as that user.
    for folder in (bundle.path, *list(pathlib.Path(bundle.path).parents)[:2]):
        os.chmod(folder, 0o711)


def capabilities(bundle):
    bundle.config["process"]["capabilities"] = {
        "bounding": CAPS, "effective": CAPS[:2], "permitted": CAPS, "inheritable": CAPS[:2],
        "ambient": CAPS[:1]}
    bundle.config["process"]["noNewPrivileges"] = False


def ordinary_user(bundle):
    capabilities(bundle)
    os.chmod(bundle.rootfs + "/tmp", 0o777)
    bundle.config["process"]["user"] = {"uid": 7, "gid": 8, "additionalGids": [9, 10],
                                        "umask": 0o27}
    bundle.config["process"]["cwd"] = "/tmp"


def limits(bundle):
    bundle.config["process"]["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "hard": 77, "soft": 66},
        {"type": "RLIMIT_CORE", "hard": 0, "soft": 0},
        {"type": "RLIMIT_STACK", "hard": 1 << 23, "soft": 1 << 22}]
    bundle.config["process"]["oomScoreAdj"] = 321


def filters(bundle):
    bundle.config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}


def masks(bundle):
    os.makedirs(bundle.rootfs + "/tmp/dir")
    for name in ("masked", "dir/file"):
        with open(f"{bundle.rootfs}/tmp/{name}", "w", encoding="ascii") as file:
            file.write("text")
    bundle.config["linux"]["maskedPaths"] += ["/tmp/masked", "/tmp/none"]
    bundle.config["linux"]["readonlyPaths"] += ["/tmp/dir"]
    bundle.config["root"]["readonly"] = True


def mounts(bundle):
    source = bundle.path + "/source"
    os.makedirs(source)
    for number, options in enumerate((["bind", "ro"], ["rbind", "nosuid", "noexec"],
                                      ["bind", "rshared"], ["bind", "rprivate", "noatime"],
                                      ["rbind", "rslave", "nodev", "nodiratime"])):
        bundle.config["mounts"].append({"destination": f"/m{number}", "type": "bind",
                                        "source": source, "options": options})
    for number, options in enumerate((["size=1m", "mode=700"], ["ro", "nosuid"], ["rshared"])):
        bundle.config["mounts"].append({"destination": f"/t{number}", "type": "tmpfs",
                                        "source": "tmpfs", "options": options})


def devices(bundle):
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 3,
         "gid": 4},
        {"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 0,
         "gid": 0},
        {"path": "/dev/deep/pipe", "type": "p", "fileMode": 0o622, "uid": 1, "gid": 1}]
    bundle.config["linux"]["resources"]["devices"] += [
        {"allow": True, "access": "rwm", "type": "c", "major": major, "minor": minor}
        for major, minor in ((10, 229), (1, 3))]


def sysctls(bundle):
    bundle.config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}
    bundle.config["process"]["env"] += ["A=b", "EMPTY=", "HOME=/tmp"]
    bundle.config["hostname"] = "other"


def few_namespaces(bundle):
    bundle.config["linux"]["namespaces"] = [{"type": "mount"}, {"type": "pid"}]
    del bundle.config["hostname"]
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if m["type"] not in ("sysfs", "mqueue")]


def propagation(bundle):
    bundle.config["linux"]["rootfsPropagation"] = "rslave"
    bundle.config["linux"]["namespaces"].append({"type": "cgroup"})
    seen = set()
    spaces = bundle.config["linux"]["namespaces"]
    bundle.config["linux"]["namespaces"] = [
        n for n in spaces if not (n["type"] in seen or seen.add(n["type"]))]


def plain(bundle):
    del bundle


VARIANTS = [plain, user_namespace, capabilities, ordinary_user, limits, filters, masks, mounts,
            devices, sysctls, few_namespaces, propagation]


def visible(text, bundle):
    """What a container printed of itself, without what differs from run to run by nature."""
    lines = []
    host = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    for line in text.splitlines():
        space = re.match(r"ns (\S+) (\S+)", line)
        if space:
            kind = "the host's" if host[space[1]] == space[2] else "its own"
            line = f"ns {space[1]} {kind}"
        if "cgroup" in line:
            continue  # a host with version 1 gives each runtime's own choice of hierarchies
        # A masked file is a null device: the container's own under runc, the host's under brig.
        line = re.sub(r"^/null (\S+) .*", r"/null \1", line)
        # Its group is nobody's under runc, which changes groups after it made the namespace.
        line = re.sub(r"^(dev \S+ \S+) \S+ (.* mqueue)$", r"\1 \2", line)
        # Of a mount, the number of its peer group.
        line = re.sub(r"\b(shared|master|propagate_from):\d+", r"\1", line)
        # On a host whose mounts are shared, as systemd's are, runc leaves the root their slave where
        # config.json says nothing; crun and brig make it private.
        if "rootfsPropagation" not in bundle.config["linux"] and line.startswith(bundle.rootfs):
            line = line.replace(" master - ", " - ")
        lines.append(line.replace(bundle.id, "ID"))
    return sorted(lines)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
def test_C44_same_bundle_under_runc(bundle, variant):
    bundle.config["ociVersion"] = "1.0.2"
    variant(bundle)
    fresh = bundle.path + "/fresh"
    subprocess.run(["cp", "-a", bundle.rootfs, fresh], check=True)
    seen = {}
    for runtime in ("runc", BRIG):
        shutil.rmtree(bundle.rootfs)
        subprocess.run(["cp", "-a", fresh, bundle.rootfs], check=True)
        seen[runtime] = visible(bundle.shell(PROBE, runtime=runtime), bundle)
    assert len(seen["runc"]) > 60
    assert seen[BRIG] == seen["runc"], "\n".join(
        difflib.unified_diff(seen["runc"], seen[BRIG], "runc", "brig", n=0, lineterm=""))
