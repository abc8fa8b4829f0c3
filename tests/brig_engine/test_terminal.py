# SPDX-License-Identifier: Apache-2.0
"""Terminals and streams of containers: had, left, come back to."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from conftest import ENGINE
from test_commands import start
from test_user import row, supervisor, wait_for

PROMPT = rb"hello:\S+ "
LEAVE = b"\x10\x11"  # Ctrl-P, Ctrl-Q


class Terminal:
    """The engine on a terminal of its own, as somebody types there."""

    def __init__(self, engine, *words, size=(24, 80), program=ENGINE):
        self.ours, theirs = pty.openpty()
        self.resize(size)
        self.process = subprocess.Popen([program, *words], env=engine.env, stdin=theirs,
                                        stdout=theirs, stderr=theirs, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.text = b""

    def resize(self, size):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def type(self, data):
        os.write(self.ours, data)

    def read(self, seconds):
        if not select.select([self.ours], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.ours, 65536)
        except OSError:
            return b""  # nobody has its other side any more

    def expect(self, pattern):
        end = time.monotonic() + 60
        while (found := re.search(pattern, self.text)) is None:
            assert time.monotonic() < end, (pattern, self.text)
            self.text += self.read(1)
        self.text = self.text[found.end():]
        return found

    def end(self):
        end = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            self.text += self.read(0.1)
        while more := self.read(0):
            self.text += more
        os.close(self.ours)
        return self.process.returncode


def test_a_shell_on_a_terminal(containers):
    shell = Terminal(containers, "run", "--rm", "-it", "--name", "one", "hello", "sh", size=(33, 99))
    shell.type(b"stty size\r")
    shell.expect(rb"33 99")
    shell.resize((20, 50))
    wait_for(lambda: containers.out("exec", "one", "sh", "-c", "stty size </dev/console") == "20 50")
    shell.type(b"sh -c 'echo r$((1 + 1)); exec sleep 1000'\r")
    shell.expect(rb"\nr2")
    shell.type(b"\x03")
    shell.expect(PROMPT)  # an interrupt throws away what is typed ahead
    shell.type(b"exit 5\r")
    assert shell.end() == 5
    assert containers.out("ps", "-aq") == ""


def test_a_terminal_is_left_and_come_back_to(containers):
    shell = Terminal(containers, "run", "-it", "--name", "one", "hello", "sh")
    shell.type(b"n=41; echo is $n\r")
    shell.expect(rb"\nis 41")
    shell.type(LEAVE)
    shell.expect(rb"one runs on \(brig attach one\)")
    assert shell.end() == 0
    assert row(containers, "one")["state"] == "running"
    assert "is 41" in containers.out("logs", "one")
    again = Terminal(containers, "attach", "--detach-keys", "%,ctrl-x", "one")
    again.type(b"echo $((n + 1)) %z%%z\r")  # keys that do not leave it are typed
    again.expect(rb"\n42 %z%%z\r")
    again.type(b"%\x18")
    assert again.end() == 0
    last = Terminal(containers, "attach", "one")
    last.type(b"\r")
    last.expect(PROMPT)
    last.type(b"exit 3\r")
    assert last.end() == 3
    assert row(containers, "one")["state"] == "exited"


def test_two_are_attached_and_no_more_than_eight(containers):
    first = Terminal(containers, "run", "-it", "--name", "one", "hello", "sh")
    first.type(b"echo $((40 + 2))\r")
    first.expect(rb"\n42")
    others = [Terminal(containers, "attach", "one") for _ in range(7)]
    for n, terminal in enumerate(others):
        terminal.type(b"echo $((50 + %d))\r" % n)
        terminal.expect(rb"\n%d" % (50 + n))  # it is attached
    others[6].type(b"echo $((40 + 3))\r")
    for terminal in (first, *others):
        terminal.expect(rb"\n43")
    containers.fails("attach", "one", because="one has 8 attached already")
    first.type(b"exit\r")
    assert [terminal.end() for terminal in (first, *others)] == [0] * 8


def test_a_terminal_in_the_background_is_logged(containers):
    containers("run", "-dt", "--name", "one", "hello", "sh", "-c", "tty; exec sleep 1000")
    wait_for(lambda: "/dev/pts/0" in containers.out("logs", "one"))
    shown = Terminal(containers, "logs", "one")
    assert shown.end() == 0 and shown.text == b"/dev/pts/0\r\n"


def test_input_comes_from_whoever_is_attached(containers):
    containers("run", "-di", "--name", "one", "hello", "sh", "-c", "while read x; do echo got $x; done")
    for word in ("a", "b"):
        with subprocess.Popen([ENGINE, "attach", "one"], env=containers.env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"got {word}\n"
            process.kill()
    assert containers.out("logs", "one") == "got a\ngot b"
    containers("stop", "-t", "0.1", "one")
    containers.fails("attach", "one", because="one does not run")


def test_no_byte_is_lost(containers, tmp_path):
    """More than any buffer in between, both ways at once, and a reader who is slow to begin."""
    data = os.urandom(3_000_000)
    (tmp_path / "data").write_bytes(data)
    with open(tmp_path / "data", "rb") as file, \
            subprocess.Popen([ENGINE, "run", "--rm", "-i", "hello", "cat"], env=containers.env,
                             stdin=file, stdout=subprocess.PIPE) as process:
        time.sleep(1)
        assert process.stdout.read() == data
        assert process.wait(60) == 0


def test_start_attached(containers):
    containers("create", "-i", "--name", "one", "hello", "sh", "-c", "read x; echo $x; exit 4")
    for word in ("a", "b"):
        done = containers("start", "-ai", "one", stdin=f"{word}\n", check=False)
        assert (done.stdout, done.returncode) == (f"{word}\n", 4)


def test_who_started_it_is_killed(containers):
    """It runs on, and is removed at its end all the same."""
    with subprocess.Popen([ENGINE, "run", "--rm", "--name", "one", "hello", "sh", "-c",
                           "echo up; while [ ! -e /end ]; do sleep 0.1; done"],
                          env=containers.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        process.kill()
    assert row(containers, "one")["state"] == "running"
    containers("exec", "one", "touch", "/end")
    wait_for(lambda: containers.out("ps", "-aq") == "")


def test_its_supervisor_is_killed(containers):
    """Who is attached is so to the next one; a number that only that one can have read tells when."""
    with subprocess.Popen([ENGINE, "run", "--name", "one", "hello", "sh", "-c",
                           "n=0; while [ ! -e /end ]; do echo $n; n=$((n+1)); sleep 0.05; done; echo down"],
                          env=containers.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "0\n"
        old = supervisor(containers, "one")
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: supervisor(containers, "one") not in (None, old))
        last = int(containers.out("logs", "one").split()[-1])
        while int(process.stdout.readline()) <= last:
            pass
        containers("exec", "one", "touch", "/end", check=False)  # its own end may be the container's
        assert process.stdout.read().split()[-1] == "down"
        assert process.wait(60) == 255  # nobody saw how it ended
    lines = containers.out("logs", "one").split()
    assert (lines[0], lines[-1]) == ("0", "down")


def test_who_does_not_read_holds_up_no_stop(containers):
    with subprocess.Popen([ENGINE, "run", "--name", "one", "hello", "sh", "-c",
                           "trap 'exit 0' TERM; while :; do echo flood; done"], env=containers.env,
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        containers("stop", "-t", "2", "one", timeout=30)
        assert row(containers, "one")["state"] == "exited"
        process.kill()


def test_an_interrupt_stops_it(containers):
    with subprocess.Popen([ENGINE, "run", "--name", "one", "hello", "sh", "-c",
                           "trap 'echo ended; exit 6' TERM; echo up; while :; do sleep 0.1; done"],
                          env=containers.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "ended\n"
        assert process.wait(60) == 6


def test_output_does_not_command_the_terminal(containers):
    """C13: escape sequences of one without a terminal, those of eight bits among them."""
    text = r"a\033[31mb\302\233c\302\251\rd\n"
    shown = Terminal(containers, "run", "--name", "one", "hello", "printf", text)
    assert shown.end() == 0
    assert b"\x1b" not in shown.text and b"\xc2\x9b" not in shown.text
    assert "a\x1b[31mb\u009bc\u00a9" in containers("logs", "one").stdout


def test_no_control_character_comes_in_halves(containers):
    shown = Terminal(containers, "run", "hello", "sh", "-c", r"printf '\302'; sleep 0.5; printf '\23331m\n'")
    assert shown.end() == 0
    assert b"31m" in shown.text and b"\xc2" not in shown.text


def test_exec_leaves_the_terminal_to_its_user(containers):
    """C35: what stays in the container does not read what is typed there afterwards."""
    start(containers, "one", "sleep", "1000")
    script = f"{ENGINE} exec one sh -c 'exec 3<&0; head -n1 <&3 >/stolen & echo up; exit 4'; echo code $?; sleep 1; read x"
    shown = Terminal(containers, "-c", script, program="/bin/sh")
    shown.expect(rb"up\r\ncode 4\r\n")
    shown.type(b"password\n")
    assert shown.end() == 0
    assert containers.out("exec", "one", "cat", "/stolen") == ""
    # neither is the terminal commanded, and with -i what is typed comes in
    shown = Terminal(containers, "exec", "-i", "one", "sh", "-c", r"read x; printf 'a\033[31m%s\n' $x; echo err >&2")
    shown.type(b"word\n")
    shown.expect(rb"a\?\[31mword\r\nerr\r\n")
    assert shown.end() == 0


def test_an_interrupt_comes_to_exec(containers):
    start(containers, "one", "sleep", "1000")
    shown = Terminal(containers, "exec", "one", "sh", "-c", "trap 'echo ended; exit 6' INT; echo up; while :; do sleep 0.1; done")
    shown.expect(b"up")
    shown.type(b"\x03")
    shown.expect(b"ended")
    assert shown.end() == 6


def test_names_do_not_command_the_terminal(containers, tmp_path):
    """Those of a container's files in what cp says, an image's in what inspect shows."""
    name = "a\x1b[31mb\u009bc"
    start(containers, "one", "sleep", "1000", options=("-e", f"name={name}"))
    containers("exec", "one", "sh", "-c", f"mkdir -p /d /f/'{name}'; mkfifo /d/'{name}'; cd /f/'{name}';"
               "i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done")
    for folder in ("/d", "/f"):
        done = containers("cp", f"one:{folder}", str(tmp_path), check=False)
        assert "a?[31mb" in done.stderr
        assert "\x1b" not in done.stderr and "\u009b" not in done.stderr
    assert "\u009b" not in containers.out("inspect", "one")


def test_bad_keys(containers):
    containers.fails("run", "-it", "--detach-keys", "ctrl-", "hello", "sh", because="no row of keys")
    assert containers.out("ps", "-aq") == ""
