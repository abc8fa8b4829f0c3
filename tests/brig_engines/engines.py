# SPDX-License-Identifier: Apache-2.0
"""The engines: each with folders and a socket of its own, and both runtimes in it."""
import json
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import time
import uuid

import pexpect

BRIG = os.environ.get("BRIG", "build/brig/host/brig")
RUNTIMES = ("brig", "runc")
IMAGE = "small"
# In the machine of tests/brig_systemd the engines have their defaults: systemd makes the cgroups,
# and there are networks. On a developer's own machine they would meddle with both.
MACHINE = bool(os.environ.get("BRIG_MACHINE"))


class Missing(Exception):
    """What this host lacks."""


def wait_until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def leave(screen):
    """End the shell on a screen of pexpect's; its exit status."""
    screen.sendline("exit 4")
    screen.expect(pexpect.EOF)
    screen.close()
    return screen.exitstatus


def unmount_below(folder):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4] for line in file]
    for point in reversed(points):
        if point.startswith(folder + "/"):
            subprocess.run(["umount", "-l", point], check=False)


def program(name):
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


class Daemon:
    """One that is waited for; its end is by its number."""

    def __init__(self, command, log, ready):
        self.command, self.log, self.ready = command, log, ready
        self.start()

    def start(self):
        with open(self.log, "ab") as file:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=file, start_new_session=True)
        end = time.monotonic() + 60
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    raise Missing(f"{self.command[0]} does not start here: {file.read()[-300:]}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Engine:
    """With the command line that Docker and Podman have in common."""

    as_user = {}

    def prefix(self, runtime):
        raise NotImplementedError

    def call(self, runtime, *args, stdin=None, **kw):
        kw.setdefault("env", self.environment)
        if stdin is None:
            kw["stdin"] = subprocess.DEVNULL
        return subprocess.run([*self.prefix(runtime), *args], input=stdin, capture_output=True,
                              text=True, check=False, timeout=120, **self.as_user, **kw)

    def run(self, runtime, *args, **kw):
        """In the foreground, to its end: exit status and output. Options, then the command."""
        done = self.call(runtime, "run", "--rm", *self.network(args), *self.chosen(runtime), *args, **kw)
        return done.returncode, done.stdout, done.stderr

    def network(self, args):
        return () if "--network" in args or "--pod" in args else ("--network", "none")

    def chosen(self, runtime):
        return ()

    def start(self, runtime, *args):
        """In the background: its name, a new one."""
        name = f"{runtime}-{uuid.uuid4().hex[:8]}"
        done = self.call(runtime, "run", "-d", "--name", name, *self.network(args),
                         *self.chosen(runtime), *args)
        assert done.returncode == 0, done.stderr
        return name

    def state(self, runtime, name, *keys):
        done = self.call(runtime, "inspect", "-f", "{{json .State}}", name)
        state = json.loads(done.stdout)
        return tuple(state[key] for key in keys)

    def alike(self, body):
        """What `body(runtime)` gives is the same with both; and what that is."""
        ours, theirs = (body(runtime) for runtime in RUNTIMES)
        assert ours == theirs
        return ours

    def same_run(self, *args, **kw):
        """The error text is the runtime's own; all else is not."""
        def body(runtime):
            status, said, why = self.run(runtime, *args, **kw)
            print(f"{runtime}: {status} {why}")  # pytest shows it with a failure
            return status, said
        return self.alike(body)

    def remove_all(self):
        for runtime in RUNTIMES:
            names = self.call(runtime, "ps", "-aq").stdout.split()
            if names:
                self.call(runtime, "rm", "-f", *names)


class Docker(Engine):
    def __init__(self, place):
        folder = place + "/docker"
        os.mkdir(folder)
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{folder}/s"}
        self.folder = folder
        program("docker")
        networks = () if MACHINE else ("--bridge", "none", "--iptables=false", "--ip6tables=false",
                                       "--ip-forward=false", "--ip-masq=false")
        self.daemon = Daemon(
            [program("dockerd"), "--data-root", folder + "/data", "--exec-root", folder + "/exec",
             "--host", f"unix://{folder}/s", "--pidfile", folder + "/pid", *networks,
             "--live-restore", "--add-runtime", "brig=" + os.path.abspath(BRIG),
             "--add-runtime", "plain=" + program("runc")],
            folder + "/log", lambda: self.call("brig", "version").returncode == 0)
        done = self.call("brig", "import", place + "/image.tar", IMAGE)
        assert done.returncode == 0, done.stderr

    def prefix(self, runtime):
        return ["docker"]

    def chosen(self, runtime):
        return ("--runtime", "plain" if runtime == "runc" else runtime)

    def end(self):
        self.remove_all()
        self.daemon.stop()
        unmount_below(self.folder)


class Podman(Engine):
    def __init__(self, place):
        folder = place + "/podman"
        os.mkdir(folder)
        program("podman")
        program("conmon")
        # Its own defaults are above what a host without CAP_SYS_RESOURCE may give.
        defaults = '[containers]\n[engine]\n' if MACHINE else (
            '[containers]\npids_limit = 0\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n'
            '[engine]\ncgroup_manager = "cgroupfs"\n')
        with open(folder + "/conf", "w", encoding="ascii") as file:
            file.write(defaults + 'events_logger = "file"\n'
                       'runtime_supports_json = ["brig", "runc"]\n'
                       'runtime_supports_nocgroup = ["brig"]\n'
                       f'[engine.runtimes]\nbrig = ["{self.runtime_file(folder)}"]\n')
        self.environment = {**os.environ, "CONTAINERS_CONF": folder + "/conf"}
        self.folder = folder
        self.load(place)

    def runtime_file(self, folder):
        return os.path.abspath(BRIG)

    def load(self, place):
        for runtime in RUNTIMES:
            done = self.call(runtime, "import", place + "/image.tar", IMAGE)
            if done.returncode != 0:
                raise Missing(f"podman cannot import an image here: {done.stderr[-300:]}")

    def prefix(self, runtime):
        own = f"{self.folder}/{runtime}"
        return ["podman", "--root", own + "/root", "--runroot", own + "/run", "--tmpdir",
                own + "/tmp", "--storage-driver", "vfs", "--runtime", runtime]

    def end(self):
        for runtime in RUNTIMES:
            self.call(runtime, "pod", "rm", "-fa", "-t", "0")
        self.remove_all()
        unmount_below(self.folder)


class RootlessPodman(Podman):
    """Of a user that is made for it, and removed."""

    user = "brigengines"

    def __init__(self, place):
        program("newuidmap")
        if subprocess.run(["useradd", "-d", place + "/podman-user", self.user],
                          capture_output=True, check=False).returncode not in (0, 9):
            raise Missing("useradd cannot make a user")
        made = pwd.getpwnam(self.user)
        self.as_user = {"user": made.pw_uid, "group": made.pw_gid, "extra_groups": [], "cwd": "/tmp"}
        folder = place + "/podman-user"
        os.makedirs(folder + "/run", mode=0o700)
        os.makedirs(place + "/user")
        os.chmod(place + "/image.tar", 0o644)
        for name in (folder, folder + "/run"):
            os.chown(name, made.pw_uid, made.pw_gid)
        try:
            super().__init__(place + "/user")
        except Missing:
            self.end()
            raise

    def runtime_file(self, folder):
        """Where that user can read it."""
        shutil.copy(BRIG, folder + "/brig")
        os.chmod(folder, 0o755)
        return folder + "/brig"

    def load(self, place):
        home = os.path.dirname(place) + "/podman-user"
        self.environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": home, "USER": self.user,
                            "XDG_RUNTIME_DIR": self.systemd() if MACHINE else home + "/run",
                            "CONTAINERS_CONF": self.folder + "/conf"}
        self.folder = home
        super().load(os.path.dirname(place))

    def systemd(self):
        """The user's own, which is there without a login; its runtime folder."""
        subprocess.run(["loginctl", "enable-linger", self.user], check=True, timeout=60)
        folder = f"/run/user/{self.as_user['user']}"
        wait_until(lambda: os.path.exists(folder + "/bus"), "the user's systemd")
        return folder

    def end(self):
        super().end()
        if MACHINE:
            subprocess.run(["loginctl", "disable-linger", self.user], check=False, timeout=60)
            subprocess.run(["loginctl", "terminate-user", self.user], check=False, timeout=60)
        # Their pause process keeps the user namespace.
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat("/proc/" + pid).st_uid == self.as_user["user"]:
                    os.kill(int(pid), 9)
            except OSError:
                pass
        wait_until(lambda: subprocess.run(["userdel", self.user], capture_output=True,
                                          check=False).returncode in (0, 6), "userdel")


