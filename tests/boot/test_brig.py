# SPDX-License-Identifier: Apache-2.0
"""brig in the Linux guest, where cgroup version 2 has all its controllers."""
import json
import re

import pytest
from bundle import MAIN

BUNDLE = "/root/bundle"
GROUP = "/sys/fs/cgroup/c1"


@pytest.fixture
def linux(board):
    """linux(command): what it prints in the guest, which has a bundle with busybox."""
    console = board(MAIN).console
    console.linux_shell()
    run = console.linux
    run("dmesg -n 1")  # the kernel's word on each process that it ends is not for this console
    run("grep -q cgroup2 /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup")
    run(f"mkdir -p {BUNDLE}/rootfs/bin && cp /bin/busybox {BUNDLE}/rootfs/bin/ && cd {BUNDLE}")
    run("for d in proc dev sys tmp; do mkdir -p rootfs/$d; done")
    run("ln -s busybox rootfs/bin/sh; brig spec; sed -i 's/\"terminal\": true/\"terminal\": false/' "
        "config.json; cp config.json first.json")
    return run


def configure(linux, script, resources="{}"):
    """Give the bundle a command, and limits in place of the template's empty ones."""
    args = json.dumps(["/bin/sh", "-c", script])
    quoted = args.replace("\\", "\\\\").replace("&", "\\&").replace("#", "\\#").replace("'", "'\\''")
    linux(f"tr -d '\\n' < first.json | sed -e 's#\"args\": *\\[[^]]*\\]#\"args\":{quoted}#' "
          f"-e 's#\"resources\": *{{#&{resources[1:-1]}{',' if len(resources) > 2 else ''}#' "
          "> config.json")


