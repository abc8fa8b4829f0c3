# SPDX-License-Identifier: Apache-2.0
"""Hostile images, C01 to C14: each is refused, or stays inside its layer."""
import gzip
import json
import os
import stat
import tarfile

import pytest

from images import digest, entry, folder, hardlink, layer, link, write_layout

PROBE = b"from the image"


@pytest.fixture
def unpacked(engine, tmp_path):
    """unpacked(entries...): the folder in which the layer of these was unpacked."""
    def load(*entries):
        data = layer(*entries)
        engine("load", write_layout(str(tmp_path / "image"), [data]))
        return os.path.join(engine.store, "layers", digest(data)[7:])
    return load


@pytest.fixture
def refused(engine, tmp_path):
    """refused(because, entries...): the image does not load and leaves no layer."""
    def load(because, *entries, **how):
        path = write_layout(str(tmp_path / "image"), [layer(*entries)], **how)
        engine.fails("load", path, because=because)
        assert os.listdir(os.path.join(engine.store, "layers")) == []
        assert os.listdir(os.path.join(engine.store, "tmp")) == []
        assert "evil" not in engine.out("images")
    return load


@pytest.fixture
def outside(tmp_path):
    """A folder of the host's that must stay as it is."""
    path = tmp_path / "outside"
    path.mkdir()
    (path / "secret").write_text("of the host")
    yield str(path)
    assert os.listdir(path) == ["secret"]
    assert (path / "secret").read_text() == "of the host"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "a/..", ".."])
def test_c01_dot_dot_is_refused(refused, name):
    refused('has a ".."', folder("a"), entry(name, data=PROBE))


def test_c02_an_absolute_path_is_below_the_root(unpacked, outside):
    root = unpacked(entry(outside + "/x", data=PROBE))
    assert open(root + outside + "/x", "rb").read() == PROBE


def test_c03_a_symlink_ancestor_is_followed_inside(unpacked, outside):
    root = unpacked(folder(outside[1:]), link("etc", outside), entry("etc/x", data=PROBE))
    assert open(root + outside + "/x", "rb").read() == PROBE


def test_c03_a_symlink_to_nothing_inside_is_refused(refused, outside):
    refused("follow the symlink", link("etc", outside), entry("etc/x", data=PROBE))


def test_c03_a_relative_symlink_ends_at_the_root(unpacked, outside):
    root = unpacked(folder("d"), link("d/up", "../../../../../.."), entry("d/up/x", data=PROBE))
    assert open(root + "/x", "rb").read() == PROBE


def test_c04_a_hardlink_to_the_host_is_refused(refused, outside):
    refused("hard link", hardlink("x", outside + "/secret"))


def test_c04_a_hardlink_through_a_symlink_is_refused(refused, outside):
    refused("symlink", link("l", outside), hardlink("x", "l/secret"))


def test_c04_a_hardlink_with_dot_dot_is_refused(refused):
    refused('has a ".."', hardlink("x", "../../etc/passwd"))


def test_c05_a_whiteout_through_a_symlink_is_refused(refused, outside):
    refused("follow the symlink", link("l", outside), entry("l/.wh.secret"))


def test_c06_an_opaque_whiteout_through_a_symlink_is_refused(refused, outside):
    refused("follow the symlink", link("l", outside), entry("l/.wh..wh..opq"))


@pytest.mark.parametrize("make", [lambda n: link(n, "/tmp"), lambda n: entry(n, data=PROBE),
                                  lambda n: hardlink(n, "a")])
@pytest.mark.parametrize("name", [".", "./", "/"])
def test_c07_the_root_is_not_replaced(refused, make, name):
    refused("root", folder("a"), make(name))


def test_c08_device_nodes_are_left_out(unpacked):
    root = unpacked(entry("b", tarfile.BLKTYPE, device=(8, 0)), entry("c", tarfile.CHRTYPE, device=(1, 1)),
                    entry("zero", tarfile.CHRTYPE), entry("f", tarfile.FIFOTYPE), entry("x", data=PROBE))
    assert sorted(os.listdir(root)) == ["f", "x"]
    assert stat.S_ISFIFO(os.lstat(root + "/f").st_mode)


def test_c08_attributes_of_overlayfs_are_left_out(unpacked):
    pax = {"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.trusted.overlay.opaque": "y",
           "SCHILY.xattr.user.good": "1"}
    root = unpacked(entry("x", data=PROBE, pax=pax))
    names = os.listxattr(root + "/x")
    assert [n for n in names if n.startswith("trusted")] == []


def test_c09_a_long_path_is_refused(refused):
    refused("", entry("a/" * 3000 + "x", data=PROBE))


def test_c09_a_long_name_is_refused(refused):
    refused("", entry("n" * 300, data=PROBE))


