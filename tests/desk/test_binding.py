"""The binding in dts/bindings says what the hypervisor reads, and refuses what it refuses."""

import pathlib
import re
import subprocess

import pytest
import yaml

BINDINGS = pathlib.Path("dts/bindings")
# Properties that any node may carry: config_common_property().
COMMON = {"compatible", "phandle", "#address-cells", "#size-cells", "status", "ranges"}

SOUND = """
/dts-v1/;
/ {
    compatible = "bulkhead,config";
    console { attach = "a"; escape = <0x1d>; tagged; };
    a {
        compatible = "bulkhead,vm";
        #address-cells = <2>;
        #size-cells = <2>;
        kernel = "kernel.bin";
        memory = /bits/ 64 <0x40000000 0x1000000 0x80000000 0x1000>;
        load = <0x40000000>;
        vcpus = <2>;
        initrd = "initrd.img";
        bootargs = "quiet";
        devices = "/uart@1000", "serial1";
        no-dma;
        restart = "on-failure";
        restart-limit = <0>;
        restart-backoff-ms = <60000>;
        region@50000000 { reg = /bits/ 64 <0x50000000 0x1000>; image = "t.bin"; read-only; };
    };
    b { compatible = "bulkhead,vm"; kernel = "k"; memory = <0x0 0x10000>; cpus = <0 31>; };
};
"""


def schema(name):
    return yaml.safe_load((BINDINGS / f"{name}.yaml").read_text(encoding="utf-8"))


def names_in(source, pattern):
    """The first group of each match in the one table that pattern's first part finds."""
    table, entry = pattern
    text = pathlib.Path(source).read_text(encoding="utf-8")
    return set(re.findall(entry, re.search(table, text, re.DOTALL).group(1)))


def strings(table):
    return (table + r"\[\] = \{(.*?)\};", r'"([^"]+)"')


def test_vm_properties_are_those_of_the_code():
    table = (r"\} properties\[\] = \{(.*?)\n\};", r'\{"([^"]+)",')
    code = names_in("core/config_vm.c", table)
    assert "kernel" in code
    assert set(schema("bulkhead,vm")["properties"]) - COMMON == code


def test_region_properties_are_those_of_the_code():
    region = schema("bulkhead,vm")["patternProperties"]["^region@[0-9a-f]+$"]
    code = names_in("core/config_vm.c", strings(r"read_region_property.*?known"))
    assert set(region["properties"]) - COMMON == code


def test_console_properties_are_those_of_the_code():
    console = schema("bulkhead,config")["properties"]["console"]
    code = names_in("core/config.c", strings(r"parse_console_property.*?known"))
    assert set(console["properties"]) - COMMON == code


def test_every_property_is_described():
    vm, config = schema("bulkhead,vm"), schema("bulkhead,config")
    groups = [vm["properties"], config["properties"]["console"]["properties"],
              vm["patternProperties"]["^region@[0-9a-f]+$"]["properties"]]
    for group in groups:
        for name, about in group.items():
            assert name in COMMON or about["description"].strip(), name


@pytest.mark.parametrize("define, value", [
    ("RESTART_LIMIT_DEFAULT", ("restart-limit", "default")),
    ("RESTART_BACKOFF_DEFAULT_MS", ("restart-backoff-ms", "default")),
    ("RESTART_BACKOFF_MAX_MS", ("restart-backoff-ms", "maximum")),
])
def test_numbers_are_those_of_the_code(define, value):
    text = pathlib.Path("core/config_vm.c").read_text(encoding="utf-8")
    name, key = value
    number = int(re.search(rf"#define {define}\s+(\d+)", text).group(1))
    assert schema("bulkhead,vm")["properties"][name][key] == number


def validate(tmp_path, text):
    source, dtb = tmp_path / "c.dts", tmp_path / "c.dtb"
    source.write_text(text, encoding="utf-8")
    subprocess.run(["dtc", "-q", "-o", dtb, source], check=True)
    done = subprocess.run(["dt-validate", "-l", "bulkhead", "-s", BINDINGS, dtb], check=True,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def test_all_properties_at_once_are_accepted(tmp_path):
    assert validate(tmp_path, SOUND) == ""


@pytest.mark.parametrize("old, new", [
    ('kernel = "k";', ""),
    ("memory = <0x0 0x10000>;", ""),
    ("memory = <0x0 0x10000>;", "memory = <0x0>;"),
    ("cpus = <0 31>;", "cpus = <0 32>;"),
    ("cpus = <0 31>;", "cpus = <0 1 2 3 4 5 6 7 8>;"),
    ("cpus = <0 31>;", "cpus = <0>; vcpus = <1>;"),
    ("vcpus = <2>", "vcpus = <9>"),
    ("vcpus = <2>", "vcpu = <2>"),
    ("no-dma;", ""),
    ("escape = <0x1d>", "escape = <0x80>"),
    ("tagged;", "tagged; colour;"),
    ('bootargs = "quiet";', 'bootargs = "quiet"; dtb = "own.dtb";'),
    ('restart = "on-failure"', 'restart = "sometimes"'),
    ("restart-backoff-ms = <60000>", "restart-backoff-ms = <60001>"),
    ("restart-backoff-ms = <60000>", "restart-backoff-ms = <0>"),
    ("read-only;", "readonly;"),
    ("reg = /bits/ 64 <0x50000000 0x1000>;", ""),
    ("region@50000000", "area@50000000"),
    ("b {", "B {"),
    ("b {", "hypervisor {"),
    ('b { compatible = "bulkhead,vm";', "b {"),
])
def test_mistakes_are_complained_about(tmp_path, old, new):
    assert old in SOUND
    assert validate(tmp_path, SOUND.replace(old, new)) != ""
