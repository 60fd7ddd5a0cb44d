#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the log says, in each of its forms, and what it never says."""

import base64
import json
import os
import re
import socket
import subprocess
import threading

from signet import Client, Daemon, Skipped, case, codec, main, standalone
from signet import wait_until
from signet.log import Line, Log
from signet.stream import make_context

# Each is a client identifier that MQTT allows, and somebody's attack.
HOSTILE = ("line\nevent=panic", "\x1b[2Jgone", 'quo"te', "back\\slash",
           "tab\there", "\x7f\x01", "ümlaut", "\u202eright to left",
           "\U0001f511", '{"json":1}', "a=b c=d", "' ` $(reboot)", "%s%n")

PLAIN = re.compile(rb"[\x20-\x7e\n]*")


def connect_hostile(daemon):
    for client_id in HOSTILE:
        with Client(daemon, client_id=client_id) as client:
            client.disconnect()


def read(daemon):
    with open(daemon.log_path, "rb") as file:
        return file.read()


def unescaped(text):
    """What stood there before it was escaped."""
    plain = re.sub(r"\\(?:x([0-9a-f]{2})|(.))",
                   lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)
    return plain.encode("latin-1").decode()


@case(log={"format": "json", "level": "debug"})
def each_line_is_an_object_of_json(broker):
    connect_hostile(broker)
    for client_id in HOSTILE:
        line = broker.await_log(event="connected", client_id=client_id)
        assert line["identity"] == "device-1", line.text
        assert re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"]), line.text
        closed = broker.await_log(event="closed", client_id=client_id)
        assert closed["session"] == line["session"], closed.text
        assert isinstance(closed["dropped"], int), closed.text
    assert PLAIN.fullmatch(read(broker)), "not ASCII"
    for text in read(broker).splitlines():
        assert list(json.loads(text))[:3] == ["time", "level", "role"], text


@case(log={"level": "debug"})
def no_byte_of_a_peer_is_written_as_it_is(broker):
    connect_hostile(broker)
    wait_until(lambda: len(broker.log.find(event="closed")) == len(HOSTILE),
               "all are closed")
    assert PLAIN.fullmatch(read(broker)), "not plain"
    ids = [unescaped(re.search(r'client_id=("(.*?)"|\S*) peer=',
                               line.text)[1].strip('"'))
           for line in broker.log.find(event="connected")]
    assert ids == list(HOSTILE), ids


def speak(daemon, secret):
    """Have each kind of content pass."""
    will = {"topic": "devices/device-1/will", "payload": secret}
    properties = {"correlation_data": secret}
    with Client(daemon) as other:
        other.subscribe("devices/#", qos=2)
        with Client(daemon, will=will, user_name="u",
                    password=secret) as client:
            for qos in 0, 1, 2:
                client.publish("devices/device-1/state", secret, qos=qos,
                               retain=True, props=properties)
            client.publish("$SYS/forbidden", secret, qos=1)
        other.await_type(codec.PUBLISH)
        other.ping()


def tls_secrets(daemon):
    """Those of one connection, in hexadecimal, as its client knows them."""
    path = f"{daemon.folder}/keys"
    context = make_context(daemon.pki, "client-1")
    context.keylog_filename = path
    with socket.create_connection(daemon.address) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(codec.connect("keys"))
            assert tls.recv(100)
    with open(path) as file:
        return [line.split()[2] for line in file if not line.startswith("#")]


@case(log={"level": "debug"})
def neither_content_nor_secrets_are_logged(broker):
    secret = b"the content of a message"
    speak(broker, secret)
    secrets = tls_secrets(broker)
    assert secrets, "the client knows no secrets"
    with open(f"{broker.pki}/server.key") as file:
        secrets += [line.strip() for line in file
                    if not line.startswith("-")]
    broker.await_log(event="closed", client_id="keys")
    broker.await_log(event="denied", topic="$SYS/forbidden")
    broker.await_log(level="debug", event="request")
    content = read(broker).lower()
    for word in (secret, base64.b64encode(secret), secret.hex().encode(),
                 *(text.encode() for text in secrets if len(text) > 20)):
        assert word.lower() not in content, word