class Containerd(Engine):
    """By ctr, which has a command line of its own."""

    image = f"docker.io/library/{IMAGE}:latest"

    def __init__(self, place):
        folder = place + "/containerd"
        os.mkdir(folder)
        self.environment = dict(os.environ)
        self.folder = folder
        self.socket = folder + "/s"
        with open(folder + "/config.toml", "w", encoding="ascii") as file:
            file.write(f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
                       'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                       f'[grpc]\naddress = "{self.socket}"\n[ttrpc]\naddress = "{folder}/t"\n')
        program("ctr")
        self.daemon = Daemon([program("containerd"), "-c", folder + "/config.toml"], folder + "/log",
                             lambda: self.call("", "version").returncode == 0)
        self.archive(place)
        done = self.call("", "images", "import", folder + "/oci.tar")
        assert done.returncode == 0, done.stderr

    def prefix(self, runtime):
        return ["ctr", "-a", self.socket]

    def archive(self, place):
        """An OCI layout by hand."""
        blobs = self.folder + "/oci/blobs/sha256"
        os.makedirs(blobs)

        def blob(kind, data):
            digest = hashlib.sha256(data).hexdigest()
            with open(f"{blobs}/{digest}", "wb") as file:
                file.write(data)
            return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest,
                    "size": len(data)}

        with open(place + "/image.tar", "rb") as file:
            layer = blob("layer.v1.tar", file.read())
        machine = {"os": "linux", "architecture": re.sub("x86_64", "amd64", os.uname().machine)}
        config = blob("config.v1+json", json.dumps(
            {**machine, "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
             "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode())
        manifest = blob("manifest.v1+json", json.dumps(
            {"schemaVersion": 2, "config": config, "layers": [layer]}).encode())
        for name, text in {"index.json": {"schemaVersion": 2, "manifests": [
                {**manifest, "platform": machine,
                 "annotations": {"io.containerd.image.name": self.image}}]},
                           "oci-layout": {"imageLayoutVersion": "1.0.0"}}.items():
            with open(f"{self.folder}/oci/{name}", "w", encoding="ascii") as file:
                json.dump(text, file)
        subprocess.run(["tar", "-C", self.folder + "/oci", "-cf", self.folder + "/oci.tar", "."],
                       check=True)

    def binary(self, runtime):
        return os.path.abspath(BRIG) if runtime == "brig" else program("runc")

    def run(self, runtime, *args, options=(), **kw):
        name = f"{runtime}-{uuid.uuid4().hex[:8]}"
        done = self.call(runtime, "run", "--rm", "--runc-binary", self.binary(runtime), *options,
                         self.image, name, *args, **kw)
        return done.returncode, done.stdout, done.stderr

    def start(self, runtime, *args):
        name = f"{runtime}-{uuid.uuid4().hex[:8]}"
        done = self.call(runtime, "run", "-d", "--runc-binary", self.binary(runtime), self.image,
                         name, *args)
        assert done.returncode == 0, done.stderr
        return name

    def task(self, *args, **kw):
        return self.call("", "task", *args, **kw)

    def status(self, name):
        for line in self.task("ls").stdout.splitlines()[1:]:
            if line.split()[0] == name:
                return line.split()[2]
        return None

    def remove(self, name):
        self.task("rm", "-f", name)
        return self.call("", "container", "rm", name).returncode

    def end(self):
        for name in self.call("", "container", "ls", "-q").stdout.split():
            self.remove(name)
        self.daemon.stop()
        unmount_below(self.folder)
