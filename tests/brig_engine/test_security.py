# SPDX-License-Identifier: Apache-2.0
"""What keeps a container in, and words that open it; namespaces, limits, mounts and init."""
import json
import os
import subprocess

from conftest import ENGINE, RUNTIME
from test_commands import start
from test_options import run
from test_user import row, wait_for


def config(containers, *words):
    """The config.json of a container with these options, which need not run."""
    full = containers.out("create", *words, "hello", "true")
    containers("start", full, check=False)
    with open(f"{containers.store}/containers/{full}/config.json", encoding="utf-8") as file:
        return json.load(file)


def test_new_privileges(containers):
    for option, value in ((), "1"), (("no-new-privileges",), "1"), (("no-new-privileges=false",), "0"), \
            (("no-new-privileges:true",), "1"):
        words = ("--security-opt", *option) if option else ()
        assert run(containers, *words, script="grep NoNewPrivs /proc/1/status").split()[1] == value
    assert run(containers, "--security-opt", "systempaths=unconfined", "--security-opt",
               "apparmor=unconfined", "--security-opt", "label=disable",
               script="grep -c ' /proc/' /proc/mounts || true") == "0"


def test_a_profile_of_system_calls(containers, tmp_path):
    """In docker's form, whose rules depend on architecture and capabilities; the file is not needed later."""
    path = tmp_path / "profile.json"
    rules = [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "args": None,
              "comment": "", "includes": {}, "excludes": {}},
             {"name": "chmod", "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "includes": {"caps": ["CAP_SYS_BOOT"]}},
             {"names": ["fchmodat", "chmod"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
              "excludes": {"caps": ["CAP_SYS_BOOT"], "arches": ["mips"]}, "includes": {"minKernel": "4.8"}},
             {"names": ["rmdir", "unlinkat"], "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["mips"]}},
             {"names": ["rmdir", "unlinkat"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "99.1"}}]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules, "archMap": [
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
        {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}]}
    path.write_text(json.dumps(profile))
    containers("create", "--name", "one", "--security-opt", f"seccomp={path}", "hello", "sh", "-c",
               "mkdir /a; chmod 700 /etc; rmdir /nothing; grep Seccomp: /proc/self/status")
    path.unlink()
    said = containers("start", "-a", "one")
    assert "Seccomp:\t2" in said.stdout
    assert "No space left" in said.stderr and "/etc: Input/output error" in said.stderr and "'/nothing': No such" in said.stderr
    assert run(containers, "--security-opt", "seccomp=unconfined",
               script="grep Seccomp: /proc/self/status").split()[1] == "0"
    path.write_text(json.dumps(profile | {"extra": 1}))
    containers.fails("run", "--security-opt", f"seccomp={path}", "hello", "true", because='"extra" is not taken')
    rules[0]["includes"] = {"when": ["now"]}
    path.write_text(json.dumps(profile))
    containers.fails("run", "--security-opt", f"seccomp={path}", "hello", "true", because='"when" is not taken')


def test_privileged(containers):
    """All that this machine's root has, all devices, nothing hidden, nothing filtered."""
    # of this process, which may lack some itself
    with open("/proc/self/status", encoding="utf-8") as file:
        own = next(line.split()[1] for line in file if line.startswith("CapPrm"))
    with open("/proc/self/status", encoding="utf-8") as file:
        filtered = next(line.split()[1] for line in file if line.startswith("Seccomp:"))
    node = f"/dev/brig-test-{os.getpid()}"
    os.mknod(node, 0o20600, os.makedev(1, 11))
    try:
        said = run(containers, "--privileged", script="cd /proc/1; grep -E 'CapEff|NoNewPrivs|Seccomp:' status;"
                   f"grep -E ' /(sys|sys/fs/cgroup|proc/.*) ' mounts; ls -l {node}; head -c 20 {node} | wc -c")
    finally:
        os.unlink(node)
    lines = said.split("\n")
    assert [line.split()[1] for line in lines[:3]] == [own, "0", filtered]
    assert not [line for line in lines if " /proc/" in line]
    assert all(" rw," in line for line in lines if " /sys" in line)
    assert "1,  11" in said and lines[-1] == "20"
    plain = run(containers, script="ls /dev | wc -l; grep CapEff /proc/1/status; grep -c ' /proc/' /proc/mounts")
    assert plain.split()[2] == "00000000a80425fb" and int(plain.split()[3]) > 5


def test_capabilities_all_but(containers):
    bits = {}
    for words in (("--cap-add", "ALL", "--cap-drop", "CAP_KILL"), ("--cap-add", "all"),
                  ("--cap-drop", "ALL", "--cap-add", "kill")):
        bits[words] = int(run(containers, *words, script="grep CapEff /proc/1/status").split()[1], 16)
    less, every, one = bits.values()
    assert every & ~less == 1 << 5 and one == 1 << 5


def test_namespaces(containers):
    start(containers, "one", "sleep", "1000")
    here = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "ipc", "uts")}
    links = "for one in ipc uts pid; do readlink /proc/self/ns/$one; done"
    theirs = containers.out("exec", "one", "sh", "-c", links).split()
    assert len(theirs) == 3 and not set(theirs) & set(here.values())
    host = run(containers, "--pid", "host", "--ipc", "host", "--uts", "host", "--userns", "host", "--cgroupns",
               "host", script=links + "; hostname; grep -c . /proc/mounts >/dev/null; ls -d /proc/%d" % os.getpid()).split()
    assert host == [here["ipc"], here["uts"], here["pid"], os.uname().nodename, f"/proc/{os.getpid()}"]
    joined = run(containers, "--pid", "container:one", "--ipc", "container:one",
                 script=links + "; cat /proc/1/cmdline | tr '\\0' ' '").split()
    assert joined[0] == theirs[0] and joined[2] == theirs[2] and joined[1] != theirs[1]
    assert joined[3:] == ["sleep", "1000"]
    containers.fails("run", "--pid", "container:none", "hello", "true", because="none: no such container")


