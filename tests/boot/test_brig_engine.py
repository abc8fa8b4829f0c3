# SPDX-License-Identifier: Apache-2.0
"""brig's engine in the Linux guest: what a user does there."""
import json
import re

import pytest
from bundle import MAIN

POD = r"""name: demo
containers:
  - name: front
    image: web
    ports: 8081:80
    depends_on: back
  - name: back
    image: hello
    command: [sleep, "1000"]
"""


@pytest.fixture(name="console")
def _console(board):
    console = board(MAIN).console
    console.linux_shell()
    return console


@pytest.fixture
def linux(console):
    return console.linux


def page(linux, port):
    """What is served there, once it is: a server listens some time after its container runs."""
    return linux(f"until wget -qO /tmp/page http://127.0.0.1:{port}/ 2>/dev/null; do sleep 1; done; cat /tmp/page")


def test_a_user_can(linux):
    assert "hello:latest" in linux("brig images 2>/dev/null | cat")
    assert linux("brig run --rm hello echo hi") == "hi"
    assert linux("brig run --rm hello sh -c 'exit 7'; echo $?").endswith("7")
    linux("brig run -d --name web -p 8080:80 --memory 64M --cpus 0.5 --restart on-failure web")
    ps = linux("brig ps | cat")
    assert "web" in ps and "10.88.0." in ps
    assert "It works" in page(linux, 8080)
    linux("until brig logs web 2>&1 | grep -q response:200; do sleep 1; done")
    assert linux("brig exec web cat /sys/fs/cgroup/memory.max") == "67108864"
    assert linux("brig exec web cat /sys/fs/cgroup/cpu.max") == "50000 100000"
    assert "67108864" in linux("brig stats | cat")
    linux("brig update --memory 32M --cpus 0.25 web")
    assert linux("brig exec web cat /sys/fs/cgroup/memory.max") == "33554432"
    assert "httpd" in linux("brig top web")
    assert "80/tcp -> 0.0.0.0:8080" in linux("brig port web")
    linux("brig pause web")
    assert "(paused)" in linux("brig ps | cat")
    assert linux("timeout 2 wget -qO- http://127.0.0.1:8080/ || echo frozen").endswith("frozen")
    linux("brig unpause web")
    assert "It works" in linux("wget -qO- http://127.0.0.1:8080/")
    linux("brig pause web; brig stop -t 1 web")
    assert "exited" in linux("brig ps -a | cat")
    linux("brig start web")
    assert linux("brig exec web cat /sys/fs/cgroup/memory.max") == "33554432"
    linux("brig kill web; brig wait web")
    linux("brig rm web")
    assert "web" not in linux("brig ps -a | cat")


def test_a_supervisor_is_small(linux):
    """What an idle container costs beyond its own processes and the kernel, however many there are."""
    for number in range(4):
        linux(f"brig run -d --name c{number} hello sleep 1000")
    dirty = linux("for p in $(pidof brig-engine); do "
                  "awk '/^Private_Dirty/ { print $2 }' /proc/$p/smaps_rollup; done").split()
    assert len(dirty) == 4 and max(map(int, dirty)) <= 100, dirty


def test_nothing_is_left(linux):
    linux("brig run --rm hello true")
    count = "wc -l </proc/mounts; ls /sys/fs/cgroup | wc -l; nft list tables | wc -l; ls /run/netns"
    before = linux(count)
    linux("for i in 1 2 3; do brig run --rm -p 90:80 hello true; done", 300)
    assert linux(count) == before


def test_apply_restarts_only_what_changed(linux):
    for line in POD.splitlines():
        linux(f"echo '{line}' >>/tmp/pod.yaml")
    apply = "brig apply /tmp/pod.yaml 2>/dev/null"
    assert linux(apply).split() == ["demo-back", "created", "demo-front", "created"]
    assert "It works" in page(linux, 8081)
    linux("sed -i s/8081/8082/ /tmp/pod.yaml")
    assert linux(apply).split() == ["demo-back", "unchanged", "demo-front", "replaced"]
    assert "It works" in page(linux, 8082)


def test_on_the_console(console):
    """What needs a terminal, typed: a shell, its interrupt, a second one beside it, a log."""
    prompt = r"^hello:\S+ "
    console.send("brig run --rm -it --name sh hello sh\r")
    console.expect(prompt)
    console.send("echo in $((40 + 2)) on $(tty)\r")
    console.expect(r"^in 42 on /dev/pts/0")
    # In a process that is there before it says so, the interrupt meets nobody else.
    console.send("sh -c 'echo r$((1 + 1)); exec sleep 1000'\r")
    console.expect("^r2")
    console.send("\x03")
    console.expect(prompt)
    console.send("exit 5\r")
    console.expect(r"^linux:~# ")
    console.linux("brig run -d --name on hello sh -c 'while :; do echo tick; sleep 1; done'")
    console.send("brig exec -it on sh\r")
    console.expect(prompt)
    # Process 1 alone: each second its child is like it, until that is a sleep.
    console.send("ps | grep -c '^ *1 .*ech[o] tick'; exit\r")
    console.expect(r"^1\b")
    console.expect(r"^linux:~# ")
    console.send("brig logs -f on\r")
    for _ in range(3):
        console.expect(r"^tick")
    console.send("\x03")
    console.expect(r"^linux:~# ")
    assert console.linux("brig ps -q | wc -l") == "1"


