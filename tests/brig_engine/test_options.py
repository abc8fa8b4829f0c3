# SPDX-License-Identifier: Apache-2.0
"""Options of run: what the container has of them, and words that are none."""
import json
import os

import pytest
from test_user import wait_for


def run(containers, *words, script):
    return containers.out("run", "--rm", *words, "hello", "sh", "-c", script)


def test_hosts_and_name_servers(containers):
    said = run(containers, "--add-host", "db:10.1.2.3", "--add-host", "up:host-gateway", "--add-host",
               "six:fe80::1", "--dns", "10.9.9.9", "--dns", "fe80::9",
               script="tail -n 3 /etc/hosts; cat /etc/resolv.conf")
    assert said.split("\n") == ["10.1.2.3\tdb", "10.88.0.1\tup", "fe80::1\tsix",
                                "nameserver 10.9.9.9", "nameserver fe80::9"]


def test_domains_and_resolver(containers, tmp_path):
    said = run(containers, "--dns", "10.9.9.9", "--dns-search", "a.example", "--dns-search", "b.example", "--dns-option",
               "ndots:2", "--cidfile", str(tmp_path / "id"), script="cat /etc/resolv.conf; hostname")
    assert said.split("\n")[:3] == ["nameserver 10.9.9.9", "search a.example b.example", "options ndots:2"]
    assert (tmp_path / "id").read_text()[:12] == said.split("\n")[3]
    assert run(containers, "--dns-search", "x.example", script="tail -n 1 /etc/resolv.conf") == "search x.example"
    containers.fails("run", "--cidfile", str(tmp_path / "id"), "hello", "true", because="File exists")
    containers.fails("create", "--cidfile", str(tmp_path / "no"), "none", "true", because="none")
    assert not (tmp_path / "no").exists() and containers.out("ps", "-aq") == ""


def test_rates_of_devices(containers, tmp_path):
    """As config.json has them: on this machine there may be no control group to try them on."""
    node = str(tmp_path / "disk")
    os.mknod(node, 0o60600, os.makedev(7, 3))
    full = containers.out("create", "--device-read-bps", f"{node}:4M", "--device-write-bps", f"{node}:1M", "--device-read-iops",
                          f"{node}:10", "--device-write-iops", f"{node}:20", "--blkio-weight", "50", "hello", "true")
    containers("start", full, check=False)
    with open(f"{containers.store}/containers/{full}/config.json", encoding="utf-8") as file:
        block = json.load(file)["linux"]["resources"]["blockIO"]
    assert block.pop("weight") == 50
    assert block == {f"throttle{name}Device": [{"major": 7, "minor": 3, "rate": rate}] for name, rate in
                     (("ReadBps", 4 << 20), ("WriteBps", 1 << 20), ("ReadIOPS", 10), ("WriteIOPS", 20))}
    containers.fails("run", "--device-read-bps", "/dev/null:1M", "hello", "true", because="no such block device")


def test_limits_of_processes(containers):
    assert run(containers, "--ulimit", "nofile=100:200", "--ulimit", "core=0",
               script="ulimit -Sn; ulimit -Hn; ulimit -c").split() == ["100", "200", "0"]
    assert run(containers, script="ulimit -Sn") == "1024"


def test_file_systems_in_memory(containers):
    said = run(containers, "--tmpfs", "/a:size=1M,mode=700,noexec", "--tmpfs", "/b", "--shm-size", "2M",
               script="grep -E ' (/a|/b|/dev/shm) ' /proc/mounts; head -c 2000000 /dev/zero >/a/x || echo full")
    mounts = {line.split()[1]: line.split()[3].split(",") for line in said.split("\n") if " /" in line}
    assert {"size=1024k", "mode=700", "noexec"} <= set(mounts["/a"])
    assert "mode=700" not in mounts["/b"] and "size=2048k" in mounts["/dev/shm"]
    assert said.endswith("full")


