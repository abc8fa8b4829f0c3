# SPDX-License-Identifier: Apache-2.0
"""Terminals of exec: had, left, lost."""
import json
import os
import signal
import time

from test_commands import start
from test_terminal import LEAVE, PROMPT, Terminal
from test_user import row, wait_for


def keepers(containers):
    """Those that keep a terminal of this store, by their command line and their parent's end."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/environ", "rb") as file:
                ours = f"BRIG_STORE={containers.store}".encode() in file.read().split(b"\0")
            no_terminal = os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
        except OSError:
            continue
        if ours and no_terminal and words[1:2] == [b"exec"]:
            found.append(int(pid))
    return found


def has(containers, command):
    """Itself, not a shell that has it in its own command line."""
    return any(r["command"] == command for r in json.loads(containers.out("top", "--json", "one")))


def test_it_is_left_and_runs_on(containers):
    """The keys in one go with what was typed before; what it writes then is thrown away."""
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "-it", "one", "sh", size=(33, 99))
    shell.expect(PROMPT)
    shell.type(b"i=0; while sleep 0.01; do i=$((i+1)); echo $i $i$i$i$i >/dev/tty; echo $i >/m; mv /m /n; done\r" + LEAVE)
    shell.expect(rb"it runs on in one")
    assert shell.end() == 0
    assert len(keepers(containers)) == 1
    wait_for(lambda: int(containers.out("exec", "one", "sh", "-c", "cat /n || echo 0")) > 20)
    containers("rm", "-f", "one")
    wait_for(lambda: not keepers(containers))


def test_its_size_and_its_exit_code(containers):
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "-it", "-e", "A=7", "-u", "1000:50", "-w", "/tmp", "one", "sh", "-c",
                     "stty size; pwd; id -u; trap 'stty size; exit $A' WINCH; id -g; while :; do sleep 0.1; done",
                     size=(33, 99))
    shell.expect(rb"33 99\r\n/tmp\r\n1000\r\n50\r\n")
    shell.resize((20, 50))
    shell.expect(rb"20 50")
    assert shell.end() == 7
    wait_for(lambda: not keepers(containers))
    assert not [name for name in os.listdir(containers.store + "/containers/" + os.listdir(
        containers.store + "/containers")[0]) if name.startswith("exec-0.")]


def test_other_keys_and_none(containers):
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "--detach-keys", "%,ctrl-x", "-it", "one", "sh")
    shell.type(b"echo $((40 + 2)) %z\r")  # keys that do not leave it are typed
    shell.expect(rb"\n42 %z\r")
    shell.type(b"%\x18")
    assert shell.end() == 0
    wait_for(lambda: has(containers, "sh"))
    containers.fails("exec", "--detach-keys", "ctrl-", "-it", "one", "sh", because="no row of keys")
    containers.env["GIVEN"] = "here"
    for words in ((), ("-t",)):
        assert containers.out("exec", *words, "-e", "GIVEN", "-e", "NOT_GIVEN", "--env=B=2", "one", "sh", "-c",
                              "echo $GIVEN ${NOT_GIVEN-none} $B") == "here none 2"
    containers("exec", "-dt", "one", "sh", "-c", "tty >/tty; exec sleep 77")
    wait_for(lambda: has(containers, "sleep 77"))
    assert "/dev/pts/" in containers.out("exec", "one", "cat", "/tty")
    containers.fails("exec", "-dt", "one", "/nonexistent", because="/nonexistent")


def test_what_is_not_there(containers):
    start(containers, "one", "sleep", "1000")
    shown = Terminal(containers, "exec", "-it", "one", "/nonexistent")
    assert shown.end() == 126 and b"/nonexistent" in shown.text
    wait_for(lambda: not keepers(containers))


def test_what_was_typed_and_not_read_hides_no_exit_code(containers):
    """The keeper goes with messages unread, which its client is told of as a reset."""
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "-it", "one", "sh", "-c", "stty raw; echo up; sleep 2; exit 5")
    shell.expect(b"up")
    for _ in range(30):
        shell.type(b"x" * 1000)
    time.sleep(0.5)
    shell.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: not keepers(containers))
    shell.process.send_signal(signal.SIGCONT)
    assert shell.end() == 5


def test_a_lost_client_hangs_up(containers):
    """Also where the process reads nothing of all that was typed."""
    start(containers, "one", "sleep", "1000")
    for typed in (b"", b"x" * 30000):
        shell = Terminal(containers, "exec", "-it", "one", "sh", "-c",
                         "stty raw; trap 'echo hup >>/hup; exit' HUP; echo up; while :; do sleep 0.1; done")
        shell.expect(b"up")
        for i in range(0, len(typed), 1000):
            shell.type(typed[i:i + 1000])
        time.sleep(0.2 if typed else 0)
        shell.process.kill()
        wait_for(lambda: not keepers(containers))
        assert shell.end() == -signal.SIGKILL
    assert containers.out("exec", "one", "cat", "/hup") == "hup\nhup"


def test_a_file_of_its_environment(containers, tmp_path):
    start(containers, "one", "sleep", "1000")
    (tmp_path / "env").write_text("# said\nA=1\nB=two words\n\nGIVEN\nNOT_GIVEN\nC=3\n")
    (tmp_path / "bad").write_bytes(b"A=1\nB=\xff\n")
    containers.env["GIVEN"] = "here"
    for words in ((), ("-t",)):
        assert containers.out("exec", *words, "-e", "C=4", "--env-file", str(tmp_path / "env"), "one", "sh", "-c",
                              "echo $A $B $C $GIVEN ${NOT_GIVEN-none}") == "1 two words 4 here none"
    (tmp_path / "many").write_text("".join(f"V{i}=x\n" for i in range(2000)))
    assert containers.out("exec", "--env-file", str(tmp_path / "many"), "one", "sh", "-c", "env | grep -c ^V; echo $1",
                          "sh", "last").split() == ["2000", "last"]
    containers.env["LATIN"] = b"\xe9"
    containers.fails("exec", "-e", "LATIN", "one", "true", because="the value of LATIN is not UTF-8")
    for file, because in (("/nonexistent", "env_file /nonexistent"), (str(tmp_path), "Is a directory"),
                          (str(tmp_path / "bad"), "line 2: env: the value of B is not UTF-8")):
        containers.fails("exec", "--env-file", file, "one", "true", because=because)


def test_all_capabilities(containers):
    start(containers, "one", "sleep", "1000")
    script = "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status"
    with open("/proc/self/status", encoding="utf-8") as file:
        own = next(line.split()[1] for line in file if line.startswith("CapEff:"))
    for words in ((), ("-t",)):
        less, no_new, seccomp = containers.out("exec", *words, "one", "sh", "-c", script).split("\n")
        more = containers.out("exec", *words, "--privileged", "one", "sh", "-c", script).split("\n")
        assert less.split()[1] != own and [line.split() for line in more] == [["CapEff:", own], no_new.split(),
                                                                            seccomp.split()]


def test_a_signal_ends_the_client_and_it(containers):
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "-it", "one", "sh", "-c", "echo up; exec sleep 88")
    shell.expect(b"up")  # the client handles signals by then
    wait_for(lambda: has(containers, "sleep 88"))
    shell.process.send_signal(signal.SIGTERM)
    assert shell.end() == 143
    wait_for(lambda: not has(containers, "sleep 88"))
    assert row(containers, "one")["state"] == "running"


def test_who_does_not_read_holds_up_no_stop_of_exec(containers):
    """C36: nor does a flood on a terminal that was left, and a terminal opened again after its session."""
    start(containers, "one", "sleep", "1000")
    shell = Terminal(containers, "exec", "-it", "one", "sh", "-c", "while :; do echo flood; done")
    shell.expect(b"flood")
    shell.process.send_signal(signal.SIGSTOP)
    again = Terminal(containers, "exec", "-it", "one", "sh", "-c",
                     "(trap '' HUP; t=$(tty); setsid sh -c \"while sleep 0.01; do yes 2>/dev/null >$t; done\" &) ; sleep 0.5; exit 5")
    assert again.end() == 5
    began = time.monotonic()
    containers("stop", "-t", "1", "one", timeout=30)
    assert row(containers, "one")["state"] == "exited" and time.monotonic() - began < 20
    wait_for(lambda: not keepers(containers))  # none waits for it
    shell.process.send_signal(signal.SIGCONT)
    assert shell.end() == 255


def test_no_more_than_thirty_two(containers):
    start(containers, "one", "sleep", "1000")
    for _ in range(32):
        containers("exec", "-dt", "one", "sleep", "99")
    containers.fails("exec", "-dt", "one", "sleep", "99", because="one has 32 terminals of exec already")
    containers("rm", "-f", "one")
    wait_for(lambda: not keepers(containers))
