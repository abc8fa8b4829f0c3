# SPDX-License-Identifier: Apache-2.0
"""What changes a container, what looks at it, and which program a command line means."""
import contextlib
import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tarfile
import time

import pytest

from conftest import ENGINE, RUNTIME
from test_user import row, wait_for


def start(engine, name, *words, options=()):
    engine("run", "-d", "--name", name, *options, "hello", *words)
    wait_for(lambda: row(engine, name)["state"] == "running")


@contextlib.contextmanager
def client(engine, *words):
    """One beside the test, which ends with it."""
    process = subprocess.Popen([ENGINE, *words], env=engine.env, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_wait_knows_the_exit_code_of_what_removes_itself(containers):
    start(containers, "one", "sh", "-c", "until [ -e /end ]; do sleep 0.05; done; exit 7", options=("--rm",))
    with client(containers, "wait", "one") as waiting:
        # It looks at the state each 20 ms, and has the lock's file open from the first time on.
        folder = f"/proc/{waiting.pid}/fd/"
        wait_for(lambda: any(os.readlink(folder + fd).endswith("/lock") for fd in os.listdir(folder)))
        containers("exec", "one", "touch", "/end")
        assert waiting.communicate(timeout=60)[0] == b"7\n"
    assert containers.out("ps", "-aq") == ""


def test_it_is_started_again_beside_a_client_of_its_last_life(containers):
    """Who is attached and does not read holds up neither the end nor the next start."""
    start(containers, "one", "sh", "-c", "until [ -e /end ]; do echo flood; done; exec sleep 1000")
    with client(containers, "attach", "one") as attached:
        attached.stdout.read(5)
        attached.send_signal(signal.SIGSTOP)
        containers("exec", "one", "touch", "/end")
        containers("kill", "one")
        wait_for(lambda: row(containers, "one")["state"] == "exited")
        containers("start", "one")
        assert row(containers, "one")["state"] == "running"


def test_kill_ends_it_for_good(containers):
    start(containers, "one", "sleep", "1000", options=("--restart", "always"))
    containers("kill", "one")
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    assert row(containers, "one")["exit_code"] == 137
    containers.fails("kill", "one", because="one does not run")
    containers("start", "one")
    assert row(containers, "one")["state"] == "running"


def test_kill_sends_any_signal(containers):
    start(containers, "one", "sh", "-c", "trap 'echo got it' USR1; echo up; while :; do sleep 0.1; done")
    wait_for(lambda: containers.out("logs", "one") == "up")
    containers("kill", "-s", "USR1", "one")
    wait_for(lambda: containers.out("logs", "one") == "up\ngot it")
    assert row(containers, "one")["state"] == "running"
    containers.fails("kill", "--signal", "NOSUCH", "one", because="NOSUCH")


def test_a_deep_tree_is_removed(containers):
    """C36: how deep is the container's to choose, and so is how much of the disk it takes."""
    start(containers, "one", "sleep", "1000")
    containers("exec", "one", "sh", "-c", "mkdir /a /b; for top in a b; do cd /$top; i=0; "
               "while [ $i -lt 1500 ]; do mkdir d; touch f; cd d; i=$((i+1)); done; done")
    containers("rm", "-f", "one")
    assert os.listdir(containers.store + "/containers") == []


# Frames that CAP_NET_RAW lets a container make: UDP from and to the host's 127.0.0.1, and a router's
# advertisement. The host's station and the container's address are given.
FRAMES = r"""
import socket, struct, sys
def check(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xffff)
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
own = wire.getsockname()[4]
for source, target, word in ((sys.argv[2], "127.0.0.1", b"evil"), ("127.0.0.1", "10.88.0.1", b"evil"),
                             (sys.argv[2], "10.88.0.1", b"fine")):
    udp = struct.pack("!HHHH", 5555, 9999, 12, 0) + word
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    wire.send(bytes.fromhex(sys.argv[1]) + own + b"\x08\x00" + head[:10] + check(head) + head[12:] + udp)
router = socket.inet_pton(socket.AF_INET6, "fe80::1234")
nodes = socket.inet_pton(socket.AF_INET6, "ff02::1")
said = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\1\1" + own
said = said[:2] + check(router + nodes + struct.pack("!II", len(said), 58) + said) + said[4:]
wire.send(bytes.fromhex("333300000001") + own + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(said), 58, 255) +
          router + nodes + said)
"""


def test_a_container_is_no_part_of_the_host(containers):
    """CVE-2020-8558 and CVE-2020-13401: neither its loopback's, nor its router."""
    start(containers, "one", "sleep", "1000")
    mine = row(containers, "one")
    words = subprocess.run(["ip", "-o", "link", "show", "brig0"], capture_output=True, text=True, check=True).stdout
    station = words.split("link/ether ")[1].split()[0].replace(":", "")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("0.0.0.0", 9999))
        service.settimeout(20)
        subprocess.run(["ip", "netns", "exec", f"brig-{mine['id']}", sys.executable, "-c", FRAMES, station,
                        mine["address"]], check=True)
        assert service.recv(100) == b"fine"
    time.sleep(0.5)  # what must not come has no sign
    routes = subprocess.run(["ip", "-6", "route"], capture_output=True, text=True, check=True).stdout
    assert "default" not in routes


