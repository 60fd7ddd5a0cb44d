# SPDX-License-Identifier: Apache-2.0
"""Starts and ends the daemon under test, each with its own configuration."""

import atexit
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import processes
from .client import Client, unique
from .features import best_tls
from .log import Log
from .pki import pki
from .processes import wait_until
from .stream import DEADLINE

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(f"{HERE}/../../..")
BUILD = os.path.abspath(os.environ.get("BUILDDIR", TOP))
SIGNETD = os.environ.get("SIGNETD", f"{BUILD}/signetd")
PORTS = range(*map(int, os.environ.get("SIGNET_TEST_PORTS",
                                       "25000-25999").split("-")))

# client-1 to client-8 may do everything; device-rsa only what is its own.
ROLES = [
    {"name": f"all-{i}", "match": {"identity": f"device-{i}"},
     "publish": ["#", "$private/#"], "subscribe": ["#", "$private/#"]}
    for i in range(1, 9)
] + [
    {"name": "own", "match": {"identity": "device-rsa"},
     "publish": ["devices/${identity}/#"],
     "subscribe": ["commands/${identity}/#", "shared/+/state"]},
    {"name": "others", "match": {"identity": "*"},
     "publish": ["devices/${identity}/#"], "subscribe": []},
]

_port_locks = []
running = []
ended_tails = []  # the ends of the logs of those that are gone


def free_port():
    """A port that nobody has and no other test process will take: an
    abstract socket of that name is the lock, gone with this process."""
    offset = os.getpid() % len(PORTS)
    for i in range(len(PORTS)):
        port = PORTS[(offset + i) % len(PORTS)]
        lock = socket.socket(socket.AF_UNIX)
        probe = socket.socket()
        try:
            lock.bind(f"\0signet-test-port-{port}")
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        finally:
            probe.close()
        _port_locks.append(lock)
        return port
    raise AssertionError("no port is free")


def libconfig(value, indent="  "):
    """A Python value as libconfig writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')
    if isinstance(value, dict):
        rows = "".join(f"{indent}{k} = {libconfig(v, indent + '  ')};\n"
                       for k, v in value.items())
        return "{\n" + rows + indent[:-2] + "}"
    items = [libconfig(item, indent + "  ") for item in value]
    are_groups = any(isinstance(item, dict) for item in value)
    left, right = "()" if are_groups else "[]"
    return left + ", ".join(items) + right


def merge(base, more):
    out = dict(base)
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(out.get(name), dict):
            out[name] = merge(out[name], value)
        else:
            out[name] = value
    return out


def user():
    """Whom the daemon drops to: root's tests need somebody else."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.getuid())[0]


def settings(port, folder, overrides):
    certificates = pki()
    return merge({
        "listen": [{"address": "127.0.0.1", "port": port}],
        "tls": {"certificate": f"{certificates}/server.pem",
                "private_key": f"{certificates}/server.key",
                "client_ca": f"{certificates}/ca.pem"},
        "roles": ROLES,
        "processes": {"workers": 2, "gates": 2, "user": user()},
        "store": {"path": f"{folder}/store"},
        "control": {"socket": f"{folder}/run/control.sock"},
        "log": {"repeats": 0},  # tests count lines
    }, overrides)


def write_configuration(path, values):
    with open(path, "w") as file:
        for name, value in values.items():
            file.write(f"{name} = {libconfig(value)};\n")