def test_what_shares_its_processes_ends(containers):
    """C36: what the first process leaves, and what that writes, does not go on without it."""
    containers("run", "-d", "--name", "one", "--pid", "host", "hello", "sh", "-c",
               "sh -c 'while :; do echo flood $0; done' brig-flood & while [ ! -e /end ]; do sleep 0.1; done")

    def top():
        return containers.out("top", "one").split("\n")
    wait_for(lambda: any(line.endswith(" brig-flood") for line in top()))  # the first one's line goes on
    assert 2 <= len(top()) <= 5  # none of the host's
    containers("exec", "one", "touch", "/end", check=False)  # its own end may be the container's
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                assert b"brig-flood" not in file.read().split(b"\0"), pid
        except OSError:
            pass


def test_init(containers):
    """It reaps what the command leaves, passes signals on, and is nobody else's program."""
    containers("run", "-d", "--init", "--name", "one", "hello", "sh", "-c",
               "sh -c 'sleep 0.2 &'; trap 'echo told; exit 9' TERM; echo up; while :; do sleep 0.1; done")
    wait_for(lambda: containers.out("exec", "one", "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '").startswith(
        "/dev/init -- sh -c"))
    wait_for(lambda: containers.out("logs", "one") == "up")
    wait_for(lambda: "0    sleep 0.2" not in containers.out("top", "one"))
    wait_for(lambda: " Z " not in containers.out("exec", "one", "sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null; true"))
    containers.fails("exec", "one", "sh", "-c", "echo x >/proc/1/exe", because="")
    containers("kill", "-s", "TERM", "one")
    wait_for(lambda: row(containers, "one")["state"] == "exited")
    assert row(containers, "one")["exit_code"] == 9 and containers.out("logs", "one") == "up\ntold"
    done = containers("run", "--rm", "--init", "--read-only", "hello", "/nonexistent", check=False)
    assert done.returncode == 127 and "/nonexistent" in done.stderr
    assert containers("run", "--rm", "--init", "hello", "sh", "-c", "kill -9 $$", check=False).returncode == 137


def test_a_rewritten_init_is_no_program_of_the_host(containers):
    """CVE-2019-5736: with all it needs to write it, a container has changed its own copy alone."""
    with open(RUNTIME, "rb") as file:
        before = file.read()
    run(containers, "--init", "--privileged", script="mount -o remount,bind,rw /dev/init; rm -f /dev/x; "
        "cat /dev/init >/x; (sleep 0.1; echo gone >/proc/1/exe; echo gone >/dev/init) 2>/dev/null; true")
    with open(RUNTIME, "rb") as file:
        assert file.read() == before
    assert run(containers, "--init", script="echo well") == "well"


