"""bhcheck as a program: its status, its verdicts, its map and its drawing."""

import os
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest

BUILD = pathlib.Path("build")
BHCHECK = BUILD / "bhcheck"
BOARD = BUILD / "unit/desk/board.dtb"

CONFIG = """
/dts-v1/;
/ {
    compatible = "bulkhead,config";
    linux {
        compatible = "bulkhead,vm";
        cpus = <0 1 2>;
        memory = <0x60000000 0x10000000>;
        direct-map;
        kernel = "kernel.bin";
        initrd = "initrd.img";
        devices = "/soc/mmc@7e340000", "/soc/pair@7e600000";
        manager;
    };
    rtos {
        compatible = "bulkhead,vm";
        cpus = <3>;
        memory = <0x40000000 0x1000000>;
        kernel = "kernel.bin";
    };
};
"""


def bhcheck(*arguments):
    return subprocess.run([BHCHECK, *arguments], check=False, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(name="make_bundle")
def _make_bundle(tmp_path):
    def make(config=CONFIG, name="test"):
        (tmp_path / "kernel.bin").write_bytes(b"kernel" * 100)
        (tmp_path / "initrd.img").write_bytes(b"initrd" * 100)
        source, bundle = tmp_path / f"{name}.dts", tmp_path / f"{name}.itb"
        source.write_text(config, encoding="utf-8")
        subprocess.run(["dts/mkbundle", "-o", bundle, source], check=True, capture_output=True)
        return bundle
    return make


def rows(text):
    """The lines of the memory table, as (start, end, owner, IPA, what)."""
    table = text.split("what\n")[1].split("\n\n")[0].splitlines()
    for line in table:
        start, end, _, _, owner, ipa, what = line.split(maxsplit=6)
        yield int(start, 16), int(end, 16), owner, ipa, what


# -- What it says ------------------------------------------------------------------------------


def test_all_vms_start(make_bundle):
    done = bhcheck(make_bundle(), BOARD)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("linux: would start\nrtos: would start\n")


def test_what_dma_reaches_is_said(make_bundle):
    line = ("linux: /soc/mmc@7e340000: may make DMA, and no IOMMU holds it: it reaches the "
            "hypervisor, rtos and all other memory\n")
    assert line in bhcheck(make_bundle(), BOARD).stdout
    harmless = bhcheck(make_bundle(CONFIG.replace("direct-map;", "direct-map; no-dma;")), BOARD)
    assert "would start" in harmless.stdout and "DMA" not in harmless.stdout


def test_what_a_bridge_reaches_is_said(make_bundle):
    text = bhcheck(make_bundle(CONFIG.replace("/soc/mmc@7e340000", "/scb/pcie@7d500000")),
                   BOARD).stdout
    assert ("linux: /scb/pcie@7d500000: by its dma-ranges 3 GiB at 0x0 are reached; who has the "
            "bridge may set it otherwise\n") in text
    assert (0x600000000, 0x603ffffff, "linux", "0x0600000000",
            "window of /scb/pcie@7d500000") in list(rows(text))
    assert "175        linux        /scb/pcie@7d500000, level\n" in text
    assert "left out" not in text


def test_map_covers_memory_once(make_bundle):
    spans = list(rows(bhcheck(make_bundle(), BOARD).stdout))
    for before, after in zip(spans, spans[1:]):
        assert before[1] < after[0]
    memory = [span for span in spans if 0x40000000 <= span[0] < 0x80000000]
    assert sum(end + 1 - start for start, end, *_ in memory) == 0x40000000
    assert (0x60000000, 0x6fffffff, "linux", "0x0060000000", "main memory") in spans
    assert (0xfe340000, 0xfe340fff, "linux", "0x00fe340000",
            "page of /soc/mmc@7e340000") in spans
    assert (0x48000000, 0x480fffff, "hypervisor", "-", "bundle") in spans


def test_devices_that_share_a_page_share_a_line(make_bundle):
    config = CONFIG.replace("pair@7e600000", 'pair@7e600000", "/soc/pair@7e600200')
    spans = list(rows(bhcheck(make_bundle(config), BOARD).stdout))
    assert (0xfe600000, 0xfe600fff, "linux", "0x00fe600000",
            "page of /soc/pair@7e600000, /soc/pair@7e600200") in spans


def test_map_names_cpus_and_interrupts(make_bundle):
    text = bhcheck(make_bundle(), BOARD).stdout
    assert "3    0x0000000101 rtos         vCPU 0\n" in text
    assert "158        linux        /soc/mmc@7e340000, edge\n" in text
    assert "153        hypervisor   console UART\n" in text


PARTS = """
/dts-v1/;
/ {
    compatible = "bulkhead,config";
    one {
        compatible = "bulkhead,vm";
        cpus = <0>;
        memory = <0x40000000 0x1000000>;
        kernel = "kernel.bin";
        no-dma;
        filtered-devices = "/soc/serial@7e201400";
        gpio-lines = <2 3 4 57 17>;
        mailbox-tags = <0x30006 0x1>;
    };
    two {
        compatible = "bulkhead,vm";
        cpus = <1>;
        memory = <0x40000000 0x1000000>;
        kernel = "kernel.bin";
        gpio-lines = <18>;
    };
};
"""


def test_what_is_divided_up_is_said(make_bundle):
    text = bhcheck(make_bundle(PARTS), BOARD).stdout
    assert (0xfe201400, 0xfe2015ff, "one", "0x00fe201400",
            "registers of /soc/serial@7e201400, through the hypervisor") in list(rows(text))
    assert [row[2:] for row in rows(text) if row[0] == 0xfe200000] == [
        ("hypervisor", "-", "/soc/gpio@7e200000, given by parts")]
    assert "153        one          /soc/serial@7e201400, level, divided up by the hypervisor" in text
    assert "145        two          /soc/gpio@7e200000, level, divided up by the hypervisor" in text
    parts = text.split("parts of")[1]
    assert "/soc/gpio@7e200000       one          lines 2-4 17 57\n" in parts
    assert "/soc/gpio@7e200000       two          lines 18\n" in parts
    assert "/soc/mailbox@7e00b880    one          tags 0x30006 0x1\n" in parts
    assert "DMA" not in text


# What Debian's tree of a Raspberry Pi 4 has, as far as mkdtb changes it.
CARD = """
/ {
    aliases {
    };
    emmc2bus {
        mmc@7e340000 {
        };
    };
    soc {
        mmc@7e300000 {
            compatible = "brcm,bcm2835-sdhci";
            reg = <0x7e300000 0x100>;
            interrupts = <0 126 4>;
            pinctrl-names = "default";
            pinctrl-0 = <&card_pins>;
            mmc-pwrseq = <&card_pins>;

            wifi@1 {
            };
        };
    };
};
"""


def test_lines_of_the_cards_controller(make_bundle, tmp_path):
    """As platform/rpi4/mkdtb leaves them in the tree that the board is started with."""
    source, tree, board = tmp_path / "card.dts", tmp_path / "card.dtb", tmp_path / "board.dtb"
    source.write_text(pathlib.Path("tests/unit/desk/board.dts").read_text(encoding="utf-8") + CARD,
                      encoding="utf-8")
    subprocess.run(["dtc", "-q", "-o", tree, source], check=True)
    subprocess.run(["platform/rpi4/mkdtb", tree, board], check=True)
    subprocess.run(["fdtput", board, "-d", "/chosen", "stdout-path"], check=True)
    config = CONFIG.replace("mmc@7e340000", "mmc@7e300000").replace("cpus = <3>;",
                                                                    "cpus = <3>; gpio-lines = <36>;")
    done = bhcheck(make_bundle(config), board)
    assert "rtos: gpio-lines: line 36 is that of linux (/soc/mmc@7e300000)\n" in done.stdout
    assert "linux: would start\nrtos: refused\n" in done.stdout


def test_one_is_refused(make_bundle):
    done = bhcheck(make_bundle(CONFIG.replace("cpus = <3>", "cpus = <2>")), BOARD)
    assert done.returncode == 1
    assert done.stdout.startswith("rtos: cpus: CPU 2 belongs to linux already\n"
                                  "linux: would start\nrtos: refused\n")
    assert "rtos" not in [owner for _, _, owner, _, _ in rows(done.stdout)]


def test_unknown_word_of_the_console_is_status_1(make_bundle):
    config = CONFIG.replace("linux {", 'console { attach = "nobody"; };\nlinux {', 1)
    done = bhcheck(make_bundle(config), BOARD)
    assert done.returncode == 1
    assert 'console: attach: no VM is called "nobody"' in done.stdout


def test_none_starts(make_bundle):
    done = bhcheck(make_bundle(CONFIG.replace("<0x4", "<0x8").replace("<0x6", "<0x8")
                               .replace("cpus = <3>", "cpus = <9>")), BOARD)
    assert done.returncode == 2
    assert "linux: refused\nrtos: refused\n" in done.stdout


def test_damaged_image(make_bundle):
    bundle = make_bundle()
    data = bundle.read_bytes()
    assert data.count(b"initrd" * 100) == 1
    bundle.write_bytes(data.replace(b"initrd" * 100, b"initrd" * 99 + b"INITRD"))
    done = bhcheck(bundle, BOARD)
    assert done.returncode == 1
    assert 'linux: initrd: "initrd.img" is damaged' in done.stdout
    assert "rtos: would start" in done.stdout


def test_damaged_configuration(make_bundle):
    bundle = make_bundle()
    bundle.write_bytes(bundle.read_bytes().replace(b"direct-map", b"direct-mop"))
    done = bhcheck(bundle, BOARD)
    assert done.returncode == 2
    assert "bundle: /images/configuration: content does not match its sha256 hash" in done.stdout


def test_data_outside_of_the_tree(make_bundle):
    bundle = make_bundle()
    subprocess.run(["mkimage", "-E", "-F", bundle], check=True, capture_output=True)
    done = bhcheck(bundle, BOARD)
    assert done.returncode == 2
    assert done.stdout == ("bundle: /images/configuration: has no data in the bundle (made with "
                           "mkimage -E?)\n")


def test_board_that_is_too_small(make_bundle, tmp_path):
    source = pathlib.Path("tests/unit/desk/board.dts").read_text(encoding="utf-8")
    source = source.replace("reg = <0x0 0x40000000 0x0 0x40000000>",
                            "reg = <0x0 0x40000000 0x0 0x10000000>")
    source = source.replace("reg = <0x1 0x0 0x0 0x20000000>", "reg = <0x0 0x0 0x0 0x0>")
    (tmp_path / "small.dts").write_text(source, encoding="utf-8")
    board = tmp_path / "small.dtb"
    subprocess.run(["dtc", "-q", "-o", board, tmp_path / "small.dts"], check=True)
    done = bhcheck(make_bundle(), board)
    assert done.returncode == 1
    assert "linux: memory: direct-map of 0x60000000+0x10000000" in done.stdout
    assert "rtos: would start" in done.stdout


def test_bundle_that_the_board_cannot_hold(make_bundle, tmp_path):
    source = pathlib.Path("tests/unit/desk/board.dts").read_text(encoding="utf-8")
    source = source.replace("reg = <0x0 0x40000000 0x0 0x40000000>",
                            "reg = <0x0 0x40000000 0x0 0x8000000>")
    source = source.replace("linux,initrd", "test,initrd")
    (tmp_path / "small.dts").write_text(source, encoding="utf-8")
    board = tmp_path / "small.dtb"
    subprocess.run(["dtc", "-q", "-o", board, tmp_path / "small.dts"], check=True)
    done = bhcheck(make_bundle(), board)
    assert done.returncode == 2
    assert "board: no room for the bundle, which is assumed at 0x48000000" in done.stdout


# -- Files that are none ------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [b"", b"\xd0\x0d\xfe\xed", b"garbage " * 1000, bytes(4096)])
def test_garbage(make_bundle, tmp_path, broken):
    file = tmp_path / "file"
    file.write_bytes(broken)
    done = bhcheck(file, BOARD)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("bundle: not a FIT image: ")
    done = bhcheck(make_bundle(), file)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("board: device tree: ")


def test_truncated(make_bundle, tmp_path):
    bundle, board = make_bundle().read_bytes(), BOARD.read_bytes()
    file = tmp_path / "file"
    for part in range(0, 16):
        file.write_bytes(bundle[:len(bundle) * part // 16])
        assert bhcheck(file, BOARD).returncode == 2
        file.write_bytes(board[:len(board) * part // 16])
        assert bhcheck(make_bundle(), file).returncode == 2


@pytest.mark.parametrize("name, why", [
    ("absent", "No such file or directory"),
    ("folder", "Is a directory"),
])
def test_unreadable(make_bundle, tmp_path, name, why):
    (tmp_path / "folder").mkdir()
    done = bhcheck(tmp_path / name, BOARD)
    assert (done.returncode, done.stderr) == (2, f"bhcheck: cannot read {tmp_path / name}: {why}\n")
    done = bhcheck(make_bundle(), tmp_path / name)
    assert (done.returncode, done.stderr) == (2, f"bhcheck: cannot read {tmp_path / name}: {why}\n")


def test_too_large(tmp_path):
    file = tmp_path / "large"
    with open(file, "wb") as sparse:
        sparse.truncate((1 << 30) + 1)
    done = bhcheck(file, BOARD)
    assert done.returncode == 2
    assert done.stderr == f"bhcheck: cannot read {file}: larger than 1 GiB\n"


@pytest.mark.parametrize("arguments, status", [
    ((), 2), (("one",), 2), (("one", "two", "three"), 2), (("--colour", "one", "two"), 2),
    (("--svg",), 2), (("--help",), 0),
])
def test_usage(arguments, status):
    done = bhcheck(*arguments)
    assert done.returncode == status
    assert "Usage: bhcheck" in (done.stdout if status == 0 else done.stderr)


# -- The drawing --------------------------------------------------------------------------------


def draw(bundle, board, tmp_path):
    done = bhcheck("--svg", tmp_path / "map.svg", bundle, board)
    assert done.returncode == 0, done.stdout
    return xml.etree.ElementTree.parse(tmp_path / "map.svg").getroot()


def test_drawing_shows_every_owner(make_bundle, tmp_path):
    root = draw(make_bundle(), BOARD, tmp_path)
    text = " ".join("".join(node.itertext()) for node in root)
    for word in ("Test board", "linux", "rtos", "hypervisor", "0x0060000000", "GICD"):
        assert word in text


def test_drawing_stays_inside_its_frame(make_bundle, tmp_path):
    root = draw(make_bundle(), BOARD, tmp_path)
    _, _, width, height = map(float, root.get("viewBox").split())
    boxes = [node for node in root.iter() if node.tag.endswith("rect") and node.get("y")]
    assert len(boxes) > 10
    for box in boxes:
        assert 0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= width
        assert 0 <= float(box.get("y")) <= float(box.get("y")) + float(box.get("height")) <= height


def test_drawing_is_xml_whatever_the_model_is(make_bundle, tmp_path):
    board = tmp_path / "board.dtb"
    tree = BOARD.read_bytes()
    assert tree.count(b"Test board\0") == 1
    board.write_bytes(tree.replace(b"Test board\0", b"<&>\"\x01\xff]]>\xc3\0"))
    assert draw(make_bundle(), board, tmp_path).tag.endswith("svg")


def test_drawing_that_cannot_be_written(make_bundle, tmp_path):
    done = bhcheck("--svg", tmp_path / "no" / "map.svg", make_bundle(), BOARD)
    assert done.returncode == 2
    assert done.stderr == (f"bhcheck: cannot write {tmp_path / 'no' / 'map.svg'}: "
                           "No such file or directory\n")
    if os.path.exists("/dev/full"):
        done = bhcheck("--svg", "/dev/full", make_bundle(), BOARD)
        assert done.returncode == 2
        assert done.stderr == "bhcheck: cannot write /dev/full: No space left on device\n"
