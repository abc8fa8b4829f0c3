# SPDX-License-Identifier: Apache-2.0
"""Configurations and bundles for tests, good ones and broken ones."""
import hashlib
import os
import shutil
import subprocess

from bulkhead_lg import TREE

BUILD = os.path.join(TREE, "build")
WORK = os.path.join(BUILD, "test-bundles")


class VM:
    """One VM node. Keyword arguments are properties (_ for -); None leaves one out."""

    def __init__(self, name, kernel, cpus=(0,), memory=((0x40000000, 0x01000000),), **more):
        self.name = name
        self.properties = {"compatible": "bulkhead,vm", "kernel": kernel, "cpus": cpus,
                           "memory": memory}
        self.properties.update({k.replace("_", "-"): v for k, v in more.items()})

    def dts(self):
        lines = [f"\t{self.name} {{"]
        for name, value in self.properties.items():
            if value is not None:
                lines.append("\t\t" + _property(name, value))
        return "\n".join([*lines, "\t};"])


class Raw(str):
    """Device tree source for a value, taken as it is."""


def _property(name, value):
    if value is True:
        return f"{name};"
    if isinstance(value, Raw):
        return f"{name} = {value};"
    if isinstance(value, str):
        return f'{name} = "{value}";'
    if isinstance(value, int):
        return f"{name} = <{value}>;"
    if name == "memory":
        cells = " ".join(f"{cell:#x}" for pair in value for cell in pair)
        return f"{name} = /bits/ 64 <{cells}>;"
    if value and isinstance(value[0], str):
        return f"{name} = " + ", ".join(f'"{v}"' for v in value) + ";"
    return f"{name} = <" + " ".join(str(v) for v in value) + ">;"


def config(*vms, attach=None):
    """Source of a configuration tree."""
    body = "\n\n".join(vm.dts() for vm in vms)
    console = f'\n\n\tconsole {{\n\t\tattach = "{attach}";\n\t}};' if attach else ""
    return f'/dts-v1/;\n\n/ {{\n\tcompatible = "bulkhead,config";\n\n{body}{console}\n}};\n'


def write_config(source, name):
    """Put the source where make finds it; returns its path."""
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, f"{name}.dts")
    with open(path, "w", encoding="utf-8") as f:
        f.write(source)
    return path


def make_bundle(dts, name):
    """The bundle as a user makes it."""
    os.makedirs(WORK, exist_ok=True)
    out = os.path.join(WORK, f"{name}.itb")
    done = subprocess.run(["make", "-s", "bundle", f"CONFIG={dts}", f"OUT={out}"], cwd=TREE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"make bundle CONFIG={dts}:\n{done.stdout}"
    return out


MAIN = "what a user boots"


# QEMU virt's PCI bridge.
BRIDGE = "/pcie@10000000"


def with_bridge():
    """What a user boots on QEMU virt, and the bridge is Linux' too: source."""
    with open(os.path.join(TREE, "dts/qemu-virt.dts"), encoding="utf-8") as f:
        source = f.read()
    changed = source.replace("devices = ", f'devices = "{BRIDGE}", ')
    assert changed != source
    return changed


def resolve(config, name, main):
    """The bundle of a configuration: MAIN, a path or source; main: its path, its bundle."""
    if config == MAIN:
        config, bundle = main
        if bundle:
            return os.path.join(TREE, bundle)
    elif "\n" in config:
        config = write_config(config, name)
    return make_bundle(config, name)


def _find(name):
    for folder in ("images", "bare"):
        path = os.path.join(BUILD, folder, name)
        if os.path.exists(path):
            return path
    raise FileNotFoundError(name)


def _image(name, data, kind):
    digest = hashlib.sha256(open(data, "rb").read()).hexdigest()
    return (f'\t\t{name} {{\n\t\t\tdescription = "{name}";\n\t\t\tdata = /incbin/("{data}");\n'
            f'\t\t\ttype = "{kind}";\n\t\t\tarch = "arm64";\n\t\t\tcompression = "none";\n'
            f'\t\t\thash-1 {{\n\t\t\t\talgo = "sha256";\n\t\t\t\tvalue = [{digest}];\n'
            "\t\t\t};\n\t\t};\n")


def raw_bundle(source, files, name):
    """A bundle that nobody checked: what make refuses must be refused on the board too."""
    dts = write_config(source, name)
    tree = os.path.join(WORK, f"{name}.dtb")
    its = os.path.join(WORK, f"{name}.its")
    out = os.path.join(WORK, f"{name}.itb")
    dtc = shutil.which("dtc")
    subprocess.run([dtc, "-q", "-I", "dts", "-O", "dtb", "-o", tree, dts], check=True)
    images = _image("config", tree, "flat_dt")
    images += "".join(_image(f, _find(f), "kernel") for f in sorted(set(files)))
    with open(its, "w", encoding="utf-8") as f:
        f.write('/dts-v1/;\n\n/ {\n\tdescription = "test";\n\ttimestamp = <0>;\n'
                "\t#address-cells = <1>;\n\timages {\n" + images +
                '\t};\n\tconfigurations {\n\t\tdefault = "conf";\n\t\tconf {\n'
                '\t\t\tdescription = "test";\n\t\t\tfdt = "config";\n\t\t};\n\t};\n};\n')
    subprocess.run([dtc, "-q", "-I", "dts", "-O", "dtb", "-o", out, its], check=True)
    return out


def damage(bundle, needle, name, at=0):
    """A copy with one bit flipped, `at` bytes after the first occurrence of needle."""
    data = bytearray(open(bundle, "rb").read())
    where = data.index(needle) + at
    data[where] ^= 1
    out = os.path.join(WORK, f"{name}.itb")
    with open(out, "wb") as f:
        f.write(data)
    return out