def test_run_and_limits(linux):
    configure(linux, "echo in $(/bin/busybox hostname)")
    assert linux("brig run -b . c1") == "in brig"
    configure(linux, "/bin/busybox sleep 1000",
              '{"memory":{"limit":16777216},"pids":{"limit":20},"cpu":{"quota":50000,"period":100000,'
              '"shares":512}}')
    linux("brig create -b . c1 </dev/null >/dev/null 2>&1 && brig start c1")
    assert "running" in linux("brig state c1 | grep status")
    assert linux(f"cat {GROUP}/memory.max {GROUP}/pids.max {GROUP}/cpu.weight").split() == \
        ["16777216", "20", "20"]
    assert linux(f"cat {GROUP}/cpu.max") == "50000 100000"
    linux("brig update c1 --memory 32M --pids-limit 30")
    assert linux(f"cat {GROUP}/memory.max {GROUP}/pids.max").split() == ["33554432", "30"]
    less = json.dumps({"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    assert "less than is used now" in linux(f"echo '{less}' | brig update -r - c1 2>&1 || true")
    assert linux(f"cat {GROUP}/memory.max") == "33554432"
    stats = json.loads(linux("brig events --stats c1"))
    assert stats["data"]["pids"] == {"current": 1, "limit": 30}
    linux("brig pause c1")
    assert "paused" in linux("brig state c1 | grep status")
    linux("brig resume c1")
    assert linux("brig exec c1 /bin/sh -c 'echo $((6*7))'") == "42"
    linux("brig delete -f c1")
    assert linux(f"ls -d {GROUP} 2>&1 || true").endswith("No such file or directory")
    assert linux("brig list -q") == ""


def test_C36_bombs_stay_inside(linux):
    configure(linux, "f() { f | f & }; f; /bin/busybox sleep 1000", '{"pids":{"limit":30}}')
    linux("brig create -b . c1 </dev/null >/dev/null 2>&1 && brig start c1")
    # Not pids.current, which has a fork that fails in it until it has failed.
    assert int(linux(f"cat {GROUP}/pids.peak")) <= 30
    assert linux("brig delete -f c1 && echo gone") == "gone"
    configure(linux, "x=x; while :; do x=$x$x; done",
              '{"memory":{"limit":16777216,"swap":16777216}}')
    assert linux("brig run -b . c1 >/dev/null 2>&1; echo $?") in ("137", "2")
    assert linux("echo alive") == "alive"


def test_C35_devices_are_filtered(linux):
    configure(linux, "/bin/busybox head -c1 /dev/vda; echo $?")
    linux("mknod rootfs/tmp/vda b 254 0 2>/dev/null; sed -i 's#/dev/vda#/tmp/vda#' config.json")
    said = linux("brig run -b . c1 2>&1")
    assert re.search("not permitted", said) and said.endswith("1")


def test_limit_above_the_hosts_in_user_namespace(linux):
    """A hard limit over the caller's own is raised with the host's rights, which Linux here has."""
    configure(linux, "ulimit -Su; ulimit -Hu; /bin/busybox sleep 1000")
    maps = '[{"containerID":0,"hostID":100000,"size":65536}]'
    linux("sed -i -e 's#\"namespaces\": *\\[#&{\"type\":\"user\"},#' "
          "-e 's#\"rlimits\": *\\[#&{\"type\":\"RLIMIT_NPROC\",\"soft\":77,\"hard\":4194304},#' "
          f"-e 's#\"linux\": *{{#&\"uidMappings\":{maps},\"gidMappings\":{maps},#' config.json")
    linux("chmod 755 /root; (ulimit -u 1000; brig create -b . c1 </dev/null >out 2>&1); brig start c1")
    assert linux("brig exec c1 /bin/sh -c 'ulimit -Hu'") == "4194304"
    linux("until [ $(wc -l <out) -ge 2 ]; do sleep 1; done")
    assert linux("cat out").split() == ["77", "4194304"]
    linux("brig delete -f c1")
    assert linux("stat -c %a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx "
                 "| sort -u") == "666"  # everybody's, as in each container


def the_disk(linux):
    """The numbers of the disk that the root is on, whole: virtio's or the card."""
    return [int(n) for n in linux("cat /sys/block/vda/dev /sys/block/mmcblk*/dev 2>/dev/null | head -n 1").split(":")]


LIMITS = {
    "memory": {"limit": 33554432, "reservation": 4194304, "swap": 50331648},
    "cpu": {"cpus": "1-2", "mems": "0", "quota": 20000, "period": 50000, "burst": 10000},
    "pids": {"limit": 40},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
    "unified": {"memory.high": "25165824", "cpu.max.burst": "5000"},
}
WRITTEN = {
    "memory.max": "33554432", "memory.low": "4194304", "memory.swap.max": "16777216",
    "memory.high": "25165824", "cpuset.cpus": "1-2", "cpuset.mems": "0", "cpu.max": "20000 50000",
    "cpu.max.burst": "5000", "pids.max": "40", "hugetlb.2MB.max": "4194304",
}


def test_every_limit_is_written(linux):
    """The unified map has the last word. What the container sees of it is what holds."""
    major, minor = the_disk(linux)
    limits = LIMITS | {"blockIO": {
        "throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": 1048576}],
        "throttleWriteIOPSDevice": [{"major": major, "minor": minor, "rate": 100}]}}
    written = WRITTEN | {"io.max": f"{major}:{minor} rbps=1048576 wbps=max riops=max wiops=100"}
    configure(linux, "/bin/busybox nproc; /bin/busybox sleep 1000", json.dumps(limits))
    linux("brig create -b . c1 </dev/null >out 2>&1; brig start c1")
    for file, value in written.items():
        assert linux(f"cat {GROUP}/{file}") == value, file
    linux("until [ -s out ]; do sleep 1; done")
    assert linux("cat out") == "2"
    linux("brig update --cpuset-cpus 0 c1")
    assert linux("brig exec c1 /bin/busybox nproc") == "1"
    linux("brig delete -f c1")
    configure(linux, "true", '{"unified":{"nothing.max":"1"}}')
    assert "nothing.max" in linux("brig run -b . c1 2>&1 || true")
    assert linux(f"ls -d {GROUP} 2>&1 || true").endswith("No such file or directory")


def test_device_rules(linux):
    """The last rule that fits decides; the default devices stay."""
    major, minor = the_disk(linux)
    configure(linux, "d=/tmp/disk; h='/bin/busybox head -c1'; $h $d >/dev/null && echo read;"
              "echo x 2>/dev/null >$d || echo not written; $h /dev/zero >/dev/null && echo zero")
    rule = f'{{"allow":true,"type":"b","major":{major},"minor":{minor},"access":"r"}}'
    linux(f"mknod rootfs/tmp/disk b {major} {minor}; sed -i 's#\"access\": *\"rwm\" *}}#&,{rule}#' config.json")
    assert linux("brig run -b . c1 2>&1").split("\n") == ["read", "not written", "zero"]


def test_devices_without_a_rule(linux):
    """What linux.devices makes is there, and no other."""
    major, minor = the_disk(linux)
    configure(linux, "for d in made zero; do /bin/busybox head -c1 /dev/$d >/dev/null && echo $d; done;"
              "echo x 2>/dev/null >/tmp/kmsg || echo not written")
    made = json.dumps([{"path": "/dev/made", "type": "b", "major": major, "minor": minor}])
    linux("mknod rootfs/tmp/kmsg c 1 11")
    linux("sed -i -e 's#\"resources\": *{[^}]*} *\\] *}#\"resources\":{}#' "
          f"-e 's#\"linux\": *{{#&\"devices\":{made},#' config.json")
    assert linux("brig run -b . c1 2>&1").split("\n") == ["made", "zero", "not written"]