class Broker:
    """What the tests need of any broker; Daemon and Mosquitto fill it in."""

    is_signet = False

    def __init__(self):
        self.pki = pki()
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.folder = tempfile.mkdtemp(prefix="signet-test-")
        os.chmod(self.folder, 0o755)
        self.log_path = f"{self.folder}/log"
        self.log = Log(self.log_path)
        self.process = None
        running.append(self)

    def spawn(self, arguments):
        with open(self.log_path, "ab") as log:
            try:
                self.process = subprocess.Popen(
                    arguments, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, start_new_session=True)
            except OSError:
                self.remove()
                raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    def client(self, *args, **options):
        return Client(self, *args, **options)

    def kill(self):
        """End everything, however it stands. Again: nothing."""
        if self not in running:
            return
        pids = []
        if self.process is not None and self.process.poll() is None:
            pids = processes.children(self.process.pid)
            self.process.kill()
            self.process.wait()
        for pid in pids:
            if processes.status(pid) is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.remove()

    def remove(self):
        if self in running:
            running.remove(self)
            ended_tails.append(f"{self.log_path}:\n{self.log.tail()}")
            if not os.environ.get("SIGNET_TEST_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)


class Daemon(Broker):
    """signetd. overrides: settings by group, see settings()."""

    is_signet = True
    prefix = []  # a command that executes the daemon

    def __init__(self, is_awaited=True, **overrides):
        super().__init__()
        self.configuration = f"{self.folder}/signet.conf"
        self.settings = settings(self.port, self.folder, overrides)
        write_configuration(self.configuration, self.settings)
        self.spawn([*self.prefix, SIGNETD, "-c", self.configuration])
        if is_awaited:
            try:
                self.await_ready()
            except BaseException:
                self.kill()
                raise

    @property
    def pid(self):
        return self.process.pid

    def expect_best_tls(self, mark, count, best=None):
        """So many clients have come since, with the newest version of TLS
        that the daemon speaks, or that they were allowed."""
        def lines():
            return self.log.find(mark, event="connected")
        wait_until(lambda: len(lines()) >= count, f"{count} clients came")
        wanted = min(best or "TLSv1.3", best_tls(SIGNETD))
        assert {line["tls"] for line in lines()} == {wanted}, lines()

    def restart(self, is_orderly=True, seconds=0, **overrides):
        """End it, or kill -9 all of it, and start it again some seconds later
        on what it has kept, with other settings on top."""
        pids = [self.pid] + processes.children(self.pid)
        if is_orderly:
            self.process.terminate()
        else:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        returned = self.process.wait(3 * DEADLINE)
        assert not is_orderly or returned == 0, self.log.tail()
        wait_until(lambda: not any(map(processes.status, pids)),
                   "all processes are gone")
        self.await_unlocked()
        time.sleep(seconds)
        self.settings = merge(self.settings, overrides)
        write_configuration(self.configuration, self.settings)
        mark = self.log.mark()
        self.spawn([*self.prefix, SIGNETD, "-c", self.configuration])
        self.await_ready(mark)

    def await_unlocked(self):
        """Until nobody has the store any more: threads of a process that was
        killed may end after the one that /proc tells of."""
        def is_free():
            try:
                with open(f"{self.settings['store']['path']}/db/LOCK",
                          "r+b") as file:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except FileNotFoundError:
                return True
            except BlockingIOError:
                return False
            return True
        wait_until(is_free, "nobody has the store", 3 * DEADLINE)

    def configure(self, **overrides):
        """Put a configuration with these settings on top in the place of the
        one that is there: the daemon takes it up by itself, or is told to."""
        self.settings = merge(self.settings, overrides)
        write_configuration(f"{self.configuration}.new", self.settings)
        os.rename(f"{self.configuration}.new", self.configuration)

    def ctl(self, *arguments):
        """What signetctl says, and its status."""
        done = subprocess.run(
            [f"{BUILD}/signetctl", "-s", self.settings["control"]["socket"],
             *arguments], capture_output=True, text=True,
            timeout=6 * DEADLINE)
        return (done.stdout + done.stderr).rstrip("\n"), done.returncode

    def reload(self, **overrides):
        """Have it take up what is on disk, with these settings on top; what
        it says has changed. All processes use it afterwards."""
        if overrides:
            self.configure(**overrides)
        text, status = self.ctl("reload")
        assert status == 0, text
        return text

    def refused_reload(self, **overrides):
        """The same if it is to be refused: why."""
        if overrides:
            self.configure(**overrides)
        text, status = self.ctl("reload")
        assert status == 1, text
        return text

    def await_ready(self, since=0):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"signetd ended with {self.process.returncode}:\n"
                    + self.log.tail())
            return self.log.find(since, event="ready", speaker="master")
        wait_until(is_ready, "the daemon is ready", 3 * DEADLINE)

    def roles(self):
        return processes.roles(self.pid)

    def role_pids(self, role):
        """{index: pid} of the processes of one role."""
        return {int(name.split()[1]): pid
                for name, pid in self.roles().items()
                if name.split()[0] == role}

    def await_log(self, since=0, timeout=None, **wanted):
        """The first line, from the mark since on, that has these fields."""
        return wait_until(lambda: self.log.find(since, **wanted),
                          f"the log has {wanted}", timeout)[0]

    def worker_of(self, client):
        """The speaker ("worker/1") of a connected client's last session."""
        wait_until(lambda: self.log.find(event="connected",
                                         client_id=client.client_id),
                   f"{client.client_id} is logged")
        return self.log.find(event="connected",
                             client_id=client.client_id)[-1].speaker

    def client_on(self, worker, prefix="w", **options):
        """A client whose session's home is this worker ("worker/1"): homes
        follow from a keyed hash, so identifiers are tried."""
        for _ in range(200):
            client = self.client(client_id=unique(prefix), **options)
            if self.worker_of(client) == worker:
                return client
            client.disconnect()
        raise AssertionError(f"no client identifier leads to {worker}")

    def workers(self):
        """The speakers of all workers."""
        return [f"worker/{index}" for index in sorted(
            self.role_pids("worker"))]

    def stop(self, number=signal.SIGTERM):
        """End in order: status 0 and nobody left. Again: nothing."""
        if self not in running:
            return
        pids = [self.pid] + processes.children(self.pid)
        self.process.send_signal(number)
        try:
            returned = self.process.wait(3 * DEADLINE)
        except subprocess.TimeoutExpired:
            tail = self.log.tail()
            self.kill()
            raise AssertionError("signetd does not stop\n" + tail) from None
        tail, accidents = self.log.tail(), self.log.accidents()
        left = [pid for pid in pids if processes.status(pid) is not None]
        self.remove()
        assert returned == 0, f"signetd ended with {returned}:\n{tail}"
        assert not left, f"still running: {left}\n{tail}"
        assert not accidents, "\n".join(accidents + [tail])