def test_update_is_kept(containers):
    start(containers, "one", "sh", "-c", "sleep 1000")
    containers("update", "--restart", "on-failure", "one")
    record = json.loads(containers.out("inspect", "one"))[0]
    assert record["request"]["restart"] == "on-failure"
    # and heeded by the supervisor that runs already
    containers("exec", "one", "sh", "-c", "kill -9 1", check=False)
    containers("kill", "-s", "TERM", "one", check=False)
    containers.fails("update", "one", because="needs --memory")
    # in one that has ended they are only noted
    containers("create", "--name", "two", "-m", "64M", "--cpu-quota", "5000", "hello", "true")
    containers("update", "--memory-reservation", "32M", "--cpu-shares", "99", "--cpus", "0.5", "two")
    request = json.loads(containers.out("inspect", "two"))[0]["request"]
    assert (request["memory_reservation"], request["cpu_shares"], request["cpus"]) == ("32M", "99", "0.5")
    assert "cpu_quota" not in request
    containers.fails("update", "--memory-swap", "1M", "two", because="less than memory")
    containers.fails("update", "--restart", "sometimes", "one", because="sometimes")
    containers.fails("update", "--memory", "lots", "one", because="lots")
    containers.fails("update", "--memory", "1M", "nobody", because="no such container")
    assert json.loads(containers.out("inspect", "one"))[0]["request"] == record["request"]


def test_a_restart_policy_given_later(containers):
    start(containers, "one", "sh", "-c", "while [ ! -e /end ]; do sleep 0.1; done; rm /end; exit 3")
    containers("update", "--restart", "always", "one")
    containers("exec", "one", "touch", "/end")
    wait_for(lambda: row(containers, "one")["restarts"] == 1 and
             row(containers, "one")["state"] == "running")


def test_rename(containers):
    start(containers, "one", "sleep", "1000")
    start(containers, "two", "sleep", "1000")
    containers.fails("rename", "one", "two", because="the name two is taken")
    containers.fails("rename", "one", "a/b", because="cannot be a container's name")
    containers("rename", "one", "three")
    containers.fails("exec", "one", "true", because="no such container")
    assert containers.out("exec", "three", "echo", "here") == "here"
    containers("restart", "-t", "1", "three")
    assert row(containers, "three")["state"] == "running"


def test_top_shows_what_runs_in_it(containers):
    start(containers, "one", "sh", "-c", "sleep 1234 & exec sleep 77")
    wait_for(lambda: sorted(r["command"] for r in json.loads(containers.out("top", "--json", "one"))) ==
             ["sleep 1234", "sleep 77"])
    # a name that would clear the terminal of whoever looks
    containers("exec", "-d", "one", "sh", "-c", "sleep 88; true", "x\x1b[2J\ny")
    wait_for(lambda: any("x?[2J?y" in r["command"]
                         for r in json.loads(containers.out("top", "--json", "one"))))
    containers("stop", "-t", "1", "one")
    containers.fails("top", "one", because="does not run")