def test_a_container_has_its_own_group(linux):
    """It sees its group as the root, cannot leave it, and what it makes below goes with it."""
    configure(linux, "/bin/busybox cat /proc/self/cgroup; echo 0 2>/dev/null >/sys/fs/cgroup/cgroup.procs "
              "|| echo read-only; /bin/busybox sleep 1000")
    linux("brig create -b . c1 </dev/null >out 2>&1; brig start c1")
    linux("until grep -q read-only out; do sleep 1; done")
    assert linux("cat out").split() == ["0::/", "read-only"]
    linux(f"mkdir -p {GROUP}/a/b && brig exec -d c1 /bin/busybox sleep 1000")
    linux(f"cat {GROUP}/cgroup.procs | tail -n 1 >{GROUP}/a/b/cgroup.procs")
    linux("brig pause c1")
    assert linux(f"cat {GROUP}/cgroup.freeze {GROUP}/a/b/cgroup.events").split() == \
        ["1", "populated", "1", "frozen", "1"]
    linux("brig delete -f c1")
    assert linux(f"ls -d {GROUP} 2>&1 || true").endswith("No such file or directory")


def test_a_writable_group_is_its_users(linux):
    """The folder and what makes groups below, not the limits; root of a user namespace makes them."""
    configure(linux, "/bin/busybox mkdir /sys/fs/cgroup/below && echo made; cd /sys/fs/cgroup;"
              "/bin/busybox stat -c %u . cgroup.procs cgroup.subtree_control memory.max; /bin/busybox sleep 1000")
    maps = '[{"containerID":0,"hostID":100000,"size":65536}]'
    linux("chmod 755 /root; sed -i -e 's#\"namespaces\": *\\[#&{\"type\":\"user\"},#' "
          "-e 's#\"relatime\", *\"ro\"#\"relatime\"#' "
          f"-e 's#\"linux\": *{{#&\"uidMappings\":{maps},\"gidMappings\":{maps},#' config.json")
    linux("brig create -b . c1 </dev/null >out 2>&1; brig start c1; until [ $(wc -l <out) -ge 5 ]; do sleep 1; done")
    assert linux("cat out").split() == ["made", "0", "0", "0", "65534"]
    linux("brig delete -f c1")
    assert linux(f"ls -d {GROUP} 2>&1 || true").endswith("No such file or directory")


def test_time_and_mapped_owners(linux):
    configure(linux, "/bin/busybox cat /proc/uptime; /bin/busybox stat -c %u:%g /data/file")
    maps = '[{"containerID":0,"hostID":5000,"size":1000}]'
    linux("mkdir -p /root/data; touch /root/data/file; sed -i -e 's#\"namespaces\": *\\[#&{\"type\":\"time\"},#' "
          "-e 's#\"linux\": *{#&\"timeOffsets\":{\"boottime\":{\"secs\":100000000}},#' -e 's#\"mounts\": *\\[#&"
          "{\"destination\":\"/data\",\"source\":\"/root/data\",\"type\":\"bind\",\"options\":[\"bind\"],"
          f"\"uidMappings\":{maps},\"gidMappings\":{maps}}},#' config.json")
    uptime, _, owner = linux("brig run -b . c1").split()
    assert float(uptime) > 100000000 and owner == "5000:5000"


def test_joins_the_namespaces_of_another(linux):
    """With nsdelegate, nobody is born into a group from within another's cgroup namespace."""
    maps = '[{"containerID":0,"hostID":100000,"size":65536}]'
    configure(linux, "/bin/busybox sleep 1000")
    linux("chmod 755 /root; sed -i -e 's#\"namespaces\": *\\[#&{\"type\":\"user\"},#' "
          f"-e 's#\"linux\": *{{#&\"uidMappings\":{maps},\"gidMappings\":{maps},#' config.json")
    linux("brig create -b . c1 </dev/null >out 2>&1; brig start c1")
    pid = json.loads(linux("brig state c1"))["pid"]
    configure(linux, "/bin/busybox readlink /proc/self/ns/cgroup")
    linux(f"sed -i -e 's#\"namespaces\": *\\[#&{{\"type\":\"user\",\"path\":\"/proc/{pid}/ns/user\"}},#' "
          f"-e 's#\"type\": *\"cgroup\"#&,\"path\":\"/proc/{pid}/ns/cgroup\"#g' config.json")
    assert linux("brig run -b . c2 2>&1") == linux(f"readlink /proc/{pid}/ns/cgroup")
    linux("brig delete -f c1")
