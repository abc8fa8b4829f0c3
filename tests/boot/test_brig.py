# SPDX-License-Identifier: Apache-2.0
"""brig in the Linux guest, where cgroup version 2 has all its controllers."""
import json
import re

import pytest

CONFIG = "dts/qemu-virt.dts"

pytestmark = pytest.mark.lg_feature("virtio")
BUNDLE = "/root/bundle"
GROUP = "/sys/fs/cgroup/c1"


@pytest.fixture
def linux(board):
    """linux(command): what it prints in the guest, which has a bundle with busybox."""
    console = board(CONFIG).console
    console.linux_shell()

    def run(command, timeout=120):
        return console.linux(command, timeout)

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
    linux("brig update --memory 33554432 --pids-limit 30 c1")
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
    assert int(linux(f"cat {GROUP}/pids.current")) <= 30
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
    assert linux("cat out").split() == ["77", "4194304"]
    linux("brig delete -f c1")
