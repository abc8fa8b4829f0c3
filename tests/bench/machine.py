# SPDX-License-Identifier: Apache-2.0
"""Machines whose counter counts instructions, and what payloads print on them."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))

from bundle import BUILD, config, make_bundle, write_config  # noqa: E402

OUT = os.path.join(BUILD, "bench")
QEMU = os.path.join(BUILD, "host/bin/qemu-system-aarch64")
LIMIT = 300  # seconds of one run


def command(gic, cpu, cpus, virtualization, mem, *more):
    """The command line of a machine."""
    return [QEMU, "-M", f"virt,gic-version={gic},dtb-randomness=off"
               + (",virtualization=on" if virtualization else ""),
               "-cpu", f"{cpu},cntfrq=1000000000", "-smp", str(cpus), "-m", mem,
               "-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01,clock=vm",
               "-nographic", "-nic", "none", "-no-reboot", *more]


def qemu(*machine):
    """Run one machine to its end; returns what it printed."""
    line = command(*machine)
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as late:
        tail = (late.stdout or b"")[-2000:].decode(errors="replace")
        sys.exit(f"bench: no end in {LIMIT} s: {' '.join(line)}\n{tail}")
    return done.stdout.decode(errors="replace")


def bundle_of(vms, name, attach=None):
    return make_bundle(write_config(config(*vms, attach=attach), name), name)


def in_guest(gic, cpu, cpus, vms, name, mem="1G"):
    return qemu(gic, cpu, cpus, True, mem, "-kernel", os.path.join(BUILD, "bulkhead.bin"),
                "-initrd", bundle_of(vms, name))


def figures(text):
    """BENCH lines -> {operation: instructions}."""
    found = {m[1]: int(m[2]) / 1000 for m in re.finditer(r"BENCH (\w+) (\d+)", text)}
    if "failed 0 " not in text or found.pop("counter", 0) != 1_000_000:
        sys.exit("bench: the payload failed:\n" + text[-3000:])
    return found


def first_process(text):
    """What tests/bench/init.c printed."""
    found = re.search(r"BENCH init +(\d+)", text)
    if not found:
        sys.exit("bench: Linux did not reach its first process:\n" + text[-3000:])
    return int(found[1])
