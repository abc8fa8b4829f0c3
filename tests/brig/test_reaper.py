# SPDX-License-Identifier: Apache-2.0
"""brig as a container's first process: here started by its name, with this machine's programs."""
import signal
import subprocess

from conftest import BRIG


def reaper(*words, **more):
    return subprocess.Popen(["/dev/init", *words], executable=BRIG, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **more)


def end(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_it_ends_as_its_command_does():
    assert end(reaper("--", "sh", "-c", "echo up; exit 7")) == (7, "up\n", "")
    assert end(reaper("sh", "-c", "kill -9 $$"))[0] == 137
    code, _, said = end(reaper("--", "/nonexistent"))
    assert code == 127 and "/nonexistent: No such file" in said
    assert end(reaper("--", "/etc/passwd"))[0] == 126
    assert end(reaper("--"))[0] == 1


def test_signals_are_passed_on():
    process = reaper("--", "sh", "-c", "trap 'exit 5' USR1; echo up; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGUSR1)
    assert end(process)[0] == 5


def test_orphans_are_reaped():
    """What the command leaves is this process's, and gone from the table once it has ended."""
    process = reaper("--", "sh", "-c", "o=$(sh -c 'sleep 0.1 >/dev/null & echo $!'); echo $o; i=0; "
                     "while grep -qw $o /proc/$PPID/task/*/children && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; "
                     "cat /proc/$PPID/task/*/children")
    code, out, _ = end(process)
    orphan, *children = out.split()
    assert code == 0 and orphan not in children