def test_a_terminal_is_left_and_come_back_to(console):
    console.send("brig run -it --name sh hello sh\r")
    console.expect(r"^hello:\S+ ")
    console.send("n=41; echo n is $n\r")
    console.expect("^n is 41")
    console.send("\x10\x11")
    console.expect(r"sh runs on")
    assert "n is 41" in console.linux("brig logs sh")
    console.send("brig attach sh; echo attach: $?\r\r")
    console.expect(r"^hello:\S+ ")
    console.send("exit $((n - 38))\r")
    console.expect(r"^attach: 3$")
    console.expect(r"^linux:~# ")
    assert console.linux("brig wait sh") == "3"


def test_the_manual(linux):
    assert "BRIG(1)" in linux("man brig | head -n 1")
    assert linux("man nothing || echo $?").endswith("16")


def test_health_and_restart(linux):
    """A check sees what is wrong, a failure starts it again; the check goes on in the new life."""
    script = "rm -f /tmp/*; touch /tmp/up; until [ -e /tmp/die ]; do sleep 1; done; exit 3"
    linux("brig run -d --name one --restart on-failure --health-cmd 'test -e /tmp/up -a ! -e /tmp/ill' "
          f"--health-interval 500ms --health-retries 2 hello sh -c '{script}'")
    health = "brig inspect one | grep -q '\"health\": \"{}\"'"
    linux(f"until {health.format('healthy')}; do sleep 1; done")
    linux("brig exec one touch /tmp/ill")
    linux(f"until {health.format('unhealthy')}; do sleep 1; done")
    linux("brig exec one touch /tmp/die")
    linux("until brig inspect one | grep -q '\"restarts\": 1'; do sleep 1; done")
    linux(f"until {health.format('healthy')}; do sleep 1; done")


BOMBS = {
    "memory": ("--memory 32M", "x=x; while :; do x=$x$x; done"),
    "forks": ("--pids-limit 50", "f() { f | f & }; while :; do f; sleep 1; done"),
    "output": ("", "while :; do echo flood flood flood flood flood; done"),
    "files": ("--tmpfs /full", "while :; do cat /bin/busybox >>/full/file; done"),
}


def test_bombs_leave_the_rest_alone(console):
    """Each in a container, all at once: Linux answers, and so does keel, whose loop goes on."""
    console.linux("dmesg -n 1")  # the kernel's word on each process that it ends
    for name, (limit, script) in BOMBS.items():
        console.linux(f"brig run -d --restart always --name {name} {limit} --log-size 100K hello sh -c '{script}'")
    console.linux("until brig inspect memory | grep -q '\"restarts\": [1-9]'; do sleep 1; done")
    console.attach("keel")
    console.send("\r")
    console.expect(r"^keel> ")
    periods = [int(re.search(r"periods (\d+)", console.keel("loop")).group(1)) for _ in range(2)]
    assert periods[1] > periods[0]
    console.attach("linux")
    used = {row["name"]: row for row in json.loads(console.linux("brig stats --json"))}
    # Each of the 50 may be counted once more while a fork of its own fails.
    assert used["output"]["processes"] >= 1 and used.get("forks", {"processes": 0})["processes"] <= 2 * 50
    assert int(console.linux("cat /var/lib/brig/containers/*/log* | wc -c")) <= len(BOMBS) * 2 * 100 * 1024
    console.linux("brig rm -f $(brig ps -q)")
    assert console.linux("brig run --rm hello echo alive") == "alive"


# Names and policies; who is stopped by hand before the guest goes down.
POLICIES = {"always": "always", "unless": "unless-stopped", "failure": "on-failure",
            "stopped": "unless-stopped", "no": "no"}


@pytest.mark.parametrize("down", ["reboot", "echo c >/proc/sysrq-trigger"])
def test_containers_come_back_with_the_guest(console, down):
    """After a reboot and after a crash; the latter leaves a file system to be recovered."""
    for name, policy in POLICIES.items():
        console.linux(f"brig run -d --name {name} --restart {policy} hello sleep 100000")
    console.linux("brig stop -t 1 stopped; sync; echo written > /root/late")
    console.send(f"{down}\r")
    console.linux_shell()
    running = "brig ps | awk 'NR > 1 { print $2 }' | sort | xargs"
    console.linux(f"until [ \"$({running})\" = 'always failure unless' ]; do sleep 1; done")
    assert "exited" in console.linux("brig ps -a | grep stopped")
    console.linux("until brig exec always true 2>/dev/null; do sleep 1; done")
    assert console.linux("brig run --rm hello echo whole") == "whole"
