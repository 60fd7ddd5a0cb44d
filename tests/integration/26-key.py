#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The process that has the private key: it signs for every kind of key, and
what its end costs."""

import ctypes
import json
import os
import pwd
import shutil
import signal
import ssl
import struct
import subprocess
import time

from signet import (DEADLINE, Closed, Daemon, Skipped, TimedOut, codec, main,
                    processes, standalone, wait_until)
from signet.daemon import SIGNETD, user
from signet.fleet import Fleet, Source
from signet.folders import folder
from signet.pki import pki

TLS_1_2 = {"maximum": ssl.TLSVersion.TLSv1_2}

# certificate, what s_client calls the signatures in TLS 1.2 and TLS 1.3
KEYS = (
    ("server", "ECDSA", "ECDSA"),
    ("server-p384", "ECDSA", "ECDSA"),
    ("server-rsa", "RSA", "RSA-PSS"),
    ("server-rsa-3072", "RSA", "RSA-PSS"),
)


def tls(name, **more):
    folder = pki()
    return {"certificate": f"{folder}/{name}.pem",
            "private_key": f"{folder}/{name}.key", **more}


def s_client(daemon, version):
    """One session of openssl s_client: what it has printed."""
    words = codec.connect("s-client", 4) + b"\xe0\x00"
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}",
         "-brief", "-ign_eof", "-verify_return_error", f"-{version}",
         "-CAfile", f"{daemon.pki}/ca.pem",
         "-cert", f"{daemon.pki}/client-1.pem",
         "-key", f"{daemon.pki}/client-1.key"],
        input=words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=3 * DEADLINE)
    return done.stdout


def has_tls_1_3(daemon):
    with daemon.client() as client:
        return client.stream.tls.version() == "TLSv1.3"


@standalone(timeout=120)
def each_kind_of_key_signs_in_each_version():
    for name, in_1_2, in_1_3 in KEYS:
        with Daemon(tls=tls(name)) as daemon:
            cases = [("tls1_2", in_1_2)]
            if has_tls_1_3(daemon):
                cases.append(("tls1_3", in_1_3))
            for version, kind in cases:
                got = s_client(daemon, version)
                assert b"\x20\x02\x00\x00" in got, (name, version, got)
                assert b"Verification: OK" in got, (name, version, got)
            with daemon.client(tls=TLS_1_2) as client:
                client.ping()
                client.disconnect()
            daemon.stop()
            signed = [line for line in daemon.log.lines
                      if line.get("event") == "key-added"]
            assert len(signed) == 1, signed
            assert signed[0]["kind"] == kind.split("-")[0], signed[0].text


@standalone
def the_key_process_is_ready_before_the_gates():
    with Daemon(log={"level": "debug"}) as daemon:
        with daemon.client() as client:
            client.ping()
        daemon.await_log(speaker="key/0", event="request", result="signed")
        started = [(line["process"]) for line in
                   daemon.log.find(speaker="master", event="started")]
        assert started.index("key") < started.index("gate"), started


def kill_key(daemon):
    """Kill it, and wait until another has its place."""
    pid = daemon.role_pids("key")[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: daemon.role_pids("key").get(0) not in (None, pid),
               "another key process", 3 * DEADLINE)


def reconnect(daemon):
    def attempt():
        try:
            return daemon.client()
        except (Closed, TimedOut, OSError, ssl.SSLError):
            return None
    return wait_until(attempt, "a client gets in", 3 * DEADLINE)


@standalone(timeout=120)
def its_crash_is_noticed_by_nobody_who_is_connected():
    with Daemon() as daemon, Fleet() as fleet:
        sources = []
        for i in range(4):
            client = daemon.client()
            client.subscribe(f"load/{i}", qos=1)
            member = fleet.add(client)
            topic = b"load/%d" % i
            member.source = Source(member, i, lambda _, t=topic: t, 1 << 40)
            sources.append(member.source)

        def push():
            for source in sources:
                source.push()

        def run_on(count):
            before = [(m.received, m.acked) for m in fleet.members]
            fleet.run_until(lambda: all(
                m.received >= r + count and m.acked >= a + count
                for m, (r, a) in zip(fleet.members, before)), 30, push)
        run_on(200)
        for _ in range(3):
            os.kill(daemon.role_pids("key")[0], signal.SIGKILL)
            run_on(500)
            with reconnect(daemon) as client:
                client.ping()
            assert all(m.ended is None for m in fleet.members)
        run_on(200)


@standalone
def without_it_a_handshake_is_refused_and_says_why():
    with Daemon(processes={"gates": 1}) as daemon, daemon.client() as client:
        # Nobody starts another before we have tried.
        with processes.stopped(daemon.pid):
            pid = daemon.role_pids("key")[0]
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: processes.status(pid) is None, "it is dead")
            how = refused(daemon)
            daemon.await_log(event="refused", reason="no-signature",
                             detail="key-process-down")
            assert how == "internal_error", how
            client.ping()
        with reconnect(daemon) as other:
            other.ping()
        client.ping()


def refused(daemon):
    """How the handshake of a client of TLS 1.2 ends."""
    try:
        daemon.client(tls=TLS_1_2).abort()
    except Closed as closed:
        return closed.how
    raise AssertionError("a client got in")


@standalone
def one_that_hangs_costs_a_gate_one_wait():
    with Daemon(processes={"gates": 1}) as daemon, daemon.client() as client:
        pid = daemon.role_pids("key")[0]
        with processes.stopped(pid):
            for _ in range(3):
                assert refused(daemon) == "internal_error"
            wait_until(lambda: len(daemon.log.find(
                event="refused", reason="no-signature",
                detail="key-process-late")) == 3, "three are told of")
            client.ping()
        # The late answer is not taken for that of the next.
        with reconnect(daemon) as other:
            other.ping()
        assert daemon.role_pids("key")[0] == pid
        client.ping()


@standalone
def a_gate_that_asks_too_often_is_held_and_nobody_is_refused():
    with Daemon(limits={"signatures_per_second": 1},
                processes={"gates": 1}) as daemon:
        for _ in range(100):
            with daemon.client() as client:
                client.ping()
            held = daemon.log.find(event="signatures-held", speaker="key/0")
            if held:
                break
        line = held[0]
        assert line.level == "warning" and line["index"] == "0", line.text
        assert not daemon.log.find(event="refused")


@standalone
def what_was_signed_is_counted():
    with Daemon(processes={"gates": 1}) as daemon:
        for _ in range(5):
            with daemon.client() as client:
                client.ping()

        def counted():
            text, _ = daemon.ctl("status", "--json")
            got = json.loads(text)["statistics"]
            return [got[f"signatures_{what}"]["value"]
                    for what in ("made", "failed", "held")]
        wait_until(lambda: counted() == [5, 0, 0], "status shows five")
        daemon.stop()
        lines = [line for line in daemon.log.lines
                 if line.get("event") == "signatures"]
        assert sum(int(line["signed"]) for line in lines) == 5, lines
        assert all(line["failed"] == "0" for line in lines), lines


@standalone
def a_key_that_only_root_can_read_is_enough():
    if os.geteuid() != 0:
        raise Skipped("not started as root")
    with folder() as parent:
        path = f"{parent}/server.key"
        shutil.copy(f"{pki()}/server.key", path)
        os.chmod(path, 0o400)
        os.chmod(parent, 0o700)
        with Daemon(tls=tls("server", private_key=path)) as daemon:
            uid = str(pwd.getpwnam(user()).pw_uid)
            with open(f"/proc/{daemon.pid}/status") as file:
                assert f"Uid:\t{uid}\t" in file.read()
            with daemon.client() as client:
                client.ping()
            # The master has given up root, and the next one has the key.
            kill_key(daemon)
            with reconnect(daemon) as client:
                client.ping()


@standalone
def a_credential_of_systemd_is_enough():
    with folder() as path:
        os.chmod(path, 0o700)
        os.environ["CREDENTIALS_DIRECTORY"] = path
        shutil.copy(f"{pki()}/server.key", f"{path}/server.key")
        os.chmod(f"{path}/server.key", 0o400)
        name = "${CREDENTIALS_DIRECTORY}/server.key"
        try:
            with Daemon(tls=tls("server", private_key=name)) as daemon, \
                    daemon.client() as client:
                client.ping()
        finally:
            del os.environ["CREDENTIALS_DIRECTORY"]


class Opened:
    """How often a file was opened, and how often it was read. It is looked at
    by its name of now."""

    OPEN, ACCESS, CLOSED = 0x20, 0x1, 0x10  # inotify(7)
    HEAD = struct.Struct("iIII")

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = self.OPEN | self.ACCESS | self.CLOSED
        assert libc.inotify_add_watch(self.fd, path.encode(), mask) >= 0

    def take(self):
        """(opened, read) since the last time."""
        opened = read = pos = 0
        try:
            events = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return 0, 0
        while pos < len(events):
            _, mask, _, length = self.HEAD.unpack_from(events, pos)
            pos += self.HEAD.size + length
            opened += mask & self.OPEN != 0
            read += mask & self.ACCESS != 0
        return opened, read


def install(folder, name):
    """Make it the server's, and wait until it is known to stay so."""
    for ending in "key", "pem":
        shutil.copy(f"{pki()}/{name}.{ending}", f"{folder}/new")
        os.rename(f"{folder}/new", f"{folder}/server.{ending}")
    wait_until(lambda: time.time() > 2.1 + os.stat(
        f"{folder}/server.key").st_ctime, "its state can be told")