def test_kernel_settings(containers):
    assert run(containers, "--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--sysctl",
               "kernel.msgmax=4096", script="cat /proc/sys/net/ipv4/ip_unprivileged_port_start "
               "/proc/sys/kernel/msgmax").split() == ["0", "4096"]
    containers.fails("run", "--rm", "--sysctl", "kernel.panic=1", "hello", "true", because="kernel.panic")


def test_groups_and_environment(containers, tmp_path):
    (tmp_path / "env").write_text("# said\nA=1\nB=two words\n\nC=3\n")
    assert run(containers, "--env-file", str(tmp_path / "env"), "-e", "C=4",
               script="echo $A $B $C") == "1 two words 4"
    assert run(containers, "--user", "1000:1000", "--group-add", "20", "--group-add", "44",
               script="id -G") == "1000 20 44"
    containers.fails("run", "--env-file", "/nonexistent", "hello", "true", because="env_file /nonexistent")


def test_a_name_alone_has_the_callers_value(containers):
    """Of when it was made, whoever starts it later."""
    containers.env["GIVEN"] = "first"
    containers("run", "-d", "--name", "one", "-e", "GIVEN", "-e", "NOT_GIVEN", "hello", "sh", "-c",
               "echo $GIVEN ${NOT_GIVEN-none}; exec sleep 1000")
    wait_for(lambda: containers.out("logs", "one") == "first none")
    containers("stop", "-t", "0", "one")
    containers.env["GIVEN"] = "second"
    containers("start", "one")
    wait_for(lambda: containers.out("logs", "one") == "first none\nfirst none")
    containers.env["LATIN"] = b"\xe9"
    containers.fails("run", "-e", "LATIN", "hello", "true", because="the value of LATIN is not UTF-8")


def test_devices(containers, tmp_path):
    """One that the defaults do not have, under another name; read, but not written."""
    node = str(tmp_path / "kmsg")
    os.mknod(node, 0o20644, os.makedev(1, 11))
    script = ("ls -l /dev/log9; dd if=/dev/log9 bs=100 count=1 2>/dev/null | wc -c; echo x >/dev/none && "
              "echo none; echo x >/dev/log9")
    done = containers("run", "--rm", "--device", f"{node}:/dev/log9:r", "--device", "/dev/null:/dev/none",
                      "hello", "sh", "-c", script, check=False)
    assert done.stdout.startswith("crw-r--r--") and "1,  11" in done.stdout
    assert done.stdout.endswith("none\n") and "Operation not permitted" in done.stderr
    containers.fails("run", "--device", "/dev/nothing", "hello", "true", because="/dev/nothing: no such device")
    containers.fails("run", "--device", str(tmp_path), "hello", "true", because="no such device")


BAD = [("--ulimit", "files=1"), ("--ulimit", "nofile=2:1"), ("--ulimit", "nofile"), ("--device", "null"),
       ("--device", "/dev/null:x:y"), ("--device", "/dev/null:/dev/x:rwx"), ("--tmpfs", "x"),
       ("--tmpfs", "/x:size=big"), ("--tmpfs", "/x:lowerdir=/"), ("--shm-size", "0"), ("--sysctl", "=1"),
       ("--sysctl", "x"), ("--cpuset-cpus", "a"), ("--cpuset-cpus", ""), ("--dns", "here"),
       ("--dns", "1.1.1.1\noptions x"), ("--add-host", "a"), ("--add-host", "a:b"),
       ("--add-host", "a\n:1.1.1.1"), ("--dns-search", "a b"), ("--dns-option", "x\ny"), ("--device-read-bps", "/dev/x"),
       ("--device-write-iops", "/dev/x:1.5"), ("--health-start-period", "soon")]


@pytest.mark.parametrize("option,value", BAD)
def test_bad_values(containers, option, value):
    done = containers("run", option, value, "hello", "true", check=False)
    assert done.returncode == 125 and option[2:].replace("-", "_") in done.stderr
    assert containers.out("ps", "-aq") == ""