def test_mounts(containers, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_text("here")
    said = run(containers, "--mount", f"type=bind,src={tmp_path}/in,dst=/a,readonly", "--mount",
               "type=volume,source=vol,target=/b", "--mount", "type=tmpfs,target=/c,tmpfs-size=1M,tmpfs-mode=700",
               "-v", f"{tmp_path}/in:/d:ro,rslave", script="cat /a/file; echo; touch /a/x /d/x 2>&1 | wc -l; echo v >/b/x;"
               "grep -E ' /[abcd] ' /proc/mounts")
    lines = said.split("\n")
    assert lines[:2] == ["here", "2"]
    options = {line.split()[1]: line.split()[3].split(",") for line in lines[2:]}
    assert "ro" in options["/a"] and "nodev" in options["/a"]
    assert {"size=1024k", "mode=700"} <= set(options["/c"])
    assert run(containers, "-v", "vol:/b", script="cat /b/x") == "v"


def test_names_and_signals(containers):
    start(containers, "one", "sh", "-c", "trap 'echo usr; exit 3' USR1; cat /proc/sys/kernel/domainname; cat /proc/self/oom_score_adj; "
          "while :; do sleep 0.1; done", options=("--stop-signal", "SIGUSR1", "--domainname", "plant",
          "--oom-score-adj", "500", "--annotation", "a.b=c=d", "--cgroup-parent", "/brig/deep"))
    wait_for(lambda: containers.out("logs", "one").split() == ["plant", "500"])
    containers("stop", "one")
    assert row(containers, "one")["exit_code"] == 3


def test_limits_of_control_groups(containers):
    """As config.json has them: on this machine there may be no control group to try them on."""
    made = config(containers, "-m", "64M", "--memory-swap", "96M", "--memory-reservation", "32M", "--cpu-shares", "512",
                  "--cpu-quota", "20000", "--cpu-period", "50000", "--cpuset-mems", "0", "--blkio-weight", "300",
                  "--pids-limit", "77", "--device-cgroup-rule", "c 1:* rw", "--oom-score-adj", "-1000",
                  "--annotation", "a.b=c=d")
    resources = made["linux"]["resources"]
    assert resources["memory"] == {"limit": 64 << 20, "swap": 96 << 20, "reservation": 32 << 20}
    assert resources["cpu"] == {"shares": 512, "quota": 20000, "period": 50000, "mems": "0"}
    assert resources["blockIO"] == {"weight": 300} and resources["pids"] == {"limit": 77}
    assert resources["devices"][1:] == [{"allow": True, "type": "c", "major": 1, "access": "rw"}]
    assert made["process"]["oomScoreAdj"] == -1000
    assert made["annotations"]["a.b"] == "c=d"
    assert config(containers, "-m", "64M", "--memory-swap", "-1")["linux"]["resources"]["memory"]["swap"] == -1


def test_a_pod_has_the_same_words(containers, tmp_path):
    (tmp_path / "pod.yaml").write_text("name: demo\ncontainers:\n  - {name: a, image: hello, init: true, pid: private, "
                                       "security_opt: [no-new-privileges=false], stop_signal: KILL, command: [sleep, '99'], "
                                       "mounts: 'type=tmpfs,target=/m'}\n")
    containers("apply", str(tmp_path / "pod.yaml"))
    wait_for(lambda: containers.out("exec", "demo-a", "sh", "-c", "cat /proc/1/comm; grep -h NoNewPrivs /proc/1/status;"
                                    "grep -c ' /m ' /proc/mounts").split() == ["init", "NoNewPrivs:", "0", "1"])


BAD = [("--security-opt", "x"), ("--security-opt", "no-new-privileges=maybe"), ("--security-opt", "seccomp"),
       ("--security-opt", "seccomp=/nonexistent"), ("--security-opt", "label=type"), ("--pid", "container:"),
       ("--pid", "x"), ("--uts", "container:x"), ("--userns", "auto"), ("--memory-swap", "64M"),
       ("--oom-score-adj", "1001"), ("--cpu-shares", "1"), ("--blkio-weight", "9"), ("--stop-signal", "NONE"),
       ("--stop-signal", "65"), ("--device-cgroup-rule", "x 1:1 r"), ("--device-cgroup-rule", "c 1:1 rx"),
       ("--mount", "type=bind,source=a,target=/b"), ("--mount", "target=/b"), ("--mount", "type=tmpfs,target=b"),
       ("--mount", "type=bind,source=/,target=/b,who=me"), ("--mount", "type=bind,source=/,target=/b,tmpfs-size=1M"),
       ("--annotation", "=x"), ("--cgroup-parent", "../x"), ("--cpuset-mems", "x")]


def test_bad_values(containers):
    for option, value in BAD:
        done = containers("run", option, value, "hello", "true", check=False)
        assert done.returncode == 125 and option[2:].replace("-", "_") in done.stderr, (option, value, done.stderr)
    containers.fails("run", "--uts", "host", "-h", "x", "hello", "true", because="hostname: with uts host")
    containers.fails("run", "--cpus", "1", "--cpu-quota", "5000", "hello", "true", because="cpus: says the same")
    assert containers.out("ps", "-aq") == ""


def test_options_are_completed(engine):
    script = f"source <({ENGINE} completion); COMP_WORDS=(brig $0 $1); COMP_CWORD=2; _brig; echo ${{COMPREPLY[@]}}"
    for command, word, whole in (("run", "--sec", "--security-opt"), ("create", "--pids", "--pids-limit"),
                                 ("exec", "--detach-k", "--detach-keys")):
        done = subprocess.run(["bash", "-c", script, command, word], env=engine.env, check=True, capture_output=True, text=True)
        assert done.stdout.strip() == whole


def test_privileged_is_not_for_a_user_namespace(engine):
    """The words are looked at before any image is."""
    done = subprocess.run(["unshare", "-Ur", ENGINE, "run", "--privileged", "none", "true"], env=engine.env, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 125 and "in a user namespace" in done.stderr