def test_c09_a_deep_path_is_refused(refused):
    refused("", entry("a/" * 300 + "x", data=PROBE))


def test_c09_a_newline_in_a_name_is_kept(unpacked):
    assert os.listdir(unpacked(entry("a\nb", data=PROBE))) == ["a\nb"]


def test_c10_a_gzip_bomb_is_refused(engine, tmp_path):
    bomb = gzip.compress(bytes(16 << 20)) * 5  # 80 MiB in 80 KB
    engine.env["BRIG_LAYER_LIMIT"] = "64M"
    config = json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode()
    path = write_layout(str(tmp_path / "image"), [bomb], config=config)
    engine.fails("load", path, because="more than the limit")


def load_raw(engine, tmp_path, data, because):
    path = write_layout(str(tmp_path / "image"), [data])
    engine.fails("load", path, because=because)
    assert os.listdir(os.path.join(engine.store, "layers")) == []


def test_c10_a_file_beyond_the_limit_is_refused(engine, tmp_path):
    info = tarfile.TarInfo("x")
    info.size = 8 << 40
    load_raw(engine, tmp_path, info.tobuf(tarfile.GNU_FORMAT) + bytes(1024), "unpack x")


def test_c11_a_bad_checksum_is_refused(engine, tmp_path):
    data = bytearray(layer(entry("x", data=PROBE)))
    data[150] ^= 1
    load_raw(engine, tmp_path, bytes(data), "archive")


def test_c11_a_negative_size_is_refused(engine, tmp_path):
    info = tarfile.TarInfo("x")
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    load_raw(engine, tmp_path, bytes(header) + bytes(1024), "")


def test_c11_a_cut_archive_is_refused(engine, tmp_path):
    load_raw(engine, tmp_path, layer(entry("x", data=bytes(9000)))[:2048], "")


def test_c12_a_blob_of_another_digest_is_refused(refused):
    def damage(files):
        name = next(iter(files))
        files[name] = files[name][:-1] + b"!"
    refused("was named", entry("x", data=PROBE), change_blobs=damage)


def test_c12_a_wrong_size_is_refused(refused):
    def damage(manifest):
        manifest["layers"][0]["size"] += 1
    refused("was named", entry("x", data=PROBE), change_manifest=damage)


def test_c12_a_manifest_that_is_an_index_too_is_refused(refused):
    refused("both a manifest and an index", entry("x"),
            change_manifest=lambda m: m.update(manifests=[]))


def test_c12_a_wrong_diff_id_is_refused(refused):
    config = json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode()
    refused("the config says", entry("x"), config=config)


@pytest.mark.parametrize("bad", ["sha256:../../etc/passwd", "sha256:" + "A" * 64, "md5:0", "", 7])
def test_c12_a_digest_that_is_none_is_refused(refused, bad):
    def damage(manifest):
        manifest["layers"][0]["digest"] = bad
    refused("sha256", entry("x"), change_manifest=damage)


@pytest.mark.parametrize("bad", [b"[" * 10000, b'{"a":1,"a":2}', b'{"a":' + b"9" * 400 + b"}",
                                 b'{"a":"\xff\xfe"}', b"", b"nul\0", b" " * (5 << 20)],
                         ids=["deep", "duplicate", "number", "utf8", "empty", "nul", "large"])
def test_c13_hostile_json_is_refused(refused, bad):
    refused("", entry("x"), config=bad)


def test_c14_a_whiteout_of_a_whiteout_is_refused(refused):
    refused("whiteout of a whiteout", entry(".wh..wh.x"))


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh..."])
def test_c14_a_whiteout_of_no_name_is_refused(refused, name):
    refused("whiteout", entry(name))


def test_c14_a_whiteout_as_a_folder_is_refused(refused):
    refused("whiteout", entry(".wh.d/x"))


def test_c14_the_file_after_its_whiteout_stays(unpacked):
    root = unpacked(entry(".wh.x"), entry("x", data=PROBE))
    assert open(root + "/x", "rb").read() == PROBE


def test_c14_the_whiteout_after_its_file_spares_it(unpacked):
    root = unpacked(entry("x", data=PROBE), entry(".wh.x"))
    assert open(root + "/x", "rb").read() == PROBE


def test_c14_a_folder_in_place_of_a_whiteout_is_opaque(unpacked):
    root = unpacked(entry(".wh.d"), folder("d"), entry("d/x", data=PROBE))
    assert os.getxattr(root + "/d", "trusted.overlay.opaque") == b"y"


def test_c14_a_whiteout_is_a_device_of_overlayfs(unpacked):
    status = os.lstat(unpacked(entry(".wh.x")) + "/x")
    assert stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
