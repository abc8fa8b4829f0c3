# SPDX-License-Identifier: Apache-2.0
"""Limits are properties of the unit as well: else systemd takes them back at its next reload."""
import os
import subprocess

import pytest

from conftest import show

SLEEP = ("/bin/sleep", "1000")
ALL = {"memory": {"limit": 64 << 20, "swap": 96 << 20, "reservation": 32 << 20},
       "cpu": {"quota": 25000, "period": 50000, "shares": 512, "cpus": "1", "mems": "0"},
       "pids": {"limit": 50}, "blockIO": {"weight": 500},
       "unified": {"memory.high": "50331648", "memory.min": "1048576"}}
PROPERTIES = {"MemoryMax": "67108864", "MemorySwapMax": "33554432", "MemoryLow": "33554432",
              "CPUQuotaPerSecUSec": "500ms", "CPUQuotaPeriodUSec": "50ms", "CPUWeight": "20",
              "AllowedCPUs": "1", "AllowedMemoryNodes": "0", "TasksMax": "50"}
UNIFIED = {"MemoryHigh": "50331648", "MemoryMin": "1048576"}
FILES = {"memory.max": "67108864", "memory.swap.max": "33554432", "memory.low": "33554432",
         "cpu.max": "25000 50000", "cpu.weight": "20", "cpuset.cpus": "1", "cpuset.mems": "0", "pids.max": "50",
         "memory.high": "50331648", "memory.min": "1048576"}


def reload():
    """What any package's installation does on a host."""
    subprocess.run(["systemctl", "daemon-reload"], check=True, timeout=120)


def files(bundle, names):
    return {name: bundle.file(name) for name in names}


def properties(bundle, names):
    return dict(zip(names, show(bundle.scope, *names)))


def test_limits(any_bundle):
    any_bundle.limit(**ALL)
    any_bundle.start(*SLEEP)
    assert properties(any_bundle, PROPERTIES) == PROPERTIES
    assert files(any_bundle, FILES) == FILES
    reload()
    assert files(any_bundle, FILES) == FILES


def test_limits_of_unified(bundle):
    bundle.limit(**ALL)
    bundle.start(*SLEEP)
    assert properties(bundle, UNIFIED) == UNIFIED
    assert show(bundle.scope, "IOWeight") == "4950"


def test_no_limit(any_bundle):
    any_bundle.limit(memory={"limit": -1, "swap": -1}, pids={"limit": -1}, cpu={"quota": -1, "period": 100000})
    any_bundle.start(*SLEEP)
    said = {"memory.max": "max", "memory.swap.max": "max", "pids.max": "max", "cpu.max": "max 100000"}
    assert files(any_bundle, said) == said
    reload()
    assert files(any_bundle, said) == said


def test_quota_of_less_than_a_per_cent(bundle):
    """systemd keeps per cent: it may have more than was asked for, but never less."""
    bundle.limit(cpu={"quota": 12345, "period": 100000})
    bundle.start(*SLEEP)
    assert bundle.file("cpu.max") == "12345 100000"
    reload()
    assert bundle.file("cpu.max") in ("12345 100000", "13000 100000")


def test_what_systemd_does_not_know(bundle):
    """Huge pages: their controller is not one of systemd's. Rates of devices are files alone."""
    device = os.stat("/dev/vda").st_rdev
    bundle.limit(hugepageLimits=[{"pageSize": "2MB", "limit": 4 << 20}], blockIO={
        "throttleReadBpsDevice": [{"major": os.major(device), "minor": os.minor(device), "rate": 1 << 20}]})
    bundle.start(*SLEEP)
    for _ in range(2):
        assert bundle.file("hugetlb.2MB.max") == str(4 << 20)
        assert "rbps=1048576" in bundle.file("io.max")
        reload()


def test_update(any_bundle):
    any_bundle.start(*SLEEP)
    done = any_bundle.brig("update", "--memory", "33554432", "--memory-swap", "67108864", "--pids-limit", "20", "--cpu-quota", "30000",
                           "--cpu-period", "100000", "--cpu-share", "2048", "--cpuset-cpus", "0", any_bundle.id)
    assert done.returncode == 0, done.stderr
    said = {"memory.max": "33554432", "pids.max": "20", "cpu.max": "30000 100000", "cpuset.cpus": "0"}
    assert files(any_bundle, said) == said
    assert show(any_bundle.scope, "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec", "AllowedCPUs") == ("33554432", "20", "300ms", "0")
    reload()
    assert files(any_bundle, said) == said


def test_update_that_is_refused(bundle):
    bundle.limit(memory={"limit": 64 << 20})
    bundle.start(*SLEEP)
    done = bundle.brig("update", "-r", "-", bundle.id, input='{"memory":{"limit":4096,"checkBeforeUpdate":true}}', stdin=None)
    assert done.returncode == 1 and "less than is used" in done.stderr
    assert bundle.file("memory.max") == str(64 << 20) and show(bundle.scope, "MemoryMax") == str(64 << 20)


@pytest.mark.parametrize("policy", [None, "closed"])
def test_devices(bundle, policy):
    """Denied by brig's filter, and still so after a reload; systemd's own may be there as well."""
    bundle.limit(devices=[{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"}])
    made = {"kept": 5, "denied": 11} if policy is None else {"kept": 5}  # who may not use may not make
    bundle.config["linux"]["devices"] = [
        {"path": "/dev/" + name, "type": "c", "major": 1, "minor": minor, "fileMode": 0o666} for name, minor in made.items()]
    if policy:
        bundle.config["annotations"] = {"org.systemd.property.DevicePolicy": f"'{policy}'"}
    bundle.start(*SLEEP)
    for _ in range(2):
        done = bundle.brig("exec", bundle.id, "/bin/sh", "-c",
                           "head -c1 /dev/kept >/dev/null && echo kept; head -c1 /dev/denied 2>&1")
        assert "kept" in done.stdout
        assert policy or "Operation not permitted" in done.stdout + done.stderr
        reload()


@pytest.mark.parametrize("name, value, shown", [
    ("TimeoutStopUSec", "uint64 123456000000", ("TimeoutStopUSec", "1d 10h 17min 36s")),
    ("TimeoutStopSec", "7", ("TimeoutStopUSec", "7s")),
    ("CollectMode", "'inactive'", ("CollectMode", "inactive")),
    ("MemoryAccounting", "false", ("MemoryAccounting", "yes")),
    ("After", "['basic.target', 'multi-user.target']", ("After", "multi-user.target")),
    ("Description", '"a text"', ("Description", "a text"))])
def test_annotations(bundle, name, value, shown):
    bundle.config["annotations"] = {"org.systemd.property." + name: value, "org.other": "x"}
    bundle.start(*SLEEP)
    if name != "MemoryAccounting":  # a limit turns that on again
        assert shown[1] in show(bundle.scope, shown[0])
    assert show(bundle.scope, "ActiveState") == "active"


@pytest.mark.parametrize("name, value", [
    ("TimeoutStopUSec", "'unended"), ("TimeoutStopUSec", "uint64 x"), ("Ti", "1"), ("After", "['a'"), ("A.B", "true"),
    ("NoSuchProperty", "true"), ("TimeoutStopUSec", "''")])
def test_bad_annotations(bundle, name, value):
    bundle.config["annotations"] = {"org.systemd.property." + name: value}
    done = bundle.run("/bin/true")
    assert done.returncode == 1 and ("annotations" in done.stderr or "systemd: " in done.stderr)
    assert bundle.state() is None
