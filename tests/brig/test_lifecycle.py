# SPDX-License-Identifier: Apache-2.0
"""The life of a container, as an engine drives it."""
import array
import json
import os
import pty
import signal
import socket
import subprocess
import time
import tty

import pytest

from conftest import BRIG, UNIFIED, wait_until


def test_exit_status(bundle):
    assert bundle.run("/bin/sh", "-c", "exit 7").returncode == 7


def test_signal_status(bundle):
    # A first process ignores signals that it has no handler for, but SIGKILL from outside ends it.
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("kill", bundle.id, "KILL").returncode == 0
    wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")


def test_delete_of_a_supervised_run(bundle):
    """The run that waits for its container holds no lock on it."""
    bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
    bundle.write()
    with subprocess.Popen([BRIG, "--root", bundle.root, "run", "-b", bundle.path, bundle.id],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        wait_until(lambda: (bundle.state() or {}).get("status") == "running", "running")
        done = bundle.brig("delete", "-f", bundle.id)
        assert (done.returncode, done.stderr) == (0, "")
        assert (run.wait(60), run.stderr.read()) == (137, "")


def test_states_in_order(bundle):
    bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
    bundle.write()
    pid_file = bundle.path + "/pid"
    assert bundle.silent("create", "--pid-file", pid_file, "-b", bundle.path, bundle.id) == 0
    state = bundle.state()
    assert state["status"] == "created"
    assert state["id"] == bundle.id and state["bundle"] == bundle.path
    assert open(pid_file, encoding="ascii").read() == str(state["pid"])
    assert bundle.brig("start", bundle.id).returncode == 0
    assert bundle.state()["status"] == "running"
    again = bundle.brig("start", bundle.id)
    assert again.returncode == 1 and "cannot start" in again.stderr
    refused = bundle.brig("delete", bundle.id)
    assert refused.returncode == 1 and "not stopped" in refused.stderr
    bundle.brig("kill", bundle.id, "SIGKILL")
    wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")
    assert "container not running" in bundle.brig("kill", bundle.id).stderr
    assert bundle.brig("delete", bundle.id).returncode == 0
    assert "does not exist" in bundle.brig("state", bundle.id).stderr


def test_existing_id_is_refused(bundle):
    bundle.start("/bin/sleep", "1000")
    again = bundle.brig("create", "-b", bundle.path, bundle.id)
    assert again.returncode == 1 and "already exists" in again.stderr


def test_missing_program(bundle):
    done = bundle.run("nosuch")
    assert done.returncode == 1
    assert "executable file not found in $PATH" in done.stderr


@pytest.mark.parametrize("program, why", [
    ("nosuch", 'exec: "nosuch": executable file not found in $PATH: no such file or directory'),
    ("plain", 'exec: "plain": executable file not found in $PATH: no such file or directory'),
    ("/none", 'exec: "/none": stat /none: no such file or directory'),
    ("/bin/plain", 'exec: "/bin/plain": permission denied'),
    ("/etc", 'exec: "/etc": is a directory: permission denied')])
def test_words_of_a_program_that_cannot_run(bundle, program, why):
    """docker run: 127 and 126 come of these words, and of no capital letters."""
    with open(bundle.rootfs + "/bin/plain", "w", encoding="ascii"):
        os.chmod(bundle.rootfs + "/bin/plain", 0o644)
    done = bundle.run(program)
    assert done.returncode == 1 and done.stderr == f"brig: {why}\n"


@pytest.mark.parametrize("text, why", [
    ("#!/none/such\n", "exec /bin/program: No such file or directory"),
    ("\x7fELF of another machine", "exec /bin/program: Exec format error"),
    (None, "error running startContainer hook #0: /bin/busybox: exit status 3")])
def test_failure_after_start_is_in_the_log(bundle, text, why):
    """`start` has done its part by then, and `create` is long gone: only the output is left."""
    if text is None:
        bundle.config["hooks"] = {"startContainer": [
            {"path": "/bin/busybox", "args": ["sh", "-c", "exit 3"]}]}
    with open(bundle.rootfs + "/bin/program", "w", encoding="ascii") as file:
        file.write(text or "")
    os.chmod(bundle.rootfs + "/bin/program", 0o755)
    bundle.config["process"]["args"] = ["/bin/program"]
    bundle.write()
    with open(bundle.path + "/output", "w+", encoding="ascii") as output:
        subprocess.run([BRIG, "--root", bundle.root, "create", "-b", bundle.path, bundle.id],
                       check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        assert bundle.brig("start", bundle.id).returncode == 0
        wait_until(lambda: bundle.state()["status"] == "stopped", "stopped")
        output.seek(0)
        assert output.read() == why + "\n"


def test_log_json(bundle):
    log = bundle.path + "/log"
    bundle.brig("--log", log, "--log-format", "json", "state", "none")
    line = json.loads(open(log, encoding="utf-8").read())
    assert line["level"] == "error" and "does not exist" in line["msg"]


def test_exec(bundle):
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("exec", bundle.id, "/bin/sh", "-c", "echo hello").stdout == "hello\n"
    assert bundle.brig("exec", bundle.id, "/bin/sh", "-c", "exit 3").returncode == 3
    done = bundle.brig("exec", "--cwd", "/tmp", "-e", "A=b", "-u", "5:6", bundle.id,
                       "/bin/sh", "-c", "echo $PWD $A; id -u; id -g")
    assert done.stdout == "/tmp b\n5\n6\n"
    assert "--pid-file VALUE" in bundle.brig("exec", "--help").stdout
    missing = bundle.brig("exec", bundle.id, "nosuch")
    assert missing.returncode == 255 and "executable file not found in $PATH" in missing.stderr


def test_exec_process_file(bundle):
    bundle.start("/bin/sleep", "1000")
    process = bundle.path + "/process.json"
    with open(process, "w", encoding="utf-8") as file:
        json.dump({"args": ["/bin/sh", "-c", "echo $X; exit 4"], "cwd": "/", "env": ["X=y"],
                   "user": {"uid": 0, "gid": 0}}, file)
    done = bundle.brig("exec", "--process", process, bundle.id)
    assert (done.returncode, done.stdout) == (4, "y\n")


def receive_terminal(server):
    line, _ = server.accept()
    descriptors = array.array("i")
    _, control, _, _ = line.recvmsg(64, socket.CMSG_SPACE(descriptors.itemsize))
    descriptors.frombytes(control[0][2])
    return descriptors[0]


def read_all(fd):
    text = b""
    try:
        while True:
            got = os.read(fd, 4096)
            if not got:
                break
            text += got
    except OSError:
        pass  # EIO: the last process that had the terminal is gone
    return text.decode()


def test_console_socket(bundle):
    bundle.config["process"].update(terminal=True, args=["/bin/sh", "-c", "test -t 0 && echo tty"],
                                    consoleSize={"width": 99, "height": 33})
    bundle.write()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(bundle.path + "/console")
        server.listen()
        done = bundle.brig("create", "--console-socket", bundle.path + "/console", "-b",
                           bundle.path, bundle.id)
        assert done.returncode == 0, done.stderr
        terminal = receive_terminal(server)
    assert os.get_terminal_size(terminal) == (99, 33)
    assert bundle.brig("start", bundle.id).returncode == 0
    assert "tty" in read_all(terminal)
    os.close(terminal)


def in_terminal(bundle, *words):
    """brig on a terminal, whose master is the second; in raw mode, as brig makes it so later."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen([BRIG, "--root", bundle.root, *words], stdin=theirs, stdout=theirs,
                               stderr=theirs, cwd=bundle.path)
    os.close(theirs)
    return process, ours


def test_own_terminal(bundle):
    """run and exec carry the container's terminal themselves where no socket is given."""
    bundle.config["process"].update(terminal=True, args=["/bin/sh", "-c", "test -t 0 && echo tty; exit 5"])
    bundle.write()
    process, terminal = in_terminal(bundle, "run", bundle.id)
    assert read_all(terminal) == "tty\r\n" and process.wait(30) == 5
    os.close(terminal)
    bundle.config["process"]["terminal"] = False
    bundle.start("/bin/sleep", "1000")
    process, terminal = in_terminal(bundle, "exec", "-t", bundle.id, "/bin/sh", "-c", "test -t 0 && echo tty")
    assert read_all(terminal) == "tty\r\n" and process.wait(30) == 0
    os.close(terminal)


def test_what_nobody_reads_holds_up_no_end(bundle):
    """C36: a container that does not read its terminal, and ends; and a signal meanwhile."""
    script = "trap 'exit 7' TERM; /bin/busybox stty raw -echo; echo up; while :; do sleep 0.1; done"
    bundle.config["process"].update(terminal=True, args=["/bin/sh", "-c", script])
    bundle.write()
    process, terminal = in_terminal(bundle, "run", bundle.id)
    assert os.read(terminal, 100).startswith(b"up")
    os.set_blocking(terminal, False)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            os.write(terminal, b"x" * 4096)
        except BlockingIOError:
            time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(10) == 7
    finally:
        process.kill()
        os.close(terminal)


def test_hooks_in_order_with_state(bundle):
    out = bundle.path + "/hooks"
    kinds = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
    bundle.config["hooks"] = {
        kind: [{"path": "/bin/sh", "args": ["sh", "-c",
                f"echo {kind} $(cat) >> {out}"]}] for kind in kinds}
    assert bundle.run("/bin/sh", "-c", "true").returncode == 0
    lines = [line.split(" ", 1) for line in open(out, encoding="utf-8").read().splitlines()]
    assert [kind for kind, _ in lines] == kinds
    for kind, text in lines:
        state = json.loads(text)
        assert state["id"] == bundle.id
        assert state["status"] == {"poststart": "running", "poststop": "stopped"}.get(
            kind, "creating")


@pytest.mark.parametrize("hook, why", [
    ({"path": "/bin/false"}, "exit status 1"),
    ({"path": "/bin/nosuch"}, "exit status 127"),
    ({"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}, "still ran after 1 s"),
])
def test_C31_hook_that_fails(bundle, hook, why):
    bundle.config["hooks"] = {"createRuntime": [hook]}
    done = bundle.run("/bin/sh", "-c", "true")
    assert done.returncode == 1 and why in done.stderr
    assert bundle.state() is None


@pytest.mark.cgroup2
def test_pause_and_resume(bundle):
    bundle.start("/bin/sleep", "1000")
    assert bundle.brig("pause", bundle.id).returncode == 0
    assert bundle.state()["status"] == "paused"
    assert "paused" in bundle.brig("exec", bundle.id, "/bin/sh", "-c", "true").stderr
    assert bundle.brig("resume", bundle.id).returncode == 0
    assert bundle.state()["status"] == "running"


@pytest.mark.cgroup2
def test_ps_and_list(bundle):
    bundle.start("/bin/sleep", "1000")
    assert json.loads(bundle.brig("ps", "-f", "json", bundle.id).stdout) == [bundle.state()["pid"]]
    assert bundle.brig("list", "-q").stdout.split() == [bundle.id]
    assert json.loads(bundle.brig("list", "-f", "json").stdout)[0]["id"] == bundle.id


@pytest.mark.cgroup2
@pytest.mark.parametrize("first", ["old", "new"])
def test_two_of_one_group(bundle, first):
    """What an ended one left is the next one's, whichever of them is deleted first."""
    bundle.config["linux"]["cgroupsPath"] = "/" + bundle.id
    bundle.config["process"]["args"] = ["/bin/sleep", "0"]
    bundle.write()
    assert bundle.brig("run", "--keep", "-b", bundle.path, "old").returncode == 0
    bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
    bundle.write()
    assert bundle.silent("create", "-b", bundle.path, "new") == 0
    assert bundle.brig("start", "new").returncode == 0
    assert "processes of another's" in bundle.brig("run", "-b", bundle.path, "third").stderr
    assert bundle.brig("ps", "-f", "json", "old").stdout.strip() in ("null", "[]")
    if first == "old":
        bundle.brig("kill", "-a", "old", "KILL")
        assert bundle.brig("delete", "old").returncode == 0
        assert json.loads(bundle.brig("state", "new").stdout)["status"] == "running"
    assert bundle.brig("delete", "-f", "new").returncode == 0
    assert not os.path.exists(f"{UNIFIED}/{bundle.id}")


def test_list_is_in_order(bundle):
    names = ["b2", "a", "b10", "B"]
    bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
    bundle.write()
    for name in names:
        assert bundle.silent("create", "-b", bundle.path, name) == 0
    assert bundle.brig("list", "-q").stdout.split() == sorted(names)


@pytest.mark.parametrize("way", ["start", "run"])
def test_poststart_hook_that_fails(bundle, way):
    out = bundle.path + "/out"
    bundle.config["hooks"] = {"poststart": [{"path": "/bin/false"}],
                              "poststop": [{"path": "/bin/sh", "args": ["sh", "-c", f"cat > {out}"]}]}
    bundle.config["process"]["args"] = ["/bin/sleep", "1000"]
    bundle.write()
    if way == "start":
        assert bundle.silent("create", "-b", bundle.path, bundle.id) == 0
        done = bundle.brig("start", bundle.id)
    else:
        done = bundle.brig("run", "-b", bundle.path, bundle.id)
    assert done.returncode == 1 and "/bin/false: exit status 1" in done.stderr
    assert bundle.state() is None
    wait_until(lambda: not bundle.processes(), "processes stayed")
    assert json.loads(open(out, encoding="utf-8").read())["status"] == "stopped"


def test_features(bundle):
    said = json.loads(bundle.brig("features").stdout)
    assert said["ociVersionMin"] == "1.0.0" and "time" in said["linux"]["namespaces"]


def test_C32_preserved_descriptors_and_no_others(bundle):
    kept, other = os.open("/etc/hostname", os.O_RDONLY), os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(kept, True)
    os.set_inheritable(other, True)
    os.dup2(kept, 3)
    bundle.config["process"]["args"] = ["/bin/sh", "-c", "ls /proc/self/fd"]
    bundle.write()
    done = bundle.brig("run", "--preserve-fds", "1", "-b", bundle.path, bundle.id,
                       close_fds=False)
    # 4 is the folder that ls reads.
    assert done.stdout.split() == ["0", "1", "2", "3", "4"], done.stderr


def test_C34_ids(bundle):
    bundle.write()
    for name in ("a/b", "..", ".", ".a", "x" * 1000, "", "a b", "a\n"):
        done = bundle.brig("create", "-b", bundle.path, "--", name)
        assert done.returncode == 1 and "invalid container ID" in done.stderr, name


def test_supervised_run_passes_signals(bundle):
    bundle.config["process"]["args"] = ["/bin/sh", "-c",
                                        "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done"]
    bundle.write()
    with subprocess.Popen([BRIG, "--root", bundle.root, "run", "-b", bundle.path, bundle.id],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout.readline() == "up\n"
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 9