class Mosquitto(Broker):
    """Debian's mosquitto over mutual TLS: to test the tests themselves."""

    def __init__(self, **_):
        super().__init__()
        path = f"{self.folder}/mosquitto.conf"
        with open(f"{self.folder}/acl", "w") as file:
            for i in range(1, 9):
                file.write(f"user device-{i}\ntopic readwrite #\n"
                           "topic readwrite $private/#\n")
            file.write("user device-rsa\ntopic write devices/device-rsa/#\n"
                       "topic read commands/device-rsa/#\n"
                       "topic read shared/+/state\n")
        with open(path, "w") as file:
            file.write(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                f"cafile {self.pki}/ca.pem\ncertfile {self.pki}/server.pem\n"
                f"keyfile {self.pki}/server.key\nuser root\n"
                "require_certificate true\nuse_identity_as_username true\n"
                f"acl_file {self.folder}/acl\nset_tcp_nodelay true\n"
                "max_queued_messages 0\nmax_inflight_messages 0\n")
        self.spawn(["/usr/sbin/mosquitto", "-c", path])
        wait_until(self.answers, "mosquitto answers")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def roles(self):
        return {}

    def workers(self):
        return ["the only"]

    def worker_of(self, _):
        return "the only"

    def client_on(self, _, prefix="w", **options):
        return self.client(client_id=unique(prefix), **options)

    def stop(self):
        self.kill()


def start(**overrides):
    """The broker that SIGNET_TEST_BROKER names: signetd, or mosquitto to see
    whether a generic test is right."""
    if os.environ.get("SIGNET_TEST_BROKER") == "mosquitto":
        return Mosquitto(**overrides)
    return Daemon(**overrides)


@atexit.register
def end_all():
    for broker in list(running):
        broker.kill()