def test_port_names_what_is_published(containers):
    start(containers, "one", "sleep", "1000",
          options=("-p", "8093:80", "-p", "127.0.0.1:8094:53/udp"))
    assert containers.out("port", "one").split("\n") == [
        "80/tcp -> 0.0.0.0:8093", "53/udp -> 127.0.0.1:8094"]


LISTEN = """
import socket
ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ours.bind(("", 53))
while True:
    data, peer = ours.recvfrom(100)
    ours.sendto(b"got " + data, peer)
"""


def test_udp_is_published(containers):
    """The server is this machine's python, in the container's network: busybox has none."""
    start(containers, "one", "sleep", "1000", options=("-p", "8095:53/udp"))
    full = json.loads(containers.out("inspect", "one"))[0]["id"]
    spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    space = next(line.split()[0] for line in spaces.splitlines() if full[:8] in line)
    with subprocess.Popen(["ip", "netns", "exec", space, sys.executable, "-c", LISTEN]) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.settimeout(0.5)

            def heard():
                ours.sendto(b"ping", ("127.0.0.1", 8095))
                try:
                    return ours.recv(100) == b"got ping"
                except OSError:
                    return False
            wait_for(heard)
        server.kill()


def test_logs_of_a_time(containers):
    start(containers, "one", "sh", "-c", "echo first; sleep 2; echo second; sleep 1000")
    wait_for(lambda: "second" in containers.out("logs", "one"))
    lines = containers.out("logs", "-t", "one").split("\n")
    first, second = (line.split()[0] for line in lines)
    assert containers.out("logs", "--since", second, "one") == "second"
    assert containers.out("logs", "--until", first, "one") == "first"
    assert containers.out("logs", "--since", "1h", "one").split() == ["first", "second"]
    containers.fails("logs", "--since", "yesterday", "one", because="yesterday: neither a time")


def test_tag(containers):
    containers("tag", "hello", "greeting:1")
    assert containers.out("run", "--rm", "greeting:1", "echo", "hi") == "hi"
    containers("rmi", "hello")
    assert containers.out("run", "--rm", "greeting:1", "echo", "hi") == "hi"
    containers.fails("tag", "hello", "x", because="hello")
    containers.fails("tag", "greeting:1", "../x", because="cannot be an image's name")


def test_version_and_info(containers):
    assert containers.out("version").startswith("brig version ")
    info = json.loads(containers.out("info", "--json"))
    assert info["images"] == 2 and info["containers"] == 0
    assert "images       2" in containers.out("info")


def test_stats_goes_on_on_a_terminal(containers):
    start(containers, "one", "sleep", "1000")
    ours, theirs = pty.openpty()
    with subprocess.Popen([ENGINE, "stats"], env=containers.env, stdout=theirs) as process:
        os.close(theirs)
        text = b""
        while text.count(b"\x1b[H") < 3:
            text += os.read(ours, 4096)
        process.terminate()
    os.close(ours)
    assert text.count(b"one") >= 2
    assert containers.out("stats").count("NAME") == 1


# -- which program ----------------------------------------------------------------------

@pytest.fixture(name="brig")
def _brig(containers):
    """`brig` itself, the engine being found by the environment."""
    def run(*words):
        return subprocess.run([RUNTIME, *words], env={**containers.env, "BRIG_ENGINE": ENGINE},
                              text=True, capture_output=True, check=False, timeout=60)
    return run


def test_a_name_is_the_engines(containers, brig):
    start(containers, "one", "sleep", "1000")
    assert brig("exec", "one", "echo", "hi").stdout == "hi\n"
    assert brig("update", "--restart", "no", "one").stdout == "one\n"
    assert brig("kill", "one").returncode == 0
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    assert brig("start", "one").stdout == "one\n"
    assert row(containers, "one")["state"] == "running"
    assert "no such container" in brig("kill", "nobody").stderr


def test_a_root_is_the_runtimes(containers, brig):
    start(containers, "one", "sleep", "1000")
    full = json.loads(containers.out("inspect", "one"))[0]["id"]
    root = containers.env["BRIG_RUN"]
    assert json.loads(brig("--root", root, "state", full).stdout)["status"] == "running"
    done = brig("--root", root, "kill", "one")
    assert done.returncode != 0 and "does not exist" in done.stderr
    assert brig("--root", root, "kill", full, "KILL").returncode == 0
    wait_for(lambda: row(containers, "one")["state"] == "exited")


