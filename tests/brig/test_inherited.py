# SPDX-License-Identifier: Apache-2.0
"""Containers in the runtime's own namespaces: all that config.json does not name is inherited."""
import os
import subprocess

from conftest import inherit

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
LOOK = "for n in " + " ".join(KINDS) + "; do readlink /proc/self/ns/$n; done; ls /"


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return file.read()


def files_of(folder):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


def test_all_are_the_hosts(bundle):
    before = mounts(), files_of(bundle.rootfs)
    inherit(bundle, "mount", "pid", "network", "ipc", "uts", "cgroup")
    ours = [os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS]
    found = bundle.shell(LOOK).split()
    assert found[:len(KINDS)] == ours
    assert set(found[len(KINDS):]) == {"bin", "dev", "etc", "proc", "sys", "tmp"}
    assert (mounts(), files_of(bundle.rootfs)) == before


def test_mounts_go_with_the_container(bundle):
    """Also those of a container that is removed by force; the bundle's files stay."""
    inherit(bundle, "mount")
    before = mounts(), files_of(bundle.rootfs)
    bundle.config["root"]["readonly"] = True
    bundle.config["linux"]["maskedPaths"] = ["/etc"]
    bundle.start("/bin/sleep", "1000")
    assert mounts() != before[0]
    done = bundle.brig("exec", bundle.id, "/bin/sh", "-c", "ls / /etc; echo x >/file")
    assert done.stdout.split() == ["/:", "bin", "dev", "etc", "proc", "sys", "tmp", "/etc:"]
    assert "Read-only file system" in done.stderr
    assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    assert (mounts(), files_of(bundle.rootfs)) == before


def test_what_exec_enters_is_not_the_hosts_root(bundle):
    """The container's process has since made a mount namespace, the root of which is the host's."""
    inherit(bundle, "mount")
    capabilities = bundle.config["process"]["capabilities"]
    for kind in ("bounding", "effective", "permitted"):
        capabilities[kind].append("CAP_SYS_ADMIN")
    bundle.start("/bin/busybox", "unshare", "-m", "/bin/sleep", "1000")
    assert bundle.brig("exec", bundle.id, "/bin/ls", "/bin").stdout.split().count("busybox") == 1
    assert bundle.brig("exec", bundle.id, "/bin/ls", "/etc").stdout == ""


def test_removed_where_the_mount_was_taken_away(bundle):
    """An administrator may unmount it first."""
    inherit(bundle, "mount")
    bundle.start("/bin/sleep", "1000")
    subprocess.run(["umount", "-l", f"{bundle.root}/{bundle.id}/root"], check=True)
    assert bundle.brig("delete", "-f", bundle.id).returncode == 0
    assert os.path.exists(bundle.rootfs + "/bin/busybox")


def test_a_user_namespace_needs_a_mount_namespace(bundle):
    bundle.config["linux"]["namespaces"] = [{"type": "user"}]
    del bundle.config["hostname"]
    done = bundle.run("/bin/sh")
    assert done.returncode != 0 and "mount namespace of its own" in done.stderr
