# SPDX-License-Identifier: Apache-2.0
"""brig's engine in the Linux guest: what a user does there."""
import pytest

CONFIG = "dts/qemu-virt.dts"

pytestmark = pytest.mark.lg_feature("virtio")
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


@pytest.fixture
def linux(board):
    console = board(CONFIG).console
    console.linux_shell()
    if console.linux("test -x /usr/bin/brig && echo yes") != "yes":
        pytest.skip("the guest has no OCI runtime (brig) yet")
    return lambda line, timeout=120: console.linux(line, timeout)


def test_a_user_can(linux):
    assert "hello:latest" in linux("brig images 2>/dev/null | cat")
    assert linux("brig run --rm hello echo hi") == "hi"
    assert linux("brig run --rm hello sh -c 'exit 7'; echo $?").endswith("7")
    linux("brig run -d --name web -p 8080:80 --memory 64M --cpus 0.5 --restart on-failure web")
    ps = linux("brig ps | cat")
    assert "web" in ps and "10.88.0." in ps
    assert "It works" in linux("wget -qO- http://127.0.0.1:8080/")
    assert "response:200" in linux("brig logs web | cat")
    assert linux("brig exec web cat /sys/fs/cgroup/memory.max") == "67108864"
    assert linux("brig exec web cat /sys/fs/cgroup/cpu.max") == "50000 100000"
    assert "67108864" in linux("brig stats | cat")
    linux("brig stop -t 1 web")
    assert "exited" in linux("brig ps -a | cat")
    linux("brig rm web")
    assert "web" not in linux("brig ps -a | cat")


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
    assert "It works" in linux("wget -qO- http://127.0.0.1:8081/")
    linux("sed -i s/8081/8082/ /tmp/pod.yaml")
    assert linux(apply).split() == ["demo-back", "unchanged", "demo-front", "replaced"]
    assert "It works" in linux("wget -qO- http://127.0.0.1:8082/")