@standalone
def its_file_is_read_once():
    """By a start; by a reload, if it brings another; not after a death."""
    with folder() as parent:
        key = f"{parent}/server.key"
        os.umask(0o022)
        install(parent, "server")
        opened = Opened(key)
        with Daemon(tls={"certificate": f"{parent}/server.pem",
                         "private_key": key},
                    reload={"watch": False}) as daemon:
            # The reader looks at all files before it does what is asked.
            assert daemon.ctl("reload") == ("nothing has changed", 0)
            assert opened.take() == (1, 1)
            kill_key(daemon)
            assert opened.take() == (0, 0)
            install(parent, "server-rsa")
            opened = Opened(key)
            said, status = daemon.ctl("reload")
            assert status == 0 and "tls.private_key" in said, said
            assert opened.take() == (1, 1)
            assert daemon.ctl("reload") == ("nothing has changed", 0)
            assert opened.take() == (0, 0)
            with daemon.client() as client:
                client.ping()


def der_of(path):
    return subprocess.run(["openssl", "pkey", "-in", path, "-outform", "DER"],
                          capture_output=True, check=True).stdout


@standalone
def a_key_with_the_public_half_of_another_is_refused():
    """By a start and by a reload, though the certificate's is that half."""
    with folder() as parent:
        key = f"{parent}/server.key"
        mixed = (der_of(f"{pki()}/client-1.key")[:-65]
                 + der_of(f"{pki()}/server.key")[-65:])

        def put(content):
            with open(f"{parent}/new", "wb") as file:
                os.fchmod(file.fileno(), 0o644)
                file.write(content)
            os.rename(f"{parent}/new", key)
        put(der_of(f"{pki()}/server.key"))
        with Daemon(tls=tls("server", private_key=key),
                    reload={"watch": False}) as daemon:
            put(mixed)
            said, status = daemon.ctl("reload")
            assert status == 1 and "public half" in said, said
            checked = subprocess.run([SIGNETD, "--check", "-c",
                                      daemon.configuration],
                                     capture_output=True, text=True)
            assert checked.returncode == 1, checked
            assert "public half" in checked.stderr, checked
            with daemon.client() as client:
                client.ping()


main()