def test_without_an_engine_the_runtime_answers(containers, tmp_path):
    env = {**containers.env, "BRIG_ENGINE": str(tmp_path / "none")}
    done = subprocess.run([RUNTIME, "kill", "nobody"], env=env, text=True, capture_output=True,
                          check=False)
    assert done.returncode != 0 and "nobody" in done.stderr and "exist" in done.stderr
    done = subprocess.run([RUNTIME, "images"], env=env, text=True, capture_output=True, check=False)
    assert done.returncode != 0 and "brig-engine cannot be run" in done.stderr


# -- images ---------------------------------------------------------------------------------

def docker_archive(layout, out):
    """What `docker save` makes of the image in an OCI layout's tar."""
    with tarfile.open(layout) as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}

    def blob(descriptor):
        return blobs["blobs/" + descriptor["digest"].replace(":", "/")]
    manifest = json.loads(blob(json.loads(blobs["index.json"])["manifests"][0]))
    files = {"config.json": blob(manifest["config"])}
    for number, layer in enumerate(manifest["layers"]):
        files[f"{number}/layer.tar"] = blob(layer)
    files["manifest.json"] = json.dumps([{
        "Config": "config.json", "RepoTags": ["docker:1"],
        "Layers": [f"{n}/layer.tar" for n in range(len(manifest["layers"]))]}]).encode()
    with tarfile.open(out, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("form", ["tar", "folder", "stdin"])
def test_docker_archive(containers, tmp_path, form):
    docker_archive(tmp_path / "hello.tar", tmp_path / "docker.tar")
    if form == "tar":
        containers("load", str(tmp_path / "docker.tar"))
    elif form == "folder":
        with tarfile.open(tmp_path / "docker.tar") as tar:
            tar.extractall(tmp_path / "docker")
        containers("load", str(tmp_path / "docker"))
    else:
        with open(tmp_path / "docker.tar", "rb") as file:
            subprocess.run([ENGINE, "load", "-"], env=containers.env, stdin=file, check=True)
    assert containers.out("run", "--rm", "docker:1", "echo", "hi") == "hi"


def test_an_image_in_use_stays_usable(containers):
    start(containers, "one", "sleep", "1000")
    containers("rmi", "hello")
    containers("prune")
    containers("restart", "-t", "1", "one")
    assert containers.out("exec", "one", "echo", "here") == "here"
    containers.fails("run", "--rm", "hello", "true", because="hello")


def test_ten_at_once(containers, tmp_path):
    """Loads, runs and removals beside each other: none fails, and nothing is left."""
    commands = [["run", "--rm", "hello", "echo", f"number {n}"] for n in range(6)]
    commands += [["load", "--name", f"copy{n}", str(tmp_path / "hello.tar")] for n in range(4)]
    running = [subprocess.Popen([ENGINE, *words], env=containers.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for words in commands]
    for n, process in enumerate(running):
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0, error
        assert n >= 6 or out == f"number {n}\n"
    assert containers.out("ps", "-aq") == ""
    assert sum("copy" in r["name"] for r in json.loads(containers.out("images", "--json"))) == 4


def test_a_full_disk_while_loading(containers, tmp_path):
    """It is said, and the store is as it was."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(small)], check=True)
    try:
        env = {**containers.env, "BRIG_STORE": str(small)}
        done = [subprocess.run([ENGINE, "load", str(tmp_path / f"{name}.tar")], env=env, text=True,
                               capture_output=True, check=False) for name in ("hello", "web")]
        failed = [one for one in done if one.returncode != 0]
        assert failed and all("No space left" in one.stderr for one in failed)
        names = subprocess.run([ENGINE, "images", "--json"], env=env, text=True,
                               capture_output=True, check=True).stdout
        assert len(json.loads(names)) == 2 - len(failed)
        subprocess.run([ENGINE, "prune"], env=env, check=True, capture_output=True)
    finally:
        subprocess.run(["umount", str(small)], check=True)
