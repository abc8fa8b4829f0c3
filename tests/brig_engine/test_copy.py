# SPDX-License-Identifier: Apache-2.0
"""cp, also where the container would have it go elsewhere."""
import gzip
import io
import os
import stat
import subprocess
import tarfile

import pytest

import images
from conftest import ENGINE
from test_commands import start


@pytest.fixture(name="place")
def _place(tmp_path):
    """A folder with a file, a symlink and a folder below."""
    folder = tmp_path / "place"
    (folder / "below").mkdir(parents=True)
    (folder / "file").write_text("text")
    (folder / "file").chmod(0o754)
    os.utime(folder / "file", (1000, 2000))
    (folder / "link").symlink_to("file")
    (folder / "below" / "other").write_text("other")
    return folder


def listing(containers, path):
    return sorted(containers.out("exec", "one", "find", path, "-type", "f").split())


def test_a_file_goes_in_and_comes_out(containers, place, tmp_path):
    start(containers, "one", "sleep", "1000")
    containers("cp", str(place / "file"), "one:/tmp/")
    assert containers.out("exec", "one", "stat", "-c", "%a %u %Y", "/tmp/file") == "754 0 2000"
    containers("cp", str(place / "file"), "one:/tmp/as")
    assert containers.out("exec", "one", "cat", "/tmp/as") == "text"
    containers("exec", "one", "sh", "-c", "echo new >/tmp/as; chmod 4755 /tmp/as")
    containers("cp", "one:/tmp/as", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "new\n"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755  # no setuid comes out
    containers("cp", "one:tmp/as", str(place))  # a path without its first slash
    assert (place / "as").read_text() == "new\n"


def test_folders(containers, place, tmp_path):
    start(containers, "one", "sleep", "1000")
    containers("cp", str(place), "one:/tmp")
    assert listing(containers, "/tmp/place") == ["/tmp/place/below/other", "/tmp/place/file"]
    assert containers.out("exec", "one", "readlink", "/tmp/place/link") == "file"
    containers("cp", str(place) + "/.", "one:/tmp")
    assert containers.out("exec", "one", "cat", "/tmp/below/other") == "other"
    containers("cp", str(place), "one:/srv")  # which is not there yet
    assert containers.out("exec", "one", "cat", "/srv/file") == "text"
    containers("cp", "one:/srv", str(tmp_path))
    assert (tmp_path / "srv" / "below" / "other").read_text() == "other"
    containers("cp", "one:/srv/.", str(tmp_path / "fresh"))
    assert (tmp_path / "fresh" / "below" / "other").read_text() == "other"


def test_one_that_does_not_run(containers, place, tmp_path):
    containers("create", "--name", "one", "hello", "cat", "/file")
    containers("cp", str(place / "file"), "one:/")
    containers("cp", "one:/file", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "text"
    assert containers.out("start", "-a", "one") == "text"


def test_volumes_are_seen(containers, place):
    containers("run", "-d", "--name", "one", "-v", f"{place}:/data", "--read-only", "hello", "sleep",
               "1000")
    containers("cp", "one:/data/file", str(place / "copy"))
    containers("cp", str(place / "copy"), "one:/data/below")
    assert (place / "below" / "copy").read_text() == "text"
    containers.fails("cp", str(place / "copy"), "one:/new", because="Read-only file system")


@pytest.mark.parametrize("made", ["ln -s {} /trap", "mkdir /trap; ln -s {}/file /trap/file",
                                  "ln -s /proc/1/root /trap", "ln -s ../../../../../../{} /trap"])
def test_no_symlink_leads_out(containers, place, tmp_path, made):
    """C11: what the container points elsewhere is the container's own."""
    start(containers, "one", "sleep", "1000")
    (tmp_path / "file").write_text("evil")
    containers("exec", "one", "sh", "-c", made.format(place))
    containers("cp", str(tmp_path / "file"), "one:/trap/", check=False)
    containers("cp", str(tmp_path / "file"), "one:/trap/file", check=False)
    containers("cp", "one:/trap/below", str(tmp_path / "out"), check=False)
    assert (place / "file").read_text() == "text" and not (tmp_path / "out").exists()


def test_what_is_no_file_is_left_out(containers, tmp_path):
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "mkdir /d; mkfifo /d/fifo; echo x >/d/file; ln -s /dev/null /d/null")
    done = containers("cp", "one:/d", str(tmp_path))
    assert sorted(os.listdir(tmp_path / "d")) == ["file", "null"]
    assert "fifo: neither file, folder nor symlink" in done.stderr
    assert os.readlink(tmp_path / "d" / "null") == "/dev/null"


def test_files_without_end(containers, tmp_path):
    """C10: a hole is no data, nor what comes while it is copied."""
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "echo begin >/hole; truncate -s 3G /hole; echo end >>/hole;"
               "truncate -s 8G /hole; truncate -s 2G /empty; cat /dev/zero | head -c 5000000 >/full")
    for name in ("hole", "empty", "full", "sys/kernel/uevent_seqnum"):
        containers("cp", f"one:/{name}", str(tmp_path / os.path.basename(name)))
    with open(tmp_path / "hole", "rb") as file:
        assert file.read(8) == b"begin\n\0\0"
        file.seek(3 << 30)
        assert file.read(6) == b"end\n\0\0"
    sizes = [os.stat(tmp_path / name).st_size for name in ("hole", "empty", "full")]
    assert sizes == [8 << 30, 2 << 30, 5000000]
    assert sum(os.stat(tmp_path / name).st_blocks for name in ("hole", "empty")) < 1000
    assert (tmp_path / "uevent_seqnum").read_text().strip().isdigit()