@case(log={"levels": {"gate": "debug", "worker": "error"}})
def each_role_has_a_level_of_its_own(broker):
    Client(broker, client_id="first").disconnect()
    broker.await_log(event="authenticated", level="debug")
    broker.reload(log={"levels": {"gate": "error", "worker": "as-level",
                                  "key": "debug"}})
    Client(broker, client_id="second").disconnect()
    broker.await_log(event="closed", client_id="second")
    broker.await_log(event="request", level="debug")
    assert not broker.log.find(client_id="first", event="connected")
    assert len(broker.log.find(event="authenticated")) == 1


def refuse(broker):
    """A handshake that is refused, always for the same reason."""
    with socket.create_connection(broker.address) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        try:
            while plain.recv(100):
                pass
        except ConnectionResetError:
            pass


@case(processes={"gates": 1}, log={"repeats": 4}, timeout=120)
def what_is_repeated_is_counted(broker):
    for _ in range(20):
        refuse(broker)
    broker.await_log(event="repeated", repeated="refused", timeout=90)

    def counted():
        return (len(broker.log.find(event="refused", reason="plaintext"))
                + sum(int(line["count"]) for line in
                      broker.log.find(event="repeated", repeated="refused")))
    wait_until(lambda: counted() == 20, "all are counted", 90)
    assert len(broker.log.find(event="refused")) < 20


class JournalLog(Log):
    """The entries that come to a socket that is in the journal's place."""

    def __init__(self, path):
        super().__init__(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.entries = []
        self.taken = 0
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            self.entries.append(self.socket.recv(65536))

    def read(self):
        while self.taken < len(self.entries):
            data = self.entries[self.taken]
            self.taken += 1
            rows = data.decode().removesuffix("\n").split("\n")
            entry = dict(row.split("=", 1) for row in rows)
            line = Line(entry["MESSAGE"])
            line.update({name.lower(): value
                         for name, value in entry.items()})
            line.set_speaker(entry["PRIORITY"], entry["ROLE"],
                             entry.get("ROLE_INDEX"))
            self.lines.append(line)
        return self.lines


class Journaled(Daemon):
    """A daemon whose standard error is said to be the journal's. The socket
    is where systemd has it, in a mount namespace of the daemon's own."""

    def __init__(self, **overrides):
        self.prefix = []
        super().__init__(is_awaited=False, **overrides)

    def spawn(self, arguments):
        self.log = JournalLog(self.log_path)
        os.mkdir(f"{self.folder}/journal")
        self.log.socket.bind(f"{self.folder}/journal/socket")
        os.chmod(f"{self.folder}/journal/socket", 0o666)
        super().spawn(["unshare", "--mount", "sh", "-euc", """
            mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/journal
            mount --bind "$1" /run/systemd/journal
            shift
            JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr)
            export JOURNAL_STREAM
            exec "$@" """, "sh", f"{self.folder}/journal", *arguments])


def need_mounts():
    if os.geteuid() != 0 or subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"],
            stderr=subprocess.DEVNULL).returncode != 0:
        raise Skipped("no mount namespace to be had")


@standalone
def under_systemd_entries_go_to_its_journal_with_fields():
    need_mounts()
    with Journaled(log={"level": "debug", "format": "json"}) as daemon:
        daemon.await_ready()
        connect_hostile(daemon)
        for client_id in HOSTILE:
            wait_until(lambda: any(
                unescaped(line["client_id"]) == client_id
                for line in daemon.log.find(event="closed",
                                            identity="device-1")),
                f"the end of {client_id!r} is logged")
        refuse(daemon)
        refused = daemon.await_log(event="refused", reason="plaintext")
        assert refused["priority"] == "4", refused
        assert refused["peer"].startswith("127.0.0.1:"), refused
        connected = daemon.log.find(event="connected")[0]
        assert re.fullmatch("[0-9a-f]{16}", connected["session"]), connected
        assert connected["syslog_identifier"] == "signetd", connected
        roles = {line["role"] for line in daemon.log.read()}
        assert roles >= {"master", "gate", "worker", "store"}, roles
        assert all(PLAIN.fullmatch(entry) for entry in daemon.log.entries)
        assert not read(daemon), read(daemon)


main()