def test_folders_without_end(containers, tmp_path):
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "cd /; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done")
    done = containers("cp", "one:/d", str(tmp_path), check=False)
    assert done.returncode == 1 and "more than 200 folders deep" in done.stderr


def test_what_fails_leaves_what_was_there(containers, place):
    containers("run", "-d", "--name", "one", "--tmpfs", "/small", "hello", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "echo old >/small/file; mkdir /small/dir")
    containers.fails("cp", str(place / "none"), "one:/small/file", because="No such file or directory")
    containers.fails("cp", str(place / "file"), "one:/small/dir/x/y", because="No such file or directory")
    containers.fails("cp", str(place), "one:/small/file", because="Not a directory")
    assert containers.out("exec", "one", "cat", "/small/file") == "old"


def test_bad_words(containers, place):
    start(containers, "one", "sleep", "1000")
    containers.fails("cp", str(place), "two:/x", because="no such container")
    containers.fails("cp", str(place), str(place), because="one of them a CONTAINER:PATH")
    containers.fails("cp", "one:/a", "one:/b", because="one of them a CONTAINER:PATH")
    containers.fails("cp", "one:/a", "", because="a path is empty")
    containers.fails("cp", str(place / "file"), "one:/no/", because="no such folder")
    containers.fails("cp", str(place / "file"), "one:/tmp/no/", because="no such folder")


def tar(entries):
    return images.layer(*entries)


def stream(containers, *words, data=b""):
    return subprocess.run([ENGINE, "cp", *words], env=containers.env, input=data, check=False, capture_output=True)


def test_a_tar_comes_out_and_goes_in(containers, place):
    """With owners, modes but for setuid, times and links; under its own name or as contents."""
    start(containers, "one", "sleep", "1000")
    containers("cp", str(place), "one:/tmp")
    containers("exec", "one", "sh", "-c", "cd /tmp/place; chown 7:8 file; chmod 4754 file; mkfifo fifo")
    for path, name in (("/tmp/place", "place"), ("/tmp/place/.", "."), ("/tmp/place/file", "file")):
        out = stream(containers, f"one:{path}", "-")
        with tarfile.open(fileobj=io.BytesIO(out.stdout)) as archive:
            members = {m.name: m for m in archive.getmembers()}
            assert next(iter(members)) == name
            file = members[name if name == "file" else f"{name}/file"]
            assert (file.uid, file.gid, file.mode, file.mtime) == (7, 8, 0o754, 2000)
            assert archive.extractfile(file).read() == b"text"
        if name != "file":
            assert members[f"{name}/link"].linkname == "file" and f"{name}/fifo" not in members
            assert b"fifo: neither file, folder nor symlink" in out.stderr
            assert stream(containers, "-", "one:/srv", data=out.stdout).returncode == 1  # it is not there
            containers("exec", "one", "mkdir", "-p", "/in")
            assert stream(containers, "-", "one:/in", data=gzip.compress(out.stdout)).returncode == 0
            assert containers.out("exec", "one", "sh", "-c", f"cd /in/{name}; stat -c '%u %g %a %Y' file; cat below/other; "
                                  "readlink link").split() == ["7", "8", "754", "2000", "otherfile"]
    assert b"No such file" in stream(containers, "one:/none", "-").stderr


def test_a_tar_of_holes_is_small(containers):
    """C10: what has no data is not written out, and is a hole again."""
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "mkdir /h /to; cd /h; echo begin >hole; truncate -s 1G hole; echo end >>hole;"
               "truncate -s 1G empty; head -c 100000 /dev/urandom >full")
    out = stream(containers, "one:/h", "-").stdout
    assert len(out) < 200000
    assert stream(containers, "-", "one:/to", data=out).returncode == 0
    assert containers.out("exec", "one", "sh", "-c", "cd /to/h; cmp full /h/full; head -n 1 hole; tail -c 4 hole; "
                          "stat -c %s hole empty; du -s . | cut -f 1").split()[:4] == [
                              "begin", "end", str((1 << 30) + 4), str(1 << 30)]


@pytest.mark.parametrize("entry", [images.entry("../../evil", data=b"x"), images.entry("/evil", data=b"x"),
                                   images.entry("out/evil", data=b"x"), images.hardlink("copy", "out/secret")])
def test_no_member_leads_out(containers, tmp_path, entry):
    """C01 to C04: symlinks mean what they mean in the container, in the archive or there before."""
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "secret").write_text("secret")
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", f"mkdir -p /d {tmp_path}/host; ln -s {tmp_path}/host /d/out")
    stream(containers, "-", "one:/d", data=tar([images.link("again", str(tmp_path / "host")), entry,
                                                images.entry("again/evil", data=b"x")]))
    assert os.listdir(tmp_path / "host") == ["secret"] and not os.path.exists("/evil")
    assert "copy" not in containers.out("exec", "one", "ls", "/d")


def test_what_is_no_tar(containers):
    start(containers, "one", "sleep", "1000")
    assert b"cp: /tmp: " in stream(containers, "-", "one:/tmp", data=b"nothing of the kind" * 100).stderr
    node = tar([images.entry("null", tarfile.CHRTYPE, device=(1, 3)), images.entry("file", data=b"x")])
    assert b"1 device nodes left out" in stream(containers, "-", "one:/tmp", data=node).stderr
    assert containers.out("exec", "one", "ls", "/tmp") == "file"
